"""Metrics of point forecasts of several series, each error in relation to how hard its series is to forecast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import numbers
from scoring.metrics.pairs import column_pair, group_codes, group_means, mean_influence
from scoring.metrics.registry import Array, MetricInputError, metric


def _scaled(y_true: Any, y_pred: Any, *, scale: Any) -> Array:
    true, pred = column_pair(y_true, y_pred)
    divisor = numbers(scale, name="scale")
    if divisor.shape != true.shape:
        raise MetricInputError(f"scale has shape {divisor.shape}, expected {true.shape}.")
    if (divisor <= 0).any():
        raise MetricInputError(
            "scale is 0 or less in a row: leave out series that never changed, or give them a scale."
        )
    error: Array = true - pred
    return np.divide(error, divisor, out=error)


def _absolute_by_series(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> Array:
    error = _scaled(y_true, y_pred, scale=scale)
    codes, groups = group_codes(group, rows=len(error))
    return group_means(np.abs(error), codes=codes, groups=groups)


def _root_by_series(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> Array:
    error = _scaled(y_true, y_pred, scale=scale)
    codes, groups = group_codes(group, rows=len(error))
    return np.sqrt(group_means(error**2, codes=codes, groups=groups))


def _mase_influence(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> Array:
    return mean_influence(_absolute_by_series(y_true, y_pred, group=group, scale=scale), weight=None)


@metric(
    label="Mean absolute scaled error",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    high=math.inf,
    aliases={"mase": {}},
    influence=_mase_influence,
    units="groups",
    needs=("group", "scale"),
)
def mean_absolute_scaled_error(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> float:
    """Mean over series of ``mean(|y - p|) / scale``: below 1 is better than the naive forecast was in the past.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``group``, the series of each row; ``scale``, the mean
    absolute error of the (seasonal) naive forecast in the past of the row's series, greater than 0.
    Returns: 0 or more; 0 is best.
    Source: Hyndman and Koehler, International Journal of Forecasting 2006.

    >>> mean_absolute_scaled_error([1.0, 2.0, 9.0], [2.0, 2.0, 5.0], group=[0, 0, 1], scale=[1.0, 1.0, 4.0])
    0.75
    """
    return float(_absolute_by_series(y_true, y_pred, group=group, scale=scale).mean())


def _rmsse_influence(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> Array:
    return mean_influence(_root_by_series(y_true, y_pred, group=group, scale=scale), weight=None)


@metric(
    label="Root mean squared scaled error",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    high=math.inf,
    aliases={"rmsse": {}},
    influence=_rmsse_influence,
    units="groups",
    needs=("group", "scale"),
)
def root_mean_squared_scaled_error(y_true: Any, y_pred: Any, *, group: Any, scale: Any) -> float:
    """Mean over series of ``sqrt(mean((y - p)²)) / scale``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``group``, the series of each row; ``scale``, the *root*
    mean squared error of the naive forecast in the past of the row's series, greater than 0, in the unit of the target.
    Returns: 0 or more; 0 is best.
    Source: Makridakis, Spiliotis and Assimakopoulos, International Journal of Forecasting 2022 (the M5 competition).

    >>> root_mean_squared_scaled_error([1.0, 2.0, 9.0], [2.0, 3.0, 5.0], group=[0, 0, 1], scale=[1.0, 1.0, 2.0])
    1.5
    """
    return float(_root_by_series(y_true, y_pred, group=group, scale=scale).mean())


def _weighted_series(y_true: Any, y_pred: Any, *, group: Any, scale: Any, importance: Any) -> tuple[Array, Array]:
    """Return the error and the weight of each series."""
    errors = _root_by_series(y_true, y_pred, group=group, scale=scale)
    weight = numbers(importance, name="importance")
    codes, groups = group_codes(group, rows=len(weight))
    weight = group_means(weight, codes=codes, groups=groups)
    if (weight < 0).any() or not weight.sum() > 0:
        raise MetricInputError("importance must not be negative and not all zero.")
    return errors, weight


def _wrmsse_influence(y_true: Any, y_pred: Any, *, group: Any, scale: Any, importance: Any) -> Array:
    errors, weight = _weighted_series(y_true, y_pred, group=group, scale=scale, importance=importance)
    return mean_influence(errors, weight=weight)


@metric(
    label="Weighted root mean squared scaled error",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    high=math.inf,
    aliases={"wrmsse": {}},
    influence=_wrmsse_influence,
    units="groups",
    needs=("group", "scale", "importance"),
)
def weighted_root_mean_squared_scaled_error(
    y_true: Any, y_pred: Any, *, group: Any, scale: Any, importance: Any
) -> float:
    """Mean of the series' root mean squared scaled errors, weighted by what each series counts.

    Weights are divided by their sum. Sums of series (M5's levels) are series of their own, with rows of their own.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``group``, the series of each row; ``scale``, the *root*
    mean squared error of the naive forecast in the past of the row's series, greater than 0; ``importance``, the
    weight of the row's series, 0 or more (where its rows differ, their mean).
    Returns: 0 or more; 0 is best.
    Source: Makridakis, Spiliotis and Assimakopoulos, International Journal of Forecasting 2022 (the M5 competition).

    >>> weighted_root_mean_squared_scaled_error(
    ...     [1.0, 9.0], [2.0, 5.0], group=["a", "b"], scale=[1.0, 2.0], importance=[3.0, 1.0]
    ... )
    1.25
    """
    errors, weight = _weighted_series(y_true, y_pred, group=group, scale=scale, importance=importance)
    return float(np.average(errors, weights=weight))
