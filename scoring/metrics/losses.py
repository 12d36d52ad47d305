"""Losses of predicted quantiles, the median among them, and losses that are squared near 0 only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean
from scoring.metrics.pairs import (
    influence_of_mean,
    matrix_pair,
    mean_influence,
    number_pair,
    quantile,
    skill,
    skill_influence,
)
from scoring.metrics.registry import Array, MetricInputError, MetricParameterError, Param, metric

ALPHA = Param(name="alpha", kind="number", default=0.5, low=0, high=1, help="Which quantile is predicted.")


def _pinball(true: Array, pred: Array, *, alpha: float = 0.5) -> Array:
    under: Array = true - pred
    over = (alpha - 1) * under
    under *= alpha
    return np.maximum(under, over, out=under)


@metric(
    label="Pinball loss",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    params=(ALPHA,),
    aliases={
        "pinball": {},
        "pinball_loss": {},
        "quantile_loss": {},
        "pinball_{alpha}": {},
        "pinball@{alpha}": {},
        "pinball_alpha{alpha}": {},
        "pinball_loss_{alpha}": {},
        "quantile_loss_{alpha}": {},
    },
    influence=influence_of_mean(_pinball),
)
def mean_pinball_loss(y_true: Any, y_pred: Any, *, alpha: float = 0.5, sample_weight: Any = None) -> float:
    """Loss of a predicted quantile, ``mean(max(alpha (y - p), (alpha - 1)(y - p)))``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``alpha``, 0.5 for the median;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. Half the mean absolute error at 0.5.
    Source: Koenker and Bassett, Econometrica 1978; scikit-learn, ``mean_pinball_loss``.

    >>> mean_pinball_loss([3.0, 1.0], [1.0, 3.0], alpha=0.75)
    1.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_pinball(true, pred, alpha=alpha), weight=weight)


def _pinball_skill(y_true: Any, y_pred: Any, *, alpha: float, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    best = quantile(true, level=alpha, weight=weight)
    return _pinball(true, pred, alpha=alpha), _pinball(true, best, alpha=alpha), weight


def _d2_pinball_influence(y_true: Any, y_pred: Any, *, alpha: float = 0.5, sample_weight: Any = None) -> Array:
    losses, baseline, weight = _pinball_skill(y_true, y_pred, alpha=alpha, sample_weight=sample_weight)
    return skill_influence(losses, baseline, weight=weight)


@metric(
    label="D² of the pinball loss",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    params=(ALPHA,),
    aliases={"d2_pinball": {}, "d2_pinball_{alpha}": {}},
    influence=_d2_pinball_influence,
)
def d2_pinball_score(y_true: Any, y_pred: Any, *, alpha: float = 0.5, sample_weight: Any = None) -> float:
    """Share of the pinball loss explained, ``1 - L(y, p) / L(y, quantile(y, alpha))``.

    A constant truth gives 1 for perfect predictions and 0 for all others, as R² does.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``alpha``; ``sample_weight`` of shape
    (rows,).
    Returns: at most 1, which is best; the quantile of the truth gives 0. Undefined for fewer than two rows.
    Source: Koenker and Machado, Journal of the American Statistical Association 1999; scikit-learn,
    ``d2_pinball_score``.

    >>> d2_pinball_score([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    losses, baseline, weight = _pinball_skill(y_true, y_pred, alpha=alpha, sample_weight=sample_weight)
    return skill(losses, baseline, weight=weight)


@metric(
    label="D² of the absolute error",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    aliases={"d2_absolute": {}, "d2_absolute_error": {}},
    influence=_d2_pinball_influence,
)
def d2_absolute_error_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of the absolute error explained, ``1 - mean(|y - p|) / mean(|y - median(y)|)``.

    A constant truth gives 1 for perfect predictions and 0 for all others, as R² does.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: at most 1, which is best; the median of the truth gives 0. Undefined for fewer than two rows.
    Source: scikit-learn, ``d2_absolute_error_score``.

    >>> d2_absolute_error_score([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    return d2_pinball_score(y_true, y_pred, alpha=0.5, sample_weight=sample_weight)


def _levels(text: Any, *, columns: int) -> Array:
    if text is None:
        return np.arange(1, columns + 1) / (columns + 1)
    try:
        levels = np.array([float(level) for level in str(text).replace(",", " ").split()])
    except ValueError:
        raise MetricParameterError(f"`levels` is `{text}`, expected numbers from 0 to 1.") from None
    if not ((levels >= 0) & (levels <= 1)).all():
        raise MetricParameterError(f"`levels` is `{text}`, expected numbers from 0 to 1.")
    if len(levels) != columns:
        raise MetricInputError(f"There are {columns} columns of predictions and {len(levels)} levels.")
    return levels


def _quantile_losses(true: Array, pred: Array, *, levels: Any) -> Array:
    losses: Array = np.zeros(len(true))
    for column, level in zip(pred.T, _levels(levels, columns=pred.shape[1]), strict=True):
        losses += _pinball(true, column, alpha=level)
    losses /= pred.shape[1]
    return losses


def _quantile_influence(y_true: Any, y_pred: Any, *, levels: Any = None, sample_weight: Any = None) -> Array:
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean_influence(_quantile_losses(true, pred, levels=levels), weight=weight)


@metric(
    label="Pinball loss over quantiles",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="members",
    high=math.inf,
    params=(
        Param(
            name="levels",
            kind="label",
            default=None,
            help="Which quantiles the columns hold, as in `0.1, 0.5, 0.9`; k/(columns + 1) if not set.",
        ),
    ),
    aliases={"mean_quantile_loss": {}, "multi_quantile_loss": {}, "quantiles": {}},
    influence=_quantile_influence,
)
def mean_quantiles_loss(y_true: Any, y_pred: Any, *, levels: Any = None, sample_weight: Any = None) -> float:
    """Pinball loss averaged over several predicted quantiles; half the CRPS as their number grows.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, quantiles), one column a level; ``levels``, the
    levels in the order of the columns, as text; ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. Quantiles that cross only cost what each costs alone.
    Source: Gneiting and Raftery, Journal of the American Statistical Association 2007, section 6.1.

    >>> mean_quantiles_loss([2.0], [[1.0, 2.0, 4.0]], levels="0.25, 0.5, 0.75")
    0.25
    """
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_quantile_losses(true, pred, levels=levels), weight=weight)


def _huber(true: Array, pred: Array, *, delta: float = 1.0) -> Array:
    error: Array = true - pred
    np.abs(error, out=error)
    near = np.minimum(error, delta)
    error -= 0.5 * near  # near * (|e| - near / 2) is e²/2 up to delta, and the line delta (|e| - delta / 2) beyond
    return np.multiply(error, near, out=error)


@metric(
    label="Huber loss",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    params=(Param(name="delta", kind="number", default=1.0, low=1e-12, help="Up to which error the loss is squared."),),
    aliases={"huber": {}, "huber_delta{delta}": {}, "huber_{delta}": {}, "huber_loss_{delta}": {}},
    influence=influence_of_mean(_huber),
)
def huber_loss(y_true: Any, y_pred: Any, *, delta: float = 1.0, sample_weight: Any = None) -> float:
    """Half the squared error up to ``delta``, and ``delta (|y - p| - delta / 2)`` beyond: wild rows count less.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``delta``, in the unit of the target;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: Huber, Annals of Mathematical Statistics 1964; scipy, ``huber``.

    >>> huber_loss([0.0, 0.0], [1.0, 3.0], delta=1.0)
    1.5
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_huber(true, pred, delta=delta), weight=weight)


def _log_cosh(true: Array, pred: Array) -> Array:
    error: Array = true - pred
    np.abs(error, out=error)
    tail = np.exp(-2 * error)  # cosh itself overflows from 711 on
    error += np.log1p(tail, out=tail)
    error -= math.log(2)
    return np.maximum(error, 0, out=error)


@metric(
    label="Log-cosh loss",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    aliases={"log_cosh": {}, "logcosh": {}},
    influence=influence_of_mean(_log_cosh),
)
def log_cosh_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of ``log(cosh(y - p))``: half the square of small errors, the size of large ones less log 2.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: by definition; ``log(cosh(e)) = |e| + log(1 + exp(-2|e|)) - log 2``.

    >>> round(log_cosh_loss([1.0, 0.0], [0.0, 0.0]), 6)
    0.21689
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_log_cosh(true, pred), weight=weight)
