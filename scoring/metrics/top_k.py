"""Whether the true class is among the first few."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.classes import arrays, class_codes
from scoring.metrics.confusion import weighted
from scoring.metrics.inputs import mean
from scoring.metrics.registry import Array, MetricInputError, Param, metric


def _top_k_influence(y_true: Any, y_score: Any, *, k: int = 2, labels: Any = None, sample_weight: Any = None) -> Array:
    found, weight = _found(y_true, y_score, k=k, labels=labels, sample_weight=sample_weight)
    return weighted(found - mean(found, weight=weight), weight)


@metric(
    label="Top-k accuracy",
    family="probabilities",
    greater_is_better=True,
    takes="scores",
    columns="classes",
    params=(Param(name="k", kind="number", default=2, low=1, high=100_000, whole=True, help="How many classes."),),
    aliases={
        "top_k_accuracy": {},
        "top_k": {},
        "topk": {},
        "top_{k}": {},
        "top{k}": {},
        "top_{k}_accuracy": {},
        "top{k}_accuracy": {},
        "accuracy@{k}": {},
    },
    influence=_top_k_influence,
    interval="proportion",
)
def top_k_accuracy_score(
    y_true: Any, y_score: Any, *, k: int = 2, labels: Any = None, sample_weight: Any = None
) -> float:
    """Share of rows whose true class is among the ``k`` classes of the greatest scores.

    Where the true class ties with others for the last places, the row counts by its chance to be drawn among them
    (scikit-learn favours the later columns): a constant prediction has k / classes.

    Parameters: ``y_true`` of shape (rows,); ``y_score`` of shape (rows, classes); ``k``, 1 or more; ``labels``, the
    classes in the order of the columns; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best, k / classes is chance.
    Source: scikit-learn, ``top_k_accuracy_score``.

    >>> top_k_accuracy_score([0, 1, 2], [[0.5, 0.3, 0.2], [0.6, 0.1, 0.3], [0.2, 0.5, 0.3]], k=2)
    0.6666666666666666
    """
    found, weight = _found(y_true, y_score, k=k, labels=labels, sample_weight=sample_weight)
    return mean(found, weight=weight)


def _found(y_true: Any, y_score: Any, *, k: int, labels: Any, sample_weight: Any) -> tuple[Array, Array | None]:
    true, score, weight = arrays(y_true, y_score, sample_weight=sample_weight)
    if score.ndim == 1:
        raise MetricInputError("y_score has one column: one for each class is expected.")
    own = score[np.arange(len(true)), class_codes(true, labels=labels, columns=score.shape[1])][:, None]
    ahead, level = (score > own).sum(axis=1), (score == own).sum(axis=1)
    return np.clip((k - ahead) / level, 0.0, 1.0), weight
