"""Whether probabilities mean what they say: the expected calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.classes import arrays, check_probabilities, class_codes, positive_rows
from scoring.metrics.order import order_of
from scoring.metrics.registry import Array, Param, metric


@metric(
    label="Expected calibration error",
    family="probabilities",
    greater_is_better=False,
    takes="probabilities",
    columns="classes",
    params=(
        Param(name="bins", kind="number", default=10, low=1, high=10_000, whole=True, help="How many bins."),
        Param(
            name="binning",
            kind="choice",
            default="width",
            choices=("width", "mass"),
            help="width: bins of equal width over 0 to 1; mass: adaptive, with as many rows in each.",
        ),
    ),
    aliases={
        "ece": {},
        "ece_{bins}": {},
        "ece_{bins}_equal_width": {"binning": "width"},
        "ece_{bins}_equal_mass": {"binning": "mass"},
        "ece_{bins}_adaptive": {"binning": "mass"},
        "adaptive_ece": {"binning": "mass"},
        "ace": {"binning": "mass"},
    },
)
def expected_calibration_error(
    y_true: Any,
    y_proba: Any,
    *,
    bins: int = 10,
    binning: str = "width",
    labels: Any = None,
    sample_weight: Any = None,
) -> float:
    """Mean distance, over bins of alike predictions, between how sure they are and how often they are right.

    ``sum_b share_b |mean(o) - mean(p)|``, where p is the probability of the positive class and o whether it came true;
    with several columns, p is the greatest probability of a row and o whether its class came true (a tie of m classes
    counts 1/m). Of ``n`` bins of equal width the bin of p is ``floor(n p)``, and the last for p = 1; bins of equal mass
    follow the ranks, where equal probabilities stand together, at their middle.

    Parameters: ``y_true`` of shape (rows,); ``y_proba`` of shape (rows,), for the greater of two labels, or
    (rows, classes); ``bins``; ``binning``; ``labels``, the classes in the order of the columns; ``sample_weight`` of
    shape (rows,) or None.
    Returns: 0 to 1, 0 is best. A constant prediction of the share of positives is calibrated too: read it beside a
    metric that rewards telling rows apart.
    Source: Naeini et al., AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML 2017.

    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], bins=5), 6)
    0.3375
    """
    true, proba, weight = arrays(y_true, y_proba, sample_weight=sample_weight)
    check_probabilities(proba)
    if proba.ndim == 2 and proba.shape[1] == 2:
        sure, right = proba[:, 1], class_codes(true, labels=labels, columns=2) == 1
    elif proba.ndim == 2:
        sure, right = _of_the_likeliest(class_codes(true, labels=labels, columns=proba.shape[1]), proba)
    else:
        sure, right = proba, positive_rows(true, labels=labels)
    place = order_of(sure).middle_shares(weight) if binning == "mass" else sure
    code = np.minimum((place * bins).astype(np.int64), bins - 1)
    gap = (right - sure) if weight is None else (right - sure) * weight
    total = len(true) if weight is None else weight.sum()
    return float(np.abs(np.bincount(code, weights=gap)).sum() / total)


def _of_the_likeliest(codes: Array, proba: Array) -> tuple[Array, Array]:
    sure = proba.max(axis=1)
    likeliest = proba == sure[:, None]
    return sure, likeliest[np.arange(len(codes)), codes] / likeliest.sum(axis=1)
