"""The area under a ROC curve from where positive rows stand among the negative ones, without the curve itself."""

from __future__ import annotations

import math

import numpy as np

from scoring.metrics.order import ascending, order_of, running
from scoring.metrics.registry import Array, UndefinedMetricError


def area(positive: Array, score: Array, weight: Array | None, *, max_fpr: float | None = None) -> float:
    """Return the area, or its part up to ``max_fpr`` rescaled as McClish does; arguments of shape (rows,)."""
    hits = int(np.count_nonzero(positive))
    if not 0 < hits < len(score):
        raise UndefinedMetricError("The truth holds one class only, so the area under the ROC curve has no value.")
    order = ascending(score)
    ordered, hit = score[order], positive[order]
    if weight is None and max_fpr is None:
        return _plain_area(ordered, hit)
    above, below = np.compress(hit, ordered), np.compress(~hit, ordered)
    if weight is None:
        share, reached = None, np.arange(len(below) + 1) / len(below)
    else:
        share, reached = _shares(weight[order[hit]]), running(_shares(weight[order[~hit]]))
    top = max_fpr or 1.0
    greater, at_least = (1 - reached[below.searchsorted(above, side)] for side in ("right", "left"))
    credit, _, _ = _credit(greater, at_least, top=top)
    return 0.5 + _scale(top) * (float(np.average(credit, weights=share)) - top**2 / 2)


def area_influence(positive: Array, score: Array, weight: Array | None, *, max_fpr: float | None = None) -> Array:
    """Return influence values of shape (rows,), scaled so that the standard error is exactly DeLong's.

    Raises UndefinedMetricError where there are not two rows of each class.
    """
    rows, hits, top = len(score), int(np.count_nonzero(positive)), max_fpr or 1.0
    if not 2 <= hits <= rows - 2:
        raise UndefinedMetricError("The standard error of AUC needs two rows of each class.")
    order = order_of(score)
    true = positive[order.rows]
    every = np.ones(rows) if weight is None else weight[order.rows]
    above, below = (_shares(np.where(side, every, 0.0)) for side in (true, ~true))
    reached = running(below)
    credit, by_greater, by_least = _credit(1 - reached[order.last], 1 - reached[order.first], top=top)
    won = (credit - above @ credit) * _correction(hits, rows=rows)
    # A negative row that counts more raises both shares of the positives below it, and lowers those of all.
    given = running(by_greater * above)[order.first] + running(by_least * above)[order.last]
    given = (given - below @ given) * _correction(rows - hits, rows=rows)
    return order.back((above * won + below * given) * (rows * _scale(top)))


def _plain_area(ordered: Array, hit: Array) -> float:
    """Return the area from scores in ascending order, and which of them are of positive rows."""
    bounds = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
    reached = np.zeros(len(hit) + 1, dtype=np.int64)
    np.cumsum(hit, out=reached[1:])
    hits = reached[bounds]
    misses = bounds - hits
    # A positive row wins against the negative ones below it, and half against those of the same score.
    twice_won = np.diff(hits) @ (misses[1:] + misses[:-1])
    return float(int(twice_won) / (2 * int(hits[-1]) * int(misses[-1])))


def _credit(greater: Array, at_least: Array, *, top: float) -> tuple[Array, Array, Array]:
    """Return the area that each positive row brings up to the false positive rate ``top``, and its two derivatives.

    Among equal scores the curve is a slope, from the rate ``greater`` to ``at_least``; from there on the row brings
    all of the width.
    """
    whole = at_least <= top
    credit = np.where(whole, top - (greater + at_least) / 2, 0.0)
    by_greater = np.where(whole, -0.5, 0.0)
    by_least = by_greater.copy()
    cut = np.flatnonzero(~whole & (greater < top))
    width, part = at_least[cut] - greater[cut], top - greater[cut]
    credit[cut] = part**2 / (2 * width)
    by_least[cut] = -((part / width) ** 2) / 2
    by_greater[cut] = -part / width - by_least[cut]
    return credit, by_greater, by_least


def _scale(top: float) -> float:
    return 0.5 / (top - top**2 / 2)


def _shares(weight: Array) -> Array:
    total = weight.sum()
    if total == 0:
        raise UndefinedMetricError("One class has no weight, so the area under the ROC curve has no value.")
    return np.asarray(weight / total)


def _correction(count: int, *, rows: int) -> float:
    return math.sqrt(count / (count - 1) * (rows - 1) / rows)
