"""Pairs of true and predicted labels, counted: what every metric of labels is a function of.

The confusion matrix is kept as the list of its cells, so that thousands of labels cost no more than rows do. A metric
is a function of the cells' shares, hence its influence values are its slope at each row's cell, less their mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scoring.metrics.inputs import encode, label_pair, weight_of
from scoring.metrics.registry import Array

FEW = 256  # labels: a table of their pairs fits into the processor's cache


@dataclass(frozen=True, slots=True)
class Pairs:
    """Cells of the confusion matrix; where labels are many, each row is a cell.

    ``true`` and ``pred``, shape (cells,), are positions in ``labels``, which are sorted; ``weight``, shape (cells,), is
    what the cell's rows weigh. ``in_true``, ``in_pred`` and ``hits``, shape (labels,), are the weight of each label in
    the truth, in the predictions, and in both at once.
    """

    labels: Array
    true: Array
    pred: Array
    weight: Array
    in_true: Array
    in_pred: Array
    hits: Array

    @property
    def total(self) -> float:
        """The weight of all rows."""
        return float(self.in_true.sum())

    def as_shares(self) -> Pairs:
        """The same with a total weight of 1."""
        counts = {name: getattr(self, name) / self.total for name in ("weight", "in_true", "in_pred", "hits")}
        return replace(self, **counts)


def pairs(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Pairs:
    """Count two label arrays of shape (rows,). Raises MetricInputError and UndefinedMetricError (no rows)."""
    true, pred = label_pair(y_true, y_pred)
    return _counted(true, pred, weight=weight_of(sample_weight, rows=len(true)))[0]


def influence(y_true: Any, y_pred: Any, slope: Callable[[Pairs], Array], *, sample_weight: Any = None) -> Array:
    """Return influence values, shape (rows,), of a metric of labels.

    ``slope`` takes pairs with a total of 1 and returns, for each cell, the metric's derivative by the cell's share, up
    to a constant.
    """
    true, pred = label_pair(y_true, y_pred)
    weight = weight_of(sample_weight, rows=len(true))
    counted, cell = _counted(true, pred, weight=weight)
    counted = counted.as_shares()
    slopes = slope(counted)
    return weighted((slopes - counted.weight @ slopes)[cell], weight)


def weighted(influence: Array, weight: Array | None) -> Array:
    """Return influence values of rows that count ``weight``, from those of rows that count alike."""
    return influence if weight is None else influence * (weight / weight.mean())


def _counted(true: Array, pred: Array, *, weight: Array | None) -> tuple[Pairs, Array]:
    """Return the pairs, and the cell of each row."""
    if true.dtype.kind in "iu" and pred.dtype.kind in "iu":
        low, high = int(min(true.min(), pred.min())), int(max(true.max(), pred.max()))
        if high - low < FEW:
            return _table(true, pred, weight=weight, low=low, width=high - low + 1)
    labels, true, pred = encode(true, pred)
    if len(labels) > FEW:
        each = np.ones(len(true)) if weight is None else weight
        return _pairs(labels, true, pred, each), np.arange(len(true))
    counted, cell = _table(true, pred, weight=weight, low=0, width=len(labels))
    return replace(counted, labels=labels), cell


def _table(true: Array, pred: Array, *, weight: Array | None, low: int, width: int) -> tuple[Pairs, Array]:
    # A table over the whole range of labels needs one count of the rows, where asking which labels occur needs two.
    if low:
        true, pred = np.subtract(true, low, dtype=np.int64), np.subtract(pred, low, dtype=np.int64)
    cell = np.multiply(true, width, dtype=np.int64)
    np.add(cell, pred, out=cell, casting="unsafe")  # whatever kind of integer they are
    rows = np.bincount(cell, minlength=width**2)
    table = rows.reshape(width, width)
    present = table.any(axis=0) | table.any(axis=1)
    position = np.maximum(np.cumsum(present) - 1, 0)
    counts = rows.astype(np.float64) if weight is None else np.bincount(cell, weights=weight, minlength=width**2)
    labels = np.flatnonzero(present) + low
    return _pairs(labels, np.repeat(position, width), np.tile(position, width), counts), cell


def _pairs(labels: Array, true: Array, pred: Array, weight: Array) -> Pairs:
    right = true == pred
    in_true, in_pred, hits = (
        np.bincount(code, weights=part, minlength=len(labels))
        for code, part in ((true, weight), (pred, weight), (true[right], weight[right]))
    )
    return Pairs(labels, true, pred, weight, in_true, in_pred, hits)
