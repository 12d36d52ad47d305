"""Which rows of a table make one unit, the thing that is scored: a row, or all rows of an id in layout "long"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.errors import HostError, shown
from scoring.metrics.registry import Array
from scoring.reading import Table, values_of
from scoring.spec import ScorerSpec

BETWEEN = "\x1f"
"""Stands between id and item in the key of a row: the separator of units in ASCII, which no id holds."""


@dataclass(frozen=True, slots=True)
class Units:
    """The units of the reference: their keys, and for each row of the table its unit."""

    keys: pa.Array
    codes: Array | None = None
    """Shape (rows,), or None where each row is a unit."""

    def __len__(self) -> int:
        return len(self.keys)

    def one_each(self, values: Array, *, table: Table, column: str) -> Array:
        """Return the value of each unit. Raises HostError where the rows of a unit differ."""
        if self.codes is None:
            return values
        first = np.empty(len(self), dtype=np.int64)
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        chosen = values[first]
        off = np.flatnonzero(chosen[self.codes] != values)
        if len(off):
            row = table.line(int(off[0]))
            message = f"In the reference, column {shown(column)} differs between rows of one id."
            raise HostError("reference_units", message, row=row, column=column)
        return np.asarray(chosen)


def named(key: str) -> str:
    """Return a key as a person reads it: the id, or "id, item"."""
    return key.replace(BETWEEN, ", ")


def key_of(table: Table, *, spec: ScorerSpec) -> pa.Array:
    """Return what a row is aligned by: its id, or id and item together where rows are named by both."""
    ids = table.text(spec.id)
    if spec.item is None or spec.layout == "long":
        return ids
    return pc.binary_join_element_wise(ids, table.text(spec.item), BETWEEN)


def units_of(table: Table, *, spec: ScorerSpec) -> Units:
    """Return the units of a reference, in the order of their first rows."""
    keys = key_of(table, spec=spec)
    if spec.layout == "rows":
        return Units(keys)
    encoded = keys.dictionary_encode()
    return Units(encoded.dictionary, values_of(encoded.indices, dtype=np.dtype(np.int32)))


def starts_of(codes: Array, *, units: int) -> tuple[Array, Array]:
    """Return where each unit starts when rows are sorted by unit, and that order, which keeps the file's in a unit."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=units))]).astype(np.int64)
    if (codes[1:] >= codes[:-1]).all():
        return starts, np.arange(len(codes))
    return starts, np.argsort(codes, kind="stable")
