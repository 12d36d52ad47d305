"""Scores by group: each group's value, the worst, the gap and the ratio, each with its standard error.

A slice's influence values stand for all rows of the task, 0 outside the group. So groups that share clusters, and
teams, are compared like everything else, and a gap or a ratio has influence values of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, codes_of
from scoring.statistics.intervals import standard_error

SMALL = 30
"""Groups of fewer rows are flagged, and are neither the worst nor an end of gap and ratio."""
Measure = Callable[[Array], tuple[float | None, Array | None]]
"""Takes the positions of a group's rows and returns the value there, None where it is undefined, and its influence
values, one for each of these rows, None where the metric has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A value, its standard error (None where it is not known), and its influence values of shape (rows,)."""

    value: float
    se: float | None
    influence: Array | None


@dataclass(frozen=True, slots=True)
class Slice:
    """One group: its label, its rows, and its estimate, None where the metric is undefined there."""

    label: object
    rows: int
    estimate: Estimate | None
    small: bool


@dataclass(frozen=True, slots=True)
class Slices:
    """All groups, sorted by label, and what they come to. None where fewer than two groups are large enough."""

    groups: tuple[Slice, ...]
    worst: Slice | None
    best: Slice | None
    gap: Estimate | None
    """Best minus worst where greater is better, else worst minus best: never negative."""
    ratio: Estimate | None
    """Smallest value over largest: 1 is equal. None where the values are not positive."""


def slices(
    groups: ArrayLike,
    measure: Measure,
    *,
    greater_is_better: bool,
    small: int = SMALL,
    clusters: ArrayLike | None = None,
) -> Slices:
    """Return the scores by group; ``groups`` and ``clusters`` hold a label for each row, shape (rows,).

    The standard errors of worst, gap and ratio are those of the groups named: that these were chosen because they are
    extreme makes the gap look larger than it is, the more so the more groups there are.
    """
    labels, codes = codes_of(groups)
    found = tuple(
        _slice(label, np.flatnonzero(codes == number), measure, rows=len(codes), small=small, clusters=clusters)
        for number, label in enumerate(labels.tolist())
    )
    usable = sorted(_usable(found), key=lambda pair: pair[1].value)
    if len(usable) < 2:
        return Slices(found, None, None, None, None)
    (low, low_value), (high, high_value) = usable[0], usable[-1]
    worst, best = (low, high) if greater_is_better else (high, low)
    return Slices(
        found,
        worst,
        best,
        _gap(high_value, low_value, clusters=clusters),
        _ratio(low_value, high_value, clusters=clusters),
    )


def _slice(
    label: object, chosen: Array, measure: Measure, *, rows: int, small: int, clusters: ArrayLike | None
) -> Slice:
    value, own = measure(chosen)
    flagged = len(chosen) < small
    if value is None or not math.isfinite(value):
        return Slice(label, len(chosen), None, flagged)
    influence = None if own is None else _padded(np.asarray(own, dtype=np.float64), chosen, rows=rows)
    return Slice(label, len(chosen), _estimate(value, influence, clusters=clusters), flagged)


def _padded(own: Array, chosen: Array, *, rows: int) -> Array | None:
    """Return influence values over all rows whose standard error is that of the group's own, ddof 1 in both."""
    count = len(chosen)
    if count < 2:
        return None
    influence = np.zeros(rows)
    influence[chosen] = own * (rows / count) * math.sqrt(count / (count - 1) * (rows - 1) / rows)
    return influence


def _estimate(value: float, influence: Array | None, *, clusters: ArrayLike | None) -> Estimate:
    se = math.nan if influence is None else standard_error(influence, clusters=clusters)
    # No spread at all is a perfect or constant group, whose error is not 0 but not known.
    return Estimate(value, se if math.isfinite(se) and se > 0 else None, influence)


def _usable(found: tuple[Slice, ...]) -> list[tuple[Slice, Estimate]]:
    return [(each, each.estimate) for each in found if each.estimate is not None and not each.small]


def _gap(first: Estimate, second: Estimate, *, clusters: ArrayLike | None) -> Estimate:
    influence = _combined(first, second, 1.0, -1.0)
    return _estimate(first.value - second.value, influence, clusters=clusters)


def _ratio(low: Estimate, high: Estimate, *, clusters: ArrayLike | None) -> Estimate | None:
    if low.value < 0 or high.value <= 0:
        return None
    ratio = low.value / high.value
    return _estimate(ratio, _combined(low, high, 1 / high.value, -ratio / high.value), clusters=clusters)


def _combined(first: Estimate, second: Estimate, a: float, b: float) -> Array | None:
    if first.se is None or second.se is None or first.influence is None or second.influence is None:
        return None
    return np.asarray(a * first.influence + b * second.influence)
