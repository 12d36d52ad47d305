"""Metrics of what is found and what is claimed of a class: precision, recall, and what is made of them."""

from __future__ import annotations

from typing import Any

from scoring.metrics.ratios import (
    AVERAGE,
    BETA,
    JACCARD,
    POS_LABEL,
    PRECISION,
    RECALL,
    SPECIFICITY,
    Ratio,
    f_beta,
    ratio_influence,
    ratio_value,
)
from scoring.metrics.registry import Array, InfluenceFunction, metric


def _averages(name: str) -> dict[str, dict[str, Any]]:
    """Return the alias, and two for each way to average: ``f1_macro`` and ``macro_f1``."""
    aliases: dict[str, dict[str, Any]] = {name: {}}
    for average in AVERAGE.choices:
        aliases |= {f"{name}_{average}": {"average": average}, f"{average}_{name}": {"average": average}}
    return aliases


def _influence(ratio: Ratio) -> InfluenceFunction:
    def influence(
        y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
    ) -> Array:
        return ratio_influence(ratio, y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)

    return influence


@metric(
    label="F1",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE, POS_LABEL),
    aliases=_averages("f1"),
    influence=_influence(f_beta(1.0)),
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
    return ratio_value(f_beta(1.0), y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)


def _fbeta_influence(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float = 1.0,
    average: str = "binary",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> Array:
    return ratio_influence(
        f_beta(beta), y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight
    )


@metric(
    label="F-beta",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(BETA, AVERAGE, POS_LABEL),
    aliases={
        "fbeta": {},
        "f2": {"beta": 2.0},
        "f0.5": {"beta": 0.5},
        "f2_binary": {"beta": 2.0, "average": "binary"},
        "fbeta{beta}_binary": {"average": "binary"},
        "f2_macro": {"beta": 2.0, "average": "macro"},
        "fbeta{beta}_macro": {"average": "macro"},
        "f2_micro": {"beta": 2.0, "average": "micro"},
        "fbeta{beta}_micro": {"average": "micro"},
        "f2_weighted": {"beta": 2.0, "average": "weighted"},
        "fbeta{beta}_weighted": {"average": "weighted"},
        "fbeta{beta}": {},
        "fbeta@{beta}": {},
        "fbeta_{beta}": {},
        "f0.5_macro": {"beta": 0.5, "average": "macro"},
        "f0.5_micro": {"beta": 0.5, "average": "micro"},
        "f0.5_weighted": {"beta": 0.5, "average": "weighted"},
    },
    influence=_fbeta_influence,
)
def fbeta_score(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float = 1.0,
    average: str = "binary",
    pos_label: Any = 1,
    sample_weight: Any = None,
) -> float:
    """Weighted harmonic mean of precision and recall; recall counts ``beta`` times as much.

    Per class ``(1 + β²) TP / ((1 + β²) TP + FP + β² FN)``, and 0 where that has no value. ``macro`` and ``weighted``
    go over every label that is true or predicted somewhere.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``beta`` of 0 or more; ``average`` as in scikit-learn;
    ``pos_label`` for ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: van Rijsbergen, "Information Retrieval", 1979; scikit-learn, ``fbeta_score``.

    >>> round(fbeta_score([0, 1, 1, 0], [0, 1, 0, 0], beta=2.0), 6)
    0.555556
    """
    return ratio_value(f_beta(beta), y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)


@metric(
    label="Precision",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE, POS_LABEL),
    aliases={
        **_averages("precision"),
        "positive_predictive_value": {},
        "ppv": {},
    },
    influence=_influence(PRECISION),
)
def precision_score(
    y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
) -> float:
    """Share of the claimed rows that are right.

    Per class ``TP / (TP + FP)``, and 0 where the class is never predicted. ``macro`` and ``weighted`` go over every
    label that is true or predicted somewhere.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``average`` as in scikit-learn; ``pos_label`` for
    ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``precision_score``.

    >>> precision_score([0, 1, 1, 0, 0], [0, 1, 1, 1, 1])
    0.5
    """
    return ratio_value(PRECISION, y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)


@metric(
    label="Recall",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE, POS_LABEL),
    aliases={
        **_averages("recall"),
        "sensitivity": {},
        "true_positive_rate": {},
        "tpr": {},
    },
    influence=_influence(RECALL),
)
def recall_score(
    y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
) -> float:
    """Share of a class's rows that are found.

    Per class ``TP / (TP + FN)``, and 0 where the class is never true. ``macro`` goes over every label that is true or
    predicted somewhere, where ``balanced_accuracy_score`` goes over those of the truth; ``weighted`` and ``micro``
    give the accuracy.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``average`` as in scikit-learn; ``pos_label`` for
    ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``recall_score``.

    >>> recall_score([0, 1, 1, 0, 0], [0, 1, 0, 1, 1])
    0.5
    """
    return ratio_value(RECALL, y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)


@metric(
    label="Jaccard index",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE, POS_LABEL),
    aliases=_averages("jaccard"),
    influence=_influence(JACCARD),
)
def jaccard_score(
    y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
) -> float:
    """Rows of a class that truth and predictions share, over those that either holds.

    Per class ``TP / (TP + FP + FN)``, and 0 where the class does not occur. ``macro`` and ``weighted`` go over every
    label that is true or predicted somewhere.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``average`` as in scikit-learn; ``pos_label`` for
    ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Jaccard, New Phytologist 1912; scikit-learn, ``jaccard_score``.

    >>> jaccard_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.5
    """
    return ratio_value(JACCARD, y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)


@metric(
    label="Specificity",
    family="labels",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE, POS_LABEL),
    aliases={
        **_averages("specificity"),
        "true_negative_rate": {},
        "tnr": {},
    },
    influence=_influence(SPECIFICITY),
)
def specificity_score(
    y_true: Any, y_pred: Any, *, average: str = "binary", pos_label: Any = 1, sample_weight: Any = None
) -> float:
    """Share of the rows outside a class that are not claimed for it.

    Per class ``TN / (TN + FP)``, and 0 where every row is of the class. ``macro`` and ``weighted`` go over every label
    that is true or predicted somewhere.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``average`` as in scikit-learn; ``pos_label`` for
    ``average="binary"``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Yerushalmy, Public Health Reports 1947; the recall of the other class in scikit-learn.

    >>> specificity_score([0, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0])
    0.75
    """
    return ratio_value(SPECIFICITY, y_true, y_pred, average=average, pos_label=pos_label, sample_weight=sample_weight)
