"""Pages of boards."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from podium.challenges.selectors import get_visible
from podium.leaderboards.exports import csv_lines
from podium.leaderboards.plots import plot_of
from podium.leaderboards.selectors import (
    board_facts,
    board_page,
    boards_for,
    boards_to_come,
    get_board,
    pick_board,
)
from podium.leaderboards.shakeup import shakeup_of
from podium.teams.selectors import team_of

LONGEST_SEARCH = 100


@require_safe
def board(request: HttpRequest, slug: str, board: str | None = None) -> HttpResponse:
    """Show a board of a challenge: the named one, else the one that counts now; with `?q=`, what a search finds."""
    challenge = get_visible(request.user, slug)
    boards = boards_for(request.user, challenge)
    context = {
        "challenge": challenge,
        "tab": "leaderboard",
        "boards": boards,
        "boards_to_come": boards_to_come(request.user, challenge),
    }
    chosen = pick_board(challenge, boards, board)
    if chosen is None and board:
        raise Http404("no such board, or it is not open to you")
    if chosen is not None and chosen.columns.all():
        page = board_page(
            chosen,
            number=_number(request.GET.get("page", "")),
            viewer_team=team_of(request.user, challenge),
            text=request.GET.get("q", "")[:LONGEST_SEARCH],
        )
        context |= {"board": chosen, "page": page, "facts": board_facts(chosen), "plot": plot_of(page)}
        context["shakeup"] = shakeup_of(chosen)
    return render(request, "leaderboards/board.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1


@require_safe
def board_csv(request: HttpRequest, slug: str, board: str) -> StreamingHttpResponse:
    """Send a whole board as CSV to whoever may see it."""
    challenge = get_visible(request.user, slug)
    chosen = get_board(request.user, challenge, board)
    answer = StreamingHttpResponse(csv_lines(chosen), content_type="text/csv; charset=utf-8")
    name = f"{challenge.slug}-{chosen.slug}.csv"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["Cache-Control"] = "private, no-cache"
    return answer
