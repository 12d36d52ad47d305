"""Boards on pages of others. `{% load boards %}`

{% board_excerpt challenge %}            the first five rows of the board that counts now, for the home page
{% board_count challenge %}              how many teams that board ranks, for the tab; nothing where there is none
{% my_rank challenge as mine %}          the reader's own row there (rank, movement, cells), or None
{% whisker_of axis cell as whisker %}    where a cell's score and interval stand on the axis of its page
"""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context

from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.leaderboards.models import Board
from podium.leaderboards.selectors import BoardRow, Cell, board_page, boards_for, own_row, pick_board
from podium.leaderboards.standing import Axis, Whisker
from podium.teams.selectors import team_of

register = template.Library()
EXCERPT_ROWS = 5


def _reader(context: Context) -> Person:
    user: Person = context.get("user") or AnonymousUser()
    return user


def _board(reader: Person, challenge: Challenge) -> Board | None:
    return pick_board(challenge, boards_for(reader, challenge))


@register.inclusion_tag("leaderboards/includes/excerpt.html", takes_context=True)
def board_excerpt(context: Context, challenge: Challenge) -> dict[str, Any]:
    """Draw the first rows of a challenge's board, as the reader may see it."""
    board = _board(_reader(context), challenge)
    page = board_page(board, per_page=EXCERPT_ROWS) if board else None
    return {"challenge": challenge, "board": board, "page": page}


@register.simple_tag(takes_context=True)
def board_count(context: Context, challenge: Challenge) -> int | None:
    """Return how many teams the board ranks."""
    board = _board(_reader(context), challenge)
    return board.entries.filter(ranked=True).count() if board else None


@register.simple_tag(takes_context=True)
def my_rank(context: Context, challenge: Challenge) -> BoardRow | None:
    """Return the row of the reader's team on the board."""
    reader = _reader(context)
    team, board = team_of(reader, challenge), _board(reader, challenge)
    return own_row(board, team) if team and board else None


@register.simple_tag
def whisker_of(axis: Axis, cell: Cell) -> Whisker | None:
    """Return how a cell is drawn along an axis; None where it has no value."""
    return None if cell.value is None else axis.whisker(cell.value, cell.interval)
