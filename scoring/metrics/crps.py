"""Metrics of predicted distributions: an ensemble of values a row, or a mean and a standard deviation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.inputs import extra_module, mean
from scoring.metrics.pairs import matrix_pair, mean_influence
from scoring.metrics.registry import Array, InfluenceFunction, MetricInputError, Param, metric

FAR = 40.0
"""Beyond so many standard deviations the normal density is 0 in float64, and a square need not be taken."""


def _ensemble_losses(true: Array, pred: Array, *, estimator: str = "plain") -> Array:
    members = pred.shape[1]
    if estimator == "fair" and members < 2:
        raise MetricInputError("The fair CRPS needs two members or more.")
    error: Array = pred - true[:, None]
    error.sort(axis=1)
    # In sorted order, member k is the upper one of k pairs and the lower one of members - 1 - k.
    apart = error @ (2 * np.arange(members) - members + 1.0)
    pairs = members * (members if estimator == "plain" else members - 1)
    loss: Array = np.abs(error, out=error).mean(axis=1) - apart / pairs
    return np.maximum(loss, 0, out=loss)


def _moments(true: Array, pred: Array, *, least: float) -> tuple[Array, Array]:
    """Return the distance from the mean, and the standard deviation, which must be more than ``least``."""
    if pred.shape[1] != 2:
        raise MetricInputError(f"y_pred has shape {pred.shape}, expected a mean and a standard deviation a row.")
    if (pred[:, 1] < least).any():
        raise MetricInputError(
            "A standard deviation is negative." if least == 0 else "A standard deviation is 0 or less."
        )
    return true - pred[:, 0], pred[:, 1]


def _normal_losses(true: Array, pred: Array) -> Array:
    from scipy.special import erf  # noqa: PLC0415 - a quarter of a second that only this metric needs

    distance, sd = _moments(true, pred, least=0)
    np.abs(distance, out=distance)
    z = np.full_like(distance, FAR)
    np.divide(distance, sd, out=z, where=distance < FAR * sd)
    density = np.exp(-0.5 * z * z) * math.sqrt(2 / math.pi) - 1 / math.sqrt(math.pi)
    loss: Array = distance * erf(z / math.sqrt(2)) + sd * density
    return np.maximum(loss, 0, out=loss)


def _log_losses(true: Array, pred: Array) -> Array:
    distance, sd = _moments(true, pred, least=float(np.finfo(np.float64).tiny))
    z = distance / sd
    return np.asarray(0.5 * math.log(2 * math.pi) + np.log(sd) + 0.5 * z * z)


def _parametric_losses(true: Array, pred: Array, *, distribution: str = "logistic") -> Array:
    rules = extra_module("scoringrules", extra="forecasts", metric="crps_parametric_loss")
    _, sd = _moments(true, pred, least=float(np.finfo(np.float64).tiny))
    centre = pred[:, 0]
    if distribution == "logistic":
        return np.asarray(rules.crps_logistic(true, centre, sd * (math.sqrt(3) / math.pi)))
    if distribution == "laplace":
        return np.asarray(rules.crps_laplace(true, centre, sd / math.sqrt(2)))
    if (centre <= 0).any() or (true <= 0).any():
        raise MetricInputError(f"A mean or a value of the truth is 0 or less, where {distribution} has none.")
    if distribution == "gamma":
        return np.asarray(rules.crps_gamma(true, (centre / sd) ** 2, scale=sd**2 / centre))
    log_sd = np.sqrt(np.log1p((sd / centre) ** 2))
    return np.asarray(rules.crps_lognormal(true, np.log(centre) - log_sd**2 / 2, log_sd))


def _influence(losses: Callable[..., Array]) -> InfluenceFunction:
    def influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **params: Any) -> Array:
        true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
        return mean_influence(losses(true, pred, **params), weight=weight)

    return influence


@metric(
    label="CRPS of an ensemble",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="members",
    high=math.inf,
    params=(
        Param(
            name="estimator",
            kind="choice",
            default="plain",
            choices=("plain", "fair"),
            help="The ensemble as it is, or as a sample of an endless one (fair).",
        ),
    ),
    aliases={
        "crps": {},
        "crps_ensemble": {},
        "crps_fair": {"estimator": "fair"},
        "fair_crps": {"estimator": "fair"},
        "crps_ensemble_fair": {"estimator": "fair"},
    },
    influence=_influence(_ensemble_losses),
)
def crps_ensemble_loss(y_true: Any, y_pred: Any, *, estimator: str = "plain", sample_weight: Any = None) -> float:
    """Continuous ranked probability score, ``mean(|x - y|) - mean(|x - x'|) / 2`` over the members ``x`` of a row.

    Plain, the second mean is over all m² pairs of members; fair, over the m(m - 1) pairs of two different ones, which
    does not punish small ensembles.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, members), in any order; ``estimator``;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best. The absolute error where there is one member.
    Source: Gneiting and Raftery, Journal of the American Statistical Association 2007; fair: Ferro, Quarterly Journal
    of the Royal Meteorological Society 2014; scoringrules, ``crps_ensemble``.

    >>> crps_ensemble_loss([1.0], [[0.0, 2.0]])
    0.5
    >>> crps_ensemble_loss([1.0], [[0.0, 2.0]], estimator="fair")
    0.0
    """
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_ensemble_losses(true, pred, estimator=estimator), weight=weight)


@metric(
    label="CRPS of a normal distribution",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="moments",
    high=math.inf,
    aliases={"crps_normal": {}, "crps_gaussian": {}},
    influence=_influence(_normal_losses),
)
def crps_normal_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Continuous ranked probability score of a normal distribution, in closed form.

    ``mean(s (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)))``, ``z = (y - m) / s``; the absolute error where ``s`` is 0.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, 2), mean and standard deviation, 0 or more;
    ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: Gneiting and others, Monthly Weather Review 2005; scoringrules, ``crps_normal``.

    >>> round(crps_normal_loss([0.0, 3.0], [[0.0, 1.0], [2.0, 0.0]]), 4)
    0.6168
    """
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_normal_losses(true, pred), weight=weight)


@metric(
    label="Log score of a normal distribution",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="moments",
    low=-math.inf,
    high=math.inf,
    aliases={"normal_log_score": {}, "logs_normal": {}, "gaussian_nll": {}},
    influence=_influence(_log_losses),
)
def normal_log_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Negative log density of a normal distribution, ``mean(log(s sqrt(2 pi)) + ((y - m) / s)² / 2)``.

    One row that is far from its mean can cost more than all others: the CRPS is milder.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, 2), mean and standard deviation, greater than
    0; ``sample_weight`` of shape (rows,).
    Returns: any number; less is better.
    Source: Good, Journal of the Royal Statistical Society B 1952; scoringrules, ``logs_normal``.

    >>> round(normal_log_loss([1.0], [[0.0, 1.0]]), 6)
    1.418939
    """
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_log_losses(true, pred), weight=weight)


@metric(
    label="CRPS of another distribution",
    family="forecast",
    greater_is_better=False,
    takes="numbers",
    columns="moments",
    high=math.inf,
    params=(
        Param(
            name="distribution",
            kind="choice",
            default="logistic",
            choices=("logistic", "laplace", "lognormal", "gamma"),
            help="The family of distributions that mean and standard deviation are those of.",
        ),
    ),
    aliases={
        "crps_logistic": {"distribution": "logistic"},
        "crps_laplace": {"distribution": "laplace"},
        "crps_lognormal": {"distribution": "lognormal"},
        "crps_gamma": {"distribution": "gamma"},
    },
    influence=_influence(_parametric_losses),
    extra="forecasts",
)
def crps_parametric_loss(
    y_true: Any, y_pred: Any, *, distribution: str = "logistic", sample_weight: Any = None
) -> float:
    """Continuous ranked probability score of a logistic, Laplace, log-normal or gamma distribution.

    Parameters: ``y_true`` of shape (rows,); ``y_pred`` of shape (rows, 2), mean and standard deviation (of the values,
    not of their logarithms), greater than 0; for log-normal and gamma, truth and mean must be greater than 0 too;
    ``distribution``; ``sample_weight`` of shape (rows,).
    Returns: 0 or more, in the unit of the target; 0 is best.
    Source: Jordan, Krüger and Lerch, Journal of Statistical Software 2019; computed by scoringrules.

    >>> round(crps_parametric_loss([0.0], [[0.0, 1.0]], distribution="laplace"), 6)
    0.176777
    """
    true, pred, weight = matrix_pair(y_true, y_pred, sample_weight=sample_weight)
    return mean(_parametric_losses(true, pred, distribution=distribution), weight=weight)
