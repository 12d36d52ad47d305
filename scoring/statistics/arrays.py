"""What the modules of this package share: types, checks of arrays, and the order of a board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def vector(values: ArrayLike, *, name: str) -> Array:
    """Return ``values`` as float64 of one dimension. Raises ValueError for any other shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected one dimension.")
    return array


def scores_or_nan(scores: Sequence[float | None] | Array) -> Array:
    """Return scores as float64 of shape (teams,), with NaN for None and for what is not finite."""
    array = np.array([np.nan if score is None else score for score in scores], dtype=np.float64)
    array[~np.isfinite(array)] = np.nan
    return array


def board_order(scores: Sequence[float | None] | Array, *, higher_is_better: bool) -> Array:
    """Return the positions of the teams from best to worst: equal scores as they come, missing ones last.

    >>> board_order([0.5, None, 0.9, 0.5], higher_is_better=True).tolist()
    [2, 0, 3, 1]
    """
    values = scores_or_nan(scores)
    return np.argsort(-values if higher_is_better else values, kind="stable")


def codes_of(groups: ArrayLike) -> tuple[Array, Array]:
    """Return the distinct values of ``groups``, sorted, and each row's position in them."""
    values = np.asarray(groups)
    if values.ndim != 1:
        raise ValueError(f"The groups have shape {values.shape}, expected one dimension.")
    distinct, codes = np.unique(values, return_inverse=True)
    return distinct, codes


def midranks(values: ArrayLike) -> Array:
    """Return ranks from 1 for the smallest, shape (values,); ties share the mean of their ranks.

    >>> midranks([0.3, 0.1, 0.3]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, codes, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[codes])
