"""The bootstrap, for metrics that have no influence values and for few rows (Efron and Tibshirani 1993).

Every team gets the same weights in the same draw, made from the seed and the number of the draw alone. So replicates of
two teams are pairs, and their covariance is that of the scores, whenever and wherever each was computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, codes_of, vector
from scoring.statistics.intervals import Interval

Draws = Literal["multinomial", "poisson"]
UNDEFINED_ALLOWED = 0.05
"""The share of replicates that may have no value; above it the interval is unknown."""


def weights(units: int, *, draw: int, seed: int, kind: Draws = "multinomial") -> Array:
    """Return how often each unit counts in one draw, int64 of shape (units,).

    ``"multinomial"`` resamples with replacement; ``"poisson"`` draws each unit's count by itself, so that more units
    only append (the number of rows then varies by its square root).
    """
    random = np.random.default_rng([seed, draw])
    if kind == "poisson":
        return random.poisson(1.0, units)
    return np.bincount(random.integers(0, units, units), minlength=units) if units else np.zeros(0, dtype=np.int64)


def replicates(
    metric: Callable[[Array], float],
    units: int,
    *,
    draws: int = 1_000,
    seed: int = 0,
    clusters: ArrayLike | None = None,
    kind: Draws = "multinomial",
    undefined: tuple[type[Exception], ...] = (),
) -> Array:
    """Return the metric's value in each draw, shape (draws,).

    ``metric`` takes the counts of the units, shape (units,), as weights; one that takes no weights may repeat its rows
    with ``numpy.repeat(rows, counts)``. With ``clusters``, one label a unit, whole clusters are drawn. A draw in which
    the metric raises one of ``undefined`` is NaN.
    """
    codes = None if clusters is None else codes_of(clusters)[1]
    if codes is not None and len(codes) != units:
        raise ValueError(f"There are {units} units and {len(codes)} cluster labels.")
    drawn = units if codes is None else int(codes.max(initial=-1)) + 1
    values = np.full(draws, math.nan)
    for draw in range(draws):
        counts = weights(drawn, draw=draw, seed=seed, kind=kind)
        try:
            values[draw] = metric(counts if codes is None else counts[codes])
        except undefined:
            continue
    return values


def percentile_interval(replicated: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the percentile interval and the standard error from replicates of shape (draws,)."""
    values = _usable(replicated)
    return _between(values, (1 - level) / 2, (1 + level) / 2)


def bca_interval(value: float, replicated: ArrayLike, influence: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the bias-corrected and accelerated interval (Efron 1987).

    ``influence`` of shape (units,) gives the acceleration: influence values, or :func:`jackknife` ones.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - scipy is slow to import

    values, psi = _usable(replicated), vector(influence, name="influence")
    if values is None or not math.isfinite(value):
        return Interval(None, None, None, "unknown")
    below = (np.sum(values < value) + 0.5 * np.sum(values == value)) / len(values)
    bias = float(ndtri(min(max(below, 0.5 / len(values)), 1 - 0.5 / len(values))))
    squares = float(np.sum(psi**2))
    acceleration = float(np.sum(psi**3)) / (6 * squares**1.5) if squares else 0.0
    z = bias + ndtri([(1 - level) / 2, (1 + level) / 2])
    first, last = ndtr(bias + z / (1 - acceleration * z)).tolist()
    return _between(values, first, last)


def jackknife(metric: Callable[[Array], float], units: int) -> Array:
    """Return the jackknife's influence values ``(n - 1)(mean of all leave-one-out values - this one)``, mean 0.

    Calls the metric once a unit: for the few rows that a bootstrap is for. ``metric`` as for :func:`replicates`.
    """
    left_out, counts = np.empty(units), np.ones(units, dtype=np.int64)
    for unit in range(units):
        counts[unit] = 0
        left_out[unit] = metric(counts)
        counts[unit] = 1
    return np.asarray((units - 1) * (left_out.mean() - left_out)) if units else left_out


def _usable(replicated: ArrayLike) -> Array | None:
    values = vector(replicated, name="replicates")
    finite = values[np.isfinite(values)]
    if len(finite) < 2 or len(finite) < (1 - UNDEFINED_ALLOWED) * len(values):
        return None
    return finite if np.ptp(finite) > 1e-12 * np.abs(finite).max() else None


def _between(values: Array | None, first: float, last: float) -> Interval:
    # Replicates that are all the same come from a perfect or constant score: see `intervals`, "at the edge".
    if values is None:
        return Interval(None, None, None, "unknown")
    low, high = np.quantile(values, [first, last]).tolist()
    return Interval(low, high, float(values.std(ddof=1)), "bootstrap")
