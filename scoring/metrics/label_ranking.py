"""Metrics of the order in which each row's scores put its labels; one column of scores for each label.

Equal scores are taken at their worst, as in scikit-learn: a label stands behind all that it ties with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.metrics.confusion import weighted
from scoring.metrics.inputs import mean, numbers, same_length, weight_of
from scoring.metrics.registry import Array, InfluenceFunction, MetricInputError, metric


def _influence(of_rows: Callable[[Array, Array], Array]) -> InfluenceFunction:
    def influence(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> Array:
        true, score, weight = _scored(y_true, y_score, sample_weight=sample_weight)
        each = of_rows(true, score)
        return weighted(each - mean(each, weight=weight), weight)

    return influence


def _scored(y_true: Any, y_score: Any, *, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, score = numbers(y_true, name="y_true"), numbers(y_score, name="y_score")
    same_length(true, score)
    if true.ndim != 2 or true.shape != score.shape:
        raise MetricInputError(f"y_true has shape {true.shape} and y_score has shape {score.shape}.")
    if not ((true == 0) | (true == 1)).all():
        raise MetricInputError("y_true holds something else than 0 and 1.")
    return true, score, weight_of(sample_weight, rows=len(true))


def _ranks(true: Array, score: Array) -> tuple[Array, Array]:
    """Return, for each label of a row, how many labels and how many true ones have its score or more."""
    order = np.argsort(score, axis=1)
    ranked, relevant = np.take_along_axis(score, order, axis=1), np.take_along_axis(true, order, axis=1)
    place = np.arange(score.shape[1])[None, :]
    new = np.concatenate([np.ones((len(score), 1), dtype=bool), ranked[:, 1:] != ranked[:, :-1]], axis=1)
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    below = np.cumsum(relevant, axis=1) - relevant
    every, relevant_too = np.empty(score.shape), np.empty(score.shape)
    np.put_along_axis(every, order, score.shape[1] - first.astype(np.float64), axis=1)
    np.put_along_axis(
        relevant_too, order, relevant.sum(axis=1, keepdims=True) - np.take_along_axis(below, first, axis=1), axis=1
    )
    return every, relevant_too


def _precisions(true: Array, score: Array) -> Array:
    every, relevant = _ranks(true, score)
    count = true.sum(axis=1)
    value = np.divide((true * relevant / every).sum(axis=1), count, out=np.ones(len(true)), where=count > 0)
    return np.asarray(value)


@metric(
    label="Label ranking average precision",
    family="multilabel",
    greater_is_better=True,
    takes="scores",
    columns="labels",
    aliases={"lrap": {}, "label_ranking_average_precision": {}},
    influence=_influence(_precisions),
)
def label_ranking_average_precision_score(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> float:
    """Share of true labels among those scored as high as a true label, averaged over a row's true labels, then rows.

    A row without true labels counts 1, as there is nothing to order.

    Parameters: ``y_true``, zeros and ones, and ``y_score`` of shape (rows, labels); ``sample_weight`` of shape (rows,)
    or None.
    Returns: over 0 to 1, 1 is best.
    Source: Schapire and Singer, Machine Learning 2000; scikit-learn, ``label_ranking_average_precision_score``.

    >>> round(label_ranking_average_precision_score([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1], [1, 0.2, 0.1]]), 6)
    0.416667
    """
    true, score, weight = _scored(y_true, y_score, sample_weight=sample_weight)
    return mean(_precisions(true, score), weight=weight)


def _depths(true: Array, score: Array) -> Array:
    every, _ = _ranks(true, score)
    return np.asarray((every * true).max(axis=1))


@metric(
    label="Coverage error",
    family="multilabel",
    greater_is_better=False,
    takes="scores",
    columns="labels",
    high=math.inf,
    aliases={"coverage_error_multilabel": {}, "label_coverage": {}},
    influence=_influence(_depths),
)
def coverage_error(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> float:
    """How many labels must be taken, from the greatest score down, to have all true ones, on average over rows.

    A row without true labels counts 0.

    Parameters: ``y_true``, zeros and ones, and ``y_score`` of shape (rows, labels); ``sample_weight`` of shape (rows,)
    or None.
    Returns: 0 to the number of labels; the best value is the mean number of true labels of a row.
    Source: Tsoumakas et al., "Mining multi-label data", 2010; scikit-learn, ``coverage_error``.

    >>> coverage_error([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1], [1, 0.2, 0.1]])
    2.5
    """
    true, score, weight = _scored(y_true, y_score, sample_weight=sample_weight)
    return mean(_depths(true, score), weight=weight)


def _wrong_pairs(true: Array, score: Array) -> Array:
    every, relevant = _ranks(true, score)
    count = true.sum(axis=1)
    pairs = count * (true.shape[1] - count)
    wrong = (true * (every - relevant)).sum(axis=1)
    return np.asarray(np.divide(wrong, pairs, out=np.zeros(len(true)), where=pairs > 0))


@metric(
    label="Label ranking loss",
    family="multilabel",
    greater_is_better=False,
    takes="scores",
    columns="labels",
    aliases={"ranking_loss": {}},
    influence=_influence(_wrong_pairs),
)
def label_ranking_loss(y_true: Any, y_score: Any, *, sample_weight: Any = None) -> float:
    """Share of a row's pairs of a true and a false label that are not in order, averaged over rows.

    A tie is not in order. A row where all labels are true, or none, counts 0.

    Parameters: ``y_true``, zeros and ones, and ``y_score`` of shape (rows, labels); ``sample_weight`` of shape (rows,)
    or None.
    Returns: 0 to 1, 0 is best.
    Source: Tsoumakas et al., "Mining multi-label data", 2010; scikit-learn, ``label_ranking_loss``.

    >>> label_ranking_loss([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1], [1, 0.2, 0.1]])
    0.75
    """
    true, score, weight = _scored(y_true, y_score, sample_weight=sample_weight)
    return mean(_wrong_pairs(true, score), weight=weight)
