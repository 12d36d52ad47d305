"""Feeding a table batch by batch, so that nobody's code can look ahead.

The gateway holds the table; the job never sees its file. It sends a batch through the job's channel, waits for the
answer, and only then sends the next. What goes in is Arrow's stream format. What comes back is foreign: a CSV of at
most so many bytes, whose rows are counted from 0 and must be exactly those of the batch. The gateway writes the
predictions.

A message is one byte that says what it is, eight that say how long it is (big-endian), and that many bytes::

    gateway   B batch      E there are no more
    job       R ready      A answer
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from scoring.errors import HostError, listed, shown
from scoring.jobs import ScoreError
from scoring.runners.clearing import cleared
from scoring.runners.specs import StreamSpec
from scoring.sandbox.backend import Running
from scoring.sandbox.jobs import MIB, Limits

HEADER_BYTES = 9
ROW_BYTES, ANSWER_BYTES = 4096, MIB
"""How long an answer may be: so much for each row, and so much."""
MOST_COLUMNS, LONGEST_CELL = 1000, 4096
READY_BYTES = 0
PART = 1 << 16
END_S = 30.0
CLOSED = {
    "batch_answer": "An answer is not a table of the same columns as before, with one row for each row of its batch.",
    "batch_missing": "The code ended before it had answered each batch.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the gateway takes no more answers. ``stopped`` says that it ended the job; else the job ended by itself.

    ``error`` is out of a closed set: which batch it was, and what its answer looked like, is chosen by code that has
    seen the data. That stands in ``detail``, for those who may know the data.
    """

    error: ScoreError
    detail: ScoreError
    stopped: bool


class _AnswerError(Exception):
    """An answer that is none, or none in time."""

    def __init__(self, code: str, message: str, *, closed: str = "", stopped: bool = True) -> None:
        super().__init__(message)
        self.refusal = Refusal(
            error=ScoreError(code=code, message=closed or CLOSED[code]),
            detail=ScoreError(code=code, message=message),
            stopped=stopped,
        )


class Gateway:
    """Feeds one job from one table. ``beside`` is a folder of ours, for the inputs without it and for predictions."""

    def __init__(self, spec: StreamSpec, inputs: Path, beside: Path, *, limits: Limits) -> None:
        self._spec, self._limits = spec, limits
        self._table = _read(inputs / spec.file, spec)
        self.input = beside / "input"
        _copy_without(inputs, spec.file, self.input)
        self._written = beside / "predictions.csv"
        self._columns: list[str] | None = None

    def feed(self, running: Running) -> Refusal | None:
        """Feed a job that has begun; None where each batch was answered."""
        channel = running.channel
        try:
            with channel, self._written.open("w", encoding="utf-8", newline="") as out:
                self._feed(_Channel(channel), csv.writer(out))
        except _AnswerError as error:
            if error.refusal.stopped:
                running.cancel()
            return error.refusal
        return None

    def _feed(self, channel: _Channel, out: Any) -> None:
        channel.receive(b"R", most=READY_BYTES, seconds=self._limits.wall_s, what="its imports", first=True)
        for number, batch in enumerate(self._batches(), 1):
            what = f"batch {number:,}"
            most = ANSWER_BYTES + ROW_BYTES * batch.num_rows
            channel.send(b"B", _packed(batch), seconds=self._spec.seconds, what=what)
            answer = channel.receive(b"A", most=most, seconds=self._spec.seconds, what=what)
            rows = self._rows(answer, rows=batch.num_rows, what=what)
            if number == 1:
                out.writerow([self._spec.id_column, *(self._columns or [])])
            self._write(out, batch, rows)
        channel.send(b"E", b"", seconds=self._spec.seconds, what="the end")
        channel.await_end(END_S)

    def _batches(self) -> Iterator[Any]:
        if self._spec.batch_rows is not None:
            for start in range(0, self._table.num_rows, self._spec.batch_rows):
                yield self._table.slice(start, self._spec.batch_rows)
            return
        starts = _starts(self._table.column(self._spec.group).to_pylist())
        for start, stop in zip(starts, [*starts[1:], self._table.num_rows], strict=True):
            yield self._table.slice(start, stop - start)

    def _rows(self, answer: bytes, *, rows: int, what: str) -> list[list[str]]:
        """Return the cells of an answer in the batch's order, checked."""
        try:
            lines = list(islice(_lines(answer), rows + 2))  # one line is enough to be too many
        except (UnicodeDecodeError, csv.Error) as error:
            raise _AnswerError("batch_answer", f"The answer to {what} is not a table.") from error
        head = self._check_head(lines[:1], what=what)
        cells: dict[str, list[str]] = {}
        for line in lines[1:]:
            if len(line) != len(head) + 1 or max(map(len, line)) > LONGEST_CELL:
                raise _AnswerError("batch_answer", f"The answer to {what} has a row of another width, or too long.")
            cells[line[0]] = line[1:]
        wanted = [str(row) for row in range(rows)]
        if len(lines) - 1 != rows or cells.keys() != set(wanted):
            found = f"{len(lines) - 1:,} rows" if len(lines) - 1 <= rows else "more rows"
            raise _AnswerError(
                "batch_answer", f"The answer to {what} has {found}, expected exactly its {rows:,}, each once."
            )
        return [cells[row] for row in wanted]

    def _check_head(self, lines: list[list[str]], *, what: str) -> list[str]:
        head = lines[0][1:] if lines and lines[0][:1] == ["row"] else []
        if not head or len(head) > MOST_COLUMNS or len(set(head)) < len(head) or self._spec.id_column in head:
            raise _AnswerError("batch_answer", f"The answer to {what} has no columns, or the same one twice.")
        if self._columns not in (None, head):
            expected = listed(self._columns or [])
            raise _AnswerError("batch_answer", f"The answer to {what} has other columns than before: {expected}.")
        self._columns = head
        return head

    def _write(self, out: Any, batch: Any, rows: list[list[str]]) -> None:
        ids = batch.column(self._spec.id_column).to_pylist()
        out.writerows([identity, *cells] for identity, cells in zip(ids, rows, strict=True))

    def keep(self, place: Path) -> None:
        """Put the predictions where they are wanted, whatever the job left there."""
        shutil.move(self._written, cleared(place))


class _Channel:
    """Messages over a socket, each within its time."""

    def __init__(self, channel: socket.socket) -> None:
        self._socket = channel

    def send(self, kind: bytes, content: bytes, *, seconds: float, what: str) -> None:
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(kind + len(content).to_bytes(8, "big") + content)
        except TimeoutError as error:
            raise _too_slow(what, seconds) from error
        except OSError as error:
            raise _ended(what) from error

    def receive(self, kind: bytes, *, most: int, seconds: float, what: str, first: bool = False) -> bytes:
        until = time.monotonic() + seconds
        header = self._exactly(HEADER_BYTES, until, seconds, what)
        size = int.from_bytes(header[1:], "big")
        if header[:1] != kind or size > most:
            words = "is not ready in the way that it should be" if first else f"answers {what} with something else"
            raise _AnswerError("batch_answer", f"The code {words}, or with more than {most:,} bytes.")
        return self._exactly(size, until, seconds, what)

    def await_end(self, seconds: float) -> None:
        """Wait until the job has closed its end, but not for ever: what it still does is not ours to see."""
        self._socket.settimeout(seconds)
        with contextlib.suppress(OSError):
            self._socket.recv(1)

    def _exactly(self, size: int, until: float, seconds: float, what: str) -> bytes:
        parts, left = [], size
        while left:
            remaining = until - time.monotonic()
            if remaining <= 0:
                raise _too_slow(what, seconds)
            self._socket.settimeout(remaining)
            try:
                part = self._socket.recv(min(left, PART))
            except TimeoutError as error:
                raise _too_slow(what, seconds) from error
            except OSError as error:
                raise _ended(what) from error
            if not part:
                raise _ended(what)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _lines(answer: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(answer.decode("utf-8"), newline=""), strict=True)


def _too_slow(what: str, seconds: float) -> _AnswerError:
    closed = f"The code took longer than the {seconds:g} s that it may, for its imports or for a batch."
    message = f"The code took longer than {seconds:g} s for {what}, the most that it may."
    return _AnswerError("batch_time", message, closed=closed)


def _ended(what: str) -> _AnswerError:
    return _AnswerError("batch_missing", f"The code ended before it answered {what}.", stopped=False)


def _packed(batch: Any) -> bytes:
    import pyarrow as pa  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _read(path: Path, spec: StreamSpec) -> Any:
    """Return the table, with its ids as texts. Raises HostError."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv as arrow_csv  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        if path.suffix == ".parquet":
            table = parquet.read_table(path)
        else:
            options = arrow_csv.ConvertOptions(column_types={spec.id_column: pa.string()})
            table = arrow_csv.read_csv(path, convert_options=options)
    except (OSError, pa.ArrowInvalid) as error:
        raise HostError("stream_file", f"{shown(spec.file)} of the phase's inputs cannot be read: {error}") from error
    for column in filter(None, (spec.id_column, spec.group)):
        if column not in table.column_names:
            has = listed(table.column_names)
            raise HostError("stream_file", f"{shown(spec.file)} has no column {shown(column)}. It has: {has}.")
    at = table.column_names.index(spec.id_column)
    return table.set_column(at, spec.id_column, table.column(at).cast(pa.string()))


def _starts(values: list[Any]) -> list[int]:
    """Return where each group begins. Raises HostError where the rows of a group do not stand together."""
    starts = [row for row, value in enumerate(values) if row == 0 or value != values[row - 1]]
    if len({str(values[row]) for row in starts}) < len(starts):
        raise HostError("stream_file", "The rows of a group do not stand together. Sort the table by `group`.")
    return starts


def _copy_without(source: Path, left_out: str, target: Path) -> None:
    """Link or copy the files of ``source``, all but one."""
    target.mkdir()
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.is_symlink() or not path.is_file() or name.as_posix() == left_out:
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except OSError:  # another file system
            shutil.copyfile(path, place)
