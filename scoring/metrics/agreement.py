"""Agreement of two raters beyond chance: Cohen's kappa, plain and weighted by distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.confusion import Pairs, influence, pairs
from scoring.metrics.registry import Array, MetricInputError, Param, UndefinedMetricError, metric


def _kappa_influence(
    y_true: Any, y_pred: Any, *, weights: str | None = None, distances: str = "positions", sample_weight: Any = None
) -> Array:
    def slope(counted: Pairs) -> Array:
        place = _places(counted, distances=distances)
        observed, chance = _disagreement(counted, place, weights=weights)
        of_true = _mean_cost(counted.in_pred, place, weights=weights)[counted.true]
        of_pred = _mean_cost(counted.in_true, place, weights=weights)[counted.pred]
        slopes: Array = (observed / chance * (of_true + of_pred) - _cost(counted, place, weights=weights)) / chance
        return slopes

    return influence(y_true, y_pred, slope, sample_weight=sample_weight)


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
        Param(
            name="distances",
            kind="choice",
            default="positions",
            choices=("positions", "values"),
            help="positions: among the labels that occur, as in scikit-learn; values: of the labels, which must be "
            "numbers, as in Kaggle's quadratic kappa over all ratings from the least to the greatest.",
        ),
    ),
    aliases={
        "kappa": {},
        "cohen_kappa": {},
        "cohens_kappa": {},
        "linear_kappa": {"weights": "linear"},
        "kappa_linear": {"weights": "linear"},
        "linear_weighted_kappa": {"weights": "linear"},
        "qwk": {"weights": "quadratic"},
        "quadratic_kappa": {"weights": "quadratic"},
        "kappa_quadratic": {"weights": "quadratic"},
        "quadratic_weighted_kappa": {"weights": "quadratic"},
        "kaggle_qwk": {"weights": "quadratic", "distances": "values"},
    },
    influence=_kappa_influence,
)
def cohen_kappa_score(
    y_true: Any, y_pred: Any, *, weights: str | None = None, distances: str = "positions", sample_weight: Any = None
) -> float:
    """Agreement beyond what chance would give, plain or weighted by distance.

    ``1 - sum(W C) / sum(W E)`` with the confusion matrix C, E the product of its margins over its sum, and W 1 off
    the diagonal (plain), ``|i - j|`` (linear) or ``(i - j)²`` (quadratic). Distances are between positions among
    the labels that occur, in their order, as in scikit-learn; or between the labels' values, as in Kaggle's metric,
    whose matrix goes over every rating from the least to the greatest: the two differ where a rating never occurs.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,); ``weights``; ``distances``; ``sample_weight`` of shape
    (rows,) or None.
    Returns: at most 1, which is best; 0 is chance. Undefined where truth and predictions are one and the same class.
    Source: Cohen, "Weighted kappa", Psychological Bulletin 1968; scikit-learn, ``cohen_kappa_score``.

    >>> cohen_kappa_score([1, 2, 3, 3], [1, 2, 3, 2], weights="quadratic")
    0.8
    """
    counted = pairs(y_true, y_pred, sample_weight=sample_weight)
    observed, chance = _disagreement(counted, _places(counted, distances=distances), weights=weights)
    return 1.0 - observed / chance


def _places(counted: Pairs, *, distances: str) -> Array:
    if np.count_nonzero(counted.in_true + counted.in_pred) < 2:
        raise UndefinedMetricError("Truth and predictions are all of one class, so kappa has no value.")
    if distances == "positions":
        return np.arange(len(counted.labels), dtype=np.float64)
    if counted.labels.dtype.kind not in "iuf":
        raise MetricInputError("The labels are text, which has no distance: set `distances` to positions.")
    places: Array = counted.labels.astype(np.float64) - counted.labels[0]
    return places


def _disagreement(counted: Pairs, place: Array, *, weights: str | None) -> tuple[float, float]:
    """Return sum(W C) and sum(W E), from the cells and the margins: no matrix of labels x labels is needed."""
    observed = float(counted.weight @ _cost(counted, place, weights=weights))
    return observed, float(counted.in_true @ _mean_cost(counted.in_pred, place, weights=weights))


def _cost(counted: Pairs, place: Array, *, weights: str | None) -> Array:
    apart: Array = np.abs(place[counted.true] - place[counted.pred])
    return {None: (apart > 0).astype(np.float64), "linear": apart, "quadratic": apart**2}[weights]


def _mean_cost(margin: Array, place: Array, *, weights: str | None) -> Array:
    """Return what each label costs on average against labels that weigh ``margin``."""
    share = margin / margin.sum()
    if weights is None:
        return np.asarray(1 - share)
    first = share @ place
    if weights == "quadratic":
        return np.asarray(place**2 - 2 * place * first + share @ place**2)
    below, moment = np.cumsum(share), np.cumsum(share * place)
    return np.asarray(place * (2 * below - 1) - 2 * moment + first)
