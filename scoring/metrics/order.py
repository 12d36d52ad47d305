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


def middle_shares(values: Array, weight: Array | None, *, total: float | None = None) -> Array:
    """Return, for each value, the share of the weight that lies below it, plus half of that of its equals.

    ``total`` is what the weights are divided by: their sum, unless they are not all positive.
    """
    order = order_of(values)
    reached = np.arange(len(values) + 1.0) if weight is None else running(weight[order.rows])
    middle = (reached[order.first] + reached[order.last]) / (2 * (reached[-1] if total is None else total))
    return order.back(middle)
