"""Edit distances and longest common subsequences of many pairs: by rapidfuzz where it is installed, else by our own.

Both ways give the same whole numbers. Ours holds a column of the table of edits in the bits of one integer, so that a
step costs a few operations on integers, however long the sequence (Myers, "A fast bit-vector algorithm for approximate
string matching", 1999, in Hyyrö's form; Crochemore et al., "A fast and practical bit-vector algorithm for the longest
common subsequence problem", 2001).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from scoring.metrics.registry import Array

Tokens = Sequence[Hashable]


def edit_distances(pairs: Iterable[tuple[Tokens, Tokens]]) -> Array:
    """Return the least number of tokens inserted, deleted or replaced, one a pair. Tokens are characters or words."""
    return _each(pairs, _rapidfuzz("Levenshtein", "distance") or edit_distance)


def common_lengths(pairs: Iterable[tuple[Tokens, Tokens]]) -> Array:
    """Return the length of the longest common subsequence, one a pair."""
    return _each(pairs, _rapidfuzz("LCSseq", "similarity") or common_length)


def edit_distance(left: Tokens, right: Tokens) -> int:
    """Return the edit distance of one pair, by our own algorithm.

    >>> edit_distance("kitten", "sitting")
    3
    """
    if not left:
        return len(right)
    places, every, last = _places(left), (1 << len(left)) - 1, 1 << (len(left) - 1)
    plus, minus, distance = every, 0, len(left)
    for token in right:
        equal = places.get(token, 0)
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up, down = minus | (every & ~(horizontal | plus)), plus & horizontal
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1) | 1, down << 1
        plus, minus = (down | ~(vertical | up)) & every, up & vertical & every
    return distance


def common_length(left: Tokens, right: Tokens) -> int:
    """Return the length of the longest common subsequence of one pair, by our own algorithm.

    >>> common_length("kitten", "sitting")
    4
    """
    places, every = _places(left), (1 << len(left)) - 1
    free = every
    for token in right:
        used = free & places.get(token, 0)
        free = ((free + used) | (free - used)) & every
    return len(left) - free.bit_count()


def _each(pairs: Iterable[tuple[Tokens, Tokens]], measure: Callable[[Any, Any], int]) -> Array:
    # Words become numbers, since rapidfuzz compares hashes, which might be equal for different words.
    codes: dict[Hashable, int] = {}

    def coded(tokens: Tokens) -> Tokens:
        return tokens if isinstance(tokens, str) else [codes.setdefault(token, len(codes)) for token in tokens]

    return np.array([measure(coded(left), coded(right)) for left, right in pairs], dtype=np.float64)


def _rapidfuzz(algorithm: str, what: str) -> Callable[[Any, Any], int] | None:
    try:
        module = importlib.import_module("rapidfuzz.distance")
    except ModuleNotFoundError:
        return None
    found: Callable[[Any, Any], int] = getattr(getattr(module, algorithm), what)
    return found


def _places(tokens: Tokens) -> dict[Hashable, int]:
    places: dict[Hashable, int] = {}
    for place, token in enumerate(tokens):
        places[token] = places.get(token, 0) | (1 << place)
    return places
