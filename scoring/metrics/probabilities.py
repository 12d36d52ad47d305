"""Metrics of probabilities, and of scores that only need to order the rows.

The truth is one label a row, or, for ROC AUC and average precision, an indicator matrix of zeros and ones.
Where a row has one probability per class, the columns stand in the order of ``labels`` (by default: sorted).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.inputs import mean, numbers, same_length, weight_of
from scoring.metrics.registry import Array, MetricInputError, Param, UndefinedMetricError, metric


@metric(
    label="ROC AUC",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(
        Param(
            name="average",
            kind="choice",
            default="macro",
            choices=("macro", "weighted"),
            help="Over several classes: the plain mean, or weighted by how often each is true.",
        ),
    ),
    aliases={
        "auc": {},
        "roc_auc": {},
        "auroc": {},
        "roc_auc_ovr": {"average": "macro"},
        "roc_auc_ovr_weighted": {"average": "weighted"},
    },
)
def roc_auc_score(
    y_true: Any, y_score: Any, *, average: str = "macro", labels: Any = None, sample_weight: Any = None
) -> float:
    """Chance that a random positive row is scored above a random negative one; ties count one half.

    Two classes: the greater label is the positive one. Several classes, one column each: one class against the rest,
    averaged. Indicator matrix: column by column, averaged.

    Parameters: ``y_true`` of shape (rows,) or (rows, columns); ``y_score`` of shape (rows,) or (rows, classes);
    ``average``; ``labels``, the classes in the order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where a class, or its opposite, does not occur.
    Source: Hanley and McNeil, Radiology 1982; scikit-learn, ``roc_auc_score`` with ``multi_class="ovr"``.

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    true, score, weight = _arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return _auc(_positive(true, labels=labels), score, weight=weight)
    return _over_columns(_auc, true, score, labels=labels, average=average, weight=weight)


def _auc(positive: Array, score: Array, *, weight: Array | None) -> float:
    if positive.all() or not positive.any():
        raise UndefinedMetricError("The truth holds one class only, so the area under the ROC curve has no value.")
    above, below = score[positive], score[~positive]
    if weight is not None:
        return _auc_weighted(above, below, weight[positive], weight[~positive])
    below = np.sort(below)
    above = np.sort(above)  # sorted needles make searchsorted walk memory in order
    left, right = below.searchsorted(above, "left"), below.searchsorted(above, "right")
    return float((int(left.sum()) + int(right.sum())) / (2 * len(above) * len(below)))


def _auc_weighted(above: Array, below: Array, above_weight: Array, below_weight: Array) -> float:
    order = np.argsort(below, kind="stable")
    below = below[order]
    reached = np.concatenate([[0.0], np.cumsum(below_weight[order])])
    half = (reached[below.searchsorted(above, "left")] + reached[below.searchsorted(above, "right")]) / 2
    total = above_weight.sum() * reached[-1]
    if total == 0:
        raise UndefinedMetricError("One class has no weight, so the area under the ROC curve has no value.")
    return float((half * above_weight).sum() / total)


@metric(
    label="Average precision",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(
        Param(name="pos_label", kind="label", default=1, help="The positive class, where a row has one score."),
        Param(
            name="average",
            kind="choice",
            default="macro",
            choices=("macro", "weighted"),
            help="Over several classes: the plain mean, or weighted by how often each is true.",
        ),
    ),
    aliases={"average_precision": {}, "ap": {}},
)
def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: str = "macro",
    labels: Any = None,
    sample_weight: Any = None,
) -> float:
    """Precision averaged over the steps in which recall grows.

    ``sum_n (R_n - R_(n-1)) P_n`` over the distinct scores from high to low, without interpolation.

    Parameters: ``y_true`` of shape (rows,) or (rows, columns); ``y_score`` of shape (rows,) or (rows, classes);
    ``pos_label``; ``average``; ``labels``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best; chance is the share of positives. Undefined where there is no positive row
    (scikit-learn gives 0 and a warning there).
    Source: scikit-learn, ``average_precision_score``.

    >>> average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8333333333333333
    """
    true, score, weight = _arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        _two_classes(true)
        return _average_precision(true == pos_label, score, weight=weight)
    return _over_columns(_average_precision, true, score, labels=labels, average=average, weight=weight)


def _average_precision(positive: Array, score: Array, *, weight: Array | None) -> float:
    if not positive.any():
        raise UndefinedMetricError("The truth holds no positive row, so average precision has no value.")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    every = np.ones(len(order)) if weight is None else weight[order]
    hits = np.cumsum(every * positive[order])[last]
    seen = np.cumsum(every)[last]
    precision = np.divide(hits, seen, out=np.zeros(len(hits)), where=seen > 0)
    if hits[-1] == 0:
        raise UndefinedMetricError("The positive rows have no weight, so average precision has no value.")
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


@metric(
    label="Log loss",
    family="probabilities",
    greater_is_better=False,
    takes="probabilities",
    columns="classes",
    high=math.inf,
    aliases={"logloss": {}, "cross_entropy": {}},
)
def log_loss(y_true: Any, y_proba: Any, *, labels: Any = None, sample_weight: Any = None) -> float:
    """Mean of minus the logarithm of the probability given to the true class.

    Probabilities are clipped to [eps, 1 - eps] with eps = 2.2e-16, so that a sure and wrong row costs 36, not infinity.

    Parameters: ``y_true`` of shape (rows,); ``y_proba`` of shape (rows,), for the greater of two labels, or
    (rows, classes); ``labels``, the classes in the order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 or more, 0 is best. Undefined where the truth holds one class and ``labels`` is not given.
    Source: Good, "Rational decisions", 1952; scikit-learn, ``log_loss``.

    >>> round(log_loss([0, 1, 1], [0.1, 0.9, 0.8]), 6)
    0.144622
    """
    true, proba, weight = _arrays(y_true, y_proba, sample_weight=sample_weight)
    _check_probabilities(proba)
    eps = np.finfo(np.float64).eps
    if proba.ndim == 1:
        positive = _positive(true, labels=labels)
        chosen = np.where(positive, proba, 1 - proba)
    else:
        chosen = proba[np.arange(len(true)), _codes(true, labels=labels, columns=proba.shape[1])]
    return mean(-np.log(np.clip(chosen, eps, 1 - eps)), weight=weight)


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
    aliases={"brier": {}, "brier_score": {}},
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
    true, proba, weight = _arrays(y_true, y_proba, sample_weight=sample_weight)
    _check_probabilities(proba)
    if proba.ndim == 1:
        _two_classes(true)
        positive = true == (_greater_label(true) if pos_label is None else pos_label)
        return mean((proba - positive) ** 2, weight=weight)
    codes = _codes(true, labels=labels, columns=proba.shape[1])
    hit = proba[np.arange(len(true)), codes]
    loss = (proba**2).sum(axis=1) - hit**2 + (1 - hit) ** 2
    return mean(loss, weight=weight) / (2 if proba.shape[1] == 2 else 1)


def _arrays(y_true: Any, y_score: Any, *, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, score = np.asarray(y_true), numbers(y_score, name="y_score")
    same_length(true, score)
    if score.ndim == 2 and score.shape[1] == 1:
        score = score[:, 0]
    if true.ndim == 1 and score.ndim == 2 and score.shape[1] == 0:
        raise MetricInputError("y_score has no columns.")
    return true, score, weight_of(sample_weight, rows=len(true))


def _over_columns(
    value: Callable[..., float], true: Array, score: Array, *, labels: Any, average: str, weight: Array | None
) -> float:
    positives = _indicator(true, score, labels=labels)
    if true.ndim == 1 and score.shape[1] == 2:
        return value(positives[:, 1], score[:, 1], weight=weight)
    columns = [value(positives[:, k], score[:, k], weight=weight) for k in range(score.shape[1])]
    share = np.average(positives, axis=0, weights=weight) if average == "weighted" else None
    return float(np.average(columns, weights=share))


def _indicator(true: Array, score: Array, *, labels: Any) -> Array:
    if true.ndim == 2:
        if true.shape != score.shape:
            raise MetricInputError(f"y_true has shape {true.shape} and y_score has shape {score.shape}.")
        return np.asarray(true == 1)
    codes = _codes(true, labels=labels, columns=score.shape[1])
    indicator: Array = codes[:, None] == np.arange(score.shape[1])[None, :]
    return indicator


def _codes(true: Array, *, labels: Any, columns: int) -> Array:
    """Return the column of each row's true class."""
    if true.ndim != 1:
        raise MetricInputError(f"y_true has shape {true.shape}, expected one label a row.")
    known = np.unique(true) if labels is None else np.asarray(labels)
    if labels is None and len(known) < columns:
        raise UndefinedMetricError(f"The truth holds {len(known)} of {columns} classes, and `labels` is not given.")
    if len(known) != columns:
        raise MetricInputError(f"There are {len(known)} classes and {columns} columns of probabilities.")
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], true), columns - 1)
    codes: Array = order[place]
    if (known[codes] != true).any():
        raise MetricInputError("The truth holds a class that `labels` does not list.")
    return codes


def _positive(true: Array, *, labels: Any) -> Array:
    _two_classes(true)
    if labels is not None:
        return np.asarray(_codes(true, labels=labels, columns=2) == 1)
    low = true.min() if true.dtype.kind not in "US" else np.unique(true)[0]
    positive: Array = true != low
    if not positive.any():
        raise UndefinedMetricError("The truth holds one class only, and `labels` is not given.")
    return positive


def _two_classes(true: Array) -> None:
    if true.ndim != 1:
        raise MetricInputError("y_true has several columns and y_score has one.")
    others = true[true != true[0]]
    if len(others) and (others != others[0]).any():
        raise MetricInputError("The truth holds more than two classes: one column for each class is expected.")


def _greater_label(true: Array) -> Any:
    if true.dtype.kind in "US":
        raise MetricInputError("The labels are text: say which one is positive with `pos_label`.")
    known = np.unique(true)
    return 1 if set(known.tolist()) <= {0, 1} or set(known.tolist()) <= {-1, 1} else known[-1]


def _check_probabilities(proba: Array) -> None:
    if proba.min() < 0 or proba.max() > 1:
        raise MetricInputError("A probability lies outside 0 to 1.")
