"""ROC AUC over several classes as the mean over all pairs of them, of the rows of the two alone."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from scoring.metrics.classes import class_codes
from scoring.metrics.placements import area, area_influence
from scoring.metrics.registry import Array, MetricInputError


def one_against_one(true: Array, score: Array, *, labels: Any, average: str, weight: Array | None) -> float:
    """Return the mean over pairs, plain or weighted by the share of rows that are of the pair."""
    codes = _codes(true, score, labels=labels, average=average)
    pairs = list(combinations(range(score.shape[1]), 2))
    values = [_of_pair(codes, score, pair, weight) for pair in pairs]
    shares = [np.average(np.isin(codes, pair), weights=weight) for pair in pairs] if average == "weighted" else None
    return float(np.average(values, weights=shares))


def one_against_one_influence(true: Array, score: Array, *, labels: Any, average: str, weight: Array | None) -> Array:
    """Return the influence values of :func:`one_against_one`, shape (rows,)."""
    codes = _codes(true, score, labels=labels, average=average)
    counts = np.ones(len(codes)) if weight is None else weight / weight.mean()
    pairs, total = list(combinations(range(score.shape[1]), 2)), np.zeros(len(codes))
    for pair in pairs:
        member = np.isin(codes, pair)
        share = float(np.average(member, weights=weight))
        factor = share if average == "weighted" else 1.0
        total[member] += factor * len(codes) / member.sum() * _influence_of_pair(codes, score, pair, weight)
        if average == "weighted":
            total += (member - share) * counts * _of_pair(codes, score, pair, weight)
    # The shares of all pairs add up to classes - 1, whatever the rows.
    return total / (score.shape[1] - 1 if average == "weighted" else len(pairs))


def _of_pair(codes: Array, score: Array, pair: tuple[int, int], weight: Array | None) -> float:
    first, second, columns, part = _rows_of_pair(codes, score, pair, weight)
    return (area(first, columns[:, 0], part) + area(second, columns[:, 1], part)) / 2


def _influence_of_pair(codes: Array, score: Array, pair: tuple[int, int], weight: Array | None) -> Array:
    first, second, columns, part = _rows_of_pair(codes, score, pair, weight)
    both = area_influence(first, columns[:, 0], part) + area_influence(second, columns[:, 1], part)
    return np.asarray(both / 2)


def _rows_of_pair(
    codes: Array, score: Array, pair: tuple[int, int], weight: Array | None
) -> tuple[Array, Array, Array, Array | None]:
    member = np.isin(codes, pair)
    columns = score[member][:, pair]
    return codes[member] == pair[0], codes[member] == pair[1], columns, None if weight is None else weight[member]


def _codes(true: Array, score: Array, *, labels: Any, average: str) -> Array:
    if average == "micro":
        raise MetricInputError("Pairs of classes have no micro average: set `average` to macro or weighted.")
    return class_codes(true, labels=labels, columns=score.shape[1])
