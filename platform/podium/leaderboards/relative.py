"""Columns over all teams: what a team's values are worth among those of the others, by one of several rules.

A rule looks at the teams alone. A baseline gets the value that it would have if it were one team more, so that what a
host adds moves nobody. What a team has no value for counts as worse than everything.

Rules that compare every two teams are for boards of a sensible length. Above, Kemeny-Young and Copeland give way to
Borda, whose order is close to theirs; Pareto fronts are not told.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from podium.leaderboards.models import FIRST_IS_BEST, Board, Column, Entry
from scoring.metrics.registry import Array
from scoring.statistics import aggregation
from scoring.statistics.arrays import midranks

Among = dict[str, float | None]
Better = Sequence[bool]
ALL_PAIRS = 5_000  # teams up to which every two are compared
R = Column.Rule
WEIGHING = frozenset({R.WEIGHTED, R.MEAN_RANK, R.Z_MEAN})  # the others count each column once


def values_known(board: Board, columns: Iterable[Column], teams: Collection[int]) -> dict[int, dict[int, float | None]]:
    """Return the values among all teams as they were last worked out, by team and column."""
    relative = [column for column in columns if column.is_relative]
    if not relative:
        return {}
    entries = Entry.objects.filter(board=board, team__in=teams).values_list("team_id", "values")
    return {team: {column.pk: values.get(column.key) for column in relative} for team, values in entries}


def values_among(columns: Sequence[Column], entries: Sequence[Entry]) -> dict[int, Among]:
    """Return the values among all teams, by team and column key, from what the entries hold."""
    found: dict[int, Among] = {entry.team_id: {} for entry in entries}
    for column in columns:
        if column.is_relative:
            for entry, value in zip(entries, _column(column, columns, entries), strict=True):
                found[entry.team_id][column.key] = value
    return found


def _column(column: Column, columns: Sequence[Column], entries: Sequence[Entry]) -> list[float | None]:
    parts = [one for one in columns if one.key in column.parts and not one.is_relative]
    if not parts:
        return [None] * len(entries)
    table = np.array([[entry.values.get(part.key) for part in parts] for entry in entries], dtype=np.float64)
    teams = np.array([entry.ranked for entry in entries], dtype=bool)
    rule, better = R(column.computed), [part.higher_is_better for part in parts]
    weights = np.array([column.parts[part.key] for part in parts], dtype=np.float64)
    values = np.full(len(entries), np.nan)
    if teams.any():
        values[teams] = applied(rule, table[teams], better, weights)
    for at in np.flatnonzero(~teams):
        values[at] = applied(rule, np.vstack([table[teams], table[at]]), better, weights)[-1]
    return [float(value) if np.isfinite(value) else None for value in values]


def applied(rule: Column.Rule, table: Array, better: Better, weights: Array) -> Array:
    """Return each team's value by a rule, shape (teams,), from scores of shape (teams, columns); NaN where none is."""
    if rule in WEIGHING:
        return WEIGHED[rule](table, better, weights=weights)
    return COUNTED[rule](table, better)


def _copeland(table: Array, better: Better) -> Array:
    if len(table) > ALL_PAIRS:
        return np.asarray(aggregation.borda(table, better) / table.shape[1])
    return aggregation.copeland(table, better)


def _pareto(table: Array, better: Better) -> Array:
    found = np.full(len(table), np.nan)
    for number, front in enumerate(aggregation.pareto_fronts(table, better) if len(table) <= ALL_PAIRS else (), 1):
        found[front] = number
    return found


def _kemeny(table: Array, better: Better) -> Array:
    """Return each team's place; where several orders are equally good, the mean of its places in them."""
    if len(table) > aggregation.KEMENY_UP_TO:
        return midranks(-aggregation.borda(table, better))
    orders = np.array(aggregation.kemeny(table, better).orders)
    return np.asarray(orders.argsort(axis=1).mean(axis=0) + 1)


WEIGHED: dict[Column.Rule, Callable[..., Array]] = {
    R.WEIGHTED: lambda table, better, *, weights: aggregation.weighted_sum(table, weights),
    R.MEAN_RANK: aggregation.mean_rank,
    R.Z_MEAN: aggregation.mean_z,
}
COUNTED: dict[Column.Rule, Callable[..., Array]] = {
    R.BORDA: aggregation.borda,
    R.COPELAND: _copeland,
    R.PARETO: _pareto,
    R.KEMENY: _kemeny,
}


def agreements(board: Board) -> list[tuple[str, float]]:
    """Return how well each rule over the board's scores agrees with its present order: Kendall's tau, from -1 to 1.

    Near 1, the rule hardly decides. Rules that find no difference between the teams are left out, and all are where
    the board has fewer than two columns of scores or is too long to compare every two teams.
    """
    columns = [column for column in board.columns.all() if not column.computed]
    entries = list(board.entries.filter(ranked=True).order_by("place").only("values")[: ALL_PAIRS + 1])
    if len(columns) < 2 or not 2 <= len(entries) <= ALL_PAIRS:
        return []
    table = np.array([[entry.values.get(column.key) for column in columns] for entry in entries], dtype=np.float64)
    better, ones = [column.higher_is_better for column in columns], np.ones(len(columns))
    present = -np.arange(len(entries))
    found = []
    short = [R.KEMENY] if len(entries) <= aggregation.KEMENY_UP_TO else []  # on a longer board it would be Borda again
    for rule in (R.MEAN_RANK, R.BORDA, R.Z_MEAN, R.COPELAND, *short):
        values = applied(rule, table, better, ones)
        tau = aggregation.kendall_tau(present, values if rule not in FIRST_IS_BEST else -values)
        found.append((str(rule.label), tau))
    return [(label, tau) for label, tau in found if np.isfinite(tau)]
