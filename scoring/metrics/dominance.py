"""Counting pairs of rows in O(n log n): what Kendall's tau and concordance indices are made of."""

from __future__ import annotations

import numpy as np

from scoring.metrics.order import ascending
from scoring.metrics.registry import Array

BLOCK = 16  # below this, comparing all pairs of a block is quicker than halving it


def dense_ranks(values: Array) -> Array:
    """Return for each row the position of its value among the sorted distinct values, shape (rows,)."""
    order = ascending(values)
    ordered = values[order]
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return ranks


def dominated(left: Array, right: Array, *, counted: Array | None = None) -> Array:
    """Return for each row how many rows (of those ``counted``) have a lower ``left`` and a lower ``right``.

    ``left`` and ``right`` are dense ranks of shape (rows,), and ``counted`` is a mask of that shape.
    """
    rows, width = len(left), int(right.max()) + 1
    if int(left.max()) + 1 == rows:
        place = left
    else:
        # Of equal `left` the highest `right` stands first, so that none of them counts for another.
        order = ascending(left * width + (width - 1 - right))
        place = np.empty(rows, dtype=np.int64)
        place[order] = np.arange(rows)
    ordered = np.empty(rows, dtype=np.int64)
    ordered[place] = right
    mask = None
    if counted is not None:
        mask = np.empty(rows, dtype=bool)
        mask[place] = counted
    return _lower_before(ordered, mask)[place]


def _lower_before(ranks: Array, counted: Array | None) -> Array:
    """Return for each position how many earlier (and ``counted``) positions have a lower rank.

    The positions, sorted by rank, are halved again and again, as a merge sort read backwards: a position of the
    upper half of a block has before it those of the lower half that come earlier in the order of ranks.
    """
    rows = len(ranks)
    bits = max((rows - 1).bit_length(), BLOCK.bit_length() - 1)
    size = 1 << bits
    # One sort of whole numbers; of equal ranks the last position comes first, so that none counts for another.
    keys = np.sort((ranks << bits) | (size - 1 - np.arange(rows)))
    order = np.concatenate([size - 1 - (keys & (size - 1)), np.arange(rows, size)]).astype(np.int32)
    mask = None if counted is None else np.append(counted, np.zeros(size - rows, dtype=bool))
    counts = np.zeros(size, dtype=np.int32)  # moved along with `order`: looking places up by mask is what costs time
    half = size // 2
    while half >= BLOCK:
        upper = (order & half) != 0
        high, low = (np.flatnonzero(each).reshape(-1, half) for each in (upper, ~upper))
        passed = counts[high] + _lower_half_before(high, order[low], half=half, mask=mask)
        counts = np.concatenate([counts[low], passed], axis=1).ravel()
        order = np.concatenate([order[low], order[high]], axis=1).ravel()
        half //= 2
    within = _within_blocks(ranks, mask, size=size)
    within[order] += counts
    return within[:rows]


def _lower_half_before(high: Array, low: Array, *, half: int, mask: Array | None) -> Array:
    """Return how many positions ``low`` of the lower half come before each of the upper half, at ``high`` in order."""
    starts = np.arange(len(high), dtype=np.int64)[:, None] * (2 * half)
    passed = (high - starts - np.arange(half)).astype(np.int32)
    if mask is None:
        return passed
    reached = np.concatenate([np.zeros((len(low), 1), dtype=np.int64), np.cumsum(mask[low], axis=1)], axis=1)
    return np.take_along_axis(reached, passed, axis=1)


def _within_blocks(ranks: Array, mask: Array | None, *, size: int) -> Array:
    filled = np.append(ranks, np.full(size - len(ranks), -1)).astype(np.int32).reshape(-1, BLOCK)
    counts = np.zeros(filled.shape, dtype=np.int32)
    for shift in range(1, BLOCK):
        lower = filled[:, :-shift] < filled[:, shift:]
        if mask is not None:
            lower &= mask.reshape(-1, BLOCK)[:, :-shift]
        counts[:, shift:] += lower
    return counts.ravel()


def below(ranks: Array, *, counted: Array | None = None) -> Array:
    """Return for each row how many rows (of those ``counted``) have a lower rank."""
    counts = np.bincount(ranks if counted is None else ranks[counted], minlength=int(ranks.max()) + 1)
    return np.asarray((np.cumsum(counts) - counts)[ranks])


def level(ranks: Array) -> Array:
    """Return for each row how many rows have its rank, itself among them."""
    return np.asarray(np.bincount(ranks)[ranks])


def lower_in_group(group: Array, values: Array, *, counted: Array | None = None) -> Array:
    """Return for each row how many rows of its ``group`` (of those ``counted``) have a lower value.

    ``group`` and ``values`` are dense ranks.
    """
    rows = len(group)
    if int(group.max()) + 1 == rows:
        return np.zeros(rows, dtype=np.int64)
    keys = group * (int(values.max()) + 1) + values
    order = ascending(keys)
    starts, ends = _starts(group[order]), _starts(keys[order])
    passed = np.arange(rows) if counted is None else np.cumsum(counted[order]) - counted[order]
    lower = np.empty(rows, dtype=np.int64)
    lower[order] = passed[ends] - passed[starts]
    return lower


def _starts(ordered: Array) -> Array:
    """Return for each position of a sorted array where its run of equal values starts."""
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(ordered)), 0))


def compact(codes: Array) -> Array:
    """Return dense ranks of whole numbers, 0 or more, that are not much larger than their number."""
    return np.asarray((np.cumsum(np.bincount(codes) > 0) - 1)[codes])


def as_one(left: Array, right: Array) -> Array:
    """Return dense ranks of the pairs of ``left`` and ``right``, themselves dense ranks."""
    return dense_ranks(left * (int(right.max()) + 1) + right)
