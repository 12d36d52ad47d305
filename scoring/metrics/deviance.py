"""Deviances of counts and positive amounts, and how much of them is explained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean
from scoring.metrics.pairs import (
    centre,
    mean_influence,
    positive_pair,
    skill,
    skill_influence,
)
from scoring.metrics.registry import Array, Param, metric

POWER = Param(
    name="power",
    kind="number",
    default=1.5,
    low=1,
    help="Variance grows with this power of the mean: 1 Poisson, 2 gamma, 3 inverse Gaussian.",
)


def _poisson(true: Array, pred: Array) -> Array:
    ratio = np.ones_like(true)
    np.divide(true, pred, out=ratio, where=true > 0)  # y log(y/p) is 0 at y = 0
    np.log(ratio, out=ratio)
    ratio *= true
    ratio += pred
    ratio -= true
    ratio *= 2
    return np.maximum(ratio, 0, out=ratio)  # rounding can take a perfect row below 0


def _gamma(true: Array, pred: Array) -> Array:
    ratio = true / pred
    logs = np.log(ratio)
    ratio -= 1
    ratio -= logs
    ratio *= 2
    return np.maximum(ratio, 0, out=ratio)


def _tweedie(true: Array, pred: Array, *, power: float) -> Array:
    if power == 1:
        return _poisson(true, pred)
    if power == 2:
        return _gamma(true, pred)
    one, two = 1 - power, 2 - power
    moved = pred**one
    loss = pred * (moved / two)
    loss -= true * (moved / one)
    loss += true**two / (one * two)
    loss *= 2
    return np.maximum(loss, 0, out=loss)


def _deviance_influence(y_true: Any, y_pred: Any, *, power: float = 1.5, sample_weight: Any = None) -> Array:
    true, pred, weight = positive_pair(y_true, y_pred, zero=power < 2, sample_weight=sample_weight)
    return mean_influence(_tweedie(true, pred, power=power), weight=weight)


def _poisson_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    return _deviance_influence(y_true, y_pred, power=1, sample_weight=sample_weight)


def _gamma_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    return _deviance_influence(y_true, y_pred, power=2, sample_weight=sample_weight)


@metric(
    label="Poisson deviance",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=0.0,
    aliases={"poisson_deviance": {}, "poisson": {}},
    influence=_poisson_influence,
)
def mean_poisson_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Deviance of counts, ``mean(2 (y log(y / p) - y + p))``, with ``0 log 0 = 0``.

    Parameters: ``y_true`` of shape (rows,) or (rows, outputs), 0 or more; ``y_pred`` of the same shape, greater than
    0; ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: McCullagh and Nelder, Generalized Linear Models 1989; scikit-learn, ``mean_poisson_deviance``.

    >>> mean_poisson_deviance([0.0, 2.0], [1.0, 2.0])
    1.0
    """
    true, pred, weight = positive_pair(y_true, y_pred, zero=True, sample_weight=sample_weight)
    return mean(_poisson(true, pred), weight=weight)


@metric(
    label="Gamma deviance",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=0.0,
    aliases={"gamma_deviance": {}},
    influence=_gamma_influence,
)
def mean_gamma_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Deviance of positive amounts, ``mean(2 (log(p / y) + y / p - 1))``: only ratios count.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs), greater than 0; ``sample_weight`` of
    shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: McCullagh and Nelder, Generalized Linear Models 1989; scikit-learn, ``mean_gamma_deviance``.

    >>> round(mean_gamma_deviance([1.0, 2.0], [2.0, 2.0]), 6)
    0.193147
    """
    true, pred, weight = positive_pair(y_true, y_pred, zero=False, sample_weight=sample_weight)
    return mean(_gamma(true, pred), weight=weight)


@metric(
    label="Tweedie deviance",
    family="regression",
    greater_is_better=False,
    takes="numbers",
    columns="outputs",
    high=math.inf,
    above=0.0,
    params=(POWER,),
    aliases={
        "tweedie": {},
        "tweedie_deviance": {},
        "tweedie_{power}": {},
        "tweedie_p{power}": {},
        "tweedie_deviance_{power}": {},
    },
    influence=_deviance_influence,
)
def mean_tweedie_deviance(y_true: Any, y_pred: Any, *, power: float = 1.5, sample_weight: Any = None) -> float:
    """Deviance of amounts that may be 0, ``mean(2 (y^(2-q) / ((1-q)(2-q)) - y p^(1-q) / (1-q) + p^(2-q) / (2-q)))``.

    ``q`` is the power, 1 or more; scikit-learn's power 0 is the mean squared error.

    Parameters: ``y_true`` of shape (rows,) or (rows, outputs), 0 or more, and greater than 0 from power 2 on;
    ``y_pred`` of the same shape, greater than 0; ``power``; ``sample_weight`` of shape (rows,).
    Returns: 0 or more; 0 is best.
    Source: Jørgensen, Journal of the Royal Statistical Society B 1987; scikit-learn, ``mean_tweedie_deviance``.

    >>> mean_tweedie_deviance([1.0, 4.0], [4.0, 4.0], power=1.5)
    1.0
    """
    true, pred, weight = positive_pair(y_true, y_pred, zero=power < 2, sample_weight=sample_weight)
    return mean(_tweedie(true, pred, power=power), weight=weight)


def _tweedie_skill(y_true: Any, y_pred: Any, *, power: float, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, pred, weight = positive_pair(y_true, y_pred, zero=power < 2, sample_weight=sample_weight)
    best = centre(true, weight=weight)
    # Where the truth is 0 everywhere, so is its mean, which no deviance takes: such a baseline loses nothing.
    baseline = np.broadcast_to(np.where(best > 0, best, 1.0), true.shape)
    lost = _tweedie(true, baseline, power=power)
    return _tweedie(true, pred, power=power), np.where(best > 0, lost, 0.0), weight


def _d2_tweedie_influence(y_true: Any, y_pred: Any, *, power: float = 1.5, sample_weight: Any = None) -> Array:
    losses, baseline, weight = _tweedie_skill(y_true, y_pred, power=power, sample_weight=sample_weight)
    return skill_influence(losses, baseline, weight=weight)


@metric(
    label="D² of the Tweedie deviance",
    family="regression",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-math.inf,
    above=0.0,
    params=(POWER,),
    aliases={
        "d2_tweedie": {},
        "d2_tweedie_{power}": {},
        "d2_poisson": {"power": 1},
        "d2_gamma": {"power": 2},
    },
    influence=_d2_tweedie_influence,
)
def d2_tweedie_score(y_true: Any, y_pred: Any, *, power: float = 1.5, sample_weight: Any = None) -> float:
    """Share of the Tweedie deviance explained, ``1 - D(y, p) / D(y, mean(y))``.

    A constant truth gives 1 for perfect predictions and 0 for all others, as R² does.

    Parameters: ``y_true`` of shape (rows,) or (rows, outputs), 0 or more, and greater than 0 from power 2 on;
    ``y_pred`` of the same shape, greater than 0; ``power``, 1 or more; ``sample_weight`` of shape (rows,).
    Returns: at most 1, which is best; the mean predicts 0. Undefined for fewer than two rows.
    Source: Hastie, Tibshirani and Wainwright, Statistical Learning with Sparsity 2015; scikit-learn,
    ``d2_tweedie_score``.

    >>> d2_tweedie_score([1.0, 4.0], [2.5, 2.5], power=1)
    0.0
    """
    losses, baseline, weight = _tweedie_skill(y_true, y_pred, power=power, sample_weight=sample_weight)
    return skill(losses, baseline, weight=weight)
