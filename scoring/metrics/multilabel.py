"""Metrics of rows that have any number of labels: one column of zeros and ones for each label."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.confusion import weighted
from scoring.metrics.inputs import mean, numbers, same_length, weight_of
from scoring.metrics.ratios import JACCARD, Ratio, average_slope, average_value, f_beta
from scoring.metrics.registry import Array, MetricInputError, Param, metric

AVERAGE = Param(
    name="average",
    kind="choice",
    default="samples",
    choices=("samples", "macro", "micro", "weighted"),
    help="samples: mean over rows of the row's own; macro: mean over labels; micro: over all cells together; "
    "weighted: mean over labels, weighted by how often each is true.",
)


def _indicators(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> tuple[Array, Array, Array | None]:
    """Return truth and predictions as float64 zeros and ones of shape (rows, labels), and weights."""
    true, pred = (
        part[:, None] if part.ndim == 1 else part
        for part in (numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred"))
    )
    same_length(true, pred)
    if true.ndim != 2 or true.shape != pred.shape:
        raise MetricInputError(f"y_true has shape {true.shape} and y_pred has shape {pred.shape}.")
    for part, name in ((true, "y_true"), (pred, "y_pred")):
        if not ((part == 0) | (part == 1)).all():
            raise MetricInputError(f"{name} holds something else than 0 and 1.")
    return true, pred, weight_of(sample_weight, rows=len(true))


def _ratio_of_cells(ratio: Ratio, y_true: Any, y_pred: Any, *, average: str, sample_weight: Any) -> float:
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    if average == "samples":
        return mean(ratio.value(_counts_of_rows(true, pred)), weight=weight)
    return average_value(ratio, _counts_of_labels(true, pred, weight), average=average)


def _ratio_of_cells_influence(ratio: Ratio, y_true: Any, y_pred: Any, *, average: str, sample_weight: Any) -> Array:
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    if average == "samples":
        each = ratio.value(_counts_of_rows(true, pred))
        return weighted(each - mean(each, weight=weight), weight)
    counts = [part / _total(weight, len(true)) for part in _counts_of_labels(true, pred, weight)]
    hits, of_true, of_pred, _ = average_slope(ratio, counts, average=average)
    moved = (true * pred) @ hits + true @ of_true + pred @ of_pred
    return weighted(moved - mean(moved, weight=weight), weight)


def _counts_of_rows(true: Array, pred: Array) -> tuple[Array, Array, Array, Array]:
    return (true * pred).sum(axis=1), true.sum(axis=1), pred.sum(axis=1), np.full(len(true), float(true.shape[1]))


def _counts_of_labels(true: Array, pred: Array, weight: Array | None) -> tuple[Array, Array, Array, Array]:
    every = np.ones(len(true)) if weight is None else weight
    return every @ (true * pred), every @ true, every @ pred, np.full(true.shape[1], every.sum())


def _total(weight: Array | None, rows: int) -> float:
    return float(rows if weight is None else weight.sum())


def _f1_influence(y_true: Any, y_pred: Any, *, average: str = "samples", sample_weight: Any = None) -> Array:
    return _ratio_of_cells_influence(f_beta(1.0), y_true, y_pred, average=average, sample_weight=sample_weight)


@metric(
    label="F1 of several labels",
    family="multilabel",
    greater_is_better=True,
    takes="labels",
    columns="labels",
    params=(AVERAGE,),
    aliases={
        "multilabel_f1": {},
        "mean_f1": {},
        "f1_samples": {"average": "samples"},
        "multilabel_f1_samples": {"average": "samples"},
        "multilabel_f1_macro": {"average": "macro"},
        "multilabel_f1_micro": {"average": "micro"},
        "multilabel_f1_weighted": {"average": "weighted"},
    },
    influence=_f1_influence,
)
def multilabel_f1_score(y_true: Any, y_pred: Any, *, average: str = "samples", sample_weight: Any = None) -> float:
    """Harmonic mean of precision and recall of the labels, by row (Kaggle's mean F1) or by label.

    For a row or a label ``2 TP / (2 TP + FP + FN)``, and 0 where that has no value: a row that rightly has no label
    at all counts 0, as in scikit-learn.

    Parameters: ``y_true`` and ``y_pred``, zeros and ones, of shape (rows, labels); ``average``; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``f1_score`` of indicator matrices.

    >>> round(multilabel_f1_score([[1, 0, 1], [0, 1, 0]], [[1, 0, 0], [0, 1, 0]]), 6)
    0.833333
    """
    return _ratio_of_cells(f_beta(1.0), y_true, y_pred, average=average, sample_weight=sample_weight)


def _jaccard_influence(y_true: Any, y_pred: Any, *, average: str = "samples", sample_weight: Any = None) -> Array:
    return _ratio_of_cells_influence(JACCARD, y_true, y_pred, average=average, sample_weight=sample_weight)


@metric(
    label="Jaccard index of several labels",
    family="multilabel",
    greater_is_better=True,
    takes="labels",
    columns="labels",
    params=(AVERAGE,),
    aliases={
        "multilabel_jaccard": {},
        "jaccard_samples": {"average": "samples"},
        "multilabel_jaccard_samples": {"average": "samples"},
        "multilabel_jaccard_macro": {"average": "macro"},
        "multilabel_jaccard_micro": {"average": "micro"},
        "multilabel_jaccard_weighted": {"average": "weighted"},
    },
    influence=_jaccard_influence,
)
def multilabel_jaccard_score(y_true: Any, y_pred: Any, *, average: str = "samples", sample_weight: Any = None) -> float:
    """Labels that truth and predictions share, over those that either has, by row or by label.

    For a row or a label ``TP / (TP + FP + FN)``, and 0 where neither has any, as in scikit-learn.

    Parameters: ``y_true`` and ``y_pred``, zeros and ones, of shape (rows, labels); ``average``; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``jaccard_score`` of indicator matrices.

    >>> multilabel_jaccard_score([[1, 0, 1], [0, 1, 0]], [[1, 0, 0], [0, 1, 0]])
    0.75
    """
    return _ratio_of_cells(JACCARD, y_true, y_pred, average=average, sample_weight=sample_weight)


def _hamming_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    wrong = (true != pred).mean(axis=1)
    return weighted(wrong - mean(wrong, weight=weight), weight)


@metric(
    label="Hamming loss of several labels",
    family="multilabel",
    greater_is_better=False,
    takes="labels",
    columns="labels",
    aliases={"multilabel_hamming": {}},
    influence=_hamming_influence,
)
def multilabel_hamming_loss(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of cells, rows times labels, that are wrong.

    Parameters: ``y_true`` and ``y_pred``, zeros and ones, of shape (rows, labels); ``sample_weight`` of shape (rows,)
    or None.
    Returns: 0 to 1, 0 is best.
    Source: Hamming, Bell System Technical Journal 1950; scikit-learn, ``hamming_loss``.

    >>> multilabel_hamming_loss([[1, 0], [0, 1]], [[1, 0], [1, 1]])
    0.25
    """
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    return mean(true != pred, weight=weight)


def _subset_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    right = (true == pred).all(axis=1)
    return weighted(right - mean(right, weight=weight), weight)


@metric(
    label="Subset accuracy",
    family="multilabel",
    greater_is_better=True,
    takes="labels",
    columns="labels",
    aliases={"subset_accuracy": {}, "exact_match_ratio": {}, "multilabel_accuracy": {}},
    influence=_subset_influence,
    interval="proportion",
)
def subset_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of rows all of whose labels are right.

    Parameters: ``y_true`` and ``y_pred``, zeros and ones, of shape (rows, labels); ``sample_weight`` of shape (rows,)
    or None.
    Returns: 0 to 1, 1 is best.
    Source: scikit-learn, ``accuracy_score`` of indicator matrices.

    >>> subset_accuracy_score([[1, 0], [0, 1]], [[1, 0], [1, 1]])
    0.5
    """
    true, pred, weight = _indicators(y_true, y_pred, sample_weight=sample_weight)
    return mean((true == pred).all(axis=1), weight=weight)
