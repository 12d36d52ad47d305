"""The area under the ROC curve, whole or in part, and what is made of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from scoring.metrics.classes import AVERAGE, arrays, influence_over_columns, over_columns, positive_rows
from scoring.metrics.one_against_one import one_against_one, one_against_one_influence
from scoring.metrics.placements import area, area_influence
from scoring.metrics.registry import Array, MetricInputError, Param, metric


def _roc_auc_influence(
    y_true: Any,
    y_score: Any,
    *,
    average: str = "macro",
    multi_class: str = "ovr",
    max_fpr: float | None = None,
    labels: Any = None,
    sample_weight: Any = None,
) -> Array:
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return area_influence(positive_rows(true, labels=labels), score, weight, max_fpr=max_fpr)
    if multi_class == "ovo" and score.shape[1] > 2:
        _refuse_parts(max_fpr)
        return one_against_one_influence(true, score, labels=labels, average=average, weight=weight)
    value, influence = partial(area, max_fpr=max_fpr), partial(area_influence, max_fpr=max_fpr)
    return influence_over_columns(value, influence, true, score, labels=labels, average=average, weight=weight)


@metric(
    label="ROC AUC",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(
        AVERAGE,
        Param(
            name="multi_class",
            kind="choice",
            default="ovr",
            choices=("ovr", "ovo"),
            help="Several classes: each against the rest, or each against each other.",
        ),
        Param(
            name="max_fpr",
            kind="number",
            default=None,
            low=0.001,
            high=1.0,
            help="Only the part of the curve up to this false positive rate, rescaled so that chance is 0.5.",
        ),
    ),
    aliases={
        "auc": {},
        "roc_auc": {},
        "auroc": {},
        "auc_roc": {},
        "auc_score": {},
        "area_under_the_curve": {},
        "roc_auc_micro": {"average": "micro"},
        "roc_auc_macro": {"average": "macro"},
        "roc_auc_weighted": {"average": "weighted"},
        "roc_auc_ovr": {"average": "macro"},
        "roc_auc_ovr_weighted": {"average": "weighted"},
        "roc_auc_ovo": {"multi_class": "ovo"},
        "roc_auc_ovo_weighted": {"multi_class": "ovo", "average": "weighted"},
        "partial_auc_fpr_{max_fpr}_mcclish": {},
        "partial_auc_fpr_{max_fpr}": {},
        "partial_auc_{max_fpr}": {},
        "pauc_{max_fpr}": {},
        "pauc@{max_fpr}": {},
    },
    influence=_roc_auc_influence,
    interval="logit",
)
def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    average: str = "macro",
    multi_class: str = "ovr",
    max_fpr: float | None = None,
    labels: Any = None,
    sample_weight: Any = None,
) -> float:
    """Chance that a random positive row is scored above a random negative one; ties count one half.

    Two classes: the greater label is the positive one. Several classes, one column each: one class against the rest,
    averaged; or, for ``multi_class="ovo"``, over all pairs of classes the mean of the areas by the two's columns
    (weighted: by how many rows are of the pair). Indicator matrix: column by column, averaged.

    With ``max_fpr`` f, the area A below the curve from 0 to f, ``(1 + (A - f²/2) / (f - f²/2)) / 2``.

    Parameters: ``y_true`` of shape (rows,) or (rows, columns); ``y_score`` of shape (rows,) or (rows, classes);
    ``average``; ``multi_class``; ``max_fpr``, over 0 to 1, not for pairs of classes; ``labels``, the classes in the
    order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where a class, or its opposite, does not occur.
    Source: Hanley and McNeil, Radiology 1982; McClish, Medical Decision Making 1989, for parts; Hand and Till, Machine
    Learning 2001, for pairs; scikit-learn, ``roc_auc_score``. Standard errors: DeLong et al., Biometrics 1988.

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        return area(positive_rows(true, labels=labels), score, weight, max_fpr=max_fpr)
    if multi_class == "ovo" and score.shape[1] > 2:
        _refuse_parts(max_fpr)
        return one_against_one(true, score, labels=labels, average=average, weight=weight)
    value = partial(area, max_fpr=max_fpr)
    return over_columns(value, true, score, labels=labels, average=average, weight=weight)


def _refuse_parts(max_fpr: float | None) -> None:
    if max_fpr is not None:
        raise MetricInputError("A part of the area is not defined for pairs of classes.")


def _gini_influence(
    y_true: Any, y_score: Any, *, average: str = "macro", labels: Any = None, sample_weight: Any = None
) -> Array:
    return 2 * _roc_auc_influence(y_true, y_score, average=average, labels=labels, sample_weight=sample_weight)


@metric(
    label="Gini (2 AUC - 1)",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    low=-1.0,
    params=(AVERAGE,),
    aliases={"gini": {}, "gini_normalized": {}, "normalized_gini": {}, "somers_d": {}, "accuracy_ratio": {}},
    influence=_gini_influence,
)
def gini_score(
    y_true: Any, y_score: Any, *, average: str = "macro", labels: Any = None, sample_weight: Any = None
) -> float:
    """Area under the ROC curve on a scale where chance is 0: ``2 AUC - 1``.

    It is Kaggle's normalised Gini coefficient for a truth of two classes; ``normalized_gini_score`` takes amounts.

    Parameters: ``y_true`` of shape (rows,) or (rows, columns); ``y_score`` of shape (rows,) or (rows, classes);
    ``average``; ``labels``, the classes in the order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: -1 to 1, 1 is best, 0 is chance. Undefined where a class, or its opposite, does not occur.
    Source: Somers, American Sociological Review 1962; scikit-learn, ``roc_auc_score``.

    >>> gini_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    return 2 * roc_auc_score(y_true, y_score, average=average, labels=labels, sample_weight=sample_weight) - 1


@metric(
    label="Mean column-wise ROC AUC",
    family="multilabel",
    greater_is_better=True,
    takes="scores",
    columns="labels",
    params=(AVERAGE,),
    aliases={
        "columnwise_auc": {},
        "columnwise_roc_auc": {},
        "mean_columnwise_auc": {},
        "mean_columnwise_roc_auc": {},
        "mean_column_wise_roc_auc": {},
        "mean_column_auc": {},
        "multilabel_auc": {},
        "multilabel_roc_auc": {},
    },
    influence=_roc_auc_influence,
    interval="logit",
)
def columnwise_roc_auc_score(y_true: Any, y_score: Any, *, average: str = "macro", sample_weight: Any = None) -> float:
    """Mean over labels of the area under each label's ROC curve.

    Parameters: ``y_true``, zeros and ones, and ``y_score`` of shape (rows, labels); ``average``; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where a label is never, or always, true.
    Source: scikit-learn, ``roc_auc_score``.

    >>> columnwise_roc_auc_score([[1, 0], [0, 1], [0, 0]], [[0.9, 0.2], [0.8, 0.9], [0.1, 0.4]])
    1.0
    """
    return roc_auc_score(y_true, y_score, average=average, sample_weight=sample_weight)
