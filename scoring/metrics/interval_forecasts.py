"""Metrics of predicted intervals: a lower and an upper bound a row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean
from scoring.metrics.pairs import matrix_pair, mean_influence
from scoring.metrics.registry import Array, MetricInputError, Param, metric


def _bounds(y_true: Any, y_pred: Any, *, sample_weight: Any) -> tuple[Array, Array, Array, Array | None]:
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    if pred.shape[1] != 2:
        raise MetricInputError(f"y_pred has shape {pred.shape}, expected a lower and an upper bound a row.")
    return true, pred[:, 0], pred[:, 1], weight


def _interval_losses(true: Array, low: Array, high: Array, *, alpha: float) -> Array:
    missed: Array = np.maximum(low - true, 0)
    missed += np.maximum(true - high, 0)
    missed *= 2 / alpha
    missed += high
    missed -= low
    return missed


def _winkler_influence(y_true: Any, y_pred: Any, *, alpha: float = 0.1, sample_weight: Any = None) -> Array:
    true, low, high, weight = _bounds(y_true, y_pred, sample_weight=sample_weight)
    return mean_influence(_interval_losses(true, low, high, alpha=alpha), weight=weight)


@metric(
    label="Winkler interval score",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="bounds",
    high=math.inf,
    params=(
        Param(
            name="alpha",
            kind="number",
            default=0.1,
            low=1e-6,
            high=1,
            help="Share of the rows that may lie outside: 0.1 for intervals of 90 %.",
        ),
    ),
    aliases={
        "winkler": {},
        "winkler_score": {},
        "winkler_interval": {},
        "interval_score": {},
        "mwis": {},
        "winkler_{alpha}": {},
        "winkler_alpha{alpha}": {},
        "interval_score_{alpha}": {},
    },
    influence=_winkler_influence,
)
def mean_interval_loss(y_true: Any, y_pred: Any, *, alpha: float = 0.1, sample_weight: Any = None) -> float:
    """Width of the interval, and ``2 / alpha`` times the distance by which the truth lies outside.

    ``mean((u - l) + 2/alpha max(l - y, 0) + 2/alpha max(y - u, 0))``. Bounds that cross cost at least their distance.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, 2), lower and upper bound; ``alpha``;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. The quantiles at alpha/2 and 1 - alpha/2 are the best.
    Source: Winkler, Journal of the American Statistical Association 1972; Gneiting and Raftery, the same 2007.

    >>> mean_interval_loss([2.0, 5.0], [[1.0, 3.0], [1.0, 4.0]], alpha=0.5)
    4.5
    """
    true, low, high, weight = _bounds(y_true, y_pred, sample_weight=sample_weight)
    return mean(_interval_losses(true, low, high, alpha=alpha), weight=weight)


def _covered(true: Array, low: Array, high: Array) -> Array:
    return ((low <= true) & (true <= high)).astype(np.float64)


def _coverage_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, low, high, weight = _bounds(y_true, y_pred, sample_weight=sample_weight)
    return mean_influence(_covered(true, low, high), weight=weight)


@metric(
    label="Coverage of the interval",
    family="forecast",
    greater_is_better=True,
    takes="numbers",
    columns="bounds",
    aliases={"interval_coverage": {}, "coverage": {}, "picp": {}},
    influence=_coverage_influence,
    interval="proportion",
)
def interval_coverage_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of the rows whose truth lies in the interval, bounds included.

    To look at beside the interval score, not to rank by: endless intervals cover everything.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, 2), lower and upper bound; ``sample_weight`` of
    shape (rows,).
    Returns: 0 to 1; the nominal share, such as 0.9, is what is wanted. Bounds that cross cover nothing.
    Source: by definition.

    >>> interval_coverage_score([2.0, 5.0], [[1.0, 3.0], [1.0, 4.0]])
    0.5
    """
    true, low, high, weight = _bounds(y_true, y_pred, sample_weight=sample_weight)
    return mean(_covered(true, low, high), weight=weight)
