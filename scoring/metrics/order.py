"""The order of scores, in which equal ones stand together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.metrics.registry import Array


@dataclass(frozen=True, slots=True)
class Order:
    """Rows by ascending score. ``rows`` are their numbers; ``first`` and ``last`` bound, for each place, the places of
    equal scores: ``first`` is the first of them, ``last`` the one after. All of shape (rows,)."""

    rows: Array
    first: Array
    last: Array

    def back(self, values: Array) -> Array:
        """Return values of places in the order of the rows."""
        returned = np.empty(len(values), dtype=values.dtype)
        returned[self.rows] = values
        return returned

    def middle_shares(self, weight: Array | None, *, total: float | None = None) -> Array:
        """Return, for each row, the share of the weight that lies below its score, plus half of that of its equals.

        ``total`` is what the weights are divided by: their sum, unless they are not all positive.
        """
        reached = np.arange(len(self.rows) + 1.0) if weight is None else running(weight[self.rows])
        return self.back((reached[self.first] + reached[self.last]) / (2 * (total or reached[-1])))


def order_of(score: Array) -> Order:
    """Sort scores of shape (rows,)."""
    rows = np.argsort(score)
    return Order(rows, *equals(score[rows]))


def equals(ranked: Array) -> tuple[Array, Array]:
    """Return, for each place of a sorted array, the first place that holds the same, and the one after the last."""
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    ends = np.append(starts[1:], len(ranked))
    if len(starts) == len(ranked):
        return starts, ends
    sizes = ends - starts
    return np.repeat(starts, sizes), np.repeat(ends, sizes)


def running(values: Array) -> Array:
    """Return the running sum, from 0: one more value."""
    sums = np.empty(len(values) + 1)
    sums[0] = 0.0
    np.cumsum(values, out=sums[1:])
    return sums
