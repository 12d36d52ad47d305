"""Metrics of two clusterings of the same rows by how much the one tells about the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.contingency import Contingency, contingency
from scoring.metrics.registry import Array, Param, metric

AVERAGE_METHOD = Param(
    name="average_method",
    kind="choice",
    default="arithmetic",
    choices=("arithmetic", "geometric", "min", "max"),
    help="The mean of the two entropies that the information is divided by.",
)
BETA = Param(
    name="beta", kind="number", default=1.0, low=0.0, high=1000.0, help="How much completeness counts to homogeneity."
)


def _entropy(sizes: Array) -> float:
    share = sizes / sizes.sum()
    return max(0.0, -float(share @ np.log(share)))


def _information(table: Contingency) -> float:
    """Return the mutual information of the two partitions, in nats."""
    share = table.both / table.rows
    ratio = np.log(table.both) + math.log(table.rows) - np.log(table.true[table.row]) - np.log(table.pred[table.column])
    return max(0.0, float(share @ ratio))


def _mean_entropy(table: Contingency, *, average_method: str) -> float:
    true, pred = _entropy(table.true), _entropy(table.pred)
    if average_method == "geometric":
        return math.sqrt(true * pred)
    return {"arithmetic": (true + pred) / 2, "min": min(true, pred), "max": max(true, pred)}[average_method]


@metric(
    label="Normalised mutual information",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    params=(AVERAGE_METHOD,),
    aliases={"nmi": {}, "normalized_mutual_info": {}, "normalized_mutual_information": {}},
)
def normalized_mutual_info_score(y_true: Any, y_pred: Any, *, average_method: str = "arithmetic") -> float:
    """Mutual information of two clusterings over the mean of their entropies.

    It is 1 where the two are one and the same, and else 0 where either has one cluster only.

    Parameters: ``y_true`` and ``y_pred``, names of clusters, of shape (rows,); ``average_method``.
    Returns: 0 to 1, 1 is best; it grows with the number of clusters, which ``adjusted_mutual_info_score`` mends.
    Source: Strehl and Ghosh, JMLR 2002; scikit-learn, ``normalized_mutual_info_score``.

    >>> round(normalized_mutual_info_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.8
    """
    table = contingency(y_true, y_pred)
    if table.identical:
        return 1.0
    scale = _mean_entropy(table, average_method=average_method)
    return min(1.0, _information(table) / scale) if scale > 0 else 0.0


@metric(
    label="Adjusted mutual information",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    low=-math.inf,
    params=(AVERAGE_METHOD,),
    aliases={"ami": {}, "adjusted_mutual_info": {}, "adjusted_mutual_information": {}},
)
def adjusted_mutual_info_score(y_true: Any, y_pred: Any, *, average_method: str = "arithmetic") -> float:
    """Mutual information of two clusterings on a scale where chance is 0.

    ``(I - E) / (mean entropy - E)``, with E what chance gives on average at the same sizes of clusters. It is 1 where
    the two are one and the same, and else 0 where either has one cluster only.

    Parameters: ``y_true`` and ``y_pred``, names of clusters, of shape (rows,); ``average_method``.
    Returns: at most 1, which is best; 0 is chance.
    Source: Vinh, Epps and Bailey, JMLR 2010; scikit-learn, ``adjusted_mutual_info_score``.

    >>> round(adjusted_mutual_info_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.571429
    """
    table = contingency(y_true, y_pred)
    if table.identical:
        return 1.0
    if len(table.true) == 1 or len(table.pred) == 1:
        return 0.0
    chance = _expected_information(table)
    scale = _mean_entropy(table, average_method=average_method) - chance
    eps = float(np.finfo(np.float64).eps)  # every row alone in one of the two: nothing but chance is left
    scale = min(scale, -eps) if scale < 0 else max(scale, eps)
    return (_information(table) - chance) / scale


def _expected_information(table: Contingency) -> float:
    """Return the mean of the mutual information over all ways to deal the rows to clusters of the same sizes.

    Clusters of equal size are dealt alike, so that each pair of sizes is looked at once.
    """
    (true, true_count), (pred, pred_count) = (
        np.unique(sizes, return_counts=True) for sizes in (table.true, table.pred)
    )
    total = 0.0
    for size, count in zip(true, true_count, strict=True):
        for other, other_count in zip(pred, pred_count, strict=True):
            total += int(count * other_count) * _expected_term(float(size), float(other), rows=table.rows)
    return total


def _expected_term(size: float, other: float, *, rows: float) -> float:
    from scipy.special import gammaln  # noqa: PLC0415 - loaded only by whom it serves

    centre = size * other / rows
    spread = math.sqrt(centre * (1 - size / rows) * (rows - other) / max(rows - 1, 1))
    reach = 12 * spread + 40  # by Bernstein's inequality what lies beyond weighs less than 1e-26
    low = max(1.0, size + other - rows, math.floor(centre - reach))
    shared = np.arange(low, min(size, other, math.ceil(centre + reach)) + 1)
    fixed = sum(gammaln(x + 1) for x in (size, other, rows - size, rows - other)) - gammaln(rows + 1)
    parts = (shared, size - shared, other - shared, rows - size - other + shared)
    chance = np.exp(fixed - sum(gammaln(part + 1) for part in parts))
    return float(chance @ (shared / rows * np.log(rows * shared / (size * other))))


@metric(
    label="Homogeneity",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    aliases={"homogeneity": {}},
)
def homogeneity_score(y_true: Any, y_pred: Any) -> float:
    """How far each cluster holds rows of one true class only.

    ``1 - H(class | cluster) / H(class)``, and 1 where there is one class only.

    Parameters: ``y_true``, classes, and ``y_pred``, names of clusters, of shape (rows,).
    Returns: 0 to 1, 1 is best; one cluster for each row is homogeneous.
    Source: Rosenberg and Hirschberg, "V-measure", EMNLP 2007; scikit-learn, ``homogeneity_score``.

    >>> round(homogeneity_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    1.0
    """
    return _told(contingency(y_true, y_pred))[0]


@metric(
    label="Completeness",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    aliases={"completeness": {}},
)
def completeness_score(y_true: Any, y_pred: Any) -> float:
    """How far the rows of each true class are in one cluster.

    ``1 - H(cluster | class) / H(cluster)``, and 1 where there is one cluster only.

    Parameters: ``y_true``, classes, and ``y_pred``, names of clusters, of shape (rows,).
    Returns: 0 to 1, 1 is best; a single cluster is complete.
    Source: Rosenberg and Hirschberg, "V-measure", EMNLP 2007; scikit-learn, ``completeness_score``.

    >>> round(completeness_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.666667
    """
    return _told(contingency(y_true, y_pred))[1]


@metric(
    label="V-measure",
    family="clustering",
    greater_is_better=True,
    takes="labels",
    params=(BETA,),
    aliases={"v_measure": {}, "vmeasure": {}},
)
def v_measure_score(y_true: Any, y_pred: Any, *, beta: float = 1.0) -> float:
    """Weighted harmonic mean of homogeneity and completeness.

    ``(1 + β) h c / (β h + c)``, and 0 where both are 0. With β = 1 it is the normalised mutual information.

    Parameters: ``y_true``, classes, and ``y_pred``, names of clusters, of shape (rows,); ``beta``, 0 or more.
    Returns: 0 to 1, 1 is best.
    Source: Rosenberg and Hirschberg, "V-measure", EMNLP 2007; scikit-learn, ``v_measure_score``.

    >>> round(v_measure_score([0, 0, 1, 1], [0, 0, 1, 2]), 6)
    0.8
    """
    homogeneity, completeness = _told(contingency(y_true, y_pred))
    total = beta * homogeneity + completeness
    return (1 + beta) * homogeneity * completeness / total if total else 0.0


def _told(table: Contingency) -> tuple[float, float]:
    """Return which share of the entropy of the truth the predictions tell, and the other way round."""
    information = _information(table)
    shares = (
        min(1.0, information / entropy) if entropy > 0 else 1.0
        for entropy in (_entropy(table.true), _entropy(table.pred))
    )
    homogeneity, completeness = shares
    return homogeneity, completeness
