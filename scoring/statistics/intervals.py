"""Standard errors and confidence intervals of one score, from its influence values.

The influence value psi of a unit (a row, a group, a cluster) says how far the score moves when the unit counts more;
it has mean 0, and the standard error of the score is ``std(psi, ddof=1) / sqrt(units)`` (the delta method, or the
infinitesimal jackknife; Efron 1982, chapter 6). What is at the edge is never shown as ±0: a perfect or constant score
has psi = 0, and a bootstrap would agree, wrongly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, codes_of, vector

Kind = Literal["wald", "proportion", "logit"]
Method = Literal["wald", "wilson", "logit", "exact", "bootstrap", "unknown"]
Edge = Literal["perfect", "worst", "constant"]
Side = Literal["both", "low", "high"]
ZERO = 1e-12
"""Scores this near to an end of their range are at it; standard errors below this share of a score are rounding."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval. Ends and standard error are None where they are not known, and never a width of 0."""

    low: float | None
    high: float | None
    se: float | None
    method: Method
    edge: Edge | None = None
    """Why there is no ordinary interval: the best score possible, the worst, or no spread at all."""


def standard_error(influence: ArrayLike, *, clusters: ArrayLike | None = None) -> float:
    """Return the standard error of a score from its influence values of shape (units,).

    With ``clusters``, one label for each unit, units of one cluster may depend on each other:
    ``sqrt(G/(G-1) sum_g (sum psi)^2) / n`` over the G clusters (Liang and Zeger 1986, with the usual
    small-sample factor). NaN where there are fewer than two units.

    >>> round(standard_error([1.0, -1.0, 1.0, -1.0]), 6)
    0.57735
    """
    psi = vector(influence, name="influence") if clusters is None else by_cluster(influence, clusters)
    if len(psi) < 2:
        return math.nan
    return float(np.std(psi, ddof=1) / math.sqrt(len(psi)))


def by_cluster(influence: ArrayLike, clusters: ArrayLike) -> Array:
    """Return influence values of clusters, shape (clusters,), in the order of their sorted labels.

    Each is ``(G/n) sum psi``, so that everything which works with rows works with clusters.
    """
    psi = vector(influence, name="influence")
    labels, codes = codes_of(clusters)
    if len(codes) != len(psi):
        raise ValueError(f"There are {len(psi)} influence values and {len(codes)} cluster labels.")
    return np.bincount(codes, weights=psi, minlength=len(labels)) * (len(labels) / max(len(psi), 1))


def wilson(share: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a share of ``n`` rows; ``n`` may be an effective number.

    >>> [round(end, 4) for end in wilson(0.9, 100)]
    [0.8256, 0.9448]
    """
    _check(share, n, level)
    z = quantile(level)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def clopper_pearson(successes: float, n: float, *, level: float = 0.95, side: Side = "both") -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934).

    ``side`` is ``"both"``, or the one end that is bounded at the full ``level``, the other being 0 or 1: ``"low"`` is
    what to say of a perfect score ("at least"), ``"high"`` of one that is never right ("at most").

    >>> [round(end, 4) for end in clopper_pearson(50, 50, side="low")]
    [0.9418, 1.0]
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - scipy is slow to import

    _check(successes / n if n else -1, n, level)
    tail = (1 - level) / (2 if side == "both" else 1)
    low, high = 0.0, 1.0
    if side != "high" and successes > 0:
        low = float(betaincinv(successes, n - successes + 1, tail)) if successes < n else tail ** (1 / n)
    if side != "low" and successes < n:
        high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes > 0 else 1 - tail ** (1 / n)
    return low, high


def interval(
    value: float,
    influence: ArrayLike,
    *,
    kind: Kind,
    low: float,
    high: float,
    greater_is_better: bool,
    level: float = 0.95,
) -> Interval:
    """Return the interval of a score with range ``low`` to ``high`` from its influence values of shape (units,).

    ``"wald"`` is value ± z SE, clipped to the range. ``"proportion"`` is Wilson's, with the number of independent rows
    that gives this standard error (all rows, where they are neither weighted nor clustered). ``"logit"`` is ± z SE on
    the logit scale of the range. A perfect or worst proportion gets its exact one-sided bound; every other score
    without spread, or with fewer than two units, has an unknown interval.
    """
    psi = vector(influence, name="influence")
    return interval_from_se(
        value,
        standard_error(psi),
        units=len(psi),
        kind=kind,
        low=low,
        high=high,
        greater_is_better=greater_is_better,
        level=level,
    )


def interval_from_se(
    value: float,
    se: float,
    *,
    kind: Kind,
    low: float,
    high: float,
    greater_is_better: bool,
    units: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the same from a standard error that is known already; a proportion needs ``units`` for its exact bound."""
    if not math.isfinite(value) or not math.isfinite(se):
        return Interval(None, None, None, "unknown")
    edge = _edge(value, se, low=low, high=high, greater_is_better=greater_is_better)
    if kind == "proportion" and units and edge in {"perfect", "worst"}:
        side: Side = "low" if value > 0.5 else "high"
        ends = clopper_pearson(round(value) * units, units, level=level, side=side)
        return Interval(*ends, None, "exact", edge)
    if edge is not None:
        return Interval(None, None, None, "unknown", edge)
    if kind == "proportion":
        return Interval(*wilson(value, value * (1 - value) / se**2 + 1, level=level), se, "wilson")
    if kind == "logit":
        return Interval(*_logit(value, se, low=low, high=high, level=level), se, "logit")
    half = quantile(level) * se
    return Interval(max(low, value - half), min(high, value + half), se, "wald")


def plus_minus(value: float, low: float | None, high: float | None, decimals: int) -> float | None:
    """Return what to write after ± at these decimals, or None where that would not be true.

    It is true where both sides agree at the shown decimals and are not 0 there.

    >>> plus_minus(0.85, 0.83, 0.87, 3), plus_minus(0.99, 0.95, 1.0, 3), plus_minus(0.85, 0.8499, 0.8501, 3)
    (0.02, None, None)
    """
    if low is None or high is None:
        return None
    below, above = value - low, high - value
    if math.isclose(below, above, rel_tol=1e-9):
        above = below
    shown = round(below, decimals)
    return shown if shown == round(above, decimals) and shown > 0 else None


def quantile(level: float) -> float:
    """Return z such that a normal variable lies within ±z with probability ``level``.

    >>> round(quantile(0.95), 5)
    1.95996
    """
    if not 0 < level < 1:
        raise ValueError(f"The level is {level}, expected a number between 0 and 1.")
    return NormalDist().inv_cdf((1 + level) / 2)


def _logit(value: float, se: float, *, low: float, high: float, level: float) -> tuple[float, float]:
    width = high - low
    share = (value - low) / width
    centre, half = math.log(share / (1 - share)), quantile(level) * se / width / (share * (1 - share))
    return low + width * _expit(centre - half), low + width * _expit(centre + half)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(max(x, -700)) / (1 + math.exp(max(x, -700)))


def _edge(value: float, se: float, *, low: float, high: float, greater_is_better: bool) -> Edge | None:
    best, worst = (high, low) if greater_is_better else (low, high)
    if abs(value - best) <= ZERO:
        return "perfect"
    if abs(value - worst) <= ZERO:
        return "worst"
    return "constant" if se <= ZERO * abs(value) else None


def _check(share: float, n: float, level: float) -> None:
    if not n > 0 or not 0 <= share <= 1:
        raise ValueError(f"A share of {share} of {n} rows does not exist.")
    if not 0 < level < 1:
        raise ValueError(f"The level is {level}, expected a number between 0 and 1.")
