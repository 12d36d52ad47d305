"""Metrics that are a mean or a ratio of sums over units (rows, queries, images): their values and influence values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.inputs import weight_of
from scoring.metrics.registry import Array, InfluenceFunction, UndefinedMetricError

PerUnit = Callable[..., Array]
"""Takes what a metric takes and returns one value a unit, of shape (units,); NaN for a unit that is left out."""
PerUnitSums = Callable[..., tuple[Array, Array]]
"""The same for a ratio of sums: what each unit adds above and below, two arrays of shape (units,)."""


def mean_over_units(values: Array, *, sample_weight: Any = None) -> float:
    """Return the (weighted) mean of the units that have a value. Raises UndefinedMetricError where none has."""
    return ratio_of_sums(*_above_and_below(values), sample_weight=sample_weight)


def ratio_of_sums(above: Array, below: Array, *, sample_weight: Any = None) -> float:
    """Return ``sum(w above) / sum(w below)``. Raises UndefinedMetricError where there is nothing below."""
    # Not with `@`: from 10,000 values on, BLAS would wake its threads, which takes longer than the sum.
    weight = _weight(above, sample_weight)
    total = float(np.sum(weight * below))
    if total == 0:
        raise UndefinedMetricError("There is nothing to average over.")
    return float(np.sum(weight * above)) / total


def influence_of_mean(per_unit: PerUnit) -> InfluenceFunction:
    """Return the influence function of a mean over units: each unit's value less the mean."""

    def influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **params: Any) -> Array:
        values = per_unit(y_true, y_pred, **params)
        return _influence(*_above_and_below(values), sample_weight=sample_weight)

    return influence


def influence_of_ratio(per_unit: PerUnitSums) -> InfluenceFunction:
    """Return the influence function of a ratio R of sums: ``(above - R below) / mean(below)`` for each unit."""

    def influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **params: Any) -> Array:
        return _influence(*per_unit(y_true, y_pred, **params), sample_weight=sample_weight)

    return influence


def _influence(above: Array, below: Array, *, sample_weight: Any) -> Array:
    ratio = ratio_of_sums(above, below, sample_weight=sample_weight)
    weight = _weight(above, sample_weight)
    return np.asarray(weight * (above - ratio * below) / np.mean(weight * below))


def _weight(values: Array, sample_weight: Any) -> Array:
    weight = weight_of(sample_weight, rows=len(values))
    return np.ones(len(values)) if weight is None else weight


def _above_and_below(values: Array) -> tuple[Array, Array]:
    left_out = np.isnan(values)
    return np.where(left_out, 0.0, values), (~left_out).astype(np.float64)
