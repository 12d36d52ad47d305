"""Metrics of predicted labels. Labels are integers or text; the truth and the predictions are of one kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import Counts, count, label_pair, mean, weight_of
from scoring.metrics.registry import Array, MetricInputError, Param, UndefinedMetricError, metric


@metric(label="Accuracy", family="labels", greater_is_better=True, takes="labels", aliases={"accuracy": {}, "acc": {}})
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
    label="Balanced accuracy",
    family="labels",
    greater_is_better=True,
    takes="labels",
    aliases={"balanced_accuracy": {}, "bacc": {}},
)
def balanced_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean of the recall of each class that the truth holds.

    Every class counts the same, however rare. Labels that are only predicted have no recall and are left out.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best; chance is 1 / classes.
    Source: Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010; scikit-learn.

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    counts = count(y_true, y_pred, sample_weight=sample_weight)
    present = counts.in_true > 0
    return float(np.mean(counts.hits()[present] / counts.in_true[present]))


@metric(
    label="F1",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(
        Param(
            name="average",
            kind="choice",
            default="binary",
            choices=("binary", "macro", "micro", "weighted"),
            help="binary: F1 of the positive class; macro: mean over classes; micro: over all rows together; "
            "weighted: mean over classes, weighted by how often each is true.",
        ),
        Param(name="pos_label", kind="label", default=1, help="The positive class, for average=binary."),
    ),
    aliases={
        "f1": {},
        "f1_binary": {"average": "binary"},
        "f1_macro": {"average": "macro"},
        "f1_micro": {"average": "micro"},
        "f1_weighted": {"average": "weighted"},
    },
)
def f1_score(
    y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
) -> float:
    """Harmonic mean of precision and recall.

    Per class ``2 TP / (2 TP + FP + FN)``, and 0 where that has no value. ``macro`` and ``weighted`` go over every
    label that is true or predicted somewhere.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``average`` as in scikit-learn; ``pos_label`` for
    ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: van Rijsbergen, "Information Retrieval", 1979; scikit-learn, ``f1_score``.

    >>> f1_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.6666666666666666
    >>> f1_score([0, 1, 2, 2], [0, 2, 2, 2], average="micro")
    0.75
    """
    if average == "binary":
        return _f1_binary(y_true, y_pred, pos_label=pos_label, sample_weight=sample_weight)
    counts = count(y_true, y_pred, sample_weight=sample_weight)
    hits, true, pred = counts.hits(), counts.in_true, counts.in_pred
    if average == "micro":
        return float(2 * hits.sum() / (true.sum() + pred.sum()))
    per_class = _ratio(2 * hits, true + pred)
    return float(np.average(per_class, weights=true if average == "weighted" else None))


def _f1_binary(y_true: Any, y_pred: Any, *, pos_label: Any, sample_weight: Any) -> float:
    true, pred = label_pair(y_true, y_pred)
    if isinstance(pos_label, str) != (true.dtype.kind in "US"):
        raise MetricInputError(f"pos_label is `{pos_label}`, which is not of the same kind as the labels.")
    _two_labels_at_most(true, pos_label=pos_label)
    weight = weight_of(sample_weight, rows=len(true))
    positive, claimed = true == pos_label, pred == pos_label
    total = _total(positive, weight) + _total(claimed, weight)
    return float(2 * _total(positive & claimed, weight) / total) if total else 0.0


def _two_labels_at_most(true: Array, *, pos_label: Any) -> None:
    others = true[true != pos_label]
    if len(others) and (others != others[0]).any():
        raise MetricInputError("The reference holds more than two classes: set `average` to macro, micro or weighted.")


@metric(
    label="Matthews correlation",
    family="labels",
    greater_is_better=True,
    takes="labels",
    low=-1.0,
    aliases={"mcc": {}, "matthews": {}},
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
    counts = count(y_true, y_pred, sample_weight=sample_weight)
    true, pred = counts.in_true, counts.in_pred
    total = true.sum()
    spread = (total**2 - pred @ pred) * (total**2 - true @ true)
    # With real weights the spread of a constant column may come out as a tiny number instead of 0.
    if spread <= 0 or np.count_nonzero(true) < 2 or np.count_nonzero(pred) < 2:
        return 0.0
    return float((counts.hits().sum() * total - true @ pred) / math.sqrt(spread))


@metric(
    label="Cohen's kappa",
    family="labels",
    greater_is_better=True,
    takes="labels",
    low=-math.inf,
    params=(
        Param(
            name="weights",
            kind="choice",
            default=None,
            choices=("linear", "quadratic"),
            help="How much a disagreement counts by its distance: all the same, linear or quadratic.",
        ),
    ),
    aliases={
        "kappa": {},
        "cohen_kappa": {},
        "linear_kappa": {"weights": "linear"},
        "qwk": {"weights": "quadratic"},
        "quadratic_kappa": {"weights": "quadratic"},
        "quadratic_weighted_kappa": {"weights": "quadratic"},
    },
)
def cohen_kappa_score(y_true: Any, y_pred: Any, *, weights: str | None = None, sample_weight: Any = None) -> float:
    """Agreement beyond what chance would give, plain or weighted by distance.

    ``1 - sum(W C) / sum(W E)`` with the confusion matrix C, E the product of its margins over its sum, and W 1 off
    the diagonal (plain), ``|i - j|`` (linear) or ``(i - j)²`` (quadratic). Distances are between positions among
    the labels that occur, in their order, as in scikit-learn.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``weights``; ``sample_weight`` of shape (rows,) or None.
    Returns: at most 1, which is best; 0 is chance. Undefined where truth and predictions are one and the same class.
    Source: Cohen, "Weighted kappa", Psychological Bulletin 1968; scikit-learn, ``cohen_kappa_score``.

    >>> cohen_kappa_score([1, 2, 3, 3], [1, 2, 3, 2], weights="quadratic")
    0.8
    """
    counts = count(y_true, y_pred, sample_weight=sample_weight)
    if len(np.flatnonzero(counts.in_true + counts.in_pred)) < 2:
        raise UndefinedMetricError("Truth and predictions are all of one class, so kappa has no value.")
    apart = np.abs(counts.true - counts.pred).astype(np.float64)
    cost = {None: apart > 0, "linear": apart, "quadratic": apart**2}[weights]
    observed = float(cost.sum() if counts.weight is None else cost @ counts.weight)
    return 1.0 - observed / _chance(counts, weights=weights)


def _chance(counts: Counts, *, weights: str | None) -> float:
    """Return sum(W E) from the margins alone, so that no matrix of classes x classes is needed."""
    true, pred, total = counts.in_true, counts.in_pred, counts.in_true.sum()
    place = np.arange(len(true), dtype=np.float64)
    if weights is None:
        return float(total - true @ pred / total)
    if weights == "quadratic":
        return float(true @ place**2 + pred @ place**2 - 2 * (true @ place) * (pred @ place) / total)
    # |i - j| is the number of cuts between i and j: count the pairs that each cut parts.
    below_true, below_pred = np.cumsum(true), np.cumsum(pred)
    return float((below_true * (total - below_pred) + (total - below_true) * below_pred).sum() / total)


def _ratio(top: Array, bottom: Array) -> Array:
    return np.divide(top, bottom, out=np.zeros(len(top)), where=bottom > 0)


def _total(mask: Array, weight: Array | None) -> float:
    return float(np.count_nonzero(mask)) if weight is None else float(weight[mask].sum())
