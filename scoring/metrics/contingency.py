"""Two partitions of the same rows, as the sizes of their parts and of what each two parts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.inputs import label_column, same_length
from scoring.metrics.registry import Array

FEW_CELLS = 2**22  # a table of that many counts fits into 32 MB


@dataclass(frozen=True, slots=True)
class Contingency:
    """``both``, shape (cells,), are the counts of rows that two parts share, none of them 0; ``row`` and ``column``
    name the parts. ``true`` and ``pred`` are the sizes of the parts, all as float64."""

    both: Array
    row: Array
    column: Array
    true: Array
    pred: Array

    @property
    def rows(self) -> float:
        """The number of rows."""
        return float(self.true.sum())

    @property
    def identical(self) -> bool:
        """Whether the two are one and the same partition, whatever the parts are called."""
        return len(self.both) == len(self.true) == len(self.pred)


def contingency(y_true: Any, y_pred: Any) -> Contingency:
    """Count two columns of cluster names, which need not be the same names. Raises as label metrics do."""
    true, pred = label_column(y_true, name="y_true"), label_column(y_pred, name="y_pred")
    same_length(true, pred)
    (true, rows), (pred, columns) = _codes(true), _codes(pred)
    cell = true * columns + pred
    if rows * columns <= FEW_CELLS:
        table = np.bincount(cell, minlength=rows * columns)
        place = np.flatnonzero(table)
        both = table[place]
    else:
        place, both = np.unique(cell, return_counts=True)
    row, column, sizes = place // columns, place % columns, both.astype(np.float64)
    in_true, in_pred = (np.bincount(part, weights=sizes) for part in (row, column))
    return Contingency(sizes, row, column, in_true, in_pred)


def _codes(names: Array) -> tuple[Array, int]:
    """Return the names as whole numbers from 0 without gaps, and how many there are."""
    if names.dtype.kind in "iu" and int(names.max()) - (low := int(names.min())) < 65_536:
        shifted = names.astype(np.int64) - low
        position = np.cumsum(np.bincount(shifted) > 0) - 1
        return position[shifted], int(position[-1]) + 1
    known, codes = np.unique(names, return_inverse=True)
    return codes.astype(np.int64), len(known)
