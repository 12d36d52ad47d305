"""What a threshold at each positive row lets through, which is all that curves over thresholds are made of.

Precision and recall rise only where a positive row is let through, so positive rows are the only thresholds to look at;
where they stand among all rows takes two sorts and two searches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.metrics.order import ascending, equals, order_of, running
from scoring.metrics.registry import Array, UndefinedMetricError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The positive rows by ascending score, as thresholds.

    ``score`` and ``weight`` (None where rows count alike) are their own, ``below`` the scores of the negative rows,
    sorted; ``reached`` and ``reached_below`` are the running sums of their weights, from 0.
    """

    score: Array
    weight: Array | None
    below: Array
    reached: Array
    reached_below: Array

    def at(self) -> tuple[Array, Array]:
        """Return the weight of the positive rows and of all rows that have each threshold's score or more."""
        hits = self.reached[-1] - self.reached[equals(self.score)[0]]
        false = self.reached_below[-1] - self.reached_below[self.below.searchsorted(self.score, "left")]
        return hits, hits + false

    def over(self) -> tuple[Array, Array]:
        """Return the same of those that have more."""
        hits = self.reached[-1] - self.reached[equals(self.score)[1]]
        false = self.reached_below[-1] - self.reached_below[self.below.searchsorted(self.score, "right")]
        return hits, hits + false

    def mean(self, values: Array) -> float:
        """Return the mean over positive rows."""
        return float(np.average(values, weights=self.weight))


def thresholds(positive: Array, score: Array, weight: Array | None) -> Thresholds:
    """Sort positive and negative rows apart; arguments of shape (rows,).

    Raises UndefinedMetricError where no positive row has weight.
    """
    order = ascending(score)
    ordered, hit = score[order], positive[order]
    above, below = np.compress(hit, ordered), np.compress(~hit, ordered)
    if weight is None:
        found = Thresholds(above, None, below, np.arange(len(above) + 1.0), np.arange(len(below) + 1.0))
    else:
        own, other = weight[order[hit]], weight[order[~hit]]
        found = Thresholds(above, own, below, running(own), running(other))
    if not found.reached[-1] > 0:
        raise UndefinedMetricError("The truth holds no positive row, or none with weight.")
    return found


def average_precision(positive: Array, score: Array, weight: Array | None) -> float:
    """Return the mean over positive rows of precision at their score."""
    found = thresholds(positive, score, weight)
    return found.mean(_precision(*found.at()))


def average_precision_influence(positive: Array, score: Array, weight: Array | None) -> Array:
    """Return the influence values of :func:`average_precision`."""
    return _influence(positive, score, weight, sides=("at",))


def trapezoid(positive: Array, score: Array, weight: Array | None) -> float:
    """Return the mean over positive rows of precision, half at their score and half just above it."""
    found = thresholds(positive, score, weight)
    return found.mean((_precision(*found.at()) + _precision(*found.over())) / 2)


def trapezoid_influence(positive: Array, score: Array, weight: Array | None) -> Array:
    """Return the influence values of :func:`trapezoid`."""
    return _influence(positive, score, weight, sides=("at", "over"))


def _influence(positive: Array, score: Array, weight: Array | None, *, sides: tuple[str, ...]) -> Array:
    """Return how far a row moves the mean of precision: by its own, and at all thresholds that let it through."""
    order = order_of(score)
    true = positive[order.rows]
    every = np.ones(len(score)) if weight is None else weight[order.rows]
    hit = np.where(true, every, 0.0)
    if not (total := hit.sum()) > 0:
        raise UndefinedMetricError("The truth holds no positive row, or none with weight.")
    reached_hit, reached = running(hit), running(every)
    moved = np.zeros(len(score))
    for side in sides:
        start, end = (order.first, order.last) if side == "at" else (order.last, order.first)
        hits, seen = reached_hit[-1] - reached_hit[start], reached[-1] - reached[start]
        precision = _precision(hits, seen)
        share = np.divide(hit, seen, out=np.zeros(len(seen)), where=seen > 0)
        moved += np.where(true, running(share)[end] + precision - hit @ precision / total, 0.0)
        moved -= running(share * precision)[end]
    return order.back(every * moved * (len(score) / (len(sides) * total)))


def _precision(hits: Array, seen: Array) -> Array:
    """Return precision, 1 where nothing is let through."""
    return np.asarray(np.divide(hits, seen, out=np.ones(len(hits)), where=seen > 0))
