"""What a board's page draws: best scores over time, and the shake-up. Always the same number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from podium.core import words
from podium.core.plots import Plot, Series, Shift, shakeup_plot, steps_plot
from podium.leaderboards.deciding import deciding_column
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.ranking import rounded
from podium.leaderboards.selectors import BoardPage, baselines, ranks_before
from podium.leaderboards.values import values_of
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState

LEADERS = 6  # drawn besides you and the best baseline
SHAKEN = 40
Points = list[tuple[datetime, float]]


def plot_of(page: BoardPage) -> Plot | None:
    """Return what is drawn below a page of a board: the shake-up where it is compared with another board, else the
    best scores over time. None where there is nothing to draw."""
    plot = _shakeup(page) if page.board.compared_with_id else _best_over_time(page)
    return None if plot.empty else plot


def _best_over_time(page: BoardPage) -> Plot:
    column, phase = deciding_column(page.columns), page.board.phase
    entries = _drawn(page)
    points = _improvements(page.board, column, [entry.team_id for entry in entries])
    series = [_series(entry, points[entry.team_id], page, leads=number == 0) for number, entry in enumerate(entries)]
    now = timezone.now()
    return steps_plot(
        series,
        start=phase.opens,
        end=min(max(now, phase.opens), phase.closes),
        title="Best public score over time" if column.split == "public" else "Best score over time",
        sentence=_said(column, series),
        end_word="today" if now < phase.closes else "",
    )


def _drawn(page: BoardPage) -> list[Entry]:
    """Return the entries to draw: the first, you, and the best baseline; the leader first."""
    leaders = page.board.entries.filter(ranked=True).select_related("team").order_by("place")[:LEADERS]
    drawn = [*leaders, *baselines(page.board).select_related("team").order_by("place")[:1]]
    if page.own and all(entry.pk != page.own.entry.pk for entry in drawn):
        drawn.append(page.own.entry)
    return drawn


def _series(entry: Entry, points: Points, page: BoardPage, *, leads: bool) -> Series:
    if not entry.ranked:
        return Series(entry.team.name, points, "baseline")
    if page.own and entry.pk == page.own.entry.pk:
        return Series(entry.team.name, points, "you")
    return Series(entry.team.name, points, "lead" if leads else "other")


def _improvements(board: Board, column: Column, teams: Sequence[int]) -> dict[int, Points]:
    """Return by team the moments at which its best score, as shown, became better."""
    values = values_of(
        [column],
        Q(
            seat__submission__phase=board.phase_id,
            seat__submission__team__in=teams,
            seat__submission__state=SubmissionState.SCORED,
            seat__submission__ranked=True,
        ),
    )
    sent = Submission.objects.filter(
        phase=board.phase_id, team__in=teams, state=SubmissionState.SCORED, ranked=True
    ).order_by("received_at", "pk")
    points: dict[int, Points] = defaultdict(list)
    for pk, team, at in sent.values_list("pk", "team_id", "received_at"):
        value = rounded(values.get(pk, {}).get(column.pk), column.decimals)
        if value is not None and _is_better(value, points[team], column):
            points[team].append((at, value))
    return points


def _is_better(value: float, points: Points, column: Column) -> bool:
    return not points or (value > points[-1][1] if column.higher_is_better else value < points[-1][1])


def _said(column: Column, series: Iterable[Series]) -> str:
    by_role = {one.role: one for one in reversed(list(series)) if one.points}
    parts = [f"Each line {'rises' if column.higher_is_better else 'falls'} where a team improved its best."]
    if lead := by_role.get("lead"):
        parts.append(f"{lead.name} leads with {_last(lead, column)}.")
    if you := by_role.get("you"):
        parts.append(f"Yours is {_last(you, column)}." if lead else f"You lead with {_last(you, column)}.")
    if base := by_role.get("baseline"):
        parts.append(f"The dashed line is the best baseline, {_last(base, column)}.")
    return " ".join(parts)


def _last(series: Series, column: Column) -> str:
    return words.score(series.points[-1][1], column.decimals)


def _shakeup(page: BoardPage) -> Plot:
    shifts = _shifts(page)
    other = page.board.compared_with
    return shakeup_plot(
        shifts,
        title="Shake-up",
        sentence=_moved(shifts),
        before=other.title if other else "",
        after=page.board.title,
    )


def _shifts(page: BoardPage) -> list[Shift]:
    """Return the first teams' ranks on both boards, and yours; whom the other board does not have is left out."""
    first = list(page.board.entries.filter(ranked=True).select_related("team").order_by("place")[:SHAKEN])
    before = ranks_before(page.board, first)
    own = page.own
    shifts = [
        Shift(entry.team.name, before[entry.team_id], rank, own is not None and entry.pk == own.entry.pk)
        for rank, entry in enumerate(first, start=1)
        if entry.team_id in before
    ]
    if own and own.rank and own.rank > SHAKEN and own.rank_before:
        shifts.append(Shift(own.team.name, own.rank_before, own.rank, True))
    return shifts


def _moved(shifts: Sequence[Shift]) -> str:
    parts = ["A line for each team, from its rank on the left board to its rank on the right one."]
    if len(shifts) > 1:
        rise = max(shifts, key=lambda shift: shift.before - shift.after)
        fall = min(shifts, key=lambda shift: shift.before - shift.after)
        if rise.before > rise.after:
            parts.append(f"Of those shown, {rise.name} rose most, from {rise.before} to {rise.after}.")
        if fall.before < fall.after:
            parts.append(f"{fall.name} fell most, from {fall.before} to {fall.after}.")
        if rise.before <= rise.after and fall.before >= fall.after:
            parts.append("Nobody moved.")
    return " ".join(parts)
