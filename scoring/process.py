"""A warm process to score in, so that no submission can hurt the worker that serves it.

    worker ── one JSON line a job ──► child: limits, numpy and pyarrow loaded, prepared references mapped
           ◄── stage, stage, result ──

The child is started with ``subprocess``, never forked from a process that holds threads, connections or secrets: it
gets an environment of its own, no open file but three, a memory limit, and it dies with the parent. What ends it is
told apart: a limit broken while the submission is read is the participant's, while the reference is prepared the
hosts', and any other end is ours (a kill from outside says nothing against a file that kept its own, lower limit).
It holds no other defence: a submission here is data that is parsed, not code that runs. Where that is not enough a job
is ``hardened``: the child then opens no submission, and says what it wants to know of it; the parent lets a reader in a
sandbox look (:mod:`scoring.canonical`), and hands on what comes out.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from scoring.canonical.canonicaliser import Canonicaliser, ReaderFailedError, ReaderMemoryError
from scoring.children import command
from scoring.jobs import ScoreError, ScoreJob, ScoreResult
from scoring.limits import crashed, over_limit

START_S = 60.0
ENDING_S = 5.0
DETAIL_BYTES = 16_384
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # it needs half the memory of the others
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


class ScoringProcess:
    """One child process that scores one job at a time; safe to be used by several threads, one after the other.

    ``memory_mb`` bounds the child's address space; after ``jobs`` jobs, or once it holds more than half of its memory
    while idle, it is ended, and the next job starts another.
    """

    def __init__(self, *, memory_mb: int = 2048, jobs: int = 500) -> None:
        self._memory_mb, self._jobs = memory_mb, jobs
        self._child: _Child | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The child's process id, or None where none is running."""
        return None if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the child now, so that the first job does not wait for it."""
        with self._lock:
            self._ready_child()

    def score(
        self,
        job: ScoreJob,
        *,
        wall_s: float,
        on_wait: Callable[[], None] | None = None,
        wait_s: float = 5.0,
        reader: Canonicaliser | None = None,
    ) -> ScoreResult:
        """Score ``job`` and return what became of it, whatever it was. ``reader`` opens the file of a hardened one.

        ``on_wait`` is called every ``wait_s`` seconds meanwhile; what it raises ends the child and is passed on.
        """
        with self._lock:
            try:
                return self._score(job, deadline=_Deadline(wall_s, on_wait, wait_s), reader=reader)
            except BaseException:
                self._end()
                raise

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def __enter__(self) -> ScoringProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _score(self, job: ScoreJob, *, deadline: _Deadline, reader: Canonicaliser | None) -> ScoreResult:
        try:
            child = self._ready_child()
            try:
                result = child.serve(job, deadline=deadline, reader=reader)
            except _NeverBegunError:  # it died between two jobs: this one was not touched
                self._end()
                child = self._ready_child()
                result = child.serve(job, deadline=deadline, reader=reader, again=True)
        except _NotReadyError as error:
            problem = ScoreError(code="scorer_not_started", message="The scoring process did not start.")
            return ScoreResult(verdict="platform_error", error=problem, detail=str(error))
        if not child.alive or child.served >= self._jobs or child.resident_mb > self._memory_mb / 2:
            self._end()
        return result

    def _ready_child(self) -> _Child:
        if self._child is not None and not self._child.alive:
            self._end()  # it was killed while idle: nothing is lost but its warmth
        if self._child is None:
            self._child = _Child(memory_mb=self._memory_mb)
            try:
                self._child.wait_ready()
            except _NotReadyError:
                self._end()
                raise
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _NotReadyError(Exception):
    """The child did not come up."""


class _ChildEndedError(Exception):
    """The child closed its end of the pipe."""


class _NeverBegunError(Exception):
    """The child ended before it had begun the job."""


class _TimeUpError(Exception):
    """The job's time is over."""


class _Deadline:
    """When a job's time is over, and who wants to be called while it goes on."""

    def __init__(self, wall_s: float, on_wait: Callable[[], None] | None = None, wait_s: float = 5.0) -> None:
        self._end = time.monotonic() + wall_s
        self._on_wait, self._wait_s = on_wait, wait_s
        self._next = time.monotonic() + wait_s

    def patience(self) -> float:
        """Return how many seconds may pass before :meth:`tick` must be called."""
        until = self._end if self._on_wait is None else min(self._end, self._next)
        return max(0.0, until - time.monotonic())

    def tick(self) -> None:
        """Call who wants to be called. Raises _TimeUpError at the end."""
        now = time.monotonic()
        if now >= self._end:
            raise _TimeUpError
        if self._on_wait is not None and now >= self._next:
            self._next = now + self._wait_s
            self._on_wait()


class _Child:
    """The child process and the conversation with it."""

    def __init__(self, *, memory_mb: int) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        self._process = subprocess.Popen(
            command("scoring.child", str(os.getpid()), str(memory_mb)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,  # Ctrl-C at the worker is the worker's to handle
        )
        self._waiting = b""
        self.served = 0
        self.resident_mb = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self) -> None:
        try:
            message = self._read(_Deadline(START_S))
        except (_ChildEndedError, _TimeUpError, ValueError) as error:
            self._wait_ended()
            raise _NotReadyError(f"{self._how()}\n{self._tail()}") from error
        if "ready" not in message:
            raise _NotReadyError(f"said {message}")

    def serve(
        self, job: ScoreJob, *, deadline: _Deadline, reader: Canonicaliser | None = None, again: bool = False
    ) -> ScoreResult:
        """Let the child score a job; a reader is let go of in good order only after an answer in good order."""
        good = False
        try:
            result = self._served(job, deadline=deadline, reader=reader, again=again)
            good = result.verdict in {"scored", "rejected"} and self.alive
            return result
        finally:
            if reader is not None:
                (reader.end if good else reader.abandon)()

    def _served(self, job: ScoreJob, *, deadline: _Deadline, reader: Canonicaliser | None, again: bool) -> ScoreResult:
        stage = "begin"
        self.served += 1
        try:
            self._write(job.to_dict())
            while "result" not in (message := self._read(deadline)):
                stage = message.get("stage", stage)
                if "stage" not in message:
                    self._write(_looked_up(message, job=job, reader=reader, deadline=deadline))
            return self._result(message["result"])
        except _TimeUpError:
            self.end()
            return over_limit("time", stage=stage, detail=f"The time was over in stage {stage}.")
        except ReaderMemoryError:
            self.end()
            return over_limit("memory", stage=stage, detail="The reader in its sandbox ran out of memory.")
        except ReaderFailedError as error:
            self.end()
            return crashed(stage=stage, how="The reader in its sandbox failed", detail=str(error))
        except (_ChildEndedError, BrokenPipeError) as error:
            if stage == "begin" and not again:
                raise _NeverBegunError from error
            return self._ended(stage)

    def _result(self, data: dict[str, Any]) -> ScoreResult:
        self.resident_mb = float(data.pop("resident_mb"))
        result = ScoreResult.from_dict(data)
        if result.error is not None and result.error.code in {"too_large", "reference_too_large", "measure_too_large"}:
            self.end()  # after a failed allocation nothing in it can be relied upon
        return result

    def _wait_ended(self) -> None:
        # Its pipe closes a moment before it is gone; to kill it in that moment would hide what ended it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_S)

    def _ended(self, stage: str) -> ScoreResult:
        self._wait_ended()
        detail = self._tail()
        self.end()
        if "bad_alloc" in detail or "MemoryError" in detail:
            return over_limit("memory", stage=stage, detail=f"{self._how()}\n{detail}".strip())
        return crashed(stage=stage, how=self._how(), detail=detail)

    def _write(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None:
            raise _ChildEndedError
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self, deadline: _Deadline) -> dict[str, Any]:
        """Return the next message. Raises _ChildEndedError and _TimeUpError."""
        if self._process.stdout is None:
            raise _ChildEndedError
        handle = self._process.stdout.fileno()
        while b"\n" not in self._waiting:
            ready, _, _ = select.select([handle], [], [], deadline.patience())
            if not ready:
                deadline.tick()
                continue
            part = os.read(handle, 1 << 16)
            if not part:
                raise _ChildEndedError
            self._waiting += part
        line, _, self._waiting = self._waiting.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def end(self) -> None:
        if self.alive:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _how(self) -> str:
        code = self._process.poll()
        if code is None or code >= 0:
            return f"exit status {code}"
        return f"signal {signal.Signals(-code).name}"

    def _tail(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - DETAIL_BYTES))
        return self._log.read().decode(errors="replace")


def _looked_up(
    message: dict[str, Any], *, job: ScoreJob, reader: Canonicaliser | None, deadline: _Deadline
) -> dict[str, Any]:
    """Let the reader look at the submission. Raises ReaderFailedError and ReaderMemoryError."""
    if reader is None:
        raise ReaderFailedError("The job is hardened, and was given no reader.")
    if "read" in message:
        return reader.begin(job.submission, message["read"], watch=deadline)
    return reader.ask(message["ask"], watch=deadline)


__all__ = ["ScoreJob", "ScoreResult", "ScoringProcess"]
