"""Area under the ROC curve: values, covariance, tests and intervals after DeLong, DeLong and Clarke-Pearson (1988).

With V10 of a positive (the share of negatives it beats, ties counting half) and V01 of a negative (the share of
positives that beat it), the covariance is ``cov(V10)/n1 + cov(V01)/n0`` with n1 - 1 and n0 - 1 in the denominators. One
sort a team makes it O(n log n) (Sun and Xu 2014).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, vector
from scoring.statistics.comparisons import Comparison, compare, variances_of_differences
from scoring.statistics.intervals import Interval, interval_from_se, quantile


def placements(y_true: ArrayLike, y_score: ArrayLike) -> Array:
    """Return V10 of each positive row and V01 of each negative one, shape (rows,); either has the mean AUC.

    ``y_true`` is 1 (or True) for positives. Raises ValueError where there is one class only, or a score is NaN.

    >>> placements([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]).tolist()
    [1.0, 0.75, 0.75, 1.0]
    """
    positive, score = _positives(y_true), vector(y_score, name="y_score")
    if positive.shape != score.shape or np.isnan(score).any():
        raise ValueError("Scores must be numbers, one a row of the truth.")
    order = np.argsort(score)
    sorted_positive = positive[order]
    upto = np.concatenate([[0], np.cumsum(sorted_positive)])
    first, last = _ends_of_ties(score[order])
    rows, n1 = len(score), int(upto[-1])
    # In doubled counts, a tie is 1: below and up to the tie together, and what is left for those above.
    positives_below = upto[first] + upto[last]
    negatives_below = first + last - positives_below
    place = np.where(sorted_positive, negatives_below / (2 * (rows - n1)), 1 - positives_below / (2 * n1))
    result = np.empty(rows)
    result[order] = place
    return result


def auc_covariance(y_true: ArrayLike, scores: Sequence[ArrayLike]) -> tuple[Array, Array]:
    """Return the teams' AUC, shape (teams,), and its covariance, shape (teams, teams).

    ``scores`` holds one array of shape (rows,) a team. The covariance is NaN with one positive or one negative row.
    """
    positive = _positives(y_true)
    placed = np.stack([placements(positive, score) for score in scores])
    cov = np.zeros((len(placed), len(placed)))
    for part in (placed[:, positive], placed[:, ~positive]):
        count = part.shape[1]
        centred = part - part.mean(axis=1, keepdims=True)
        cov += centred @ centred.T / count / (count - 1) if count > 1 else math.nan
    return placed[:, positive].mean(axis=1), cov


def compare_aucs(y_true: ArrayLike, first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Comparison:
    """Return DeLong's test of two AUC on the same rows."""
    aucs, cov = auc_covariance(y_true, [first, second])
    return compare(float(aucs[0]), float(aucs[1]), float(variances_of_differences(cov)[0, 1]), level=level)


def auc_interval(
    y_true: ArrayLike, y_score: ArrayLike, *, kind: Literal["wald", "logit"] = "logit", level: float = 0.95
) -> Interval:
    """Return the interval of an AUC: on the logit scale, which stays within 0 to 1, or Wald's, clipped to it.

    A perfect or constant ranking has an unknown interval.
    """
    aucs, cov = auc_covariance(y_true, [y_score])
    se = math.sqrt(cov[0, 0])
    return interval_from_se(float(aucs[0]), se, kind=kind, low=0.0, high=1.0, greater_is_better=True, level=level)


def wald(auc: float, se: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return AUC ± z SE as it is computed, not clipped: for tables that other software is compared with."""
    half = quantile(level) * se
    return auc - half, auc + half


def _positives(y_true: ArrayLike) -> Array:
    truth = np.asarray(y_true)
    positive = truth.astype(bool)
    if truth.ndim != 1 or not np.isin(truth, [0, 1]).all():
        raise ValueError("The truth must be one column of 0 and 1.")
    if positive.all() or not positive.any():
        raise ValueError("AUC needs rows of both classes.")
    return positive


def _ends_of_ties(ordered: Array) -> tuple[Array, Array]:
    """Return for each sorted value where its run of equal values starts, and where it ends (exclusive)."""
    rows = len(ordered)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if len(starts) == rows:
        return starts, starts + 1
    lengths = np.diff(starts, append=rows)
    return np.repeat(starts, lengths), np.repeat(starts + lengths, lengths)
