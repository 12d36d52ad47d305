"""CSV and TSV files. Everything that could hurt is looked at before pyarrow sees a byte: encoding, lines, columns."""

from __future__ import annotations

import codecs
import csv
import functools
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from scoring.archives import CHUNK, Content, Limits
from scoring.encoding import as_utf8, decode, zero_byte
from scoring.errors import Mistake, SubmissionError, fail, many, shown
from scoring.metrics.registry import Array
from scoring.reading import RowLimit, encoded, finite, no_rows, one_array, too_many_columns

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
GROUPS = pa.dictionary(pa.int32(), pa.string())
THREADS_FROM = 4 << 20
RAGGED_COUNTED = 1000
FEED = ord("\n")


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look over the bytes tells."""

    lines: int
    quoted: bool


class DelimitedTable:
    """A CSV or TSV file whose header was read."""

    def __init__(self, content: Content, *, limits: Limits, row_limit: RowLimit | None) -> None:
        self._limits = limits
        self._row_limit = row_limit
        self._content = content
        self._data, self._skipped = as_utf8(content)
        if len(self._data) <= CHUNK:
            self._look()
        header, self._header_line, body = _split_header(self._data)
        if header is None:
            self._look()
            raise fail("not_utf8", "Row 1 is not UTF-8. Save the file as UTF-8.", row=1)
        self.header = header
        self.separator = _separator(header, filename=content.name)
        self.names = _cells(header, separator=self.separator, limits=limits)
        self._body = self._data[body:]
        self._columns: dict[str, pa.Array] = {}
        if not bytes(self._body[:CHUNK]).strip() and len(self._body) <= CHUNK:
            raise fail("no_rows", no_rows("a header and no rows", row_limit=row_limit))

    @functools.cached_property
    def _facts(self) -> Facts:
        """What one look over all bytes tells; whoever wants the names alone, of a large file, does not wait for it."""
        return scan(self._data, skipped=self._skipped, limits=self._limits)

    @functools.cached_property
    def _blank_lines(self) -> bool:
        return has_blank_lines(self._data)

    def _look(self) -> None:
        """Raise SubmissionError where the bytes are no text, or too many rows."""
        self._facts  # noqa: B018 - to raise

    def sample(self) -> str:
        """Return the beginning of the rows, to look at."""
        return bytes(self._body[:1000]).decode(errors="replace")

    @property
    def rows(self) -> int:
        """Rows of data, after load."""
        return len(next(iter(self._columns.values()), ()))

    def load(self, *, text: Sequence[str], numbers: Sequence[str], groups: Sequence[str] = ()) -> None:
        """Read these columns; ``numbers`` become numbers where every cell is one, and stay text otherwise."""
        self._check_rows()
        types = dict.fromkeys(text, pa.string()) | dict.fromkeys(groups, GROUPS)
        columns = self._parsed(types | dict.fromkeys(numbers, pa.float64()))
        self._columns = columns or self._parsed(types | dict.fromkeys(numbers, pa.string())) or {}
        if self._row_limit is not None:
            self._row_limit.check(self.rows)

    def _check_rows(self) -> None:
        """Refuse too many rows before they are parsed, where lines are rows."""
        if self._row_limit is not None and not self._facts.quoted:
            rows = self._facts.lines - self._header_line
            if rows > self._row_limit.most and not self._blank_lines:
                self._row_limit.check(rows)

    def _parse(self, types: dict[str, pa.DataType]) -> dict[str, pa.Array]:
        # Columns go by position, for names may be doubled; nothing becomes null, so nothing is lost silently.
        positions = {name: f"c{self.names.index(name)}" for name in types}
        threads = len(self._body) > THREADS_FROM
        table = pyarrow.csv.read_csv(
            pa.BufferReader(pa.py_buffer(self._body)),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[f"c{index}" for index in range(len(self.names))],
                use_threads=threads,
                block_size=min(len(self._body), 1 * self._limits.max_line) + 1,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self.separator, newlines_in_values=self._facts.quoted, ignore_empty_lines=True
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={position: types[name] for name, position in positions.items()},
                include_columns=list(positions.values()),
                null_values=[],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        columns = table.unify_dictionaries().columns
        del table
        self._content.forget()
        # One column after the other is made whole, so that no more than one is there twice.
        return {name: one_array(columns.pop(0)) for name in types}

    def _parsed(self, types: dict[str, pa.DataType]) -> dict[str, pa.Array] | None:
        """Return columns; None where a cell is no number, which may be told before a broken row further down is."""
        try:
            return self._parse(types)
        except pa.ArrowInvalid as error:
            # Its words end with the file's own, so only where they begin is looked at.
            text = str(error)
            if text.startswith("straddling"):
                raise fail("line_too_long", _long_line(None, limits=self._limits)) from error
            if not text.startswith("In CSV column"):
                raise SubmissionError(self._ragged()) from error
            return None

    def _ragged(self) -> Mistake:
        """Find the first row that has too few or too many cells, and count the others up to a thousand."""
        ragged = (record for record in self._records() if len(record[1]) != len(self.names))
        bad = list(itertools.islice(ragged, RAGGED_COUNTED))
        if not bad:
            return Mistake(code="ragged_row", message="The rows cannot be told apart. Check the quotation marks.")
        line, cells = bad[0]
        message = f"Row {line:,}: found {many(len(cells), 'cell')}, expected {len(self.names)} as in the header."
        return Mistake(code="ragged_row", message=f"{message}{self._why(cells)}", row=line, count=len(bad))

    def _why(self, cells: list[str]) -> str:
        extra = len(cells) - len(self.names)
        if extra < 0:
            return f" Add the missing {'cell' if extra == -1 else 'cells'}, or remove the row."
        if self.separator == "," and all(cell.strip().lstrip("-").isdigit() for cell in cells[-2:]):
            return " If commas are decimal commas here, write points: `0.5`, not `0,5`."
        return f" Remove what is too much, or quote a cell that holds a separator ({shown(self.separator)})."

    def text(self, name: str) -> pa.Array:
        """Return a column as it stands in the file."""
        column = self._columns[name]
        if pa.types.is_dictionary(column.type):
            return column.cast(pa.string())
        return column if pa.types.is_string(column.type) else self._parse({name: pa.string()})[name]

    def groups(self, name: str) -> tuple[list[str], Array]:
        """Return the different texts of a column, and for each row the position of its own."""
        return encoded(self._columns[name])

    def numbers(self, name: str) -> Array | None:
        """Return a column as float64, or None where a cell is not a finite number."""
        column = self._columns[name]
        return finite(column) if pa.types.is_floating(column.type) else None

    def line(self, index: int) -> int:
        """Return the line on which the data row ``index`` begins, the file's first line being 1."""
        return self.lines([index])[0]

    def lines(self, indices: Sequence[int]) -> list[int]:
        """Return the lines on which several data rows begin, given in ascending order."""
        if not (self._facts.quoted or self._blank_lines):
            return [index + self._header_line + 1 for index in indices]
        wanted, found = list(indices), list[int]()
        for index, (line, _) in enumerate(self._records()):
            if len(found) == len(wanted):
                break
            if index == wanted[len(found)]:
                found.append(line)
        return found

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Go over the rows slowly, each with the line on which it begins."""
        csv.field_size_limit(8 * self._limits.max_line)
        stream = io.TextIOWrapper(io.BytesIO(self._body), encoding="utf-8", newline="")
        reader = csv.reader(stream, delimiter=self.separator)
        line = self._header_line + 1
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                line = self._header_line + 1 + reader.line_num
        except csv.Error as error:
            raise fail("line_too_long", _long_line(line, limits=self._limits), row=line) from error


def scan(data: memoryview, *, skipped: int, limits: Limits) -> Facts:
    """Look at every byte once: encoding, zero bytes, lines without an end, quotation marks, blank lines."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    feeds, returns, quoted, waiting = 0, 0, False, 0
    for start in range(0, len(data), limits.max_line):
        chunk = bytes(data[start : start + limits.max_line])
        if b"\n" not in chunk and b"\r" not in chunk and len(chunk) == limits.max_line:
            raise _no_line_end(chunk, line=max(feeds, returns) + 1, limits=limits)
        if waiting or not chunk.isascii():
            decode(decoder, chunk, before=skipped + start - waiting, line=feeds + 1)
            waiting = len(decoder.getstate()[0])
        if b"\0" in chunk:
            raise zero_byte(skipped + start + chunk.index(b"\0"))
        quoted = quoted or b'"' in chunk
        # Five times as fast as bytes.count.
        feeds += int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == FEED))
        returns += chunk.count(b"\r") if b"\r" in chunk else 0
    if waiting:
        decode(decoder, b"", before=skipped + len(data) - waiting, line=feeds + 1, final=True)
    ended = bytes(data[-1:]) in {b"\n", b"\r"}
    return Facts(lines=(feeds or returns) + (not ended), quoted=quoted)


def has_blank_lines(data: memoryview) -> bool:
    """Return whether there may be lines without a letter, so that lines are not rows."""
    for start in range(0, len(data), CHUNK):
        chunk = bytes(data[start : start + CHUNK])
        returns = b"\r" in chunk and (b"\n\r\n" in chunk or b"\r\r" in chunk)
        if returns or b"\n\n" in chunk or chunk[:1] in {b"\r", b"\n"}:
            return True
    return False


def _no_line_end(chunk: bytes, *, line: int, limits: Limits) -> Exception:
    columns = max(chunk.count(separator.encode()) for separator in SEPARATORS) + 1
    if line == 1 and columns > limits.max_columns:
        return fail("too_many_columns", too_many_columns(columns, limits=limits), row=1)
    return fail("line_too_long", _long_line(line, limits=limits), row=line)


def _long_line(line: int | None, *, limits: Limits) -> str:
    where = "A row" if line is None else f"Row {line:,}"
    return (
        f"{where} is longer than {limits.max_line >> 20} MB, the most that a row may have. "
        "Check that rows end with a line break and that quotation marks are closed."
    )


def _split_header(data: memoryview) -> tuple[str | None, int, int]:
    """Return the header line, its number, and where the line after it starts; None where it is no text."""
    head = bytes(data[: 4 * CHUNK])
    skipped = len(head) - len(head.lstrip(b"\r\n"))
    if not head[skipped:].strip():
        raise fail("empty_file", "The file holds nothing but blank lines. Send a header and one row for each id.")
    ends = [at for at in (head.find(b"\n", skipped), head.find(b"\r", skipped)) if at >= 0]
    end = min(ends, default=len(head))
    after = end + 2 if head[end : end + 2] == b"\r\n" else end + 1
    line = 1 + max(head[:skipped].count(b"\n"), head[:skipped].count(b"\r"))
    try:
        text = head[skipped:end].decode()
    except UnicodeDecodeError:
        return None, line, len(data)
    return (text if "\0" not in text and (ends or len(data) <= len(head)) else None), line, min(after, len(data))


def _separator(header: str, *, filename: str) -> str:
    return "\t" if filename.lower().endswith((".tsv", ".tab")) and "\t" in header else ","


def _cells(header: str, *, separator: str, limits: Limits) -> list[str]:
    columns = header.count(separator) + 1
    if columns > limits.max_columns:
        raise fail("too_many_columns", too_many_columns(columns, limits=limits), row=1)
    try:
        return next(csv.reader([header], delimiter=separator, strict=True))
    except csv.Error as error:
        message = "Row 1: a quotation mark in the header is not closed. Expected column names, one line."
        raise fail("ragged_row", message, row=1) from error
