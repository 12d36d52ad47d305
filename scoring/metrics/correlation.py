"""Metrics of how well the order, or the course, of two columns of numbers agrees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.inputs import numbers, same_length
from scoring.metrics.registry import Array, MetricInputError, UndefinedMetricError, metric


@metric(
    label="Spearman correlation",
    family="correlation",
    greater_is_better=True,
    takes="numbers",
    low=-1.0,
    aliases={"spearman": {}, "spearmanr": {}, "spearman_rho": {}},
)
def spearman_score(y_true: Any, y_pred: Any) -> float:
    """Pearson's correlation of the ranks; rows of equal value share their mean rank.

    Parameters: ``y_true`` and ``y_pred`` of shape (rows,).
    Returns: -1 to 1, 1 is best. Undefined where one of the two is constant, and for fewer than two rows.
    Source: Spearman, American Journal of Psychology 1904; scipy, ``spearmanr``.

    >>> spearman_score([1.0, 2.0, 3.0], [1.0, 4.0, 9.0])
    1.0
    """
    true, pred = numbers(y_true, name="y_true"), numbers(y_pred, name="y_pred")
    same_length(true, pred)
    if true.ndim != 1 or pred.ndim != 1:
        raise MetricInputError("Spearman's correlation takes one column of numbers.")
    return _pearson(_ranks(true), _ranks(pred))


def _ranks(values: Array) -> Array:
    order = np.argsort(values, kind="stable")
    first = np.append(True, np.diff(values[order]) != 0)
    start = np.append(np.flatnonzero(first), len(values))
    ranks = np.empty(len(values))
    ranks[order] = ((start[:-1] + start[1:] - 1) / 2)[np.cumsum(first) - 1]
    return ranks


def _pearson(left: Array, right: Array) -> float:
    left, right = left - left.mean(), right - right.mean()
    spread = math.sqrt(float(left @ left) * float(right @ right))
    if spread == 0:
        raise UndefinedMetricError("One of the two columns is constant, so their correlation has no value.")
    return min(1.0, max(-1.0, float(left @ right) / spread))
