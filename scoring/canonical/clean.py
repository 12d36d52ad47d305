"""The clean table, as bytes: written in the sandbox, and read by somebody who does not trust what wrote it.

    "PODIUM1\\n", rows (u64), then for each column that was ordered its kind (u8) and bytes (u64)
    kind 0, numbers: doubles, all finite
    kind 1, text: rows + 1 offsets (i32) from 0 on, then UTF-8
    each block of these at a multiple of 64

All is little-endian. There is nothing to be parsed: every length follows from the rows, or is checked against them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.canonical.orders import Order
from scoring.metrics.registry import Array
from scoring.reading import Table, offsets_of, one_array

MAGIC = b"PODIUM1\n"
ROWS, COLUMN = struct.Struct("<Q"), struct.Struct("<BQ")
NUMBERS, TEXT = 0, 1
ALIGNED = 64
"""What Arrow aligns to: sums must not depend on the way that numbers came."""
OFFSET = np.dtype("<i4")
NUMBER = np.dtype("<f8")
MOST_ROWS = 1 << 31

Ask = Callable[[dict[str, Any]], memoryview]
"""Asks the one who has the file open: ``{"text": column}`` or ``{"lines": indices}``. Raises SubmissionError."""


class NotCleanError(Exception):
    """These bytes are no clean table: whoever sent them does not do what our code does."""


def parts_of(table: Table, order: Order) -> list[bytes]:
    """Return the clean table of what was ordered, in parts."""
    return _written(table.rows, [_column(table, name, order) for name in order.wanted])


def text_parts(rows: int, column: pa.Array) -> list[bytes]:
    """Return a clean table of one column of text, in parts."""
    return _written(rows, [_text(column)])


def line_parts(lines: Sequence[int]) -> list[bytes]:
    """Return row numbers."""
    return [np.array(lines, dtype="<i8").tobytes()]


def _column(table: Table, name: str, order: Order) -> tuple[int, list[bytes]]:
    numbers = table.numbers(name) if name not in order.text else None
    if numbers is not None:
        return NUMBERS, [np.ascontiguousarray(numbers, dtype=NUMBER).tobytes()]
    return _text(table.text(name))


def _text(column: pa.Array | pa.ChunkedArray) -> tuple[int, list[bytes]]:
    if isinstance(column, pa.ChunkedArray):
        column = one_array(column)
    offsets, letters = offsets_of(column), column.buffers()[2]
    first, end = int(offsets[0]), int(offsets[-1])
    return TEXT, [(offsets - first).astype(OFFSET).tobytes(), b"" if letters is None else bytes(letters[first:end])]


def _written(rows: int, columns: list[tuple[int, list[bytes]]]) -> list[bytes]:
    sizes = [sum(map(len, blocks)) for _, blocks in columns]
    fields = [COLUMN.pack(kind, size) for (kind, _), size in zip(columns, sizes, strict=True)]
    parts = [MAGIC, ROWS.pack(rows), *fields]
    parts.append(_padding(sum(map(len, parts))))
    for (_, blocks), size in zip(columns, sizes, strict=True):
        parts += [*blocks, _padding(size)]
    return parts


def _padding(size: int) -> bytes:
    return bytes(-size % ALIGNED)


class CleanTable:
    """A clean table, as the code that knows what a cell must hold wants a table."""

    def __init__(self, data: memoryview, order: Order, *, ask: Ask) -> None:
        """Check the bytes. Raises NotCleanError."""
        self.names = list(order.wanted)
        self._ask = ask
        self._rows, columns = _read(data, len(order.wanted))
        if order.row_limit is not None and self._rows > order.row_limit.most:
            raise NotCleanError("There are more rows than were to be read.")
        self._columns = dict(zip(order.wanted, columns, strict=True))
        if any(isinstance(self._columns[name], np.ndarray) for name in order.text):
            raise NotCleanError("A column of text came as numbers.")

    @property
    def rows(self) -> int:
        """Rows of data."""
        return self._rows

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Do nothing: what was ordered is here."""

    def text(self, name: str) -> pa.Array:
        """Return a column as text; where numbers came, the child says how they are written."""
        column = self._columns[name]
        if not isinstance(column, np.ndarray):
            return column
        rows, [found] = _read(self._ask({"text": name}), 1)
        if rows != self._rows or isinstance(found, np.ndarray):
            raise NotCleanError("Asked for a column's text, it answered something else.")
        return found

    def numbers(self, name: str) -> Array | None:
        """Return a column as float64, or None where a cell is not a finite number."""
        column = self._columns[name]
        return column if isinstance(column, np.ndarray) else None

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Raise: only a reference has groups."""
        raise NotImplementedError("A submission has no groups.")

    def line(self, index: int) -> int:
        """Return the row number that a person sees for a data row."""
        return self.lines([index])[0]

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the row numbers of several data rows."""
        if not indices:
            return []
        answer = self._ask({"lines": [int(index) for index in indices]})
        if len(answer) != 8 * len(indices):
            raise NotCleanError("Asked for row numbers, it answered something else.")
        lines = np.frombuffer(answer, dtype="<i8")
        if lines.min() < 1:
            raise NotCleanError("A row number is not from 1 on.")
        return [int(line) for line in lines]


def _read(data: memoryview, columns: int) -> tuple[int, list[Any]]:
    """Return the rows and columns: each an array of numbers, or an Arrow array of text. Raises NotCleanError."""
    start = len(MAGIC) + ROWS.size + columns * COLUMN.size
    if len(data) < start or bytes(data[: len(MAGIC)]) != MAGIC:
        raise NotCleanError("It does not begin as a clean table does.")
    [rows] = ROWS.unpack_from(data, len(MAGIC))
    if rows >= MOST_ROWS:
        raise NotCleanError("It says that it has more rows than there can be.")
    fields = list(COLUMN.iter_unpack(data[len(MAGIC) + ROWS.size : start]))
    return rows, list(_blocks(data, fields, rows=rows, at=start + len(_padding(start))))


def _blocks(data: memoryview, fields: list[tuple[int, int]], *, rows: int, at: int) -> Iterator[Any]:
    for kind, size in fields:
        if kind not in {NUMBERS, TEXT} or size > len(data) - at:
            raise NotCleanError("A column is of no known kind, or longer than what came.")
        block = data[at : at + size]
        yield _numbers_in(block, rows) if kind == NUMBERS else _text_in(block, rows)
        at += size + len(_padding(size))
    if at != len(data):
        raise NotCleanError("There is more, or less, than its columns.")


def _numbers_in(block: memoryview, rows: int) -> Array:
    if len(block) != rows * NUMBER.itemsize:
        raise NotCleanError("A column of numbers is not as long as its rows.")
    values = np.frombuffer(block, dtype=NUMBER)
    if not np.isfinite(values).all():
        raise NotCleanError("A number is not finite.")
    return values


def _text_in(block: memoryview, rows: int) -> pa.Array:
    size = (rows + 1) * OFFSET.itemsize
    if len(block) < size:
        raise NotCleanError("A column of text has fewer offsets than rows.")
    offsets = np.frombuffer(block[:size], dtype=OFFSET)
    if offsets[0] != 0 or offsets[-1] != len(block) - size or (offsets[1:] < offsets[:-1]).any():
        raise NotCleanError("The offsets of a column of text are not its letters' own.")
    column = pa.StringArray.from_buffers(rows, pa.py_buffer(block[:size]), pa.py_buffer(block[size:]))
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        raise NotCleanError("A column of text is not UTF-8.") from error
    return column
