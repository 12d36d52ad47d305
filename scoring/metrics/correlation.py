"""Metrics of how well the order, or the course, of two columns of numbers agrees. Several outputs are averaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.dominance import as_one, below, dense_ranks, dominated, level, lower_in_group
from scoring.metrics.order import order_of
from scoring.metrics.pairs import centre, number_pair, spread
from scoring.metrics.registry import Array, UndefinedMetricError, metric

CONSTANT = "One of the two columns is constant, so their correlation has no value."


def _mean_of_columns(value: Callable[[Array, Array], float], y_true: Any, y_pred: Any) -> float:
    true, pred, _ = number_pair(y_true, y_pred)
    if true.ndim == 1:
        return value(true, pred)
    return float(np.mean([value(*columns) for columns in zip(true.T, pred.T, strict=True)]))


def _influence_of_columns(influence: Callable[[Array, Array], Array]) -> Callable[[Any, Any], Array]:
    def every(y_true: Any, y_pred: Any) -> Array:
        true, pred, _ = number_pair(y_true, y_pred)
        if true.ndim == 1:
            return influence(true, pred)
        psi = [influence(*columns) for columns in zip(true.T, pred.T, strict=True)]
        return np.asarray(np.mean(psi, axis=0))

    return every


@dataclass(frozen=True, slots=True)
class _Moments:
    """Deviations of both columns from their means, shape (rows,) or (rows, outputs), and their (co)variances."""

    left: Array
    right: Array
    offset: Array
    left_variance: Array
    right_variance: Array
    covariance: Array


def _moments(true: Array, pred: Array, *, weight: Array | None) -> _Moments:
    centres = centre(true, weight=weight), centre(pred, weight=weight)
    left, right = true - centres[0], pred - centres[1]
    weighed = (left, right) if weight is None else ((left.T * weight).T, (right.T * weight).T)
    total = float(len(true)) if weight is None else float(weight.sum())
    products = ((weighed[0], left), (weighed[1], right), (weighed[0], right))
    sums = [np.asarray(np.einsum("i...,i...->...", *pair)) / total for pair in products]
    return _Moments(left, right, centres[0] - centres[1], *sums)


def _correlation(of: _Moments) -> Array:
    scale = np.sqrt(of.left_variance) * np.sqrt(of.right_variance)
    if (scale == 0).any():
        raise UndefinedMetricError(CONSTANT)
    return np.asarray(np.clip(of.covariance / scale, -1, 1))


def _pearson_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    of = _moments(true, pred, weight=weight)
    value = _correlation(of)
    left, right = of.left / np.sqrt(of.left_variance), of.right / np.sqrt(of.right_variance)
    return spread(left * right - value / 2 * (left**2 + right**2), weight=weight)


@metric(
    label="Pearson correlation",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-1.0,
    aliases={
        "pearson": {},
        "pearsonr": {},
        "pearson_r": {},
        "correlation": {},
        "corr": {},
        "pcc": {},
        "mean_columnwise_pearson": {},
    },
    influence=_pearson_influence,
)
def pearson_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Linear correlation, ``cov(y, p) / (sd(y) sd(p))``: offset and scale of the predictions do not count.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: -1 to 1, 1 is best. Undefined where a column is constant, and for fewer than two rows.
    Source: Pearson, Philosophical Transactions A 1896; scipy, ``pearsonr``.

    >>> pearson_score([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
    1.0
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return float(np.mean(_correlation(_moments(true, pred, weight=weight))))


def _concordance(of: _Moments) -> tuple[Array, Array]:
    """Return the coefficient of each output, and its denominator."""
    whole = of.left_variance + of.right_variance + of.offset**2
    if (whole == 0).any():
        raise UndefinedMetricError("Both columns hold one and the same value, so their concordance has no value.")
    return 2 * of.covariance / whole, whole


def _ccc_influence(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> Array:
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    of = _moments(true, pred, weight=weight)
    value, whole = _concordance(of)
    top = 2 * (of.left * of.right - of.covariance)
    bottom = of.left**2 - of.left_variance + of.right**2 - of.right_variance + 2 * of.offset * (of.left - of.right)
    return spread((top - value * bottom) / whole, weight=weight)


@metric(
    label="Lin's concordance correlation",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-1.0,
    aliases={"ccc": {}, "ccc_lin": {}, "lin_ccc": {}, "lins_ccc": {}, "concordance_correlation": {}},
    influence=_ccc_influence,
)
def concordance_correlation_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Agreement with the line ``p = y``, ``2 cov(y, p) / (var(y) + var(p) + (mean(y) - mean(p))²)``.

    Variances are divided by the number of rows. Where one column is constant, the value is 0.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs); ``sample_weight`` of shape (rows,).
    Returns: -1 to 1, 1 is best; never more than Pearson's. Undefined where all values of both are one and the same.
    Source: Lin, Biometrics 1989.

    >>> round(concordance_correlation_score([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 6)
    0.571429
    """
    true, pred, weight = number_pair(y_true, y_pred, sample_weight=sample_weight)
    return float(np.mean(_concordance(_moments(true, pred, weight=weight))[0]))


def _shares(values: Array) -> tuple[Array, Array]:
    """Return dense ranks, and for each the share of rows below it, with half of those at it."""
    ranks = dense_ranks(values)
    counts = np.bincount(ranks)
    return ranks, (np.cumsum(counts) - counts / 2) / len(values)


def _spearman(true: Array, pred: Array) -> float:
    shares = order_of(true).middle_shares(None), order_of(pred).middle_shares(None)
    return float(_correlation(_moments(*shares, weight=None)))


def _moved_by(ranks: Array, values: Array) -> Array:
    """Return for each row the mean of ``values`` over the rows above it, with half of those level with it."""
    sums = np.bincount(ranks, weights=values)
    return np.asarray(((sums.sum() - np.cumsum(sums) + sums / 2) / len(values))[ranks])


def _spearman_influence(true: Array, pred: Array) -> Array:
    # A row counts through its own ranks, and through the ranks of all rows above it, which it lifts.
    (left, lower), (right, under) = _shares(true), _shares(pred)
    lower, under = lower[left], under[right]
    of = _moments(lower, under, weight=None)
    value = _correlation(of)
    product = lower * under + _moved_by(left, under) + _moved_by(right, lower)
    squares = lower**2 + 2 * _moved_by(left, lower), under**2 + 2 * _moved_by(right, under)
    psi = product / np.sqrt(of.left_variance * of.right_variance)
    psi -= value / 2 * (squares[0] / of.left_variance + squares[1] / of.right_variance)
    return np.asarray(psi - psi.mean())


@metric(
    label="Spearman correlation",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-1.0,
    aliases={"spearman": {}, "spearmanr": {}, "spearman_rho": {}, "mean_columnwise_spearman": {}},
    influence=_influence_of_columns(_spearman_influence),
)
def spearman_score(y_true: Any, y_pred: Any) -> float:
    """Pearson's correlation of the ranks; rows of equal value share their mean rank.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs).
    Returns: -1 to 1, 1 is best. Undefined where a column is constant, and for fewer than two rows.
    Source: Spearman, American Journal of Psychology 1904; scipy, ``spearmanr``.

    >>> spearman_score([1.0, 2.0, 3.0], [1.0, 4.0, 9.0])
    1.0
    """
    return _mean_of_columns(_spearman, y_true, y_pred)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """For each row, how many of the other rows it is in order with, how many against, and tied with on each side."""

    agree: Array
    differ: Array
    left_ties: Array
    right_ties: Array

    def others(self) -> int:
        return len(self.agree) - 1


def _pairs(true: Array, pred: Array) -> _Pairs:
    left, right = dense_ranks(true), dense_ranks(pred)
    both = dominated(left, right)
    against = below(left) - both - lower_in_group(right, left)
    against += below(right) - both - lower_in_group(left, right)
    tied = level(left), level(right)
    either = tied[0] + tied[1] - _level_on_both(left, right)
    return _Pairs(len(true) - either - against, against, tied[0] - 1, tied[1] - 1)


def _level_on_both(left: Array, right: Array) -> Array | int:
    distinct = len(left) in (int(left.max()) + 1, int(right.max()) + 1)
    return 1 if distinct else level(as_one(left, right))


def _untied(of: _Pairs) -> tuple[int, int]:
    """Return twice the number of pairs that are not tied on the left, and on the right."""
    every = len(of.agree) * of.others()
    left, right = every - int(of.left_ties.sum()), every - int(of.right_ties.sum())
    if left == 0 or right == 0:
        raise UndefinedMetricError(CONSTANT)
    return left, right


def _kendall(true: Array, pred: Array) -> float:
    of = _pairs(true, pred)
    left, right = _untied(of)
    return min(1.0, max(-1.0, int((of.agree - of.differ).sum()) / math.sqrt(left) / math.sqrt(right)))


def _kendall_influence(true: Array, pred: Array) -> Array:
    # The projection of a ratio of U statistics of two rows: each row's own share of the pairs, twice.
    of = _pairs(true, pred)
    left, right = _untied(of)
    excess = of.agree - of.differ
    root = math.sqrt(left) * math.sqrt(right)
    free = (of.others() - of.left_ties) / left + (of.others() - of.right_ties) / right
    return np.asarray(2 * len(true) * (excess / root - int(excess.sum()) / root / 2 * free))


@metric(
    label="Kendall correlation",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    low=-1.0,
    aliases={"kendall": {}, "kendalltau": {}, "kendall_tau": {}, "kendall_tau_b": {}},
    influence=_influence_of_columns(_kendall_influence),
)
def kendall_score(y_true: Any, y_pred: Any) -> float:
    """Kendall's tau-b: pairs of rows in the same order less those in opposite order, as a share of those without ties.

    ``(C - D) / sqrt((pairs not tied in y) (pairs not tied in p))``, in O(n log n).

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs).
    Returns: -1 to 1, 1 is best. Undefined where a column is constant, and for fewer than two rows.
    Source: Kendall, Biometrika 1945; scipy, ``kendalltau``.

    >>> round(kendall_score([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]), 6)
    0.333333
    """
    return _mean_of_columns(_kendall, y_true, y_pred)


def _ordered(of: _Pairs) -> tuple[Array, Array]:
    """Return for each row the pairs that the truth orders, and those of them that are right, ties for one half."""
    comparable = of.others() - of.left_ties
    if not comparable.any():
        raise UndefinedMetricError("The truth is constant, so there is no pair of rows to be ordered.")
    return comparable, (comparable + of.agree - of.differ) / 2


def _pairwise(true: Array, pred: Array) -> float:
    comparable, right = _ordered(_pairs(true, pred))
    return float(right.sum() / comparable.sum())


def _pairwise_influence(true: Array, pred: Array) -> Array:
    comparable, right = _ordered(_pairs(true, pred))
    total = comparable.sum()
    return np.asarray(2 * len(true) * (right - right.sum() / total * comparable) / total)


@metric(
    label="Pairs in the right order",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    columns="outputs",
    aliases={"concordance": {}, "pairwise_accuracy": {}, "pairwise_order": {}},
    influence=_influence_of_columns(_pairwise_influence),
    interval="logit",
)
def concordance_score(y_true: Any, y_pred: Any) -> float:
    """Share of the pairs of rows with different truth that the predictions put in the right order.

    Pairs of equal predictions count one half. For two classes this is ROC AUC; for times of survival, Harrell's C
    where every event was seen.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,) or (rows, outputs).
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where a column of the truth is constant.
    Source: Harrell and others, Journal of the American Medical Association 1982; Somers' D is twice it less 1.

    >>> concordance_score([1.0, 2.0, 3.0, 3.0], [1.0, 3.0, 2.0, 3.0])
    0.7
    """
    return _mean_of_columns(_pairwise, y_true, y_pred)
