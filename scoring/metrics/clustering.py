"""Metrics of two partitions of the same rows by the pairs of rows that they put together, and by their overlap.

Clusters may have any names, numbers or text; only who is with whom counts.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.contingency import contingency
from scoring.metrics.registry import metric


def _pairs(y_true: Any, y_pred: Any) -> tuple[float, float, float, float]:
    """Return the ordered pairs of rows that are together in both, in the truth, and in the predictions; and all."""
    table = contingency(y_true, y_pred)
    both, true, pred = (float(sizes @ sizes) - table.rows for sizes in (table.both, table.true, table.pred))
    return both, true, pred, table.rows * (table.rows - 1)


@metric(
    label="Adjusted Rand index",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    low=-0.5,
    aliases={"ari": {}, "adjusted_rand": {}, "adjusted_rand_index": {}},
)
def adjusted_rand_score(y_true: Any, y_pred: Any) -> float:
    """Share of pairs of rows on which two clusterings agree, on a scale where chance is 0.

    ``(R - E) / (M - E)``, with R the pairs that are together in both, E what chance gives at the same sizes of
    clusters, and M the mean of the pairs that are together in each. It is 1 where the two are one and the same,
    one cluster or one for each row included.

    Parameters: ``y_true`` and ``y_pred``, names of clusters, of shape (rows,).
    Returns: -0.5 to 1, 1 is best, 0 is chance.
    Source: Hubert and Arabie, Journal of Classification 1985; scikit-learn, ``adjusted_rand_score``.

    >>> round(adjusted_rand_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.571429
    """
    both, true, pred, total = _pairs(y_true, y_pred)
    if both == true == pred:
        return 1.0
    chance = true * pred / total
    return (both - chance) / ((true + pred) / 2 - chance)


@metric(
    label="Rand index",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    aliases={"rand": {}, "rand_index": {}},
)
def rand_score(y_true: Any, y_pred: Any) -> float:
    """Share of pairs of rows on which two clusterings agree: together in both, or apart in both.

    Parameters: ``y_true`` and ``y_pred``, names of clusters, of shape (rows,).
    Returns: 0 to 1, 1 is best; chance is well above 0, which ``adjusted_rand_score`` mends. One row alone gives 1.
    Source: Rand, Journal of the American Statistical Association 1971; scikit-learn, ``rand_score``.

    >>> round(rand_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.833333
    """
    both, true, pred, total = _pairs(y_true, y_pred)
    return 1.0 if total == 0 else (total + 2 * both - true - pred) / total


@metric(
    label="Fowlkes-Mallows index",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    aliases={"fmi": {}, "fowlkes_mallows": {}, "fowlkes_mallows_index": {}},
)
def fowlkes_mallows_score(y_true: Any, y_pred: Any) -> float:
    """Geometric mean of precision and recall of the pairs of rows that are put together.

    ``TP / sqrt((TP + FP)(TP + FN))`` over pairs, and 0 where no pair is together in both.

    Parameters: ``y_true`` and ``y_pred``, names of clusters, of shape (rows,).
    Returns: 0 to 1, 1 is best.
    Source: Fowlkes and Mallows, Journal of the American Statistical Association 1983; scikit-learn.

    >>> round(fowlkes_mallows_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.707107
    """
    both, true, pred, _ = _pairs(y_true, y_pred)
    return math.sqrt(both / true) * math.sqrt(both / pred) if both else 0.0


@metric(
    label="Purity",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    aliases={"purity": {}, "cluster_purity": {}},
)
def purity_score(y_true: Any, y_pred: Any) -> float:
    """Share of rows that belong to the most frequent true class of their cluster.

    ``sum_clusters max_classes n / rows``. More clusters are never worse: one for each row is pure.

    Parameters: ``y_true``, classes, and ``y_pred``, names of clusters, of shape (rows,).
    Returns: over 0 to 1, 1 is best; one cluster gives the share of the most frequent class.
    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 16.3.

    >>> purity_score([0, 0, 1, 1], [0, 0, 0, 1])
    0.75
    """
    table = contingency(y_true, y_pred)
    largest = np.zeros(len(table.pred))
    np.maximum.at(largest, table.column, table.both)
    return float(largest.sum() / table.rows)
