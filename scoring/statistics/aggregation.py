"""Several metrics or tasks to one order: the rules, and how much the choice of rule decides.

Scores are of shape (teams, columns). A missing score (NaN) is worse than every score in its column and ties with other
missing ones; sums have no value then, and such a team comes last.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, midranks

KEMENY_UP_TO = 10
"""The most teams for which the orders are searched: 2^teams subsets."""
KEMENY_ORDERS = 100


@dataclass(frozen=True, slots=True)
class Kemeny:
    """The orders (positions of teams, best first) that disagree least with the columns, and how often they do."""

    cost: int
    orders: list[tuple[int, ...]]
    """All of them, up to 100."""


def ranks(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Array:
    """Return each column's ranks from 1 for the best, shape (teams, columns); ties share the mean of their ranks."""
    signed = _signed(scores, higher_is_better)
    if not signed.size:
        return signed
    return np.stack([midranks(-column) for column in signed.T], axis=1)


def mean_rank(scores: ArrayLike, higher_is_better: Sequence[bool], *, weights: ArrayLike | None = None) -> Array:
    """Return the mean of each team's ranks, shape (teams,): lower is better."""
    return np.asarray(np.average(ranks(scores, higher_is_better), axis=1, weights=weights))


def borda(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Array:
    """Return Borda's points, shape (teams,): teams minus rank, added up over the columns. Higher is better."""
    ranked = ranks(scores, higher_is_better)
    return np.asarray((len(ranked) - ranked).sum(axis=1))


def weighted_sum(scores: ArrayLike, weights: ArrayLike) -> Array:
    """Return the weighted sum of each team's scores as they are, shape (teams,); NaN where one is missing.

    A column in which lower is better wants a negative weight, or all columns do and the board sorts upwards.
    """
    return np.asarray(_table(scores) @ np.asarray(weights, dtype=np.float64))


def mean_z(scores: ArrayLike, higher_is_better: Sequence[bool], *, weights: ArrayLike | None = None) -> Array:
    """Return the mean of each team's z scores, shape (teams,): higher is better, NaN where a score is missing.

    ``(score - mean) / standard deviation`` over the teams (ddof 0); a column without spread gives 0 to all.
    """
    table = _table(scores)
    missing = np.isnan(table)
    present = np.maximum((~missing).sum(axis=0), 1)
    centred = table - np.where(missing, 0.0, table).sum(axis=0) / present
    spread = np.sqrt(np.where(missing, 0.0, centred**2).sum(axis=0) / present)
    size = np.where(missing, 0.0, np.abs(table)).max(axis=0, initial=0.0)
    flat = spread <= 1e-12 * size
    z = np.where(missing, np.nan, np.where(flat, 0.0, centred / np.where(flat, 1.0, spread)))
    return np.asarray(np.average(z * _direction(table, higher_is_better), axis=1, weights=weights))


def copeland(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Array:
    """Return Copeland's points, shape (teams,): 1 for each team that most columns put below, 1/2 for a draw."""
    margin = preferences(scores, higher_is_better)
    margin = margin - margin.T
    return np.asarray((margin > 0).sum(axis=1) + ((margin == 0).sum(axis=1) - 1) / 2)


def preferences(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Array:
    """Return how many columns put the first team strictly above the second, shape (teams, teams)."""
    signed = _signed(scores, higher_is_better)
    counts = np.zeros((len(signed), len(signed)), dtype=np.int64)
    for column in signed.T:
        counts += column[:, None] > column
    return counts


def kemeny(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Kemeny:
    """Return the orders with the fewest disagreements (Kemeny 1959, Young 1988), for boards of up to 10 teams.

    A column disagrees with an order on a pair when it strictly prefers the lower one. Ties agree with either. Raises
    ValueError for longer boards: the problem is NP-hard.
    """
    against = preferences(scores, higher_is_better).T
    teams = len(against)
    if teams > KEMENY_UP_TO:
        raise ValueError(f"{teams} teams are too many for Kemeny-Young: it is for {KEMENY_UP_TO} at most.")
    # best[subset]: the cost among the teams of a subset, all of them placed above the others, in their best order.
    # A team that is placed last in a subset disagrees with the columns that prefer it to those above.
    members = [[team for team in range(teams) if subset >> team & 1] for subset in range(2**teams)]
    best = [0] * 2**teams
    for subset in range(1, 2**teams):
        best[subset] = min(_cost_of_last(last, subset, members, against, best) for last in members[subset])
    orders = _orders(2**teams - 1, members, against, best)
    return Kemeny(best[-1], sorted(itertools.islice(orders, KEMENY_ORDERS)))


def pareto_fronts(scores: ArrayLike, higher_is_better: Sequence[bool]) -> list[list[int]]:
    """Return the Pareto fronts as positions of teams: the first holds those whom nobody dominates, and so on.

    A team dominates another when it is nowhere worse and somewhere better.
    """
    signed = _signed(scores, higher_is_better)
    dominated_by = _dominated_by(signed)
    left, fronts = np.ones(len(signed), dtype=bool), []
    while left.any():
        front = left & ~dominated_by[:, left].any(axis=1)
        fronts.append(np.flatnonzero(front).tolist())
        left &= ~front
    return fronts


def kendall_tau(first: ArrayLike, second: ArrayLike) -> float:
    """Return Kendall's tau-b of two rules' values over the same teams, NaN where one of them ties all.

    Missing values are last, as on a board; let higher be better in both, or lower in both.
    """
    from scipy.stats import kendalltau  # noqa: PLC0415 - scipy is slow to import

    pair = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    lowest = [np.where(np.isnan(values), -np.inf, values) for values in pair]
    if any(len(np.unique(values)) < 2 for values in lowest):
        return float("nan")
    return float(kendalltau(*[midranks(values) for values in lowest]).statistic)


def agreement(rules: Mapping[str, ArrayLike]) -> dict[tuple[str, str], float]:
    """Return Kendall's tau of each pair of rules: near 1, the rule hardly decides. Higher is better in all of them."""
    return {(a, b): kendall_tau(rules[a], rules[b]) for a, b in itertools.combinations(rules, 2)}


def _table(scores: ArrayLike) -> Array:
    table = np.array(scores, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"The scores have shape {table.shape}, expected (teams, columns).")
    table[~np.isfinite(table)] = np.nan
    return table


def _direction(table: Array, higher_is_better: Sequence[bool]) -> Array:
    if len(higher_is_better) != table.shape[1]:
        raise ValueError(f"There are {table.shape[1]} columns and {len(higher_is_better)} directions.")
    return np.where(np.asarray(higher_is_better, dtype=bool), 1.0, -1.0)


def _signed(scores: ArrayLike, higher_is_better: Sequence[bool]) -> Array:
    table = _table(scores)
    signed = table * _direction(table, higher_is_better)
    return np.where(np.isnan(signed), -np.inf, signed)


def _dominated_by(signed: Array) -> Array:
    worse_or_equal = np.ones((len(signed), len(signed)), dtype=bool)
    worse = np.zeros_like(worse_or_equal)
    for column in signed.T:
        worse_or_equal &= column[:, None] <= column
        worse |= column[:, None] < column
    return worse_or_equal & worse


def _cost_of_last(last: int, subset: int, members: list[list[int]], against: Array, best: list[int]) -> int:
    above = subset & ~(1 << last)
    return best[above] + int(against[members[above], last].sum())


def _orders(subset: int, members: list[list[int]], against: Array, best: list[int]) -> Iterator[tuple[int, ...]]:
    if not subset:
        yield ()
    for last in members[subset]:
        if _cost_of_last(last, subset, members, against, best) == best[subset]:
            for order in _orders(subset & ~(1 << last), members, against, best):
                yield (*order, last)
