"""How often each team would take each rank if the test set were drawn again.

This is stability, not coverage: percentile intervals of ranks cover the true ranks of all teams at once only 28 to 83 %
of the time, so they must not be called 95 %. What covers are :func:`scoring.statistics.steps.rank_ranges`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.statistics.arrays import Array, scores_or_nan

SAME = 1e-9
"""Drawn scores nearer than this share of the largest standard error come from the same predictions: a tie."""


@dataclass(frozen=True, slots=True, eq=False)
class RankDistribution:
    """What the draws gave. Teams without a score or without evidence have rows of NaN."""

    probability: Array
    """Shape (teams, teams): of each team (row) to have each rank, 1 first (column)."""
    first: Array
    """Shape (teams,): of each team to be first."""
    stability: Array
    """Shape (teams, 2): the ranks between which a team stays in the given share of the draws."""
    share: float


def draw_scores(scores: Sequence[float | None] | Array, cov: Array, *, draws: int = 1_000, seed: int = 0) -> Array:
    """Return draws from N(scores, cov), shape (draws, teams). What has no variance stays where it is."""
    values, matrix = scores_or_nan(scores), np.array(cov, dtype=np.float64)
    unknown = ~np.isfinite(np.diag(matrix))
    matrix[unknown, :] = matrix[:, unknown] = 0.0
    # Copies make the covariance singular, and rounding may make it indefinite by a hair: no Cholesky.
    size, direction = np.linalg.eigh((matrix + matrix.T) / 2)
    root = direction * np.sqrt(np.maximum(size, 0.0))
    return np.asarray(values + np.random.default_rng(seed).standard_normal((draws, len(values))) @ root.T)


def rank_distribution(
    scores: Sequence[float | None] | Array,
    cov: Array,
    *,
    higher_is_better: bool,
    draws: int = 1_000,
    seed: int = 0,
    share: float = 0.95,
) -> RankDistribution:
    """Draw scores from N(scores, cov) and rank each draw; among equal ones the team that comes first leads.

    A team whose evidence is missing holds its place at its own score; one without a score comes last.
    """
    values, own = scores_or_nan(scores), np.diag(np.asarray(cov, dtype=np.float64))
    drawn = draw_scores(values, cov, draws=draws, seed=seed)
    ranks = _ranks(drawn, width=SAME * np.sqrt(np.nanmax(own, initial=0.0)), higher_is_better=higher_is_better)
    teams = len(values)
    cells = ranks + teams * np.arange(teams)
    probability = np.bincount(cells.ravel(), minlength=teams * teams).reshape(teams, teams) / draws
    tails = [(1 - share) / 2, (1 + share) / 2]
    stability = np.quantile(ranks + 1.0, tails, axis=0, method="inverted_cdf").T
    unknown = ~np.isfinite(values) | ~np.isfinite(own)
    probability[unknown], stability[unknown] = np.nan, np.nan
    return RankDistribution(probability, probability[:, :1].ravel(), stability, share)


def _ranks(drawn: Array, *, width: float, higher_is_better: bool) -> Array:
    """Return ranks from 0, shape (draws, teams)."""
    key = -drawn if higher_is_better else drawn
    if width > 0:
        key = np.round(key / width)
    order = np.argsort(key, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(drawn.shape[1]), order.shape), axis=1)
    return ranks
