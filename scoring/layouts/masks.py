"""Image masks as run lengths in a cell: start and length of each run, from 1 on, down each column of pixels in turn.

An empty cell, and ``-1``, is a mask without a pixel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.cells import flags, report
from scoring.errors import Findings, Mistake, place, shown
from scoring.layouts.lists import split_cells
from scoring.metrics.registry import Array
from scoring.reading import Table, values_of

RUNS = r"^([0-9]{1,15} [0-9]{1,15}( [0-9]{1,15} [0-9]{1,15})*)?$"
EXPECTED = "run lengths: pairs of start and length, separated by blanks"


def read_masks(table: Table, column: str, *, findings: Findings) -> pa.Array:
    """Return the cells of a column, blanks made single. Adds to ``findings`` the cells that are no pairs of numbers."""
    text = pc.replace_substring_regex(pc.utf8_trim_whitespace(table.text(column)), r"\s+", " ")
    text = pc.if_else(pc.equal(text, "-1"), "", text)
    bad = ~flags(pc.match_substring_regex(text, RUNS))
    if bad.any():
        report(table, column, bad=bad, text=text, say=_not_runs, findings=findings)
    return text


def check_masks(table: Table, column: str, text: pa.Array, pixels: Array, *, findings: Findings) -> None:
    """Add to ``findings`` the masks whose runs overlap or leave the image, which has ``pixels`` of shape (rows,)."""
    words, counts = split_cells(text)
    numbers = values_of(words.cast(pa.int64()), dtype=np.dtype(np.int64))
    rows = np.repeat(np.arange(len(text)), counts // 2)
    starts, lengths = numbers[::2], numbers[1::2]
    ends = starts + lengths - 1
    follows = rows[1:] == rows[:-1]
    problems: list[tuple[Array, Callable[[int], str]]] = [
        (np.flatnonzero(starts < 1), lambda at: f"run {shown(starts[at])} {shown(lengths[at])} starts before pixel 1"),
        (np.flatnonzero(lengths < 1), lambda at: f"run {shown(starts[at])} {shown(lengths[at])} has no pixel"),
        (
            np.flatnonzero(ends > pixels[rows]),
            lambda at: f"run {shown(starts[at])} {shown(lengths[at])} ends behind the last pixel, {pixels[rows[at]]:,}",
        ),
        (
            np.flatnonzero(follows & (starts[1:] <= ends[:-1])) + 1,
            lambda at: f"run {shown(starts[at])} {shown(lengths[at])} overlaps the one before, or stands out of order",
        ),
    ]
    for found, say in problems:
        if len(found):
            row = table.line(int(rows[found[0]]))
            message = f"{place(row, column)}: {say(int(found[0]))}. Expected {EXPECTED}."
            findings.add(Mistake(code="run_lengths", message=message, row=row, column=column, count=len(found)))


def _not_runs(cell: str) -> tuple[str, str]:
    hint = " The last run has no length." if len(cell.split()) % 2 and cell.replace(" ", "").isdigit() else ""
    return "run_lengths", f"found {shown(cell)}, expected {EXPECTED}.{hint}"
