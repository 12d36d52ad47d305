"""The area under a ROC curve from where positive rows stand among the negative ones, without the curve itself."""

from __future__ import annotations

import math

import numpy as np

from scoring.metrics.confusion import weighted
from scoring.metrics.registry import Array, UndefinedMetricError


def area(positive: Array, score: Array, weight: Array | None, *, max_fpr: float | None = None) -> float:
    """Return the area, or its part up to ``max_fpr`` rescaled as McClish does; arguments of shape (rows,)."""
    above, below = _sides(positive, score)
    if weight is None and max_fpr is None:
        return _plain_area(np.sort(above), np.sort(below))
    above_weight, below_weight = _weights(positive, weight)
    order = np.argsort(above)  # sorted needles make searchsorted walk memory in order
    greater, at_least = _shares_above(above[order], below, below_weight)
    credit, _, _ = _credit(greater, at_least, top=max_fpr or 1.0)
    return _rescaled(float(np.average(credit, weights=above_weight[order])), top=max_fpr or 1.0)


def area_influence(positive: Array, score: Array, weight: Array | None, *, max_fpr: float | None = None) -> Array:
    """Return influence values of shape (rows,), scaled so that the standard error is exactly DeLong's.

    Raises UndefinedMetricError where there are not two rows of each class.
    """
    above, below = _sides(positive, score)
    if len(above) < 2 or len(below) < 2:
        raise UndefinedMetricError("The standard error of AUC needs two rows of each class.")
    above_weight, below_weight = _weights(positive, weight)
    order = np.argsort(above)
    above, above_weight = above[order], above_weight[order] / above_weight.sum()
    greater, at_least = _shares_above(above, below, below_weight)
    credit, by_greater, by_least = _credit(greater, at_least, top=max_fpr or 1.0)
    won = np.empty(len(above))
    won[order] = credit - above_weight @ credit
    # A negative row that counts more raises both shares of the positives below it, and lowers those of all.
    lost_strictly, lost = _running(by_greater * above_weight), _running(by_least * above_weight)
    given = lost_strictly[above.searchsorted(below, "left")] + lost[above.searchsorted(below, "right")]
    given -= np.average(given, weights=below_weight)
    rows, psi = len(score), np.empty(len(score))
    psi[positive] = won * _factor(len(above), rows=rows, share=_share_of(positive, weight))
    psi[~positive] = given * _factor(len(below), rows=rows, share=1 - _share_of(positive, weight))
    return weighted(psi, weight) * _scale(max_fpr or 1.0)


def _plain_area(above: Array, below: Array) -> float:
    left = below.searchsorted(above, "left")
    equal = np.flatnonzero(below[np.minimum(left, len(below) - 1)] == above)
    total = 2 * int(left.sum())
    if len(equal):
        total += int(below.searchsorted(above[equal], "right").sum()) - int(left[equal].sum())
    return float(total / (2 * len(above) * len(below)))


def _sides(positive: Array, score: Array) -> tuple[Array, Array]:
    above, below = np.compress(positive, score), np.compress(~positive, score)
    if not len(above) or not len(below):
        raise UndefinedMetricError("The truth holds one class only, so the area under the ROC curve has no value.")
    return above, below


def _weights(positive: Array, weight: Array | None) -> tuple[Array, Array]:
    if weight is None:
        return np.ones(np.count_nonzero(positive)), np.ones(np.count_nonzero(~positive))
    above, below = weight[positive], weight[~positive]
    if above.sum() == 0 or below.sum() == 0:
        raise UndefinedMetricError("One class has no weight, so the area under the ROC curve has no value.")
    return above, below


def _shares_above(needles: Array, scores: Array, weight: Array) -> tuple[Array, Array]:
    """Return, for each needle, the share of ``scores`` that is greater, and that is greater or equal."""
    order = np.argsort(scores)
    scores, reached = scores[order], _running(weight[order])
    greater = 1 - reached[scores.searchsorted(needles, "right")] / reached[-1]
    at_least = 1 - reached[scores.searchsorted(needles, "left")] / reached[-1]
    return greater, at_least


def _credit(greater: Array, at_least: Array, *, top: float) -> tuple[Array, Array, Array]:
    """Return the area that each positive row brings up to the false positive rate ``top``, and its two derivatives.

    Among equal scores the curve is a slope, from the rate ``greater`` to ``at_least``; from there on the row brings
    all of the width.
    """
    whole = at_least <= top
    credit = np.where(whole, top - (greater + at_least) / 2, 0.0)
    by_greater = np.where(whole, -0.5, 0.0)
    by_least = by_greater.copy()
    cut = np.flatnonzero(~whole & (greater < top))
    width, part = at_least[cut] - greater[cut], top - greater[cut]
    credit[cut] = part**2 / (2 * width)
    by_least[cut] = -((part / width) ** 2) / 2
    by_greater[cut] = -part / width - by_least[cut]
    return credit, by_greater, by_least


def _rescaled(part: float, *, top: float) -> float:
    return 0.5 + _scale(top) * (part - top**2 / 2)


def _scale(top: float) -> float:
    return 0.5 / (top - top**2 / 2)


def _factor(count: int, *, rows: int, share: float) -> float:
    return math.sqrt(count / (count - 1) * (rows - 1) / rows) / share


def _share_of(positive: Array, weight: Array | None) -> float:
    return float(np.average(positive, weights=weight))


def _running(values: Array) -> Array:
    return np.concatenate([[0.0], np.cumsum(values)])


def middle_shares(values: Array, weight: Array | None, *, total: float | None = None) -> Array:
    """Return, for each value, the share of the weight that lies below it, plus half of that of its equals.

    ``total`` is what the weights are divided by: their sum, unless they are not all positive.
    """
    order = np.argsort(values)
    ranked = values[order]
    first = np.append(True, ranked[1:] != ranked[:-1])
    start = np.append(np.flatnonzero(first), len(ranked))
    reached = np.arange(len(ranked) + 1.0) if weight is None else _running(weight[order])
    middle = (reached[start[:-1]] + reached[start[1:]]) / 2
    shares = np.empty(len(values))
    shares[order] = middle[np.cumsum(first) - 1]
    return shares / (reached[-1] if total is None else total)
