"""Metrics of scores over all thresholds: areas under the curve of precision and recall, the best F1, KS."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.classes import AVERAGE, arrays, influence_over_columns, over_columns, positive_rows, two_classes
from scoring.metrics.confusion import weighted
from scoring.metrics.registry import Array, MetricInputError, Param, UndefinedMetricError, metric
from scoring.metrics.thresholds import (
    average_precision,
    average_precision_influence,
    thresholds,
    trapezoid,
    trapezoid_influence,
)

POS_LABEL = Param(name="pos_label", kind="label", default=1, help="The positive class, where a row has one score.")
GREATER = Param(name="pos_label", kind="label", default=None, help="The positive class; by default the greater label.")


def _average_precision_influence(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: str = "macro",
    labels: Any = None,
    sample_weight: Any = None,
) -> Array:
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return average_precision_influence(positive_rows(true, pos_label=pos_label), score, weight)
    value, influence = average_precision, average_precision_influence
    return influence_over_columns(value, influence, true, score, labels=labels, average=average, weight=weight)


@metric(
    label="Average precision",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(POS_LABEL, AVERAGE),
    aliases={
        "average_precision": {},
        "ap": {},
        "average_precision_macro": {"average": "macro"},
        "average_precision_micro": {"average": "micro"},
        "average_precision_weighted": {"average": "weighted"},
    },
    influence=_average_precision_influence,
    interval="logit",
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
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return average_precision(positive_rows(true, pos_label=pos_label), score, weight)
    return over_columns(average_precision, true, score, labels=labels, average=average, weight=weight)


@metric(
    label="Mean column-wise average precision",
    family="multilabel",
    greater_is_better=True,
    takes="scores",
    columns="labels",
    params=(AVERAGE,),
    aliases={
        "columnwise_average_precision": {},
        "mean_columnwise_average_precision": {},
        "multilabel_average_precision": {},
        "cmap": {},
    },
    influence=_average_precision_influence,
)
def columnwise_average_precision_score(
    y_true: Any, y_score: Any, *, average: str = "macro", sample_weight: Any = None
) -> float:
    """Mean over labels of the average precision of each label's scores.

    Parameters: ``y_true``, zeros and ones, and ``y_score`` of shape (rows, labels); ``average``; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 to 1, 1 is best; chance is the mean share of ones. Undefined where a label is never true.
    Source: scikit-learn, ``average_precision_score``.

    >>> columnwise_average_precision_score([[1, 0], [0, 1], [0, 0]], [[0.9, 0.2], [0.8, 0.9], [0.1, 0.4]])
    1.0
    """
    return average_precision_score(y_true, y_score, average=average, sample_weight=sample_weight)


def _pr_auc_influence(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: str = "macro",
    labels: Any = None,
    sample_weight: Any = None,
) -> Array:
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return trapezoid_influence(positive_rows(true, pos_label=pos_label), score, weight)
    value, influence = trapezoid, trapezoid_influence
    return influence_over_columns(value, influence, true, score, labels=labels, average=average, weight=weight)


@metric(
    label="PR AUC (trapezoid)",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(POS_LABEL, AVERAGE),
    aliases={
        "pr_auc": {},
        "auprc": {},
        "auc_pr": {},
        "aucpr": {},
        "prauc": {},
        "pr_auc_trapezoid": {},
        "precision_recall_auc": {},
    },
    influence=_pr_auc_influence,
    interval="logit",
)
def pr_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    pos_label: Any = 1,
    average: str = "macro",
    labels: Any = None,
    sample_weight: Any = None,
) -> float:
    """Area under the curve of precision over recall, its points joined by straight lines.

    ``sum_n (R_n - R_(n-1)) (P_n + P_(n-1)) / 2`` over the distinct scores from high to low, from recall 0 with
    precision 1. Straight lines flatter a little: ``average_precision_score`` does without.

    Parameters: ``y_true`` of shape (rows,) or (rows, columns); ``y_score`` of shape (rows,) or (rows, classes);
    ``pos_label``; ``average``; ``labels``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best; chance is about the share of positives. Undefined where there is no positive row.
    Source: Davis and Goadrich, ICML 2006, on the lines; scikit-learn, ``auc`` of ``precision_recall_curve``.

    >>> round(pr_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 6)
    0.791667
    """
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return trapezoid(positive_rows(true, pos_label=pos_label), score, weight)
    return over_columns(trapezoid, true, score, labels=labels, average=average, weight=weight)


def _one_score(y_true: Any, y_score: Any, *, pos_label: Any, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    two_classes(true)
    if score.ndim != 1:
        raise MetricInputError("y_score has several columns: one score a row is expected.")
    return positive_rows(true, pos_label=pos_label), score, weight


def _best_f1_influence(y_true: Any, y_score: Any, *, pos_label: Any = 1, sample_weight: Any = None) -> Array:
    positive, score, weight = _one_score(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight)
    found = thresholds(positive, score, weight)
    hits, seen = found.at()
    claims = seen + hits[0]
    best = int(np.argmax(hits / claims))
    let = score >= found.score[best]
    value = 2 * hits[best] / claims[best]
    total = float(len(score) if weight is None else weight.sum())
    # The best threshold moves too, but at the top of the curve that changes nothing.
    return weighted((2 * (let & positive) - value * (let.astype(float) + positive)) * total / claims[best], weight)


@metric(
    label="Best F1 over thresholds",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    params=(POS_LABEL,),
    aliases={"best_f1": {}, "max_f1": {}, "f1_max": {}, "best_f1_over_thresholds": {}, "optimal_f1": {}},
    influence=_best_f1_influence,
)
def best_f1_score(y_true: Any, y_score: Any, *, pos_label: Any = 1, sample_weight: Any = None) -> float:
    """F1 at the threshold of the score where it is greatest.

    ``max_t 2 TP(t) / (2 TP(t) + FP(t) + FN(t))`` over the scores t that occur; a row is claimed where its score is t
    or more. The threshold is chosen on the truth itself, so that the value is a little too good on few rows.

    Parameters: ``y_true`` and ``y_score`` of shape (rows,); ``pos_label``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best; claiming every row gives 2 p / (1 + p), p the share of positives. Undefined where there
    is no positive row.
    Source: Lipton et al., "Optimal thresholding of classifiers to maximize F1 measure", ECML 2014; the greatest F1 on
    scikit-learn's ``precision_recall_curve``.

    >>> best_f1_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.8
    """
    positive, score, weight = _one_score(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight)
    hits, seen = thresholds(positive, score, weight).at()
    return float((2 * hits / (seen + hits[0])).max())


@metric(
    label="Kolmogorov-Smirnov statistic",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    params=(GREATER,),
    aliases={"ks": {}, "ks_statistic": {}, "kolmogorov_smirnov": {}},
)
def ks_score(y_true: Any, y_score: Any, *, pos_label: Any = None, sample_weight: Any = None) -> float:
    """Greatest distance between the distributions of the scores of positive and of negative rows.

    ``max_t |TPR(t) - FPR(t)|``. Scores that order the rows exactly the wrong way have the same value as the right ones.

    Parameters: ``y_true`` and ``y_score`` of shape (rows,); ``pos_label``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best. Undefined where the truth holds one class only.
    Source: Smirnov, Annals of Mathematical Statistics 1948; scipy, ``ks_2samp``.

    >>> ks_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    positive, score, weight = _one_score(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight)
    found = thresholds(positive, score, weight)
    total = float(len(score) if weight is None else weight.sum())
    (hits, seen), (hits_over, seen_over) = found.at(), found.over()
    if not (false := total - hits[0]) > 0:
        raise UndefinedMetricError("The truth holds one class only, so there is nothing to tell apart.")
    ahead = hits / hits[0] - (seen - hits) / false
    behind = (seen_over - hits_over) / false - hits_over / hits[0]
    return float(max(ahead.max(), behind.max()))
