"""The outside of the reader: starts its sandbox, hands it files one at a time, and believes nothing that it says."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from scoring.canonical.wire import (
    CLEAN,
    HEAD,
    LONGEST_WORDS,
    MEMORY,
    MISTAKES,
    READY,
    STATUS,
    mistakes_in,
    plain_mistakes,
)
from scoring.errors import TOO_LARGE, SubmissionError, fail
from scoring.sandbox.backend import Running, Sandbox
from scoring.sandbox.bubblewrap import Bubblewrap, base_python
from scoring.sandbox.jobs import MIB, JobSpec, Limits, Result, Tree

if TYPE_CHECKING:
    from scoring.canonical.clean import CleanTable
    from scoring.canonical.orders import Order

PLACE = "/reader"
PROGRAM = (
    f"import sys; sys.path.insert(0, {PLACE!r}); from scoring.canonical.inside import main; main(int(sys.argv[1]))"
)
ENVIRONMENT = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
LIBRARIES = ("numpy", "pyarrow")
START_S, READ_S, ENDING_S = 60.0, 300.0, 2.0
LONGEST_LIFE_S = 30 * 86400.0
OWN_MB = 256
"""What the sandbox may take beside the child that reads."""
CHUNK = 1 << 20


class ReaderFailedError(Exception):
    """The reader ended, or said what our code does not say: nothing is known about the file."""


class _GoneError(ReaderFailedError):
    """The reader had ended before it got the file."""


class ReaderMemoryError(Exception):
    """The reader needed more memory for a file than it may take."""


class Watch(Protocol):
    """How long somebody waits."""

    def patience(self) -> float:
        """Return how many seconds may pass before :meth:`tick` must be called."""

    def tick(self) -> None:
        """Do what is to be done meanwhile. Raises at the end."""


class Within:
    """Waits for so many seconds, and raises ReaderFailedError then."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def patience(self) -> float:
        """Return the seconds left."""
        return max(0.0, self._end - time.monotonic())

    def tick(self) -> None:
        """Raise at the end."""
        if time.monotonic() >= self._end:
            raise ReaderFailedError("The reader did not answer in time.")


class Canonicaliser:
    """Reads one file at a time in a sandbox, which is started when it is needed; for one thread.

    ``memory_mb`` is what a file may take. After ``files`` of them, and after anything odd, the sandbox is replaced.
    """

    def __init__(self, sandbox: Sandbox | None = None, *, memory_mb: int = 2048, files: int = 200) -> None:
        self._sandbox = Bubblewrap() if sandbox is None else sandbox
        self._memory_mb, self._files = memory_mb, files
        self._running: Running | None = None
        self._served = 0
        self._way: socket.socket | None = None
        # No file comes out of a reader. What one that ends by itself may leave there is removed with it.
        self._out = Path(tempfile.gettempdir()) / f"podium-reader-{secrets.token_hex(8)}"
        self._answers: list[int] = []
        self._most = 0

    def start(self) -> None:
        """Start the sandbox, so that the first file does not wait for it. Raises ReaderFailedError."""
        if self._running is None:
            self._start(Within(START_S))

    @contextlib.contextmanager
    def open(self, path: Path, order: Order) -> Iterator[CleanTable]:
        """Open a file: the clean table of what was ordered, which may be asked more until the end.

        Raises SubmissionError, with the words of who reads directly, and ReaderFailedError.
        """
        from scoring.canonical.clean import CleanTable  # noqa: PLC0415 - a site's worker does without Arrow

        with self._closing():
            yield CleanTable(self._table(self.begin(path, order.to_dict())), order, ask=self._ask_now)

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        except SubmissionError:
            self.end()
            raise
        except ReaderMemoryError as error:
            self.end()
            raise fail("too_large", TOO_LARGE) from error
        except BaseException:
            self.abandon()
            raise
        self.end()

    def begin(self, path: Path, order: Mapping[str, Any], *, watch: Watch | None = None) -> dict[str, Any]:
        """Let a file be read, as the dictionary of an Order says.

        Returns ``{"clean": path of the clean table}``, which is not checked, or ``{"mistakes": …}``.
        Raises ReaderFailedError, ReaderMemoryError, and what ``watch`` raises; then :meth:`abandon` is to follow,
        else :meth:`end`, when nothing more is to be asked.
        """
        watch = Within(READ_S) if watch is None else watch
        try:
            return self._begin(path, order, watch)
        except _GoneError:  # it died between two files: this one was not touched
            self.abandon()
            return self._begin(path, order, watch)

    def _begin(self, path: Path, order: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
        if self._running is None:
            self._start(watch)
        rows = order["row_limit"]["most"] if order["row_limit"] else 0
        self._most = 2 * order["limits"]["max_bytes"] + 8 * (rows + 64) * (len(order["wanted"]) + 1)
        self._hand_over(path)
        return self.ask(order, watch=watch)

    def ask(self, question: Mapping[str, Any], *, watch: Watch | None = None) -> dict[str, Any]:
        """Ask about the file that is open: as :meth:`begin`."""
        watch = Within(READ_S) if watch is None else watch
        if self._way is None:
            raise ReaderFailedError("No file is open.")
        words = json.dumps(dict(question)).encode()
        with contextlib.suppress(BrokenPipeError):  # it has ended, as is found next
            self._way.sendall(HEAD.pack(b"?", len(words)) + words)
        kind, size = HEAD.unpack(self._exactly(HEAD.size, watch))
        if kind == CLEAN:
            return {"clean": str(self._kept(size, watch))}
        if size > LONGEST_WORDS:
            raise ReaderFailedError("The reader's answer is longer than may be.")
        words = self._exactly(size, watch)
        if kind == MEMORY:
            raise ReaderMemoryError
        if kind != MISTAKES:
            raise ReaderFailedError(f"The reader stopped on an error of its own.\n{words.decode(errors='replace')}")
        try:
            return {"mistakes": plain_mistakes(mistakes_in(json.loads(words)))}
        except (ValueError, RecursionError) as error:
            raise ReaderFailedError(f"The reader's answer is none. {error}") from error

    def end(self) -> None:
        """Let go of the file that is open. The sandbox is replaced where the reader of it does not end at once."""
        self._forget_file()
        if self._running is None:
            return
        self._served += 1
        with contextlib.suppress(OSError):
            channel = self._running.channel
            channel.settimeout(ENDING_S)
            if channel.recv(STATUS.size) == STATUS.pack(0) and self._served < self._files:
                return
        self.abandon()

    def abandon(self) -> None:
        """End the sandbox; the next file starts another."""
        self._forget_file()
        self._served = 0
        if self._running is not None:
            self._running.cancel()
            self._result()

    def close(self) -> None:
        """End the sandbox."""
        self.abandon()

    def __enter__(self) -> Canonicaliser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, watch: Watch) -> None:
        running = self._sandbox.start(spec_of(memory_mb=self._memory_mb, out=self._out))
        self._running, self._served = running, 0
        word = _read(running.channel, len(READY), watch)
        if word != READY:
            if word:  # else it has ended, and says why
                running.cancel()
            result = self._result()
            raise ReaderFailedError(f"The reader did not start: {result.verdict}. {result.detail}\n{result.stderr}")

    def _hand_over(self, path: Path) -> None:
        """Give a sealed copy of the file, and one end of a socket, to the reader."""
        if self._running is None:
            raise ReaderFailedError("The reader is not there.")
        self._forget_file()
        self._way, theirs = socket.socketpair()
        file = _sealed(path)
        try:
            socket.send_fds(self._running.channel, [b"f"], [theirs.fileno(), file])
        except OSError as error:
            raise _GoneError("The reader had ended.") from error
        finally:
            theirs.close()
            os.close(file)

    def _exactly(self, size: int, watch: Watch) -> bytes:
        data = _read(self._open_way, size, watch)
        if len(data) < size:
            self._raise_ended()
        return data

    def _kept(self, size: int, watch: Watch) -> Path:
        """Keep an answer in memory as it comes, where our scoring process can open it."""
        if size > self._most:
            raise ReaderFailedError("The reader's answer is longer than may be.")
        file = os.memfd_create("clean", os.MFD_CLOEXEC)  # so that a worker that is killed leaves no predictions behind
        self._answers.append(file)
        with open(file, "wb", closefd=False) as stream:
            while size:
                part = _read(self._open_way, min(size, CHUNK), watch)
                if not part:
                    self._raise_ended()
                size -= stream.write(part)
        return Path(f"/proc/{os.getpid()}/fd/{file}")

    @property
    def _open_way(self) -> socket.socket:
        if self._way is None:
            raise ReaderFailedError("No file is open.")
        return self._way

    def _raise_ended(self) -> NoReturn:
        """Say how the reader ended."""
        if self._running is None:
            raise ReaderFailedError("The reader is not there.")
        status = b""
        with contextlib.suppress(OSError):
            self._running.channel.settimeout(ENDING_S)
            status = self._running.channel.recv(STATUS.size)
        self._running.cancel()
        result = self._result()
        if result.verdict == "memory":
            raise ReaderMemoryError
        how = f"wait status {STATUS.unpack(status)[0]}" if len(status) == STATUS.size else "no status"
        how = f"{how}, sandbox: {result.verdict} {result.detail}\n{result.stderr}"
        raise ReaderFailedError(f"The reader ended before its answer: {how}")

    def _result(self) -> Result:
        """Wait for the end of the sandbox."""
        running, self._running = self._running, None
        if running is None:
            raise ReaderFailedError("The reader is not there.")
        try:
            return running.wait()
        finally:
            running.channel.close()
            shutil.rmtree(self._out, ignore_errors=True)

    def _forget_file(self) -> None:
        if self._way is not None:
            self._way.close()
            self._way = None
        while self._answers:
            os.close(self._answers.pop())

    def _ask_now(self, question: dict[str, Any]) -> memoryview:
        return self._table(self.ask(question))

    def _table(self, found: dict[str, Any]) -> memoryview:
        if "mistakes" in found:
            raise SubmissionError(*mistakes_in(found["mistakes"]))
        return memoryview(Path(found["clean"]).read_bytes())


def spec_of(*, memory_mb: int, out: Path) -> JobSpec:
    """Return the job that is the reader: Python alone, our code, and the two libraries."""
    root = Path(__file__).resolve().parents[1]
    trees = [Tree(source=root, target=f"{PLACE}/scoring"), *base_python()]
    for name in LIBRARIES:
        package = _folder_of(name)
        trees += [
            Tree(source=folder, target=f"{PLACE}/{folder.name}")
            for folder in (package, package.with_name(f"{name}.libs"))
            if folder.is_dir()
        ]
    return JobSpec(
        command=(os.path.realpath(sys.executable), "-I", "-S", "-c", PROGRAM, str(memory_mb)),
        out=out,
        trees=tuple(trees),
        environment=ENVIRONMENT,
        folder="/tmp",  # noqa: S108 - the sandbox's own
        channel=True,
        limits=Limits(
            wall_s=LONGEST_LIFE_S,
            cpu_s=LONGEST_LIFE_S,
            memory_mb=memory_mb + OWN_MB,
            pids=64,
            cpus=max(1, os.cpu_count() or 1),
            output_bytes=MIB,
            output_files=1,
            scratch_bytes=MIB,
        ),
    )


def _folder_of(name: str) -> Path:
    """Return where a package is, which need not be loaded here. Raises ReaderFailedError."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise ReaderFailedError(f"The package {name} is not installed.")
    return Path(found.origin).resolve().parent


def _sealed(path: Path) -> int:
    """Return a copy of a file in memory that nobody can change any more."""
    import fcntl  # noqa: PLC0415 - not on every system where this is imported

    file = os.memfd_create("upload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with path.open("rb") as stream:
            while os.sendfile(file, stream.fileno(), None, CHUNK):
                pass
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(file)
        raise
    return file


def _read(stream: socket.socket, size: int, watch: Watch) -> bytes:
    """Return ``size`` bytes, or fewer where the other side has ended."""
    data = bytearray()
    while len(data) < size:
        ready, _, _ = select.select([stream], [], [], watch.patience())
        if not ready:
            watch.tick()
            continue
        try:
            part = stream.recv(min(size - len(data), CHUNK))
        except ConnectionResetError:
            break
        if not part:
            break
        data += part
    return bytes(data)
