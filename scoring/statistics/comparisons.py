"""Whether two teams differ: covariances of their scores, paired z tests, and Holm's correction.

Two teams are scored on the same units, so their scores rise and fall together; what counts is the variance of the
difference, ``S_aa + S_bb - 2 S_ab``, from the covariance of their influence values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, scores_or_nan, vector
from scoring.statistics.intervals import by_cluster, quantile

PFunction = Callable[[int, int], float]
"""Takes the positions of two teams and returns a two-sided p value, or NaN where it is not known."""
BLOCK_BYTES = 32 * 2**20
"""How much of all teams' evidence is held in memory at once, as float64."""
SAME = 1e-12
"""A variance of a difference below this share of the variances is rounding: the evidence is the same."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two scores (first minus second) and how sure it is."""

    difference: float
    se: float
    z: float
    p: float
    """Two-sided; NaN where the evidence is missing."""
    low: float
    high: float


def covariance(evidence: Sequence[Array | None], *, block_bytes: int = BLOCK_BYTES) -> Array:
    """Return the covariance of the teams' scores, shape (teams, teams), from their influence values.

    ``evidence`` holds one array of shape (units,) a team, or None where there is none: its row and column are NaN. The
    arrays may be memory maps of float32; blocks of units are read and added up in float64, so that memory stays bounded
    (500 teams of 10^6 units: about 100 MB).
    """
    units, present = _units(evidence)
    total = np.full((len(evidence), len(evidence)), np.nan)
    if present and units >= 2:
        arrays = [array for array in evidence if array is not None]
        centred = _centred_products(arrays, units=units, block_bytes=block_bytes)
        total[np.ix_(present, present)] = centred / (units - 1) / units
    return total


def covariance_of_replicates(replicates: Sequence[Array | None], *, block_bytes: int = BLOCK_BYTES) -> Array:
    """Return the same from replicates, shape (draws,) a team, of a bootstrap that gave all teams the same weights."""
    draws, _ = _units(replicates)
    return covariance(replicates, block_bytes=block_bytes) * draws


def paired(
    first: float,
    second: float,
    first_influence: ArrayLike,
    second_influence: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Comparison:
    """Return the paired z test of two scores on the same units, from influence values of shape (units,)."""
    ours, theirs = vector(first_influence, name="influence"), vector(second_influence, name="influence")
    if ours.shape != theirs.shape:
        raise ValueError(f"Two teams of {len(ours)} and {len(theirs)} units cannot be paired.")
    if clusters is not None:
        ours, theirs = by_cluster(ours, clusters), by_cluster(theirs, clusters)
    matrix = covariance([ours, theirs])
    return compare(first, second, _variance_of_difference(matrix, 0, 1), units=len(ours), level=level)


def compare(
    first: float, second: float, variance: float, *, units: int | None = None, level: float = 0.95
) -> Comparison:
    """Return the z test of a difference of scores whose ``variance`` is known.

    A variance of 0 means that no unit tells the teams apart in another way than all others do. Then p is 1 for equal
    scores; otherwise it is the smallest that so many units can give, ``2^(1-units)`` (every sign the same), or 0.
    """
    difference, se = first - second, math.sqrt(variance) if variance >= 0 else math.nan
    half = quantile(level) * se
    if not math.isfinite(se + difference):
        z = p = math.nan
    elif se > 0:
        z = difference / se
        p = math.erfc(abs(z) / math.sqrt(2))
    else:
        equal = bool(_equal(first, second))
        z = 0.0 if equal else math.copysign(math.inf, difference)
        p = 1.0 if equal else _least_p(units)
    return Comparison(difference, se, z, p, difference - half, difference + half)


def p_matrix(scores: Sequence[float | None] | Array, cov: Array, *, units: int | None = None) -> Array:
    """Return the two-sided p values of all pairs of teams, shape (teams, teams), uncorrected, with 1 on the diagonal.

    NaN where a score is None or NaN, or its evidence is missing. ``units`` as for :func:`compare`.
    """
    from scipy.special import ndtr  # noqa: PLC0415 - scipy is slow to import

    values, cov = scores_or_nan(scores), _square(cov, teams=len(scores))
    difference = values[:, None] - values
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(variances_of_differences(cov))
        p = 2 * ndtr(-np.abs(difference / se))
    constant = (se == 0) & np.isfinite(difference)
    p[constant] = np.where(_equal(values[:, None], values), 1.0, _least_p(units))[constant]
    np.fill_diagonal(p, 1.0)
    return np.asarray(p)


def p_function(
    scores: Sequence[float | None] | Array,
    *,
    cov: Array | None = None,
    evidence: Sequence[Array | None] = (),
    units: int | None = None,
) -> PFunction:
    """Return p values of pairs on demand: from a covariance, or straight from the evidence, one pair at a time.

    The second suits boards that are too long for all pairs.
    """
    values = scores_or_nan(scores)

    def variance(first: int, second: int) -> tuple[float, int | None]:
        if cov is not None:
            return _variance_of_difference(cov, first, second), units
        pair = [evidence[first], evidence[second]]
        return _variance_of_difference(covariance(pair), 0, 1), _units(pair)[0]

    def p(first: int, second: int) -> float:
        spread, number = variance(first, second)
        return compare(float(values[first]), float(values[second]), spread, units=number).p

    return p


def variances_of_differences(cov: Array) -> Array:
    """Return the variance of the difference of each pair of scores, shape (teams, teams); rounding becomes 0."""
    own = np.diag(cov)
    variance = own[:, None] + own - 2 * cov
    return np.where(np.abs(variance) <= SAME * (own[:, None] + own), 0.0, variance)


def holm(p_values: ArrayLike) -> Array:
    """Return Holm's adjusted p values (1979), same shape: reject where at most alpha. NaN are no tests and stay NaN.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    tests = np.flatnonzero(~np.isnan(p.ravel()))
    order = tests[np.argsort(p.ravel()[tests], kind="stable")]
    adjusted = np.full(p.size, np.nan)
    left = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p.ravel()[order] * left)) if len(order) else 0.0
    return adjusted.reshape(p.shape)


def holm_pairs(p: Array) -> Array:
    """Return a symmetric matrix of p values, shape (teams, teams), with each pair adjusted over all pairs by Holm."""
    upper = np.triu_indices(len(p), 1)
    adjusted = np.ones_like(p)
    adjusted[upper] = holm(p[upper])
    adjusted.T[upper] = adjusted[upper]
    return adjusted


def _centred_products(arrays: Sequence[Array], *, units: int, block_bytes: int) -> Array:
    # Influence values have mean 0 and replicates do not: what is near the mean is taken off before squares are summed.
    width = max(1, block_bytes // (8 * len(arrays)))
    blocks = [slice(start, min(start + width, units)) for start in range(0, units, width)]
    near = np.array([np.mean(array[blocks[0]], dtype=np.float64) for array in arrays])
    products, sums = np.zeros((len(arrays), len(arrays))), np.zeros(len(arrays))
    held = np.empty((len(arrays), blocks[0].stop))
    for block in blocks:
        part = held[:, : block.stop - block.start]
        for row, array in enumerate(arrays):
            part[row] = array[block]
        part -= near[:, None]
        products += part @ part.T
        sums += part.sum(axis=1)
    return products - np.outer(sums, sums) / units


def _units(evidence: Sequence[Array | None]) -> tuple[int, list[int]]:
    present = [team for team, array in enumerate(evidence) if array is not None]
    shapes = {array.shape for array in evidence if array is not None}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise ValueError(f"The teams' evidence has shapes {sorted(shapes)}, expected one (units,) for all.")
    return (shapes.pop()[0] if shapes else 0), present


def _square(cov: Array, *, teams: int) -> Array:
    matrix = np.asarray(cov, dtype=np.float64)
    if matrix.shape != (teams, teams):
        raise ValueError(f"The covariance has shape {matrix.shape}, expected ({teams}, {teams}).")
    return matrix


def _variance_of_difference(cov: Array, first: int, second: int) -> float:
    pair = [first, second]
    return float(variances_of_differences(np.asarray(cov, dtype=np.float64)[np.ix_(pair, pair)])[0, 1])


def _equal(first: float | Array, second: float | Array) -> Array:
    # The same predictions, added up in another order, differ by rounding.
    return np.isclose(first, second, rtol=SAME, atol=1e-15)


def _least_p(units: int | None) -> float:
    return 0.0 if units is None else min(1.0, 2.0 ** (1 - units))
