"""Ratios of counts of a class, and their averages over classes: what F1, precision, recall and their kin share.

For a class, TP is the weight of its hits, T and P its weight in the truth and in the predictions, and N that of all
rows. Each of these metrics is a weighted sum of the four over another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.confusion import Pairs, influence, pairs
from scoring.metrics.registry import Array, MetricInputError, Param

AVERAGE = Param(
    name="average",
    kind="choice",
    default="binary",
    choices=("binary", "macro", "micro", "weighted"),
    help="binary: of the positive class; macro: mean over classes; micro: over all rows together; "
    "weighted: mean over classes, weighted by how often each is true.",
)
POS_LABEL = Param(name="pos_label", kind="label", default=1, help="The positive class, for average=binary.")
BETA = Param(name="beta", kind="number", default=1.0, low=0.0, high=1000.0, help="How much recall counts to precision.")


@dataclass(frozen=True, slots=True)
class Ratio:
    """``top`` over ``bottom``, each the factors of TP, T, P and N; 0 where the bottom is 0."""

    top: tuple[float, float, float, float]
    bottom: tuple[float, float, float, float]

    def value(self, counts: Sequence[Array]) -> Array:
        """Return the ratio of each class, from the counts TP, T, P and N, each of shape (classes,)."""
        top, bottom = _dot(self.top, counts), _dot(self.bottom, counts)
        return np.asarray(np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0))

    def slope(self, counts: Sequence[Array]) -> Array:
        """Return the derivatives by TP, T, P and N of each class's ratio: shape (4, classes); 0 where it is fixed."""
        bottom, value = _dot(self.bottom, counts), self.value(counts)
        rise = np.array(self.top)[:, None] - np.array(self.bottom)[:, None] * value
        return np.asarray(np.divide(rise, bottom, out=np.zeros(rise.shape), where=bottom > 0))


PRECISION = Ratio((1, 0, 0, 0), (0, 0, 1, 0))
RECALL = Ratio((1, 0, 0, 0), (0, 1, 0, 0))
JACCARD = Ratio((1, 0, 0, 0), (-1, 1, 1, 0))
SPECIFICITY = Ratio((1, -1, -1, 1), (0, -1, 0, 1))


def f_beta(beta: float) -> Ratio:
    """Return the weighted harmonic mean of precision and recall."""
    return Ratio((1 + beta**2, 0, 0, 0), (0, beta**2, 1, 0))


def average_value(ratio: Ratio, counts: Sequence[Array], *, average: str) -> float:
    """Return the macro, micro or weighted average; counts TP, T, P and N, each of shape (classes,)."""
    if average == "micro":
        return float(ratio.value([part.sum(keepdims=True) for part in counts])[0])
    share = counts[1] if average == "weighted" and counts[1].any() else None
    return float(np.average(ratio.value(counts), weights=share))


def average_slope(ratio: Ratio, counts: Sequence[Array], *, average: str) -> Array:
    """Return the derivatives of the average by each class's TP, T, P and N: shape (4, classes)."""
    classes = len(counts[0])
    if average == "micro":
        return np.repeat(ratio.slope([part.sum(keepdims=True) for part in counts]), classes, axis=1)
    if average == "macro" or not counts[1].any():
        return ratio.slope(counts) / classes
    value, true = ratio.value(counts), counts[1]
    slope = ratio.slope(counts) * true
    slope[1] += value - np.average(value, weights=true)
    return np.asarray(slope / true.sum())


def ratio_value(
    ratio: Ratio, y_true: Any, y_pred: Any, *, average: str, pos_label: Any, sample_weight: Any = None
) -> float:
    """Return the ratio of the positive class, or its average over all that is true or predicted somewhere."""
    counted = pairs(y_true, y_pred, sample_weight=sample_weight)
    counts = _counts(counted)
    if average != "binary":
        return average_value(ratio, counts, average=average)
    place = _positive(counted, pos_label=pos_label)
    if place is None:  # neither true nor predicted anywhere
        zero = np.zeros(1)
        return float(ratio.value((zero, zero, zero, counts[3][:1]))[0])
    return float(ratio.value(counts)[place])


def ratio_influence(
    ratio: Ratio, y_true: Any, y_pred: Any, *, average: str, pos_label: Any, sample_weight: Any = None
) -> Array:
    """Return the influence values of what :func:`ratio_value` returns."""

    def slope(counted: Pairs) -> Array:
        counts = _counts(counted)
        if average == "binary":
            only = np.arange(len(counted.labels)) == _positive(counted, pos_label=pos_label)
            hits, true, pred, _ = ratio.slope(counts) * only
        else:
            hits, true, pred, _ = average_slope(ratio, counts, average=average)
        found = np.where(counted.true == counted.pred, hits[counted.true], 0.0)
        return np.asarray(found + true[counted.true] + pred[counted.pred])

    return influence(y_true, y_pred, slope, sample_weight=sample_weight)


def _counts(counted: Pairs) -> tuple[Array, Array, Array, Array]:
    everything = np.full(len(counted.labels), counted.total)
    return counted.hits, counted.in_true, counted.in_pred, everything


def _positive(counted: Pairs, *, pos_label: Any) -> int | None:
    """Return the place of the positive class among the labels, None where it does not occur."""
    if isinstance(pos_label, str) != (counted.labels.dtype.kind in "US"):
        raise MetricInputError(f"pos_label is `{pos_label}`, which is not of the same kind as the labels.")
    if np.count_nonzero(counted.in_true[counted.labels != pos_label]) > 1:
        raise MetricInputError("The reference holds more than two classes: set `average` to macro, micro or weighted.")
    found = np.flatnonzero(counted.labels == pos_label)
    return int(found[0]) if len(found) else None


def _dot(factors: tuple[float, ...], counts: Sequence[Array]) -> Array:
    total = np.zeros(len(counts[0]))
    for factor, count in zip(factors, counts, strict=True):
        if factor:
            total += factor * count
    return total
