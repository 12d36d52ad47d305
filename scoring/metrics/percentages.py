"""Metrics of relative errors: each in relation to the size of its row, or to that of all rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean
from scoring.metrics.pairs import influence_of_mean, number_pair, spread
from scoring.metrics.registry import Array, Param, UndefinedMetricError, metric

SMALLEST = float(np.finfo(np.float64).eps)
UNITS = {"percent": 200.0, "fraction": 2.0}


def _relative(true: Array, pred: Array) -> Array:
    error: Array = true - pred
    size = np.abs(true)
    np.maximum(size, SMALLEST, out=size)
    error /= size
    return np.abs(error, out=error)


@metric(
    label="Mean absolute percentage error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"mape": {}},
    influence=influence_of_mean(_relative),
)
def mean_absolute_percentage_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the absolute difference as a share of the truth, ``mean(|y - p| / |y|)``; 0.1 is ten per cent.

    ``|y|`` counts as 2.2e-16 where it is less, as in scikit-learn, so a truth of 0 that is missed drowns all other
    rows: take WMAPE or SMAPE where the truth holds zeros.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, a fraction; 0 is best.
    Source: scikit-learn, ``mean_absolute_percentage_error``.

    >>> mean_absolute_percentage_error([4.0, 2.0], [3.0, 2.0])
    0.125
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_relative(true, pred), weight=weight)


def _symmetric(true: Array, pred: Array, *, unit: str = "percent") -> Array:
    error: Array = true - pred
    size = np.abs(true)
    np.abs(error, out=error)
    size += np.abs(pred)
    error *= UNITS[unit]
    size[size == 0] = 1  # both are 0, and so is the error
    return np.divide(error, size, out=error)


@metric(
    label="Symmetric mean absolute percentage error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=200.0,
    params=(
        Param(
            name="unit",
            kind="choice",
            default="percent",
            choices=("percent", "fraction"),
            help="Per cent, from 0 to 200, or a fraction, from 0 to 2.",
        ),
    ),
    aliases={
        "smape": {},
        "smape_percent_0_200": {"unit": "percent"},
        "smape_fraction": {"unit": "fraction"},
        "smape_0_2": {"unit": "fraction"},
        "smape_0_200": {"unit": "percent"},
    },
    influence=influence_of_mean(_symmetric),
)
def symmetric_mean_absolute_percentage_error(
    y_true: Any, y_pred: Any, *, unit: str = "percent", sample_weight: Any = None
) -> float:
    """Mean of ``|y - p| / ((|y| + |p|) / 2)``, which is 2 at the most. A row where both are 0 counts as 0.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``unit``; ``sample_weight`` of shape
    (rows,).
    Returns: 0 to 200 per cent, or 0 to 2 as a fraction; 0 is best.
    Source: Makridakis, International Journal of Forecasting 1993; the M4 competition.

    >>> symmetric_mean_absolute_percentage_error([3.0, 0.0], [1.0, 0.0])
    50.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_symmetric(true, pred, unit=unit), weight=weight)


def _totals(true: Array, pred: Array, *, weight: Array | None) -> tuple[Array, Array, Array, Array]:
    """Return errors and sizes, and the mean of each."""
    error, size = np.abs(true - pred), np.abs(true)
    missed, whole = (np.asarray(np.average(each, axis=0, weights=weight)) for each in (error, size))
    if (whole == 0).any():
        raise UndefinedMetricError("The truth is 0 everywhere, so an error has no size in relation to it.")
    return error, size, missed, whole


def _wmape_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    error, size, missed, whole = _totals(true, pred, weight=weight)
    return spread((error - missed / whole * size) / whole, weight=weight)


@metric(
    label="Weighted mean absolute percentage error",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"wmape": {}, "wape": {}},
    influence=_wmape_influence,
)
def weighted_mean_absolute_percentage_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Sum of the errors as a share of the whole, ``sum(|y - p|) / sum(|y|)``: large rows count more.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more, a fraction; 0 is best, and predicting 0 gives 1. Undefined where the truth is 0 everywhere.
    Source: Kolassa and Schütz, Foresight 2007 (as MAD/mean ratio).

    >>> weighted_mean_absolute_percentage_error([4.0, 0.0], [3.0, 1.0])
    0.5
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    *_, missed, whole = _totals(true, pred, weight=weight)
    return float(np.mean(missed / whole))
