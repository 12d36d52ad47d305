"""The reader of uploads, with code in its child that a file has taken over: what it can do to others, and say to us."""

from __future__ import annotations

import ast
import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.archives import Limits
from scoring.canonical import canonicaliser as outside
from scoring.canonical.canonicaliser import Canonicaliser, ReaderFailedError, Within
from scoring.canonical.clean import CleanTable, NotCleanError, parts_of
from scoring.canonical.orders import Order, open_here
from scoring.canonical.wire import mistakes_in
from scoring.errors import SubmissionError
from scoring.reading import RowLimit
from scoring.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.machines import slots

ORDER = Order(
    filename="mine.csv",
    wanted=("id", "label"),
    text=("id",),
    limits=Limits(max_bytes=1 << 20),
    row_limit=RowLimit(10, "at most 10"),
)
GOOD = b"id,label\na,0.5\n\xc3\xa9,2\n"
TAKEN_OVER = """
import os, resource, socket, sys, threading, time
from pathlib import Path
from scoring.canonical import inside
from scoring.errors import fail
def attempt(what):
    try: return what()
    except BaseException as error: return type(error).__name__
kept = inside.open_here
def taken_over(path, order):
    _, evil, attack = Path(path).read_bytes().partition(b"evil ")
    if not evil:
        return kept(path, order)
    said = repr(eval(attack, {**globals(), "path": path}))
    raise fail("said", said[:3000])
inside.open_here = taken_over
"""
"""Whoever sends a file that holds the word "evil" has what follows it evaluated where the file is read."""
PROGRAM = outside.PROGRAM
UNFILTERED = "from scoring.sandbox import kernel; kernel.filter_calls = lambda program: None\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_bytes(GOOD)
    return path


@contextlib.contextmanager
def taken_over(*, first: str = "", cgroups: bool = True) -> Iterator[Canonicaliser]:
    """Yield a reader whose child is not ours any more."""
    with pytest.MonkeyPatch.context() as patch:
        program = PROGRAM.replace("from scoring", f"exec({first + TAKEN_OVER!r}); from scoring", 1)
        patch.setattr(outside, "PROGRAM", program)
        with Canonicaliser(Bubblewrap(slots=slots(), cgroups=cgroups), memory_mb=512) as reader:
            yield reader


@pytest.fixture(scope="module")
def reader() -> Iterator[Canonicaliser]:
    with taken_over() as reader:
        yield reader


def read(reader: Canonicaliser, file: Path, data: bytes = GOOD) -> CleanTable:
    file.write_bytes(data)
    with reader.open(file, ORDER) as table:
        return table


def come_of(reader: Canonicaliser, file: Path, attack: str) -> str:
    """Return what comes of an attack, after which the reader is to be none the worse."""
    with pytest.raises(SubmissionError) as caught:
        read(reader, file, b"evil " + attack.encode())
    assert read(reader, file).rows == 2
    return caught.value.first.message


def test_a_table_comes_out_as_it_is_in_the_file(reader: Canonicaliser, file: Path) -> None:
    with reader.open(file, ORDER) as table:
        direct = open_here(file, ORDER)
        assert table.text("id").equals(direct.text("id"))
        assert table.numbers("label").tobytes() == direct.numbers("label").tobytes()  # type: ignore[union-attr]
        assert table.text("label").to_pylist() == ["0.5", "2"]
        assert table.lines([0, 1]) == [2, 3]


def test_without_cgroups_it_is_the_same(file: Path) -> None:
    with taken_over(cgroups=False) as reader:
        assert read(reader, file).text("id").to_pylist() == ["a", "é"]
        assert come_of(reader, file, "attempt(os.fork)") == "'PermissionError'"
        with pytest.raises(SubmissionError) as caught:
            read(reader, file, b"evil bytearray(2 << 30)")
        assert caught.value.first.code == "too_large"


def test_there_is_no_label_and_nothing_of_the_site_where_files_are_read(
    reader: Canonicaliser, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "labels.csv").write_text("the labels")
    attack = f"os.listdir('/reader'), os.listdir('/input'), os.listdir('/code'), os.path.exists({str(file.parent)!r})"
    said = come_of(reader, file, attack)
    assert said.endswith(", [], [], False)")
    assert "podium" not in said
    assert "django" not in said


def test_a_reader_has_nothing_of_our_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_KEY", "the-workers-secret")
    with taken_over() as reader:
        said = come_of(
            reader,
            file,
            "sorted(os.environ), open('/proc/1/environ').read() if os.access('/proc/1/environ', 4) else ''",
        )
    assert "PATH" in said
    assert "PODIUM" not in said


def test_the_child_holds_its_file_and_its_socket_and_nothing_else(reader: Canonicaliser, file: Path) -> None:
    attack = "sorted(attempt(lambda: os.readlink(f'/proc/self/fd/{n}'))[:8] for n in range(99))"
    held = [name for name in ast.literal_eval(come_of(reader, file, attack)) if name != "FileNotF"]
    assert held == ["/dev/nul"] * held.count("/dev/nul") + ["/memfd:u", "socket:["]


@pytest.mark.parametrize(
    "attempt",
    [
        "os.fork()",
        "os.execv('/usr/bin/true', ['true'])",
        "os.posix_spawn('/usr/bin/true', ['true'], {})",
        "os.kill(os.getppid(), 9)",
        "os.kill(1, 9)",
        "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
        "open(f'/proc/{os.getppid()}/mem', 'r+b')",
        "os.listdir(f'/proc/{os.getppid()}/fd')",
        "open(f'/proc/{os.getppid()}/environ').read()",
        "open('/tmp/residue', 'wb', buffering=0).write(b'x')",
        "open('/dev/shm/residue', 'wb', buffering=0).write(b'x')",
        "open('/reader/scoring/errors.py', 'w')",
        "open(path, 'r+b', buffering=0).write(b'x')",
        "socket.create_connection(('127.0.0.1', 1), 1)",
    ],
)
def test_the_child_can_do_nothing_to_others(reader: Canonicaliser, file: Path, attempt: str) -> None:
    said = come_of(reader, file, f"attempt(lambda: {attempt})")
    assert said in {"'PermissionError'", "'OSError'", "'ConnectionRefusedError'"}


def test_without_its_filter_the_child_starts_others(file: Path) -> None:
    with taken_over(first=UNFILTERED) as reader:
        assert "started" in come_of(reader, file, "os.fork() and 'started' or os._exit(0)")


def test_a_thread_ends_with_its_file(reader: Canonicaliser, file: Path) -> None:
    read(reader, file)
    served = reader._served
    come_of(reader, file, "threading.Thread(target=lambda: time.sleep(60)).start()")
    assert reader._served == served + 2  # it ended at once, so the sandbox is the same


@pytest.mark.parametrize("attack", ["os._exit(0)", "os.abort()", "__import__('ctypes').string_at(0)"])
def test_a_child_that_ends_is_told_and_the_next_file_is_read(reader: Canonicaliser, file: Path, attack: str) -> None:
    with pytest.raises(ReaderFailedError, match="ended before its answer"):
        read(reader, file, b"evil " + attack.encode())
    assert read(reader, file).rows == 2


def test_a_child_that_never_answers_is_ended_in_time(reader: Canonicaliser, file: Path) -> None:
    read(reader, file)
    file.write_bytes(b"evil [None for _ in iter(int, 1)]")
    with pytest.raises(ReaderFailedError, match="in time"):
        reader.begin(file, ORDER.to_dict(), watch=Within(0.5))
    reader.abandon()
    assert read(reader, file).rows == 2


def test_a_child_that_takes_too_much_memory_is_the_files_fault(reader: Canonicaliser, file: Path) -> None:
    with pytest.raises(SubmissionError) as caught:
        read(reader, file, b"evil bytearray(2 << 30)")
    assert caught.value.first.code == "too_large"
    assert read(reader, file).rows == 2


def test_an_answer_longer_than_may_be_is_not_taken(reader: Canonicaliser, file: Path) -> None:
    attack = "[attempt(lambda: os.write(n, b'c' + (1 << 40).to_bytes(8, 'little'))) for n in range(3, 99)]"
    with pytest.raises(ReaderFailedError, match="longer than may be"):
        read(reader, file, b"evil " + attack.encode())
    assert read(reader, file).rows == 2


def clean(file: Path) -> bytes:
    return b"".join(parts_of(open_here(file, ORDER), ORDER))


def never(_: dict[str, Any]) -> memoryview:
    raise AssertionError("Nothing is to be asked.")


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


FALSE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "another beginning": lambda data: b"PAR1" + data[4:],
    "cut off": lambda data: data[:-1],
    "more behind it": lambda data: data + bytes(64),
    "more rows": lambda data: changed(data, 8, struct.pack("<Q", 3)),
    "very many rows": lambda data: changed(data, 8, struct.pack("<Q", 1 << 62)),
    "no known kind": lambda data: changed(data, 16, b"\x07"),
    "text as numbers": lambda data: changed(data, 16, b"\x00"),
    "a length beyond the end": lambda data: changed(data, 17, struct.pack("<Q", 1 << 63)),
    "an offset that falls": lambda data: changed(data, 64 + 4, struct.pack("<i", -5)),
    "an offset beyond the letters": lambda data: changed(data, 64 + 8, struct.pack("<i", 1 << 30)),
    "half a letter": lambda data: changed(data, 64 + 4, struct.pack("<i", 2)),
    "not a number": lambda data: changed(data, 128, struct.pack("<d", float("nan"))),
    "infinity": lambda data: changed(data, 128, struct.pack("<d", float("inf"))),
}


@pytest.mark.parametrize("how", FALSE)
def test_a_false_table_is_not_taken(file: Path, how: str) -> None:
    data = clean(file)
    assert CleanTable(memoryview(data), ORDER, ask=never).rows == 2
    with pytest.raises(NotCleanError):
        CleanTable(memoryview(FALSE[how](data)), ORDER, ask=never)


def test_bytes_that_change_at_random_are_a_table_or_none(file: Path) -> None:
    data, random = clean(file), np.random.default_rng(5)
    taken = 0
    for _ in range(2000):
        at = int(random.integers(len(data)))
        try:
            table = CleanTable(memoryview(changed(data, at, random.bytes(2)))[: len(data)], ORDER, ask=never)
        except NotCleanError:
            continue
        taken += 1
        numbers = table.numbers("label")
        assert numbers is not None
        assert np.isfinite(numbers).all()
        assert len(table.text("id").to_pylist()) == table.rows == 2
    assert 0 < taken < 2000


@pytest.mark.parametrize(
    "mistakes",
    [
        [],
        {},
        "code",
        [{"code": "a"}],
        [{"code": "<b>", "message": "m", "row": None, "column": None, "count": 1}],
        [{"code": "a", "message": "m" * 5000, "row": None, "column": None, "count": 1}],
        [{"code": "a", "message": "m", "row": "1", "column": None, "count": 1}],
        [{"code": "a", "message": "m", "row": True, "column": None, "count": 1}],
        [{"code": "a", "message": "m", "row": -1, "column": None, "count": 1}],
        [{"code": "a", "message": "m", "row": 1, "column": ["c"], "count": 1}],
        [{"code": "a", "message": "m", "row": 1, "column": None, "count": 1, "more": 1}],
        [{"code": "a", "message": "m", "row": 1, "column": None, "count": 1}] * 11,
    ],
)
def test_false_mistakes_are_not_taken(mistakes: object) -> None:
    with pytest.raises(ValueError, match=r"is no|are no|is a short"):
        mistakes_in(mistakes)


def test_nothing_in_a_mistake_acts() -> None:
    [mistake] = mistakes_in([{"code": "a", "message": "\x1b[2J\u202etxt", "row": 1, "column": "\0", "count": 1}])
    assert (mistake.message, mistake.column) == ("�[2J�txt", "�")


def test_a_sealed_copy_cannot_be_changed(file: Path) -> None:
    copy = outside._sealed(file)
    with pytest.raises(PermissionError), open(copy, "r+b") as stream:  # noqa: PTH123
        stream.write(b"x")
