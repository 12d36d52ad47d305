"""What the families of numbers share: pairs of arrays, skill against a baseline, groups of rows, influence values.

Influence values ``psi`` of shape (units,) have mean 0, and ``std(psi, ddof=1) / sqrt(units)`` is the standard error of
the metric: for a mean of losses the deviations from it, for a smooth function of means its gradient times theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.inputs import numbers, same_length, weight_of
from scoring.metrics.registry import Array, InfluenceFunction, MetricInputError, UndefinedMetricError

Losses = Callable[..., Array]
"""From truth and predictions, and parameters, to a loss a cell: shape (rows,) or (rows, outputs)."""


def number_pair(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array | None]:
    """Return truth and predictions of the same shape, (rows,) or (rows, outputs), as float64, and the weights."""
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_length(true, pred)
    if true.shape != pred.shape or true.ndim > 2:
        raise MetricInputError(f"y_true has shape {true.shape} and y_pred has shape {pred.shape}.")
    return true, pred, weight_of(sample_weight, rows=len(true))


def positive_pair(
    y_true: Any, y_pred: Any, *, zero: bool, sample_weight: Any = None
) -> tuple[Array, Array, Array | None]:
    """Return a pair whose predictions are all positive, and whose truth is too, or at least (``zero``) not negative."""
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    if (pred <= 0).any():
        raise MetricInputError("A prediction is 0 or less, expected only values greater than 0.")
    if zero and (true < 0).any():
        raise MetricInputError("A value of the truth is negative, expected 0 or more.")
    if not zero and (true <= 0).any():
        raise MetricInputError("A value of the truth is 0 or less, expected only values greater than 0.")
    return true, pred, weight


def column_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return truth and predictions of shape (rows,)."""
    true, pred, _ = number_pair(y_true, y_pred)
    if true.ndim != 1:
        raise MetricInputError(f"y_true has shape {true.shape}, expected one column.")
    return true, pred


def matrix_pair(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array | None]:
    """Return a truth of shape (rows,), predictions of shape (rows, columns), and the weights."""
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_length(true, pred)
    if true.ndim != 1 or pred.ndim != 2 or pred.shape[1] == 0:
        raise MetricInputError(
            f"y_true has shape {true.shape}, y_pred {pred.shape}: expected (rows,), (rows, columns)."
        )
    return true, pred, weight_of(sample_weight, rows=len(true))


def centre(values: Array, *, weight: Array | None) -> Array:
    """Return the mean of each column; of a constant one exactly its value, lest rounding give it spread."""
    return np.where((values == values[0]).all(axis=0), values[0], np.average(values, axis=0, weights=weight))


def quantile(values: Array, *, level: float, weight: Array | None) -> Array:
    """Return the quantile of each column, halfway where the distribution function meets ``level`` on a whole step."""
    if weight is None:
        return np.asarray(np.quantile(values, level, axis=0, method="averaged_inverted_cdf"))
    if values.ndim == 2:
        return np.array([quantile(column, level=level, weight=weight) for column in values.T])
    kept = np.flatnonzero(weight > 0)
    order = kept[np.argsort(values[kept], kind="stable")]
    reached = np.cumsum(weight[order])
    target, slack = level * reached[-1], 1e-12 * reached[-1]  # sums of weights do not meet a level to the last bit
    step = np.searchsorted(reached, [target - slack, target + slack], side="left")
    return np.asarray(values[order[np.minimum(step, len(order) - 1)]].mean())


def divided(values: Array, by: Array) -> Array:
    """Return ``values / by``, and 0 where ``by`` is not positive."""
    return np.divide(values, by, out=np.zeros_like(values), where=np.asarray(by) > 0)


def spread(deviations: Array, *, weight: Array | None) -> Array:
    """Return influence values from deviations of (weighted) mean 0, the mean over outputs where there are several."""
    flat = deviations if deviations.ndim == 1 else deviations.mean(axis=1)
    return flat if weight is None else flat * (weight / weight.mean())


def mean_influence(losses: Array, *, weight: Array | None) -> Array:
    """Return the influence values of the mean of ``losses``."""
    return spread(losses - np.average(losses, axis=0, weights=weight), weight=weight)


def influence_of_mean(losses: Losses) -> InfluenceFunction:
    """Return the influence function of a metric that is the mean of ``losses(true, pred, **params)``."""

    def influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **params: Any) -> Array:
        true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
        return mean_influence(losses(true, pred, **params), weight=weight)

    return influence


def skill(losses: Array, baseline: Array, *, weight: Array | None) -> float:
    """Return ``1 - mean(losses) / mean(baseline)``, averaged over outputs.

    Where the baseline loses nothing, the value is 1 for perfect predictions and 0 for all others, as in scikit-learn.
    """
    if len(losses) < 2:
        raise UndefinedMetricError("The score has no value for fewer than two rows.")
    lost, least = (np.atleast_1d(np.average(each, axis=0, weights=weight)) for each in (losses, baseline))
    share = np.divide(lost, least, out=(lost > 0).astype(np.float64), where=least > 0)
    return float(np.mean(1 - share))


def skill_influence(losses: Array, baseline: Array, *, weight: Array | None) -> Array:
    """Return the influence values of :func:`skill`, for a baseline that is itself the best constant."""
    lost, least = (np.average(each, axis=0, weights=weight) for each in (losses, baseline))
    return spread(divided(divided(np.asarray(lost), least) * baseline - losses, least), weight=weight)


def group_codes(group: Any, *, rows: int) -> tuple[Array, int]:
    """Return the group of each row as a position among the sorted groups, and how many there are."""
    keys = np.asarray(group)
    if keys.shape != (rows,):
        raise MetricInputError(f"group has shape {keys.shape}, expected ({rows},).")
    if keys.dtype.kind in "iu" and int(keys.max()) - int(keys.min()) <= rows:
        # Counting instead of sorting, where the numbers lie close together.
        moved = keys.astype(np.int64) - int(keys.min())
        present = np.bincount(moved) > 0
        return np.asarray((np.cumsum(present) - 1)[moved]), int(present.sum())
    names, codes = np.unique(keys, return_inverse=True)
    return codes, len(names)


def group_means(values: Array, *, codes: Array, groups: int) -> Array:
    """Return the mean of ``values`` in each group, shape (groups,)."""
    return np.bincount(codes, weights=values, minlength=groups) / np.bincount(codes, minlength=groups)
