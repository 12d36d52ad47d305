"""The Ladder: a public board that answers only when a team has clearly improved (Blum and Hardt 2015).

It takes away what a team could learn about the hidden labels from many small differences. A site keeps, for each team,
the value that was released last and, for the rules that need it, the losses or influence values of the submission that
it came from; every function takes these in and says whether to replace them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import vector
from scoring.statistics.comparisons import covariance, variances_of_differences

TIE = 1e-12
"""An improvement that is larger than asked for by less than this is a tie with the limit, and no improvement."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the board shows, and whether this submission is the new best, whose evidence is to be kept."""

    value: float
    updated: bool


def fixed(loss: float, best: float | None, *, eta: float) -> Release:
    """Return the answer of the Ladder with a fixed step (Algorithm 1); ``best`` is the value released last, or None.

    Releases the loss rounded to a multiple of ``eta`` where it is below ``best - eta``, and else ``best`` again.

    >>> fixed(0.488, 0.5, eta=0.01), fixed(0.495, 0.5, eta=0.01)
    (Release(value=0.49, updated=True), Release(value=0.5, updated=False))
    """
    if not eta > 0:
        raise ValueError(f"eta is {eta}, expected a positive number.")
    if best is not None and not _clearly(best - loss, eta):
        return Release(best, updated=False)
    return Release(_rounded(loss, eta), updated=True)


def parameter_free(
    losses: ArrayLike, best: float | None, best_losses: ArrayLike | None, *, rounding: float | None = None
) -> Release:
    """Return the answer of the parameter-free Ladder (Algorithm 2) from losses of shape (rows,), lower being better.

    Updates where the mean loss is below ``best - s / sqrt(n)``, with s the standard deviation (ddof 1) of the
    difference to ``best_losses``, those of the submission that was released last. The paper rounds what is released to
    ``1/n``: give that as ``rounding``.
    """
    current = vector(losses, name="losses")
    value = float(current.mean())
    if best is not None and best_losses is not None:
        difference = current - vector(best_losses, name="best_losses")
        margin = float(difference.std(ddof=1)) / math.sqrt(len(difference)) if len(difference) > 1 else math.inf
        if not _clearly(best - value, margin):
            return Release(best, updated=False)
    return Release(value if rounding is None else _rounded(value, rounding), updated=True)


def general(
    value: float,
    best: float | None,
    se: float,
    *,
    greater_is_better: bool,
    c: float = 1.0,
    rounding: float | None = None,
) -> Release:
    """Return the answer for any score: update where ``(new - best) * direction > c * SE(new - best)``.

    ``se`` is the standard error of the paired difference (:func:`se_of_change`); one that is not known, NaN, counts as
    too large, so that nothing is released on a guess. The first submission is always released.
    """
    if best is not None:
        gain = value - best if greater_is_better else best - value
        if math.isnan(se) or not _clearly(gain, c * se):
            return Release(best, updated=False)
    return Release(value if rounding is None else _rounded(value, rounding), updated=True)


def se_of_change(influence: ArrayLike, best_influence: ArrayLike) -> float:
    """Return the standard error of the difference of two scores from their influence values of shape (units,)."""
    pair = covariance([vector(influence, name="influence"), vector(best_influence, name="influence")])
    return math.sqrt(float(variances_of_differences(pair)[0, 1]))


def _clearly(gain: float, margin: float) -> bool:
    return gain > margin + TIE * max(1.0, abs(margin))


def _rounded(value: float, step: float) -> float:
    return float(np.round(value / step) * step)
