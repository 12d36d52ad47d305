"""Tests of two teams on few units: exact ones, where normal approximations are not to be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, midranks, vector
from scoring.statistics.comparisons import PFunction

EXACT_UP_TO = 15
"""The most units for which all sign vectors are gone through: 2^15."""
EXACT_RANKS_UP_TO = 500
BLOCK = 2**22
"""How many random signs are held at once."""
TIE = 1e-12
"""Sums this near to the observed one, relatively, count as equal to it."""


def sign_flip(differences: ArrayLike, *, draws: int = 9_999, seed: int = 0) -> float:
    """Return the two-sided p value of the sign-flip test that paired differences, shape (units,), have mean 0.

    Exact over all ``2^n`` sign vectors up to 15 units; above that by ``draws`` random ones with the observed one among
    them, ``(1 + as extreme) / (1 + draws)`` (Phipson and Smyth 2010), so that p is never 0.

    >>> sign_flip([0.2, 0.1, 0.3])
    0.25
    """
    values = _finite(differences)
    if len(values) <= EXACT_UP_TO:
        return float(np.mean(_as_extreme(_all_signs(len(values)), values)))
    random, rows, extreme = np.random.default_rng(seed), max(1, BLOCK // len(values)), 0
    for start in range(0, draws, rows):
        signs = random.integers(0, 2, size=(min(rows, draws - start), len(values)), dtype=np.int8) * 2.0 - 1
        extreme += int(_as_extreme(signs, values).sum())
    return (1 + extreme) / (1 + draws)


def mcnemar_exact(b: int, c: int) -> float:
    """Return the exact two-sided p value of McNemar's test; ``b`` rows only the first has right, ``c`` the second.

    Twice the binomial tail of the smaller count with probability 1/2; 1 where the teams never disagree.

    >>> round(mcnemar_exact(12, 3), 8)
    0.03515625
    """
    from scipy.special import bdtr  # noqa: PLC0415 - scipy is slow to import

    return min(1.0, 2 * float(bdtr(float(min(b, c)), b + c, 0.5))) if b + c else 1.0


def mcnemar_chi2(b: int, c: int) -> tuple[float, float]:
    """Return McNemar's statistic with continuity correction, ``(|b - c| - 1)^2 / (b + c)``, and its p value.

    For large counts (Edwards 1948); :func:`mcnemar_exact` is right for all.
    """
    if not b + c:
        return 0.0, 1.0
    chi2 = max(abs(b - c) - 1, 0) ** 2 / (b + c)
    return chi2, math.erfc(math.sqrt(chi2 / 2))


def disagreements(first_right: ArrayLike, second_right: ArrayLike) -> tuple[int, int]:
    """Return how many rows only the first team has right, and how many only the second; booleans of shape (rows,)."""
    first, second = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if first.shape != second.shape:
        raise ValueError(f"Two teams of {first.size} and {second.size} rows cannot be paired.")
    return int((first & ~second).sum()), int((second & ~first).sum())


def paired_t(differences: ArrayLike) -> float:
    """Return the two-sided p value of Student's paired t test; NaN below two units.

    Without any spread it is 1 where all differences are 0, and 0 otherwise.
    """
    from scipy.special import stdtr  # noqa: PLC0415 - scipy is slow to import

    values = _finite(differences)
    dz, freedom = cohen_dz(values), len(values) - 1
    return math.nan if math.isnan(dz) else 2 * float(stdtr(freedom, -abs(dz) * math.sqrt(len(values))))


def wilcoxon(differences: ArrayLike) -> float:
    """Return the two-sided p value of Wilcoxon's signed-rank test (1945), from its exact distribution.

    Differences of 0 are left out. Ties share the mean of their ranks, and the sum of ranks is then compared, rounded
    towards 1/2, with the distribution for ranks without ties, as tables and scipy's ``method="exact"`` do. Above 500
    units the normal approximation takes over.
    """
    from scipy.special import ndtr  # noqa: PLC0415 - scipy is slow to import

    values = _finite(differences)
    values = values[values != 0]
    ranks, units = midranks(np.abs(values)), len(values)
    least = min(float(ranks[values > 0].sum()), float(ranks[values < 0].sum()))
    if units > EXACT_RANKS_UP_TO:
        return 2 * float(ndtr((least - units * (units + 1) / 4) / math.sqrt(float((ranks**2).sum()) / 4)))
    return min(1.0, 2 * float(_rank_sums(units)[: math.ceil(least) + 1].sum()))


def cohen_dz(differences: ArrayLike) -> float:
    """Return Cohen's d of paired differences, their mean in their own standard deviations; NaN below two units.

    Infinite where all are the same and not 0, and 0 where all are 0.
    """
    values = _finite(differences)
    if len(values) < 2:
        return math.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if spread <= TIE * abs(mean):
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / spread


def exact_p(losses: Sequence[ArrayLike], *, binary: bool = False, seed: int = 0) -> PFunction:
    """Return exact p values of pairs of teams on demand, for :func:`scoring.statistics.steps.steps`.

    ``losses`` holds one array of shape (units,) a team. McNemar's where units are ``binary`` (right or wrong), for any
    number of them; else the sign-flip test.
    """
    arrays = [vector(loss, name="losses") for loss in losses]

    def p(first: int, second: int) -> float:
        if binary:
            return mcnemar_exact(*disagreements(arrays[first], arrays[second]))
        return sign_flip(arrays[first] - arrays[second], seed=seed)

    return p


def _finite(differences: ArrayLike) -> Array:
    values = vector(differences, name="differences")
    if not np.isfinite(values).all():
        raise ValueError("The differences hold NaN or infinite values.")
    return values


def _all_signs(units: int) -> Array:
    return 1.0 - 2.0 * ((np.arange(2**units)[:, None] >> np.arange(units)) & 1)


def _as_extreme(signs: Array, values: Array) -> Array:
    limit = abs(values.sum()) - TIE * np.abs(values).sum()
    return np.asarray(np.abs(signs @ values) >= limit)


def _rank_sums(units: int) -> Array:
    """Return the probability of each sum of ranks 1 to ``units`` whose signs are tosses of a coin."""
    share = np.zeros(units * (units + 1) // 2 + 1)
    share[0] = 1.0
    for rank in range(1, units + 1):
        share[rank:] = (share[rank:] + share[:-rank]) / 2
        share[:rank] /= 2
    return share
