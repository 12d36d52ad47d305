"""Metrics of probabilities: how much of it each row gives to what came true.

The truth is one label a row. Where a row has one probability per class, the columns stand in the order of ``labels``
(by default: sorted).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.classes import arrays, check_probabilities, class_codes, greater_label, positive_rows, two_classes
from scoring.metrics.confusion import weighted
from scoring.metrics.inputs import mean
from scoring.metrics.registry import Array, MetricInputError, Param, metric

EPS = float(np.finfo(np.float64).eps)
CLIP = Param(
    name="clip",
    kind="number",
    default=EPS,
    low=1e-300,
    high=0.49,
    help="Probabilities are moved to [clip, 1 - clip], so that a sure and wrong row does not cost infinity.",
)


def _log_loss_influence(
    y_true: Any, y_proba: Any, *, clip: float = EPS, labels: Any = None, sample_weight: Any = None
) -> Array:
    loss, weight = _log_losses(y_true, y_proba, clip=clip, labels=labels, sample_weight=sample_weight)
    return weighted(loss - mean(loss, weight=weight), weight)


@metric(
    label="Log loss",
    family="probabilities",
    greater_is_better=False,
    takes="probabilities",
    columns="classes",
    high=math.inf,
    params=(CLIP,),
    aliases={
        "logloss": {},
        "cross_entropy": {},
        "binary_cross_entropy": {},
        "bce": {},
        "crossentropy": {},
        "binary_crossentropy": {},
        "categorical_crossentropy": {},
        "binary_logloss": {},
        "multi_logloss": {},
        "multiclass_logloss": {},
        "nll": {},
        "multiclass_log_loss": {},
        "kaggle_log_loss": {"clip": 1e-15},
        "kaggle_logloss": {"clip": 1e-15},
    },
    influence=_log_loss_influence,
)
def log_loss(y_true: Any, y_proba: Any, *, clip: float = EPS, labels: Any = None, sample_weight: Any = None) -> float:
    """Mean of minus the logarithm of the probability given to the true class.

    Probabilities are clipped to [clip, 1 - clip]. By default clip is 2.2e-16, so that a sure and wrong row costs 36,
    not infinity; Kaggle's is 1e-15, where it costs 34.5. Rows are taken as they are, whatever they add up to.

    Parameters: ``y_true`` of shape (rows,); ``y_proba`` of shape (rows,), for the greater of two labels, or
    (rows, classes); ``clip``; ``labels``, the classes in the order of the columns; ``sample_weight`` of shape (rows,)
    or None.
    Returns: 0 or more, 0 is best. Undefined where the truth holds one class and ``labels`` is not given.
    Source: Good, "Rational decisions", 1952; scikit-learn, ``log_loss``.

    >>> round(log_loss([0, 1, 1], [0.1, 0.9, 0.8]), 6)
    0.144622
    """
    loss, weight = _log_losses(y_true, y_proba, clip=clip, labels=labels, sample_weight=sample_weight)
    return mean(loss, weight=weight)


def _log_losses(
    y_true: Any, y_proba: Any, *, clip: float, labels: Any, sample_weight: Any
) -> tuple[Array, Array | None]:
    true, proba, weight = arrays(y_true, y_proba, sample_weight=sample_weight)
    check_probabilities(proba)
    if proba.ndim == 1:
        chosen = _given(positive_rows(true, labels=labels), proba)
    else:
        chosen = proba[np.arange(len(true)), class_codes(true, labels=labels, columns=proba.shape[1])]
    return _losses(chosen, clip=clip), weight


def _losses(given: Array, *, clip: float) -> Array:
    np.clip(given, clip, 1 - clip, out=given)
    np.log(given, out=given)  # in place: to ask for memory costs as much as to fill it
    return np.negative(given, out=given)


def _columnwise_influence(y_true: Any, y_proba: Any, *, clip: float = EPS, sample_weight: Any = None) -> Array:
    loss, weight = _columnwise_losses(y_true, y_proba, clip=clip, sample_weight=sample_weight)
    return weighted(loss - mean(loss, weight=weight), weight)


@metric(
    label="Mean column-wise log loss",
    family="multilabel",
    greater_is_better=False,
    takes="probabilities",
    columns="labels",
    high=math.inf,
    params=(CLIP,),
    aliases={
        "columnwise_logloss": {},
        "mean_columnwise_log_loss": {},
        "mean_columnwise_logloss": {},
        "multilabel_log_loss": {},
        "multilabel_logloss": {},
    },
    influence=_columnwise_influence,
)
def columnwise_log_loss(y_true: Any, y_proba: Any, *, clip: float = EPS, sample_weight: Any = None) -> float:
    """Mean over labels of the log loss of each label's probabilities.

    ``mean(-log(p) where y is 1, -log(1 - p) where y is 0)``, with p clipped to [clip, 1 - clip].

    Parameters: ``y_true``, zeros and ones, and ``y_proba`` of shape (rows, labels); ``clip``; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 or more, 0 is best.
    Source: Good, "Rational decisions", 1952; the mean over columns of scikit-learn's ``log_loss``.

    >>> round(columnwise_log_loss([[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.8]]), 6)
    0.164252
    """
    loss, weight = _columnwise_losses(y_true, y_proba, clip=clip, sample_weight=sample_weight)
    return mean(loss, weight=weight)


def _columnwise_losses(y_true: Any, y_proba: Any, *, clip: float, sample_weight: Any) -> tuple[Array, Array | None]:
    true, proba, weight = arrays(y_true, y_proba, sample_weight=sample_weight)
    check_probabilities(proba)
    if true.shape != proba.shape or not ((true == 0) | (true == 1)).all():
        raise MetricInputError("y_true holds something else than zeros and ones in the shape of y_proba.")
    loss = _losses(_given(true == 1, proba), clip=clip)
    return loss if loss.ndim == 1 else loss.mean(axis=1), weight


def _brier_influence(
    y_true: Any, y_proba: Any, *, pos_label: Any = None, labels: Any = None, sample_weight: Any = None
) -> Array:
    loss, weight = _brier_losses(y_true, y_proba, pos_label=pos_label, labels=labels, sample_weight=sample_weight)
    return weighted(loss - mean(loss, weight=weight), weight)


@metric(
    label="Brier score",
    family="probabilities",
    greater_is_better=False,
    takes="probabilities",
    columns="classes",
    high=2.0,
    params=(
        Param(name="pos_label", kind="label", default=None, help="The positive class, where a row has one column."),
    ),
    aliases={"brier": {}, "brier_score": {}, "brier_loss": {}},
    influence=_brier_influence,
)
def brier_score_loss(
    y_true: Any, y_proba: Any, *, pos_label: Any = None, labels: Any = None, sample_weight: Any = None
) -> float:
    """Mean squared distance between probabilities and what came true.

    One column: ``mean((p - o)²)``, 0 to 1. Three or more columns: ``mean(sum_k (p_k - o_k)²)``, 0 to 2, Brier's own.
    Two columns give what one would.

    Parameters: ``y_true`` of shape (rows,); ``y_proba`` of shape (rows,) or (rows, classes); ``pos_label``, by default
    the greater label; ``labels``, the classes in the order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, or 0 to 2 for several classes; 0 is best.
    Source: Brier, Monthly Weather Review 1950; scikit-learn, ``brier_score_loss``.

    >>> round(brier_score_loss([0, 1, 1], [0.1, 0.9, 0.8]), 6)
    0.02
    """
    loss, weight = _brier_losses(y_true, y_proba, pos_label=pos_label, labels=labels, sample_weight=sample_weight)
    return mean(loss, weight=weight)


def _brier_losses(
    y_true: Any, y_proba: Any, *, pos_label: Any, labels: Any, sample_weight: Any
) -> tuple[Array, Array | None]:
    true, proba, weight = arrays(y_true, y_proba, sample_weight=sample_weight)
    check_probabilities(proba)
    if proba.ndim == 1:
        two_classes(true)
        return (proba - (true == (greater_label(true) if pos_label is None else pos_label))) ** 2, weight
    hit = proba[np.arange(len(true)), class_codes(true, labels=labels, columns=proba.shape[1])]
    loss = (proba**2).sum(axis=1) - hit**2 + (1 - hit) ** 2
    return loss / (2 if proba.shape[1] == 2 else 1), weight


def _given(positive: Array, proba: Array) -> Array:
    """Return the probability that each row gives to what came true."""
    given = np.subtract(proba, ~positive)  # a tenth of the time of a choice row by row
    return np.asarray(np.abs(given, out=given))
