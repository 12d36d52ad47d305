"""NPZ files: a zip of NumPy arrays, one for each column. Sizes are counted before anything is allocated; no pickles."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.lib import format as npy

from scoring.archives import CHUNK, Content, Limits, too_large
from scoring.arrow import pc
from scoring.errors import fail, many, shown
from scoring.metrics.registry import Array
from scoring.reading import RowLimit, arrow_of, encoded, no_rows, too_many_columns
from scoring.zips import check_member, open_zip

ENDING = ".npy"
LARGEST_HEADER = 10_000
PLAIN = "biufUS"
"""Kinds of dtypes that are read: truth values, whole numbers, decimal numbers, texts."""


@dataclass(frozen=True, slots=True)
class _Header:
    """What an array says of itself."""

    dtype: np.dtype[Any]
    rows: int


class NpzTable:
    """An NPZ file. Rows are counted from 1; columns are the arrays' names."""

    def __init__(self, content: Content, *, limits: Limits, row_limit: RowLimit | None) -> None:
        self._limits = limits
        self._row_limit = row_limit
        self._content = content
        self._columns: dict[str, Array] = {}
        self._rows = 0
        with self._open() as archive:
            members = archive.infolist()
        if len(members) > limits.max_columns:
            raise fail("too_many_columns", too_many_columns(len(members), limits=limits))
        self.names = [member.filename.removesuffix(ENDING) for member in members]

    def _open(self) -> AbstractContextManager[zipfile.ZipFile]:
        stream: Any = pa.BufferReader(pa.py_buffer(self._content.data))
        return open_zip(stream)

    @property
    def rows(self) -> int:
        """Rows of data, after load."""
        return self._rows

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Read these arrays. Raises SubmissionError where one is not a plain column, or their lengths differ."""
        left = self._limits.max_bytes
        with self._open() as archive:
            for name in dict.fromkeys([*text, *groups, *numbers]):
                member = archive.infolist()[self.names.index(name)]
                self._columns[name] = self._read(archive, member, name=name, left=left)
                left -= self._columns[name].nbytes
        lengths = {name: len(column) for name, column in self._columns.items()}
        self._rows = next(iter(lengths.values()))
        for name, length in lengths.items():
            if length != self._rows:
                message = f"Array {shown(name)} has {many(length, 'value')}, and {shown(next(iter(lengths)))} has "
                raise fail("array_length", f"{message}{self._rows:,}. Expected arrays of one length.", column=name)
        if not self._rows:
            raise fail("no_rows", no_rows("no rows", row_limit=self._row_limit))

    def _read(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, name: str, left: int) -> Array:
        check_member(member)
        with archive.open(member) as stream:
            header = _header(stream, name=name)
            if self._row_limit is not None:
                self._row_limit.check(header.rows)
            size = header.rows * header.dtype.itemsize
            if size > left:
                raise too_large(self._limits)
            # What the header promises is allocated only as it arrives.
            data = _exactly(stream, size, name=name)
        return (
            np.frombuffer(data, dtype=header.dtype, count=header.rows) if size else np.empty(header.rows, header.dtype)
        )

    def text(self, name: str) -> pa.Array:
        """Return an array as text."""
        values = self._columns[name]
        if values.dtype.kind in "US":
            return _texts(values, name=name)
        if values.dtype.kind == "b":
            return pc.if_else(arrow_of(values), "true", "false")
        return arrow_of(_native(values)).cast(pa.string())

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Return the different texts of a column, and for each row the position of its own."""
        return encoded(self.text(name))

    def numbers(self, name: str) -> Array | None:
        """Return an array as float64, or None where it holds text or what is not finite."""
        values = self._columns[name]
        if values.dtype.kind in "US":
            return None
        plain = values.astype(np.float64)
        return plain if np.isfinite(plain).all() else None

    def line(self, index: int) -> int:
        """Return the number of a row, from 1."""
        return index + 1

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the numbers of several rows, from 1."""
        return [self.line(index) for index in indices]


def _header(stream: IO[bytes], *, name: str) -> _Header:
    try:
        version = npy.read_magic(stream)
        if version not in {(1, 0), (2, 0), (3, 0)}:
            raise _damaged(name)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(stream, max_header_size=LARGEST_HEADER)
    except Exception as error:  # a header is parsed as Python, and fails in a dozen ways
        raise _damaged(name) from error
    if dtype.hasobject or dtype.kind not in PLAIN or dtype.itemsize > CHUNK or dtype.names is not None:
        message = f"Array {shown(name)} has the type {shown(dtype)}, expected numbers or text, one value a cell."
        raise fail("array_type", message, column=name)
    if len(shape) != 1 or shape[0] < 0:
        message = f"Array {shown(name)} has the shape {shown(shape)}, expected one dimension: a value for each row."
        raise fail("array_shape", message, column=name)
    return _Header(dtype, shape[0])


def _exactly(stream: IO[bytes], size: int, *, name: str) -> bytearray:
    data = bytearray()
    while len(data) < size:
        part = stream.read(min(CHUNK, size - len(data)))
        if not part:
            raise _damaged(name)
        data += part
    if stream.read(1):
        raise _damaged(name)
    return data


def _native(values: Array) -> Array:
    """Return numbers in this machine's byte order, and in a width that Arrow can write as text."""
    width = np.dtype(np.float64) if values.dtype.kind == "f" and values.dtype.itemsize not in {4, 8} else values.dtype
    return values.astype(width.newbyteorder("="), copy=False)


def _texts(values: Array, *, name: str) -> pa.Array:
    try:
        cells = values.tolist() if values.dtype.kind == "U" else [cell.decode() for cell in values.tolist()]
        return pa.array(cells, pa.string())
    except ValueError as error:
        message = f"Array {shown(name)} holds text that is not Unicode (UTF-8)."
        raise fail("not_utf8", message, column=name) from error


def _damaged(name: str) -> Exception:
    return fail("array_damaged", f"Array {shown(name)} is cut off or damaged. Write the file with `numpy.savez` again.")
