"""Reading a table out of a file, behind one interface.

Parquet is read here, CSV and TSV in :mod:`scoring.delimited`, JSON and JSON Lines in :mod:`scoring.json_tables`, NPZ in
:mod:`scoring.npz`.

A :class:`Table` gives columns as text, or as numbers where all cells are numbers; who wants to know which cell is
wrong reads the column as text again (:mod:`scoring.cells`), so the quick way stays quick and the slow way exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from scoring.archives import Content, Limits, open_content, too_large
from scoring.arrow import pc
from scoring.errors import fail, many, shown
from scoring.kinds import TABLES, kind_of
from scoring.metrics.registry import Array

BATCH = 2048
"""Rows of Parquet that are decoded at once."""


class Table(Protocol):
    """A table that was opened: its columns' names are known, its cells are read when asked for."""

    names: list[str]

    @property
    def rows(self) -> int:
        """Rows of data, after :meth:`load`."""

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Read these columns, in one pass; ``groups`` are texts of which there are few different ones.

        Raises SubmissionError where the file is broken.
        """

    def text(self, name: str) -> pa.Array:
        """Return a column as an Arrow array of type string; an empty cell is an empty text."""

    def numbers(self, name: str) -> Array | None:
        """Return a column as float64, or None where some cell is not a finite number."""

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Return the different texts of a column, and for each row the position of its own."""

    def line(self, index: int) -> int:
        """Return the row number that a person sees for the data row ``index`` (from 0)."""

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the row numbers of several data rows, given in ascending order."""


def open_table(path: Path, *, filename: str, limits: Limits, row_limit: RowLimit | None = None) -> Table:
    """Open the table in ``path``, which was sent under the name ``filename``."""
    content = open_content(path, filename=filename, limits=limits)
    kind = kind_of(bytes(memoryview(content.data)[:4096]))
    if kind == "parquet":
        return ParquetTable(content, limits=limits, row_limit=row_limit)
    if kind == "npz":
        from scoring.npz import NpzTable  # noqa: PLC0415 - only what a file needs is loaded

        return NpzTable(content, limits=limits, row_limit=row_limit)
    if kind == "json":
        from scoring.json_tables import JsonTable  # noqa: PLC0415

        return JsonTable(content, limits=limits, row_limit=row_limit)
    if kind != "text":
        raise fail("wrong_type", f"{shown(filename)} is {kind}, expected a table: {TABLES}.")
    from scoring.delimited import DelimitedTable  # noqa: PLC0415 - Parquet does not need it

    return DelimitedTable(content, limits=limits, row_limit=row_limit)


class ParquetTable:
    """A Parquet file. Rows are counted from 1, for there is no header line."""

    def __init__(self, content: Content, *, limits: Limits, row_limit: RowLimit | None) -> None:
        self._limits = limits
        self._columns: dict[str, pa.Array] = {}
        self._file = _parquet(content)
        self._count = self._file.metadata.num_rows
        self.names: list[str] = list(self._file.schema_arrow.names)
        self._check(row_limit=row_limit)

    def _check(self, *, row_limit: RowLimit | None) -> None:
        about = self._file.metadata
        if about.num_columns > self._limits.max_columns:
            raise fail("too_many_columns", too_many_columns(about.num_columns, limits=self._limits))
        if self._count == 0:
            raise fail("no_rows", no_rows("no rows", row_limit=row_limit))
        if row_limit is not None:
            row_limit.check(self._count)
        size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if size > self._limits.max_bytes:
            raise fail("too_large", f"The table unpacks to {size:,} bytes, more than {self._limits.max_bytes:,}.")

    @property
    def rows(self) -> int:
        """Rows of data."""
        return int(self._count)

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Read these columns and check that each has a type that can be text or numbers."""
        wanted = [*text, *groups, *numbers]
        for name in wanted:
            self._check_type(name)
        parts = list(self._batches(wanted))
        if sum(len(part) for part in parts) != self._count:
            raise _damaged()
        table = pa.Table.from_batches(parts)
        self._columns = {name: one_array(table.column(name)) for name in wanted}

    def _batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield some rows at a time, counted: a text that is written once may stand in every row."""
        left = self._limits.max_bytes
        try:
            for batch in self._file.iter_batches(batch_size=BATCH, columns=wanted, use_threads=False):
                plain = pa.RecordBatch.from_arrays([_expanded(column) for column in batch.columns], batch.schema.names)
                left -= plain.nbytes
                if left < 0:
                    raise too_large(self._limits)
                yield plain
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, MemoryError):
                raise
            raise _damaged() from error

    def _check_type(self, name: str) -> None:
        kind = self._file.schema_arrow.field(name).type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind):
            message = f"Column {shown(name)} has the type {shown(kind)}, expected numbers or text, one value a cell."
            raise fail("parquet_type", message, column=name)

    def text(self, name: str) -> pa.Array:
        """Return a column as text; a null is an empty text."""
        try:
            return pc.fill_null(self._columns[name].cast(pa.string()), "")
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"Column {shown(name)} has the type {shown(self._columns[name].type)}, expected numbers or text."
            raise fail("parquet_type", message, column=name) from error

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Return the different texts of a column, and for each row the position of its own."""
        return encoded(self.text(name))

    def numbers(self, name: str) -> Array | None:
        """Return a column as float64, or None where it holds nulls, text or what is not finite."""
        column = self._columns[name]
        numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if column.null_count or not (numeric or pa.types.is_decimal(column.type) or pa.types.is_boolean(column.type)):
            return None
        if pa.types.is_boolean(column.type) or pa.types.is_float16(column.type):
            column = column.cast(pa.int8() if pa.types.is_boolean(column.type) else pa.float32())
        return finite(column.cast(pa.float64(), safe=False))

    def line(self, index: int) -> int:
        """Return the number of a row, from 1."""
        return index + 1

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the numbers of several rows, from 1."""
        return [self.line(index) for index in indices]


def _parquet(content: Content) -> Any:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 40 ms that a CSV file does not need

    limits = {"thrift_string_size_limit": 10_000_000, "thrift_container_size_limit": 100_000}
    source = pa.BufferReader(pa.py_buffer(content.data))
    try:
        return pq.ParquetFile(source, **limits)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged() from error


def _damaged() -> Exception:
    return fail("truncated", "The Parquet file is cut off or damaged and cannot be read. Write and send it again.")


def _expanded(column: pa.Array) -> pa.Array:
    """Return a column without its dictionary, checked: offsets and letters are, until then, what a file says."""
    column.validate(full=True)
    if not pa.types.is_dictionary(column.type):
        return column
    column.dictionary.validate(full=True)
    return column.cast(column.type.value_type)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one contiguous array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)


def finite(column: pa.Array) -> Array | None:
    """Return the values of a float64 array, or None where one is not finite."""
    values = values_of(column, dtype=np.dtype(np.float64))
    return values if np.isfinite(values).all() else None


def values_of(column: pa.Array, *, dtype: np.dtype[Any]) -> Array:
    """Return a fixed-width array's values, out of its buffer: ``to_numpy`` would import pandas where it is there."""
    if len(column) == 0:
        return np.empty(0, dtype)
    data = np.frombuffer(column.buffers()[1], dtype=dtype)
    return data[column.offset : column.offset + len(column)]


def encoded(column: pa.Array) -> tuple[list[str], Array]:
    """Return the different texts of a column, trimmed, and for each row the position of its own."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    spellings = [name.strip() for name in column.dictionary.to_pylist()]
    names = {name: code for code, name in enumerate(dict.fromkeys(spellings))}
    codes = values_of(column.indices, dtype=np.dtype(np.int32))
    if len(names) == len(spellings):
        return spellings, codes
    return list(names), np.array([names[name] for name in spellings], dtype=np.int32)[codes]


def offsets_of(column: pa.Array) -> Array:
    """Return where the texts or lists of a column start, and behind them the end; shape (rows + 1,)."""
    if len(column) == 0:
        return np.zeros(1, dtype=np.int32)
    return np.frombuffer(column.buffers()[1], dtype=np.int32)[column.offset : column.offset + len(column) + 1]


def lengths_of(column: pa.Array) -> Array:
    """Return how many bytes each text of a column has."""
    return np.diff(offsets_of(column))


def first_empty(column: pa.Array) -> int:
    """Return the first row whose text is empty, or -1."""
    lengths = lengths_of(column)
    return -1 if lengths.all() else int(np.flatnonzero(lengths == 0)[0])


def arrow_of(values: Array) -> pa.Array:
    """Return numbers or truth values as an Arrow array, around the buffer: ``pa.array`` would import pandas."""
    if values.dtype == bool:
        bits = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])
    plain = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(plain.dtype), len(plain), [None, pa.py_buffer(plain)])


@dataclass(frozen=True, slots=True)
class RowLimit:
    """From how many rows on a table is not read, and in words what is expected."""

    most: int
    expected: str

    def check(self, rows: int) -> None:
        """Raise SubmissionError where ``rows`` are too many."""
        if rows > self.most:
            raise fail("too_many_rows", f"The file has {many(rows, 'row')} of data, expected {self.expected}.")


def no_rows(found: str, *, row_limit: RowLimit | None) -> str:
    """Say that there is nothing but, perhaps, a header."""
    expected = "" if row_limit is None else f", expected {row_limit.expected}"
    return f"The file has {found} of data{expected}."


def too_many_columns(columns: int, *, limits: Limits) -> str:
    """Say that there are too many columns."""
    return f"The file has {columns:,} columns or more; at most {limits.max_columns:,} are read. Leave out the others."
