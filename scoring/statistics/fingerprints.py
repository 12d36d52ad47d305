"""What is kept of a prediction file so that copies are found later, without the file.

Four things: a hash of the values, a hash of their order, a sample of (row, value) pairs that estimates how many rows
two files share, and linear sketches that estimate correlations. Good models agree, so a high correlation alone says
little: look at exact sharing, and at what is left when the board's consensus is taken off. Findings are shown to a
person, who knows of public notebooks; nothing here bans anybody.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array

SAMPLE = 1024
BUCKETS = 4096
DECIMALS = 6
"""Values that are equal at so many decimals count as shared."""
DIGITS = 10
"""Digits of the largest value that the exact hash looks at: arithmetic in another order does not hide a copy of values
with fewer digits. The least deliberate noise does; that is what the rest of a fingerprint is for."""
NEARLY_THE_SAME_ORDER = 0.999
MANY_SHARED = 0.2
MANY_VALUES = 100
"""Files with fewer distinct values hold labels, whose rows agree because they are right."""
GOLDEN, PRIME = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
CHUNK = 8 * BUCKETS
"""Cells gone through at once, few enough to stay in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of predictions; about 40 KB. Compare only fingerprints of the same rows in the same order."""

    values: str
    """SHA-256 of the values, rounded to 10 digits of the largest."""
    order: str
    """SHA-256 of the rank order: the same after any increasing transformation."""
    sample: Array
    """The smallest 1024 hashes of (row, value at 6 decimals), sorted, uint64."""
    sketch: Array
    """4096 signed sums of the standardised values, float32: inner products estimate Pearson's correlation."""
    rank_sketch: Array
    """The same of the ranks, for Spearman's."""
    cells: int
    """Rows times columns."""
    distinct: int
    """How many distinct values there are."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two files are, and why a person should look, in words: empty where nobody need."""

    identical: bool
    same_order: bool
    shared: float
    """Estimated share of cells with the same value at 6 decimals; standard error at most about 0.02."""
    pearson: float
    spearman: float
    """Estimated; exact up to 4096 cells, else with standard error ``(1 - r^2) / 64``. NaN where a file is constant."""
    reasons: tuple[str, ...]


def fingerprint(predictions: ArrayLike) -> Fingerprint:
    """Return the fingerprint of aligned predictions of shape (rows,) or (rows, columns): numbers, or labels as text."""
    values = _numbers(predictions)
    ranks, codes, distinct = _ranks(values)
    return Fingerprint(
        values=_sha256(_rounded(values), shape=np.shape(predictions)),
        order=_sha256(codes, shape=np.shape(predictions)),
        sample=_sample(values),
        sketch=_sketch(values),
        rank_sketch=_sketch(ranks),
        cells=len(values),
        distinct=distinct,
    )


def compare_fingerprints(first: Fingerprint, second: Fingerprint) -> Likeness:
    """Return how alike two files of the same rows are. Raises ValueError where they differ in size."""
    if first.cells != second.cells:
        raise ValueError(f"Files of {first.cells} and {second.cells} values cannot be compared.")
    identical, same_order = first.values == second.values, first.order == second.order
    shared = 1.0 if identical else shared_cells(first, second)
    spearman = correlation(first.rank_sketch, second.rank_sketch)
    found = {
        "identical": identical,
        "same order": same_order and not identical,
        "nearly the same order": not same_order and spearman >= NEARLY_THE_SAME_ORDER,
        "shared values": not identical
        and shared >= MANY_SHARED
        and min(first.distinct, second.distinct) >= MANY_VALUES,
    }
    pearson = correlation(first.sketch, second.sketch)
    return Likeness(
        identical, same_order, shared, pearson, spearman, tuple(name for name, is_so in found.items() if is_so)
    )


def shared_cells(first: Fingerprint, second: Fingerprint) -> float:
    """Return the estimated share of cells with equal values at 6 decimals (bottom-k sketch, Broder 1997).

    The samples estimate the Jaccard similarity J of two sets of as many pairs; the share of equal ones is 2J / (1 + J).
    """
    union = np.union1d(first.sample, second.sample)[:SAMPLE]
    both = np.isin(union, first.sample, assume_unique=True) & np.isin(union, second.sample, assume_unique=True)
    jaccard = float(both.mean()) if len(union) else 0.0
    return 2 * jaccard / (1 + jaccard)


def correlation(first: Array, second: Array) -> float:
    """Return the correlation of two sketches, NaN where one is of constant values."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    size = math.sqrt(float(a @ a) * float(b @ b))
    return min(1.0, max(-1.0, float(a @ b) / size)) if size else math.nan


def consensus(sketches: Sequence[Array]) -> Array:
    """Return the sketch of the mean of several files, as sketches are linear. Give one file a team."""
    return np.asarray(np.mean(np.asarray(sketches, dtype=np.float64), axis=0))


def residual_correlation(first: Array, second: Array, of_all: Array) -> float:
    """Return the correlation of what two files do beyond the consensus (the partial correlation).

    Two good models agree with everybody; two copies also share their peculiarities. Leave the two files out of
    ``of_all``, or they are correlated with themselves.
    """
    ab, ac, bc = correlation(first, second), correlation(first, of_all), correlation(second, of_all)
    left = (1 - ac * ac) * (1 - bc * bc)
    return min(1.0, max(-1.0, (ab - ac * bc) / math.sqrt(left))) if left > 1e-12 else math.nan


def excused_by(found: Fingerprint, public: Iterable[Fingerprint]) -> Fingerprint | None:
    """Return the known public output (of a shared notebook, a sample file) that a file is a copy of, or None."""
    return next((known for known in public if compare_fingerprints(found, known).reasons), None)


def _numbers(predictions: ArrayLike) -> Array:
    array = np.asarray(predictions)
    if array.dtype.kind in "USO":
        return _hashed_labels(array.ravel())
    # Adding 0 makes -0 and 0 one value.
    return np.asarray(array.ravel().astype(np.float64) + 0.0)


def _hashed_labels(labels: Array) -> Array:
    distinct, codes = np.unique(labels.astype(str), return_inverse=True)
    digests = [hashlib.sha256(label.encode()).digest() for label in distinct.tolist()]
    return np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])[codes]


def _sha256(array: Array, *, shape: tuple[int, ...]) -> str:
    found = hashlib.sha256(repr((array.dtype.str, shape)).encode())
    found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _rounded(values: Array) -> Array:
    largest = float(np.abs(values).max(initial=0.0))
    decimals = DIGITS - 1 - math.floor(math.log10(largest)) if largest else 0
    # Decimal rounding, not binary: what was written with few decimals lies in the middle of a step, safe from noise.
    return np.asarray(np.rint(values * 10.0 ** min(decimals, 300)) + 0.0)


def _ranks(values: Array) -> tuple[Array, Array, int]:
    """Return centred mid-ranks, dense ranks as int32, and the number of distinct values."""
    order = np.argsort(values)
    ordered = values[order]
    dense = np.empty(len(values), dtype=np.int32)
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(values)]
    codes = np.cumsum(new, dtype=np.int32) - 1
    dense[order] = codes
    counts = np.bincount(codes)
    middle = np.cumsum(counts) - counts / 2
    return middle[dense], dense, len(counts)


def _sample(values: Array) -> Array:
    smallest = np.full(SAMPLE, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(values), CHUNK):
        # Adding 0 makes one zero of both; the bits of a whole number do not overflow, however large.
        whole = np.rint(values[start : start + CHUNK] * 10.0**DECIMALS) + 0.0
        rows = np.arange(start + 1, start + len(whole) + 1, dtype=np.uint64)
        hashes = _mixed(whole.view(np.uint64) * PRIME + rows * GOLDEN)
        smallest = np.sort(np.concatenate([smallest, hashes[hashes < smallest[-1]]]))[:SAMPLE]
    return smallest[: len(values)]


def _mixed(bits: Array) -> Array:
    """Return each number's bits well mixed (splitmix64's finaliser, Steele, Lea and Flood 2014)."""
    bits = bits ^ (bits >> np.uint64(30))
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits


def _sketch(values: Array) -> Array:
    """Return signed sums over buckets of cells (Charikar, Chen and Farach-Colton 2002) of the standardised values."""
    centred = values - (values.mean() if len(values) else 0.0)
    size = math.sqrt(float(centred @ centred))
    if size <= 1e-12 * float(np.abs(values).max(initial=0.0)) * math.sqrt(len(values)):
        return np.zeros(BUCKETS, dtype=np.float32)
    coins = np.frombuffer(np.random.default_rng(BUCKETS).bytes(-(-len(values) // CHUNK) * CHUNK // 8), dtype=np.uint8)
    total = np.zeros(BUCKETS)
    for start in range(0, len(values), CHUNK):
        part = centred[start : start + CHUNK]
        signed = np.zeros(CHUNK)
        signs = np.unpackbits(coins[start // 8 :], count=len(part)).view(np.int8)
        np.multiply(part, 1 - 2 * signs, out=signed[: len(part)])
        total += signed.reshape(-1, BUCKETS).sum(axis=0)
    return np.asarray(total / size, dtype=np.float32)
