"""Metrics of numbers. Several outputs, shape (rows, outputs), are averaged uniformly, as in scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean
from scoring.metrics.pairs import (
    centre,
    divided,
    influence_of_mean,
    number_pair,
    quantile,
    skill,
    skill_influence,
    spread,
)
from scoring.metrics.registry import Array, MetricInputError, metric


def _absolute(true: Array, pred: Array) -> Array:
    error: Array = true - pred
    return np.abs(error, out=error)


def _squared(true: Array, pred: Array) -> Array:
    error: Array = true - pred
    return np.multiply(error, error, out=error)


def _squared_log(true: Array, pred: Array) -> Array:
    if (true <= -1).any() or (pred <= -1).any():
        raise MetricInputError("A value is -1 or less, where log(1 + value) does not exist.")
    error, moved = np.log1p(true), np.log1p(pred)
    error -= moved
    return np.multiply(error, error, out=error)


def _root_mean(squares: Array, *, weight: Array | None) -> float:
    return float(np.mean(np.sqrt(np.average(squares, axis=0, weights=weight))))


def _root_influence(squares: Array, *, weight: Array | None) -> Array:
    average = np.asarray(np.average(squares, axis=0, weights=weight))
    return spread(divided(squares - average, 2 * np.sqrt(average)), weight=weight)


def _rmse_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return _root_influence(_squared(true, pred), weight=weight)


@metric(
    label="Root mean squared error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"rmse": {}, "mcrmse": {}, "mean_columnwise_rmse": {}},
    influence=_rmse_influence,
)
def root_mean_squared_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Square root of the mean squared difference, ``sqrt(mean((y - p)²))``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. Outputs are averaged after the root (MCRMSE).
    Source: scikit-learn, ``root_mean_squared_error``.

    >>> root_mean_squared_error([3.0, 1.0], [3.0, 3.0])
    1.4142135623730951
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return _root_mean(_squared(true, pred), weight=weight)


@metric(
    label="Mean squared error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"mse": {}},
    influence=influence_of_mean(_squared),
)
def mean_squared_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the squared difference, ``mean((y - p)²)``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the squared unit of the target; 0 is best.
    Source: scikit-learn, ``mean_squared_error``.

    >>> mean_squared_error([3.0, 1.0], [3.0, 3.0])
    2.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_squared(true, pred), weight=weight)


@metric(
    label="Mean absolute error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"mae": {}},
    influence=influence_of_mean(_absolute),
)
def mean_absolute_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the absolute difference, ``mean(|y - p|)``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: scikit-learn, ``mean_absolute_error``.

    >>> mean_absolute_error([3.0, 1.0], [3.0, 3.0])
    1.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_absolute(true, pred), weight=weight)


@metric(
    label="Median absolute error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"medae": {}, "median_ae": {}},
)
def median_absolute_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Median of the absolute difference, ``median(|y - p|)``, which a few wild rows do not move.

    Between two middle values the median is halfway, with weights too.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: scikit-learn, ``median_absolute_error``.

    >>> median_absolute_error([3.0, 1.0, 5.0], [3.0, 3.0, 105.0])
    2.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return float(np.mean(quantile(_absolute(true, pred), level=0.5, weight=weight)))


@metric(
    label="Largest error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"max_absolute_error": {}},
)
def max_error(y_true: Any, y_pred: Any) -> float:
    """Largest absolute difference, ``max(|y - p|)``: the worst row decides.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: scikit-learn, ``max_error``, which takes one output only.

    >>> max_error([3.0, 1.0], [3.0, 3.0])
    2.0
    """
    true, pred, _ = number_pair(y_true, y_pred)
    return float(np.mean(_absolute(true, pred).max(axis=0)))


@metric(
    label="Mean squared log error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=-1.0,
    aliases={"msle": {}},
    influence=influence_of_mean(_squared_log),
)
def mean_squared_log_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean squared error of ``log(1 + y)``, so that ratios count and not differences.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs), all greater than -1;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: scikit-learn, ``mean_squared_log_error``.

    >>> round(mean_squared_log_error([3.0, 1.0], [3.0, 3.0]), 6)
    0.240227
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_squared_log(true, pred), weight=weight)


def _rmsle_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return _root_influence(_squared_log(true, pred), weight=weight)


@metric(
    label="Root mean squared log error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=-1.0,
    aliases={"rmsle": {}},
    influence=_rmsle_influence,
)
def root_mean_squared_log_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Root mean squared error of ``log(1 + y)``, so that ratios count and not differences.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs), all greater than -1;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best. Outputs are averaged after the root.
    Source: scikit-learn, ``root_mean_squared_log_error``.

    >>> round(root_mean_squared_log_error([3.0, 1.0], [3.0, 3.0]), 6)
    0.490129
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return _root_mean(_squared_log(true, pred), weight=weight)


def _r2_losses(true: Array, pred: Array, *, weight: Array | None) -> tuple[Array, Array]:
    return _squared(true, pred), _squared(true, centre(true, weight=weight))


def _r2_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return skill_influence(*_r2_losses(true, pred, weight=weight), weight=weight)


@metric(
    label="R²",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    aliases={"r2": {}, "r^2": {}, "r_squared": {}},
    influence=_r2_influence,
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
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return skill(*_r2_losses(true, pred, weight=weight), weight=weight)


def _explained_losses(true: Array, pred: Array, *, weight: Array | None) -> tuple[Array, Array]:
    error: Array = true - pred
    return _squared(error, centre(error, weight=weight)), _squared(true, centre(true, weight=weight))


def _explained_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return skill_influence(*_explained_losses(true, pred, weight=weight), weight=weight)


@metric(
    label="Explained variance",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    aliases={"explained_variance": {}, "evs": {}},
    influence=_explained_influence,
)
def explained_variance_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """R² that forgives a constant offset, ``1 - var(y - p) / var(y)``.

    A constant truth gives 1 where the error is constant too, and 0 otherwise, as in scikit-learn.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: at most 1, which is best. Undefined for fewer than two rows.
    Source: scikit-learn, ``explained_variance_score``.

    >>> explained_variance_score([1.0, 2.0, 3.0], [3.0, 4.0, 5.0])
    1.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return skill(*_explained_losses(true, pred, weight=weight), weight=weight)
