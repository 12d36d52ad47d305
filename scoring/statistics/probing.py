"""Signs that a team sends files to learn hidden labels rather than to win: for a person to look at, never a ban.

Each sign has an innocent reading too, and says so by being called a sign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array

NEARLY_ALL = 0.99
TINY_EDIT = 0.01
"""The most rows, as a share, that a tiny edit changes."""
LEAST_FILES = 3
LARGEST_STEP = 3
GAP = 4.0


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign and how strong it is: ``strength`` is a share for the first, a number of files for the next two, and z."""

    kind: Literal["nearly constant", "tiny edits", "score steps", "public-private gap"]
    strength: float


def nearly_constant(predictions: ArrayLike) -> Sign | None:
    """Return a sign where 99 % of the rows or more have one value, and not all.

    This is what asking for a few labels at a time looks like: everything at 0.5 but the rows in question. For
    probabilities and numbers; labels of a rare class are nearly constant by nature.
    """
    values = np.asarray(predictions)
    _, counts = np.unique(values.ravel(), return_counts=True)
    share = counts.max(initial=0) / max(values.size, 1)
    return Sign("nearly constant", float(share)) if NEARLY_ALL <= share < 1 else None


def changed_rows(before: ArrayLike, after: ArrayLike) -> Array:
    """Return the positions of the rows that differ between two aligned files of shape (rows,) or (rows, columns)."""
    old, new = np.asarray(before), np.asarray(after)
    if old.shape != new.shape:
        raise ValueError(f"Files of shape {old.shape} and {new.shape} cannot be compared.")
    different = old != new
    return np.flatnonzero(different.any(axis=tuple(range(1, different.ndim))) if different.ndim > 1 else different)


def tiny_edits(edits: Sequence[ArrayLike], *, rows: int) -> Sign | None:
    """Return a sign where the team's last files each changed 1 % of the rows at most, and never the same row twice.

    ``edits`` holds :func:`changed_rows` between consecutive files, oldest first. It takes three such edits in a row, up
    to the last one.
    """
    seen: set[int] = set()
    count = 0
    for edit in reversed(edits):
        changed = np.asarray(edit, dtype=np.int64).tolist()
        if not changed or len(changed) > max(1, TINY_EDIT * rows) or not seen.isdisjoint(changed):
            break
        seen.update(changed)
        count += 1
    return Sign("tiny edits", float(count)) if count >= LEAST_FILES else None


def score_steps(scores: Sequence[float], *, rows: int) -> Sign | None:
    """Return a sign where the last scores moved by one, two or three times ``1 / rows``: single rows being tried.

    ``scores`` are the team's, oldest first, unrounded, for a metric that is a share of rows. It takes three such steps
    in a row, up to the last one.
    """
    count = 0
    for step in np.abs(np.diff(np.asarray(scores, dtype=np.float64)))[::-1] * rows:
        if not 1 <= round(step) <= LARGEST_STEP or abs(step - round(step)) > 1e-6 * rows**0.5:
            break
        count += 1
    return Sign("score steps", float(count)) if count >= LEAST_FILES else None


def gap_z(
    public: float, private: float, public_se: float, private_se: float, *, greater_is_better: bool = True
) -> float:
    """Return how many standard errors the public score is better than the private one; NaN where these are unknown."""
    se = math.hypot(public_se, private_se)
    gain = public - private if greater_is_better else private - public
    return gain / se if se > 0 else math.nan


def public_private_gap(
    public: float, private: float, public_se: float, private_se: float, *, greater_is_better: bool = True
) -> Sign | None:
    """Return a sign where the public score is more than four standard errors better than the private one."""
    z = gap_z(public, private, public_se, private_se, greater_is_better=greater_is_better)
    return Sign("public-private gap", z) if z > GAP else None
