"""The winner's curse: by how much the first of a public board looks better than it is.

Who leads was lucky, among other things; the more teams, the larger the standard error and the less the teams' errors
go together, the more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from scoring.statistics.arrays import Array, scores_or_nan
from scoring.statistics.rank_distribution import draw_scores


def expected_maximum(teams: int) -> float:
    """Return the expected maximum of that many independent standard normal variables.

    >>> round(expected_maximum(2), 6), round(expected_maximum(50), 4)
    (0.56419, 2.2491)
    """
    from scipy.special import log_ndtr  # noqa: PLC0415 - scipy is slow to import

    if teams < 1:
        raise ValueError(f"There are {teams} teams, expected one at least.")
    x = np.linspace(-12, 12, 9_601)
    density = teams * np.exp(-x * x / 2 + (teams - 1) * log_ndtr(x)) / math.sqrt(2 * math.pi)
    return float(np.sum(x * density) * (x[1] - x[0]))


def optimism_of_equals(teams: int, se: float, *, correlation: float = 0.0) -> float:
    """Return the expected optimism of the first of equally good teams: ``E[max] * SE * sqrt(1 - correlation)``.

    ``correlation`` is the mean one between the teams' scores. At correlation 0 it is what to announce before launch, as
    "at most": teams that differ, or whose scores rise and fall together, have less.

    >>> round(optimism_of_equals(50, 0.004), 3), round(optimism_of_equals(50, 0.004, correlation=0.9), 4)
    (0.009, 0.0028)
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"The correlation is {correlation}, expected -1 to 1.")
    return expected_maximum(teams) * se * math.sqrt(1 - correlation)


def largest_se(rows: int, *, low: float, high: float) -> float:
    """Return the largest standard error that a mean over ``rows`` of values from ``low`` to ``high`` can have.

    Before launch there are no scores to take one from; half the range is the largest standard deviation there is.

    >>> round(largest_se(3600, low=0, high=1), 5)
    0.00833
    """
    return (high - low) / 2 / math.sqrt(rows)


def optimism(
    scores: Sequence[float | None] | Array,
    cov: Array,
    *,
    higher_is_better: bool,
    draws: int = 1_000,
    seed: int = 0,
) -> float:
    """Return the expected optimism of whoever leads, at least 0, in the score's own unit, by draws from N(scores, cov).

    In each draw, how much better the first team drew than it is; the mean of that. The scores stand for the truth, and
    since they lie further apart than the truth does, the true optimism is a little larger. Teams without a score or
    without evidence are left out; with fewer than two teams it is 0.
    """
    values, matrix = scores_or_nan(scores), np.asarray(cov, dtype=np.float64)
    known = np.isfinite(values) & np.isfinite(np.diag(matrix))
    if known.sum() < 2:
        return 0.0
    values = values[known] if higher_is_better else -values[known]
    drawn = draw_scores(values, matrix[np.ix_(known, known)], draws=draws, seed=seed)
    first = np.argmax(drawn, axis=1)
    return max(0.0, float(np.mean((drawn - values)[np.arange(draws), first])))


def mean_correlation(cov: Array) -> float:
    """Return the mean correlation between different teams, from a covariance of shape (teams, teams); NaN below two."""
    matrix = np.asarray(cov, dtype=np.float64)
    spread = np.sqrt(np.diag(matrix))
    known = np.isfinite(spread) & (spread > 0)
    correlation = matrix[np.ix_(known, known)] / np.outer(spread[known], spread[known])
    pairs = correlation[np.triu_indices(len(correlation), 1)]
    return float(pairs.mean()) if len(pairs) else math.nan
