"""Kaggle's normalised Gini coefficient, for amounts that few rows make up most of, such as claims."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.confusion import weighted
from scoring.metrics.inputs import numbers, same_length, weight_of
from scoring.metrics.order import order_of
from scoring.metrics.registry import Array, MetricInputError, UndefinedMetricError, metric


def _normalized_gini_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = _amounts(y_true, y_pred, sample_weight=sample_weight)
    best, best_moved = _concentration(true, true, weight)
    value, moved = _concentration(true, pred, weight)
    return weighted((moved - value / best * best_moved) / best, weight)


@metric(
    label="Normalised Gini",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    low=-1.0,
    aliases={
        "kaggle_gini": {},
        "kaggle_gini_normalized": {},
        "kaggle_gini_normalized_continuous": {},
        "gini_normalized_continuous": {},
        "gini_continuous": {},
    },
    influence=_normalized_gini_influence,
)
def normalized_gini_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """How much of the truth's sum the greatest predictions gather, over what a perfect order would gather.

    ``G(y, p) / G(y, y)``, where ``G(y, p)`` is the area between the Lorenz curve of y, its rows by descending p, and
    that of a random order: the covariance of y with the ranks of p over that with its own. Rows of equal prediction
    share their mean rank; Kaggle's own takes them in the order of the file. For a truth of zeros and ones it is
    ``2 AUC - 1``.

    Parameters: ``y_true``, 0 or more, and ``y_pred`` of shape (rows,); ``sample_weight`` of shape (rows,) or None.
    Returns: -1 to 1, 1 is best, 0 is chance. Undefined where the truth is constant.
    Source: Frees, Meyers and Cummings, Journal of the American Statistical Association 2011; Kaggle's "Gini".

    >>> round(normalized_gini_score([3.0, 0.0, 7.0, 1.0, 5.0], [2.5, 0.3, 5.5, 3.0, 5.9]), 6)
    0.777778
    """
    true, pred, weight = _amounts(y_true, y_pred, sample_weight=sample_weight)
    centred = true - np.average(true, weights=weight)
    gathered, best = (
        np.average(centred * order_of(scores).middle_shares(weight), weights=weight) for scores in (pred, true)
    )
    return float(gathered / best)


def _amounts(y_true: Any, y_pred: Any, *, sample_weight: Any) -> tuple[Array, Array, Array | None]:
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_length(true, pred)
    if true.ndim != 1 or pred.ndim != 1:
        raise MetricInputError("The Gini coefficient takes one column of numbers.")
    if true.min() < 0:
        raise MetricInputError("y_true holds a number below 0.")
    weight = weight_of(sample_weight, rows=len(true))
    counted = true if weight is None else true[weight > 0]
    if counted.min() == counted.max():
        raise UndefinedMetricError("The truth is constant, so there is nothing to gather.")
    return true, pred, weight


def _concentration(true: Array, scores: Array, weight: Array | None) -> tuple[float, Array]:
    """Return the covariance of the truth with the ranks of the scores, and how each row moves it."""
    order, centred = order_of(scores), true - np.average(true, weights=weight)
    place = order.middle_shares(weight)
    value = float(np.average(centred * place, weights=weight))
    # A row also pushes up by one rank all that stand above it.
    pushed = -order.middle_shares(centred if weight is None else centred * weight, total=_total(weight, len(true)))
    return value, centred * (place - 0.5) + pushed - 2 * value


def _total(weight: Array | None, rows: int) -> float:
    return float(rows if weight is None else weight.sum())
