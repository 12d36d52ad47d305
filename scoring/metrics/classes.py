"""Truth beside scores: which rows are positive, which column is a class's, and means over columns.

The truth is one label a row, or an indicator matrix of zeros and ones. Where a row has one score per class, the columns
stand in the order of ``labels`` (by default: sorted).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.inputs import even, numbers, same_length, weight_of
from scoring.metrics.registry import Array, MetricInputError, Param, UndefinedMetricError

Value = Callable[[Array, Array, Array | None], float]
"""Takes positive rows (booleans), scores and weights, each of shape (rows,)."""
Influence = Callable[[Array, Array, Array | None], Array]

AVERAGE = Param(
    name="average",
    kind="choice",
    default="macro",
    choices=("macro", "weighted", "micro"),
    help="Over several classes: the plain mean; weighted by how often each is true; or of all columns as one.",
)


def arrays(y_true: Any, y_score: Any, *, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    """Return truth, scores as float64 of shape (rows,) or (rows, 2 or more), and weights."""
    true, score = even(y_true, name="y_true"), numbers(y_score, name="y_score")
    same_length(true, score)
    true, score = (part[:, 0] if part.ndim == 2 and part.shape[1] == 1 else part for part in (true, score))
    if true.ndim == 1 and score.ndim == 2 and score.shape[1] == 0:
        raise MetricInputError("y_score has no columns.")
    return true, score, weight_of(sample_weight, rows=len(true))


def positive_rows(true: Array, *, labels: Any = None, pos_label: Any = None) -> Array:
    """Return which rows are of the positive class: ``pos_label``, or else the greater of the two labels."""
    two_classes(true)
    if pos_label is not None:
        return np.asarray(true == pos_label)
    if labels is not None:
        return np.asarray(class_codes(true, labels=labels, columns=2) == 1)
    low = true.min() if true.dtype.kind not in "US" else np.unique(true)[0]
    positive: Array = true != low
    if not positive.any():
        raise UndefinedMetricError("The truth holds one class only, and `labels` is not given.")
    return positive


def two_classes(true: Array) -> None:
    """Refuse a truth of three or more labels, and one of several columns."""
    if true.ndim != 1:
        raise MetricInputError("y_true has several columns and y_score has one.")
    if true.dtype.kind in "US":
        others = true[true != true[0]]
        fine = not len(others) or bool((others == others[0]).all())
    else:
        low, high = true.min(), true.max()
        neighbours = true.dtype.kind in "iub" and int(high) - int(low) <= 1
        fine = neighbours or bool(((true == low) | (true == high)).all())
    if not fine:
        raise MetricInputError("The truth holds more than two classes: one column for each class is expected.")


def check_probabilities(proba: Array) -> None:
    """Refuse what lies outside 0 to 1."""
    if proba.min() < 0 or proba.max() > 1:
        raise MetricInputError("A probability lies outside 0 to 1.")


def greater_label(true: Array) -> Any:
    """Return the greater of two labels; 1 where only 0, or only -1, occurs."""
    if true.dtype.kind in "US":
        raise MetricInputError("The labels are text: say which one is positive with `pos_label`.")
    low, high = true.min(), true.max()
    return 1 if {low, high} <= {0, 1} or {low, high} <= {-1, 1} else high


def class_codes(true: Array, *, labels: Any, columns: int) -> Array:
    """Return the column of each row's true class."""
    if true.ndim != 1:
        raise MetricInputError(f"y_true has shape {true.shape}, expected one label a row.")
    known = _distinct(true) if labels is None else np.asarray(labels)
    if labels is None and len(known) < columns:
        raise UndefinedMetricError(f"The truth holds {len(known)} of {columns} classes, and `labels` is not given.")
    if len(known) != columns:
        raise MetricInputError(f"There are {len(known)} classes and {columns} columns of probabilities.")
    if (
        true.dtype.kind in "iu"
        and np.array_equal(known, np.arange(columns))
        and 0 <= true.min() <= true.max() < columns
    ):
        return true
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], true), columns - 1)
    codes: Array = order[place]
    if (known[codes] != true).any():
        raise MetricInputError("The truth holds a class that `labels` does not list.")
    return codes


def _distinct(true: Array) -> Array:
    if true.dtype.kind in "iu" and (low := int(true.min())) + 65_536 > int(true.max()):
        return np.flatnonzero(np.bincount(np.subtract(true, low, dtype=np.int64))) + low
    return np.unique(true)


def over_columns(value: Value, true: Array, score: Array, *, labels: Any, average: str, weight: Array | None) -> float:
    """Return the mean over columns, one class against the rest; of two columns for one truth the second alone."""
    positives = _indicator(true, score, labels=labels)
    if true.ndim == 1 and score.shape[1] == 2:
        return value(positives[:, 1], score[:, 1], weight)
    if average == "micro":
        return value(positives.ravel(), score.ravel(), _spread(weight, columns=score.shape[1]))
    columns = [value(positives[:, k], score[:, k], weight) for k in range(score.shape[1])]
    share = np.average(positives, axis=0, weights=weight) if average == "weighted" else None
    return float(np.average(columns, weights=share))


def influence_over_columns(
    value: Value, influence: Influence, true: Array, score: Array, *, labels: Any, average: str, weight: Array | None
) -> Array:
    """Return the influence values, shape (rows,), of what :func:`over_columns` returns."""
    positives, columns = _indicator(true, score, labels=labels), score.shape[1]
    if true.ndim == 1 and columns == 2:
        return influence(positives[:, 1], score[:, 1], weight)
    if average == "micro":
        cells = influence(positives.ravel(), score.ravel(), _spread(weight, columns=columns))
        return np.asarray(cells.reshape(-1, columns).mean(axis=1))
    if average == "macro":
        total = sum(influence(positives[:, k], score[:, k], weight) for k in range(columns))
        return np.asarray(total / columns)
    return _influence_of_weighted(value, influence, positives, score, weight=weight)


def _influence_of_weighted(
    value: Value, influence: Influence, positives: Array, score: Array, *, weight: Array | None
) -> Array:
    share = np.average(positives, axis=0, weights=weight)
    values = np.array([value(positives[:, k], score[:, k], weight) for k in range(len(share))])
    counts = 1.0 if weight is None else (weight / weight.mean())[:, None]
    moved = (positives - share) * counts @ (values - share @ values / share.sum())
    for k, part in enumerate(share):
        moved = moved + part * influence(positives[:, k], score[:, k], weight)
    return np.asarray(moved / share.sum())


def _spread(weight: Array | None, *, columns: int) -> Array | None:
    return None if weight is None else np.repeat(weight, columns)


def _indicator(true: Array, score: Array, *, labels: Any) -> Array:
    if true.ndim == 2:
        if true.shape != score.shape:
            raise MetricInputError(f"y_true has shape {true.shape} and y_score has shape {score.shape}.")
        return np.asarray(true == 1)
    codes = class_codes(true, labels=labels, columns=score.shape[1])
    indicator: Array = codes[:, None] == np.arange(score.shape[1])[None, :]
    return indicator
