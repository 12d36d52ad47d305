"""Finding text ids quickly: each is a few 64-bit words, and tables of positions are addressed by a hash of these.

Whole numbers that lie close together address a table themselves.

Arrow's own ``index_in`` takes some six times as long, for it goes from text to text. Words are compared exactly, so a
hash decides nothing; what a submission holds can only miss, and a lookup takes a fixed number of rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scoring.metrics.registry import Array
from scoring.reading import lengths_of, offsets_of

WORD = 8
MOST_WORDS = 8
ROUNDS = 16
CHUNK = 1 << 16
MASKS = np.array([(1 << (WORD * length)) - 1 for length in range(WORD + 1)], dtype=np.uint64)
ZEROS = np.uint64(0x3030303030303030)
ABOVE_NINE = np.uint64(0x7676767676767676)
HIGH_BITS = np.uint64(0x8080808080808080)
MIX = np.uint64(0x9E3779B97F4A7C15)
ROUND_MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, slots=True)
class IdIndex:
    """Positions of ids. ``words`` has shape (words, ids); a table holds the position of an id, or -1."""

    words: Array
    tables: tuple[Array, ...]

    def find(self, ids: pa.Array) -> Array | None:
        """Return the position of each id as int32, -1 where it is unknown; None where some id is not plain text."""
        at = np.empty(len(ids), dtype=np.int32)
        for start, words in _words(ids, count=len(self.words)):
            if words is None:
                return None
            at[start : start + CHUNK] = self._find(words)
        long = np.flatnonzero(lengths_of(ids) > WORD * len(self.words))
        at[long] = -1
        return at

    def _find(self, words: Array) -> Array:
        hashes = _hashes(words)
        at, pending = self._look(0, hashes, words)
        places = pending
        for number in range(1, len(self.tables)):
            if not len(pending):
                break
            hashes, words = hashes[pending], words.take(pending, axis=1)
            at[places], pending = self._look(number, hashes, words)
            places = places[pending]
        return at

    def _look(self, number: int, hashes: Array, words: Array) -> tuple[Array, Array]:
        """Return the positions found in table ``number``, -1 where there is none, and whom to look for in the next."""
        table = self.tables[number]
        found = table[_slots(hashes, number, size=len(table))]
        # -1 takes the last id, which an unknown one is not: what is compared first decides.
        same = found >= 0
        for known, asked in zip(self.words, words, strict=True):
            same &= known.take(found, mode="wrap") == asked
        at = np.where(same, found, np.int32(-1))
        # A place that is free in a table is free for good: who was not put there met somebody.
        return at, np.flatnonzero(at != found)


@dataclass(frozen=True, slots=True)
class DigitIndex:
    """Positions of ids that are whole numbers of at most eight digits, plainly written, in a table from ``low`` on."""

    low: int
    dense: Array

    def find(self, ids: pa.Array) -> Array | None:
        """Return the position of each id as int32, -1 where it is unknown; None where some id is not plain text."""
        at = np.empty(len(ids), dtype=np.int32)
        offsets = offsets_of(ids)
        for start, words in _words(ids, count=1):
            if words is None:
                return None
            values, plain = _digits(words[0], np.diff(offsets[start : start + CHUNK + 1]))
            values -= self.low
            plain &= (values >= 0) & (values < len(self.dense))
            at[start : start + CHUNK] = np.where(plain, self.dense[np.where(plain, values, 0)], np.int32(-1))
        return at


def index_of(ids: pa.Array) -> IdIndex | DigitIndex | None:
    """Return an index of ids; None where two are the same, or where one is longer than 64 bytes or not plain text."""
    lengths = lengths_of(ids)
    if len(ids) and lengths.min() > 0 and lengths.max() <= WORD:
        values = _whole_numbers(ids, lengths)
        if values is not None:
            return _digit_index(values)
    return _word_index(ids)


def _whole_numbers(ids: pa.Array, lengths: Array) -> Array | None:
    """Return ids as numbers where all are plain ones that lie close together."""
    values = np.empty(len(ids), dtype=np.int64)
    for start, words in _words(ids, count=1):
        if words is None:
            return None
        values[start : start + CHUNK], plain = _digits(words[0], lengths[start : start + CHUNK])
        if not plain.all():
            return None
    return values if int(values.max() - values.min()) <= 4 * len(values) + 100_000 else None


def _digit_index(values: Array) -> DigitIndex | None:
    low = int(values.min())
    dense = np.full(int(values.max()) - low + 1, -1, dtype=np.int32)
    values -= low
    dense[values] = np.arange(len(values), dtype=np.int32)
    return DigitIndex(low, dense) if np.count_nonzero(dense >= 0) == len(values) else None


def _digits(words: Array, lengths: Array) -> tuple[Array, Array]:
    """Return words of at most eight digits as numbers, and which are plain ones: digits alone, no zero in front.

    All digits are taken at once: neighbours become pairs, pairs fours, fours the number.
    """
    shifts = (WORD * (WORD - np.clip(lengths, 1, WORD))).astype(np.uint64)
    # Zeros in front make eight digits of each; the first digit stands in the lowest byte.
    digits = ((words << shifts) | (ZEROS & ((np.uint64(1) << shifts) - np.uint64(1)))) ^ ZEROS
    plain = ((digits + ABOVE_NINE) | digits) & HIGH_BITS == 0
    plain &= (lengths >= 1) & (lengths <= WORD) & ((lengths == 1) | (words & np.uint64(255) != ord("0")))
    digits = (digits * np.uint64(2561)) >> np.uint64(8)
    digits = ((digits & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    digits = ((digits & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return digits.view(np.int64), plain


def _word_index(ids: pa.Array) -> IdIndex | None:
    longest = int(lengths_of(ids).max(initial=0))
    if longest > WORD * MOST_WORDS:
        return None
    words = np.empty((max(1, -(-longest // WORD)), len(ids)), dtype=np.uint64)
    for start, piece in _words(ids, count=len(words)):
        if piece is None:
            return None
        words[:, start : start + CHUNK] = piece
    table, pending, winners = _first_table(words)
    tables = [table]
    hashes = _hashes(words.take(pending, axis=1))
    while len(pending):
        same = words.take(pending, axis=1) == words.take(winners, axis=1)
        if len(tables) == ROUNDS or same.all(axis=0).any():
            return None
        slots = _slots(hashes, len(tables), size=_size(len(pending), first=False))
        table = np.full(_size(len(pending), first=False), -1, dtype=np.int32)
        table[slots] = pending
        tables.append(table)
        there = table[slots]
        lost = there != pending
        pending, winners, hashes = pending[lost], there[lost], hashes[lost]
    return IdIndex(words, tuple(tables))


def _first_table(words: Array) -> tuple[Array, Array, Array]:
    """Put all ids into a table; return it, those that found no place, and who has theirs."""
    size = _size(words.shape[1], first=True)
    table = np.full(size, -1, dtype=np.int32)
    for part, slots in _places(words, size=size):
        table[slots] = part
    lost, winners = [], []
    for part, slots in _places(words, size=size):
        there = table[slots]
        out = there != part
        lost.append(part[out])
        winners.append(there[out])
    return table, np.concatenate(lost), np.concatenate(winners)


def _places(words: Array, *, size: int) -> Iterator[tuple[Array, Array]]:
    """Yield ids piece by piece with their places: whole arrays would cost more to allocate than to compute."""
    for start in range(0, words.shape[1], CHUNK):
        part = np.arange(start, min(words.shape[1], start + CHUNK), dtype=np.int32)
        yield part, _slots(_hashes(words[:, start : start + CHUNK]), 0, size=size)


def _size(ids: int, *, first: bool) -> int:
    """Return how many places a table for so many ids has: a power of two, at least twice as many, later four times."""
    return 1 << max(4, ((2 if first else 4) * ids - 1).bit_length())


def _slots(hashes: Array, number: int, *, size: int) -> Array:
    """Return the place of each hash in table ``number``."""
    mixed = hashes if number == 0 else (hashes + np.uint64(number)) * ROUND_MIX
    return (mixed >> np.uint64(65 - size.bit_length())).view(np.int64)


def _hashes(words: Array) -> Array:
    hashes = words[0] * MIX
    for word in words[1:]:
        hashes ^= hashes >> np.uint64(29)
        hashes += word
        hashes *= MIX
    hashes ^= hashes >> np.uint64(32)
    hashes *= MIX
    return np.asarray(hashes)


def _words(ids: pa.Array, *, count: int) -> Iterator[tuple[int, Array | None]]:
    """Yield the first ``count`` words of each id, filled up with zeros, piece by piece, with where a piece starts.

    None stands for a piece in which an id holds a zero byte.
    """
    offsets, buffer = offsets_of(ids), ids.buffers()[2]
    data = np.frombuffer(buffer if buffer is not None else b"", dtype=np.uint8)
    for start in range(0, len(ids), CHUNK):
        piece = offsets[start : start + CHUNK + 1].astype(np.int64)
        first, last = int(piece[0]), int(piece[-1])
        text = data[first : last + WORD * count]
        if len(text) < last - first + WORD * count:
            # Behind the last id there may be nothing, and its words are read from there.
            text = np.concatenate([text[: last - first], np.zeros(WORD * count, dtype=np.uint8)])
        yield start, _cut(text, piece - first, count=count) if text[: last - first].all() else None


def _cut(text: Array, offsets: Array, *, count: int) -> Array:
    lengths = np.diff(offsets)
    words = np.empty((count, len(lengths)), dtype=np.uint64)
    alike = int(lengths[0]) if (lengths == lengths[0]).all() else 0
    for number in range(count):
        if alike:
            # Ids of one length stand at even distances, and need no list of places.
            there: Array = np.ndarray((len(lengths),), dtype="<u8", buffer=text, offset=WORD * number, strides=(alike,))
            np.bitwise_and(there, MASKS[min(max(alike - WORD * number, 0), WORD)], out=words[number])
            continue
        there = np.ndarray((len(text) - WORD * (number + 1) + 1,), "<u8", text, WORD * number, (1,))
        # An id that has ended has a mask of zero; what stands at the place that it reads is no matter.
        np.bitwise_and(there[offsets[:-1]], MASKS[np.clip(lengths - WORD * number, 0, WORD)], out=words[number])
    return words
