"""Metrics of numbers. Several outputs, shape (rows, outputs), are averaged uniformly, as in scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean, numbers, same_length, weight_of
from scoring.metrics.registry import Array, MetricInputError, UndefinedMetricError, metric


@metric(
    label="Root mean squared error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"rmse": {}},
)
def root_mean_squared_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Square root of the mean squared difference, ``sqrt(mean((y - p)²))``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. Outputs are averaged after the root.
    Source: scikit-learn, ``root_mean_squared_error``.

    >>> root_mean_squared_error([3.0, 1.0], [3.0, 3.0])
    1.4142135623730951
    """
    true, pred, weight = _arrays(y_true, y_pred, sample_weight=sample_weight)
    return float(np.mean(np.sqrt(np.average((true - pred) ** 2, axis=0, weights=weight))))


@metric(
    label="Mean absolute error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"mae": {}},
)
def mean_absolute_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the absolute difference, ``mean(|y - p|)``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: scikit-learn, ``mean_absolute_error``.

    >>> mean_absolute_error([3.0, 1.0], [3.0, 3.0])
    1.0
    """
    true, pred, weight = _arrays(y_true, y_pred, sample_weight=sample_weight)
    return mean(np.abs(true - pred), weight=weight)


@metric(
    label="Root mean squared log error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=-1.0,
    aliases={"rmsle": {}},
)
def root_mean_squared_log_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Root mean squared error of ``log(1 + y)``, so that ratios count and not differences.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs), all greater than -1;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: scikit-learn, ``root_mean_squared_log_error``.

    >>> round(root_mean_squared_log_error([3.0, 1.0], [3.0, 3.0]), 6)
    0.490129
    """
    true, pred, weight = _arrays(y_true, y_pred, sample_weight=sample_weight)
    if (true <= -1).any() or (pred <= -1).any():
        raise MetricInputError("A value is -1 or less, where log(1 + value) does not exist.")
    return root_mean_squared_error(np.log1p(true), np.log1p(pred), sample_weight=weight)


@metric(
    label="R²",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    aliases={"r2": {}},
)
def r2_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of the variance explained, ``1 - sum((y - p)²) / sum((y - mean(y))²)``.

    A constant truth gives 1 for perfect predictions and 0 for all others, as in scikit-learn.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: at most 1, which is best; the mean predicts 0. Undefined for fewer than two rows.
    Source: scikit-learn, ``r2_score``.

    >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    true, pred, weight = _arrays(y_true, y_pred, sample_weight=sample_weight)
    if len(true) < 2:
        raise UndefinedMetricError("R² has no value for fewer than two rows.")
    every = np.ones(len(true)) if weight is None else weight
    centre = np.average(true, axis=0, weights=weight)
    missed = np.atleast_1d(every @ (true - pred) ** 2)
    spread = np.atleast_1d(every @ (true - centre) ** 2)
    explained = 1 - np.divide(missed, spread, out=(missed > 0).astype(float), where=spread > 0)
    return float(np.mean(explained))


def _arrays(y_true: Any, y_pred: Any, *, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_length(true, pred)
    if true.shape != pred.shape:
        raise MetricInputError(f"y_true has shape {true.shape} and y_pred has shape {pred.shape}.")
    return true, pred, weight_of(sample_weight, rows=len(true))
