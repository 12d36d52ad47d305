"""Which rows are public: by a keyed hash of their ids, so that nobody without the key can tell.

``u(id) = HMAC-SHA256(key, id)``, its first 8 bytes as a number from 0 to 1. It depends on nothing but key and id: not
on the order of rows, nor on which others there are.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from scoring.statistics.arrays import Array, codes_of

USUAL_SHARE = 0.3
"""What is public by default: 25 to 30 %."""
WARN_FROM = 0.5
"""From this public share on, the public board says too much about the private one."""


def keyed_number(key: str | bytes, identifier: object) -> float:
    """Return u of one id, from 0 to 1; an id that is no text counts as what it is written as.

    >>> round(keyed_number("competition-7-secret", "row-0"), 12)
    0.144026084897
    """
    digest = hmac.digest(_bytes(key), _bytes(identifier), hashlib.sha256)
    return int.from_bytes(digest[:8], "big") / 2**64


def public_rows(
    ids: Sequence[object] | Array,
    *,
    key: str | bytes,
    share: float,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> Array:
    """Return which rows are public, booleans of shape (rows,).

    - Plain: those with ``u(id) < share``. The share is met up to chance; rows that are added later change no others.
    - ``clusters``, one label a row: all rows of a cluster go together, by ``u(cluster)``; as stable as the plain one.
    - ``strata``, one label a row, where a class is rare: within each stratum, those with the smallest u, so many that
      the share is met exactly, or by the whole number of rows next to it (below or above by a keyed coin, so that many
      tiny strata still add up to the share). Rows that are added later may move those at the border.
    - Both: a cluster belongs to the stratum of most of its rows, and clusters are taken by u as long as at least half
      of the next one fits.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The public share is {share}, expected 0 to 1.")
    units, unit_of = _units(ids, clusters)
    u = np.array([keyed_number(key, unit) for unit in units], dtype=np.float64)
    if strata is None:
        return np.asarray((u < share)[unit_of])
    size = np.bincount(unit_of, minlength=len(u))
    names, stratum = _strata_of_units(strata, unit_of, units=len(u))
    public = np.zeros(len(u), dtype=bool)
    for number, name in enumerate(names):
        members = np.flatnonzero(stratum == number)
        rows = size[members].sum() * share
        wanted = math.floor(rows + 1e-9) + (keyed_number(key, f"stratum:{name}") < rows % 1 if rows % 1 > 1e-9 else 0)
        public[_taken(members, u, size, wanted=wanted)] = True
    return np.asarray(public[unit_of])


def usage(public: ArrayLike) -> list[str]:
    """Return ``"public"`` or ``"private"`` for each row, as a split column holds it."""
    return ["public" if row else "private" for row in np.asarray(public, dtype=bool).tolist()]


def _units(ids: Sequence[object] | Array, clusters: ArrayLike | None) -> tuple[Sequence[object], Array]:
    if clusters is None:
        return (ids.tolist() if isinstance(ids, np.ndarray) else ids), np.arange(len(ids))
    labels, codes = codes_of(clusters)
    if len(codes) != len(ids):
        raise ValueError(f"There are {len(ids)} rows and {len(codes)} cluster labels.")
    return labels.tolist(), codes


def _strata_of_units(strata: ArrayLike, unit_of: Array, *, units: int) -> tuple[list[object], Array]:
    names, codes = codes_of(strata)
    if len(codes) != len(unit_of):
        raise ValueError(f"There are {len(unit_of)} rows and {len(codes)} strata.")
    table = np.zeros((units, len(names)), dtype=np.int64)
    np.add.at(table, (unit_of, codes), 1)
    return names.tolist(), table.argmax(axis=1) if len(names) else np.zeros(0, dtype=np.int64)


def _taken(members: Array, u: Array, size: Array, *, wanted: int) -> Array:
    ordered = members[np.argsort(u[members], kind="stable")]
    total = np.cumsum(size[ordered])
    return np.asarray(ordered[total - size[ordered] / 2 <= wanted]) if wanted else ordered[:0]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
