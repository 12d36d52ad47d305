"""JSON files: an array of records, one record a line (JSON Lines), or an object with an array for each column.

Everything that could hurt is looked at before pyarrow sees a byte: encoding, depth, length of a record. An array of
records becomes JSON Lines on the way, for pyarrow reads those; a file with a mistake is read again, slowly and exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.json

from scoring.archives import CHUNK, Content, Limits
from scoring.encoding import as_utf8, check_text
from scoring.errors import SubmissionError, fail, many, place, shown
from scoring.metrics.registry import Array
from scoring.reading import RowLimit, encoded, finite, no_rows, one_array, too_many_columns

Form = Literal["array", "lines", "columns"]
STEPS = np.zeros(256, dtype=np.int8)
STEPS[list(b"[{")] = 1
STEPS[list(b"]}")] = -1
BLANKS = b" \t\r\n"
NO_BLANK = re.compile(r"[^ \t\r\n]")
FIRST_VALUE = re.compile(rb'\s*\{\s*(?:"(?:[^"\\]|\\.)*"\s*:\s*(.))?', re.DOTALL)
FLAT = "Expected numbers and texts, one value a cell."
THREADS_FROM = 4 << 20
INTEGERS = pa.int64()


class JsonTable:
    """A JSON file. Rows are counted from 1, record by record."""

    def __init__(self, content: Content, *, limits: Limits, row_limit: RowLimit | None) -> None:
        self._limits = limits
        self._row_limit = row_limit
        data, skipped = as_utf8(content)
        check_text(data, skipped=skipped)
        self._form: Form = _form(data)
        self._data: Any = _as_lines(data) if self._form == "array" else data
        if self._form != "array":
            _check_depth(data, most=2 if self._form == "columns" else 1)
        self._first = self._first_record()
        self.names = [name for name, _ in self._first]
        if len(self.names) > limits.max_columns:
            raise fail("too_many_columns", too_many_columns(len(self.names), limits=limits))
        self._columns: dict[str, pa.Array] = {}
        self._exact: dict[str, pa.Array] | None = None
        self._wanted: list[str] = []

    def _first_record(self) -> list[tuple[str, Any]]:
        if self._form == "columns":
            return _keys(self._data, limits=self._limits)
        most = 2 * self._limits.max_line
        try:
            record = next(_records(self._data[:most]), None)
        except SubmissionError as error:
            if len(self._data) > most:
                raise _long_record(self._limits) from error
            raise
        if record is None:
            raise fail("no_rows", no_rows("no rows", row_limit=self._row_limit))
        return record

    @property
    def rows(self) -> int:
        """Rows of data, after load."""
        return len(next(iter(self._columns.values())))

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Read these columns; all as text where some cell is not of its column's type."""
        self._wanted = list(dict.fromkeys([*text, *groups, *numbers]))
        self._columns = self._parsed(numbers=numbers) or self._all_text()
        if not self.rows:
            raise fail("no_rows", no_rows("no rows", row_limit=self._row_limit))
        if self._row_limit is not None:
            self._row_limit.check(self.rows)

    def _parsed(self, *, numbers: Sequence[str]) -> dict[str, pa.Array] | None:
        """Return the columns as pyarrow reads them, or None where that leaves a question."""
        known = dict(self._first)
        if self._form != "columns":
            types = {name: _type(known[name], number=name in numbers) for name in self._wanted}
            return self._attempt(types)
        for kind in (pa.string(), INTEGERS):
            found = self._attempt({name: pa.float64() if name in numbers else kind for name in self._wanted})
            if found is not None:
                return found
        return None

    def _attempt(self, types: dict[str, pa.DataType | None]) -> dict[str, pa.Array] | None:
        if any(kind is None for kind in types.values()):
            return None
        nested = self._form == "columns"
        schema = pa.schema([(name, pa.list_(kind) if nested else kind) for name, kind in types.items()])
        block = len(self._data) + 1 if nested else min(len(self._data), 4 * self._limits.max_line) + 1
        try:
            table = pyarrow.json.read_json(
                pa.BufferReader(pa.py_buffer(self._data)),
                read_options=pyarrow.json.ReadOptions(use_threads=len(self._data) > THREADS_FROM, block_size=block),
                parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return None
        return _complete({name: one_array(table.column(name)) for name in types}, nested=nested)

    def _all_text(self) -> dict[str, pa.Array]:
        """Return the columns as text, read slowly. Raises SubmissionError where the file is broken."""
        if self._exact is None:
            cells = self._column_cells() if self._form == "columns" else self._record_cells()
            self._exact = {name: _as_text(column, name=name) for name, column in cells.items()}
        return self._exact

    def _column_cells(self) -> dict[str, list[str]]:
        try:
            (record,) = _records(self._data)
        except ValueError as error:
            raise fail("json_damaged", "Behind the object of columns there is more. Expected one object.") from error
        columns: dict[str, list[str]] = {}
        for name, column in record:
            if not isinstance(column, list):
                message = f"Field {shown(name)} is no array. Expected an array of values for each column."
                raise fail("json_nested", message, column=name)
            columns[name] = [_cell(value, row=row, name=name) for row, value in enumerate(column, start=1)]
            if len(columns[name]) != len(columns[record[0][0]]):
                message = f"Array {shown(name)} has {many(len(column), 'value')}, and {shown(record[0][0])} has "
                raise fail(
                    "array_length", f"{message}{len(record[0][1]):,}. Expected arrays of one length.", column=name
                )
        return {name: columns[name] for name in self._wanted}

    def _record_cells(self) -> dict[str, list[str]]:
        columns: dict[str, list[str]] = {name: [] for name in self._wanted}
        for row, record in enumerate(_records(self._data), start=1):
            known = dict(record)
            _check_fields([name for name, _ in record], names=self.names, row=row)
            for name, column in columns.items():
                column.append(_cell(known.get(name), row=row, name=name))
        return columns

    def text(self, name: str) -> pa.Array:
        """Return a column as text: numbers as they are written, an empty text for null and for what is not there."""
        column = self._columns[name]
        if pa.types.is_floating(column.type):
            return self._all_text()[name]
        return column if pa.types.is_string(column.type) else column.cast(pa.string())

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Return the different texts of a column, and for each row the position of its own."""
        return encoded(self.text(name))

    def numbers(self, name: str) -> Array | None:
        """Return a column as float64, or None where a cell is not a finite number."""
        column = self._columns[name]
        if pa.types.is_string(column.type):
            return None
        return finite(column.cast(pa.int8()).cast(pa.float64()) if pa.types.is_boolean(column.type) else column)

    def line(self, index: int) -> int:
        """Return the number of a record, from 1."""
        return index + 1

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the numbers of several records, from 1."""
        return [self.line(index) for index in indices]


@dataclass(frozen=True, slots=True)
class _Record:
    """An object with its fields in order, of which two may have one name."""

    fields: list[tuple[str, Any]]


class _Number(str):
    """A number as it is written."""


def _records(data: Any) -> Iterator[list[tuple[str, Any]]]:
    """Go over the records slowly. Raises SubmissionError at the first that is broken."""
    text = str(data, "utf-8", "ignore")
    decoder = json.JSONDecoder(
        object_pairs_hook=_Record, parse_float=_Number, parse_int=_Number, parse_constant=_Number, strict=False
    )
    at, row = _skip(text, 0), 1
    while at < len(text):
        try:
            found, at = decoder.raw_decode(text, at)
        except ValueError as error:
            raise fail("json_damaged", f"Row {row:,} is no JSON, or it is cut off.", row=row) from error
        if not isinstance(found, _Record):
            message = f"Row {row:,}: found something else than an object. Expected records with a field a column."
            raise fail("json_damaged", message, row=row)
        yield found.fields
        at, row = _skip(text, at), row + 1


def _skip(text: str, at: int) -> int:
    """Return where the next value begins."""
    found = NO_BLANK.search(text, at)
    return found.start() if found else len(text)


def _form(data: memoryview) -> Form:
    head = bytes(data[:CHUNK])
    if head.lstrip(BLANKS).startswith(b"["):
        return "array"
    found = FIRST_VALUE.match(head)
    first = found[1] if found else None
    if first == b"{":
        message = 'Found an object in an object. Write records, as pandas does by `to_json(path, orient="records")`.'
        raise fail("json_nested", message)
    return "columns" if first == b"[" else "lines"


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some bytes of a JSON text: which stand outside of texts, and how deep each is, brackets counted at once."""

    codes: Array
    outside: Array
    depths: Array
    start: int


def _pieces(data: memoryview) -> Iterator[_Piece]:
    """Go over a JSON text. Raises SubmissionError where brackets do not match, or a text is not closed."""
    inside, depth, start = 0, 0, 0
    while start < len(data):
        chunk = bytes(data[start : start + CHUNK])
        if (len(chunk) - len(chunk.rstrip(b"\\"))) % 2:
            chunk = bytes(data[start : start + len(chunk) + 1])
        plain = chunk.replace(b"\\\\", b"__").replace(b'\\"', b"__") if b"\\" in chunk else chunk
        codes = np.frombuffer(plain, dtype=np.uint8)
        quotes = np.cumsum(codes == ord('"'), dtype=np.int32) + inside
        outside = quotes % 2 == 0
        depths = np.cumsum(STEPS[codes] * outside, dtype=np.int32) + depth
        if depths.min() < 0:
            raise fail(
                "json_damaged",
                f"Byte {start + int(depths.argmin()) + 1:,} of the text closes a bracket that was not open.",
            )
        yield _Piece(np.frombuffer(chunk, dtype=np.uint8), outside, depths, start)
        inside, depth, start = int(quotes[-1] % 2), int(depths[-1]), start + len(chunk)
    if inside or depth:
        raise fail("truncated", "The JSON file is cut off: it ends within a text, a record or an array. Send it again.")


def _check_depth(data: memoryview, *, most: int) -> None:
    """Refuse brackets deeper than ``most``: pyarrow's parser goes down them with the machine's own stack."""
    for piece in _pieces(data):
        _refuse_deep(piece, most=most)


def _refuse_deep(piece: _Piece, *, most: int) -> None:
    if piece.depths.max() > most:
        at = piece.start + int(np.argmax(piece.depths > most)) + 1
        raise fail("json_nested", f"Byte {at:,} of the text begins an array or object within a record. {FLAT}")


def _as_lines(data: memoryview) -> bytes:
    """Return an array of records as JSON Lines: brackets and line ends become blanks, commas between records line ends.

    Nothing moves, so a byte keeps its place.
    """
    parts = []
    closed = False
    for piece in _pieces(data):
        _refuse_deep(piece, most=2)
        out = piece.codes.copy()
        out[(out == 10) | (out == 13)] = 32
        outer = piece.outside & (piece.depths <= 1)
        out[outer & (piece.depths == 1) & (out == ord(","))] = 10
        brackets = outer & ((out == ord("[")) | (out == ord("]")))
        closed = _refuse_more(out, piece, closed=closed)
        out[brackets] = 32
        parts.append(out.tobytes())
    return b"".join(parts)


def _refuse_more(out: Array, piece: _Piece, *, closed: bool) -> bool:
    """Refuse anything but blanks around the array; return whether it was closed."""
    around = np.flatnonzero((piece.depths == 0) & ~np.isin(out, list(BLANKS)))
    rest = around if closed else around[1:]
    if len(rest):
        raise fail("json_damaged", f"Byte {piece.start + int(rest[0]) + 1:,} of the text stands behind the array.")
    return closed or len(around) > 0


def _keys(data: memoryview, *, limits: Limits) -> list[tuple[str, Any]]:
    """Return the names of an object's arrays, without looking into these."""
    parts, size = [], 0
    for piece in _pieces(data):
        shallow = piece.codes[piece.depths < 2]
        inner = piece.outside[piece.depths < 2]
        parts.append(np.where(inner & (shallow == ord("]")), ord("0"), shallow).astype(np.uint8).tobytes())
        size += len(parts[-1])
        if size > limits.max_line:
            raise _long_record(limits)
    record = next(_records(b"".join(parts)), None)
    return record or []


def _type(value: Any, *, number: bool) -> pa.DataType | None:
    """Return the type of a column whose first cell is ``value``, or None where it takes a closer look."""
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, _Number):
        return pa.float64() if number else INTEGERS
    return pa.string() if isinstance(value, str) else None


def _complete(columns: dict[str, pa.Array], *, nested: bool) -> dict[str, pa.Array] | None:
    """Return the columns, or None where a cell is null, or where they differ in length."""
    if nested:
        if any(len(column) != 1 or column.null_count for column in columns.values()):
            return None
        columns = {name: column.flatten() for name, column in columns.items()}
    same = len({len(column) for column in columns.values()}) == 1
    return columns if same and not any(column.null_count for column in columns.values()) else None


def _check_fields(found: list[str], *, names: list[str], row: int) -> None:
    if found == names:
        return
    for name in found:
        if name not in names:
            message = f"Row {row:,}: field {shown(name)} is not expected. Expected the fields of row 1."
            raise fail("column_extra", message, row=row, column=name)
        if found.count(name) > 1:
            raise fail("column_doubled", f"Row {row:,}: field {shown(name)} occurs twice.", row=row, column=name)


def _cell(value: Any, *, row: int, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        message = f"{place(row, name)}: found an array or an object. {FLAT}"
        raise fail("json_nested", message, row=row, column=name)
    return value


def _as_text(cells: list[str], *, name: str) -> pa.Array:
    try:
        return pa.array(cells, pa.string())
    except UnicodeError as error:
        message = f"Column {shown(name)} holds half a letter (a lone surrogate, like `\\ud800`)."
        raise fail("not_utf8", message, column=name) from error


def _long_record(limits: Limits) -> Exception:
    return fail("line_too_long", f"A record is longer than {limits.max_line >> 20} MB, the most that one may have.")
