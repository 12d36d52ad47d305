"""Metrics of how many labels are right. Labels are integers or text; truth and predictions are of one kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.confusion import Pairs, influence, pairs, weighted
from scoring.metrics.inputs import label_pair, mean, weight_of
from scoring.metrics.registry import Array, Param, UndefinedMetricError, metric


def _hits_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred = label_pair(y_true, y_pred)
    weight = weight_of(sample_weight, rows=len(true))
    right = true == pred
    return weighted(right - mean(right, weight=weight), weight)


def _misses_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    return -_hits_influence(y_true, y_pred, sample_weight=sample_weight)


@metric(
    label="Accuracy",
    family="labels",
    greater_is_better=True,
    takes="labels",
    aliases={"accuracy": {}, "acc": {}, "categorization_accuracy": {}},
    influence=_hits_influence,
    interval="proportion",
)
def accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of rows whose label is right.

    The formula is ``sum(w[y_true == y_pred]) / sum(w)``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``accuracy_score``.

    >>> accuracy_score([0, 1, 2, 2], [0, 2, 2, 2])
    0.75
    """
    true, pred = label_pair(y_true, y_pred)
    return mean(true == pred, weight=weight_of(sample_weight, rows=len(true)))


@metric(
    label="Zero-one loss",
    family="labels",
    greater_is_better=False,
    takes="labels",
    aliases={"zero_one": {}, "error_rate": {}, "misclassification_rate": {}},
    influence=_misses_influence,
    interval="proportion",
)
def zero_one_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of rows whose label is wrong: one less the accuracy.

    The formula is ``sum(w[y_true != y_pred]) / sum(w)``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 0 is best.
    Source: scikit-learn, ``zero_one_loss``.

    >>> zero_one_loss([0, 1, 2, 2], [0, 2, 2, 2])
    0.25
    """
    true, pred = label_pair(y_true, y_pred)
    return mean(true != pred, weight=weight_of(sample_weight, rows=len(true)))


@metric(
    label="Hamming loss",
    family="labels",
    greater_is_better=False,
    takes="labels",
    aliases={"hamming": {}},
    influence=_misses_influence,
    interval="proportion",
)
def hamming_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of labels that are wrong; with one label a row, the zero-one loss.

    Rows that have several labels are the matter of ``multilabel_hamming_loss``.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 0 is best.
    Source: Hamming, Bell System Technical Journal 1950; scikit-learn, ``hamming_loss``.

    >>> hamming_loss([0, 1, 2, 2], [0, 2, 2, 2])
    0.25
    """
    return zero_one_loss(y_true, y_pred, sample_weight=sample_weight)


def _balanced_accuracy_influence(y_true: Any, y_pred: Any, *, adjusted: str = "no", sample_weight: Any = None) -> Array:
    def slope(counted: Pairs) -> Array:
        present = counted.in_true > 0
        scale = (1 - 1 / present.sum() if adjusted == "yes" else 1.0) * present.sum()
        every = np.where(present, counted.in_true, 1.0)
        recall = counted.hits / every
        slopes: Array = ((counted.true == counted.pred) - recall[counted.true]) / (every[counted.true] * scale)
        return slopes

    return influence(y_true, y_pred, slope, sample_weight=sample_weight)


@metric(
    label="Balanced accuracy",
    family="labels",
    greater_is_better=True,
    takes="labels",
    low=-1.0,
    params=(
        Param(
            name="adjusted",
            kind="choice",
            default="no",
            choices=("no", "yes"),
            help="yes: rescaled so that chance is 0, and 1 stays the best.",
        ),
    ),
    aliases={
        "balanced_accuracy": {},
        "bacc": {},
        "adjusted_balanced_accuracy": {"adjusted": "yes"},
        "balanced_accuracy_adjusted": {"adjusted": "yes"},
    },
    influence=_balanced_accuracy_influence,
)
def balanced_accuracy_score(y_true: Any, y_pred: Any, *, adjusted: str = "no", sample_weight: Any = None) -> float:
    """Mean of the recall of each class that the truth holds.

    Every class counts the same, however rare. Labels that are only predicted have no recall and are left out.
    Adjusted for chance it is ``(b - 1/K) / (1 - 1/K)`` with K classes in the truth.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``adjusted``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best, chance is 1 / K; adjusted from -1 / (K - 1), chance is 0, and undefined where the truth
    holds one class only.
    Source: Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010; scikit-learn.

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    counted = pairs(y_true, y_pred, sample_weight=sample_weight)
    present = counted.in_true > 0
    value, classes = float(np.mean(counted.hits[present] / counted.in_true[present])), int(present.sum())
    if adjusted == "no":
        return value
    if classes < 2:
        raise UndefinedMetricError("The truth holds one class only, so chance is always right.")
    return (value - 1 / classes) / (1 - 1 / classes)


def _matthews_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    def slope(counted: Pairs) -> Array:
        true, pred = counted.in_true, counted.in_pred
        if _is_constant(true) or _is_constant(pred):
            return np.zeros(len(counted.true))
        spread_true, spread_pred = 1 - true @ true, 1 - pred @ pred
        spread = math.sqrt(spread_true * spread_pred)
        value = (counted.hits.sum() - true @ pred) / spread
        of_true = value * true / spread_true - pred / spread
        of_pred = value * pred / spread_pred - true / spread
        slopes: Array = (counted.true == counted.pred) / spread + of_true[counted.true] + of_pred[counted.pred]
        return slopes

    return influence(y_true, y_pred, slope, sample_weight=sample_weight)


@metric(
    label="Matthews correlation",
    family="labels",
    greater_is_better=True,
    takes="labels",
    low=-1.0,
    aliases={"mcc": {}, "matthews": {}, "matthews_correlation": {}, "phi_coefficient": {}},
    influence=_matthews_influence,
)
def matthews_corrcoef(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Correlation between true and predicted classes (phi coefficient, R_K for several classes).

    With the confusion matrix C, ``t`` its row sums, ``p`` its column sums, ``s`` its sum and ``c`` its trace:
    ``(c s - t·p) / sqrt((s² - p·p)(s² - t·t))``, and 0 where the denominator is 0.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: -1 to 1, 1 is best, 0 is chance.
    Source: Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.

    >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])
    -0.3333333333333333
    """
    counted = pairs(y_true, y_pred, sample_weight=sample_weight)
    true, pred, total = counted.in_true, counted.in_pred, counted.total
    if _is_constant(true) or _is_constant(pred):
        return 0.0
    spread = (total**2 - pred @ pred) * (total**2 - true @ true)
    return float((counted.hits.sum() * total - true @ pred) / math.sqrt(spread))


def _is_constant(weight_of_labels: Array) -> bool:
    # Counted, not computed: with real weights the spread of a constant column may come out as a tiny number.
    return int(np.count_nonzero(weight_of_labels)) < 2
