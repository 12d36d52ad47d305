"""What every supervisor does while its job runs, whatever runs it: reads the streams, looks at the clock, kills once.

The end of standard input means that the caller is gone or wants no more.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from scoring.sandbox.collecting import Collection

TICK_S = 0.1
DYING_S = 10.0
CHUNK = 1 << 16
MIB = 1 << 20
CANCELLED = "cancelled"


class SandboxError(Exception):
    """Something that is ours went wrong."""


def stay_wanted() -> None:
    """Raise SandboxError where standard input has ended."""
    if select.select([0], [], [], 0)[0]:
        raise SandboxError(CANCELLED)


class Live:
    """The caller's file into which streams are written while a job runs, up to a cap."""

    def __init__(self, path: str | None, *, cap: int) -> None:
        self._left = cap if path else 0
        if path:
            self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def add(self, part: bytes) -> None:
        """Write what there is room for; where the disk has none, the job goes on without."""
        part = part[: self._left]
        self._left -= len(part)
        if part:
            with contextlib.suppress(OSError):
                os.write(self._handle, part)


class Stream:
    """One stream of the job: its last bytes, and how many there were."""

    def __init__(self, handle: int, *, kept: int, live: Live) -> None:
        self.handle, self._kept, self._live = handle, kept, live
        self.seen, self._last = 0, b""

    def read(self) -> bool:
        """Take what there is. Returns False at its end."""
        part = os.read(self.handle, CHUNK)
        self.seen += len(part)
        self._live.add(part)
        self._last = (self._last + part)[-self._kept :]
        return bool(part)

    @property
    def text(self) -> str:
        """What was kept, without the rest of a character that was cut."""
        whole = self._last
        if self.seen > len(whole):
            while whole and whole[0] & 0xC0 == 0x80:
                whole = whole[1:]
        return whole.decode(errors="replace")


class Watch:
    """A job that runs: its streams, its time, and why it was killed, if it was.

    What runs it says how it is killed (``_end``), and which other limits are watched (``_measure``).
    """

    _deadline: float
    _kill_reason: str | None = None

    def _listen(self, job: dict[str, Any], outputs: Iterable[int]) -> None:
        """Take a job on, and read what it prints from these handles."""
        self._job, self._limits = job, job["limits"]
        live = Live(job["live"], cap=self._limits["stream_bytes"])
        self._streams = [Stream(handle, kept=self._limits["stream_kept"], live=live) for handle in outputs]

    def _follow(self, *ends: int, tick: float = TICK_S) -> None:
        """Watch, and come back when the streams and these handles are at their end."""
        watched = {*ends, *(stream.handle for stream in self._streams)}
        poll = select.poll()
        for handle in (*watched, 0):
            poll.register(handle, select.POLLIN)
        while watched:
            for handle, _ in poll.poll(tick * 1000):
                if not self._heard(handle):
                    poll.unregister(handle)
                    watched.discard(handle)
            self._look()
            tick = min(TICK_S, tick * 1.2)

    def _heard(self, handle: int) -> bool:
        """Deal with news from ``handle``. Returns False when it has no more."""
        for stream in self._streams:
            if handle == stream.handle:
                more = stream.read()
                if stream.seen > self._limits["stream_bytes"]:
                    self._kill("output")
                return more
        if handle == 0:
            self._kill(CANCELLED)
        return False  # standard input, or the end of a process

    def _look(self) -> None:
        """Kill what passes a limit that nothing else holds. Raises SandboxError where what was killed does not end."""
        now = time.monotonic()
        if now > self._deadline + DYING_S and self._kill_reason:
            raise SandboxError("The job did not end when it was killed.")
        if now > self._deadline:
            self._kill("time")
        self._measure()

    def _kill(self, reason: str) -> None:
        """End the job, for the first reason that there is."""
        if self._kill_reason is None:
            self._kill_reason = reason
            self._deadline = time.monotonic()
            self._end()

    def _end(self) -> None:
        raise NotImplementedError

    def _measure(self) -> None:
        raise NotImplementedError

    def _killed(self) -> str | None:
        """Return the verdict on a job that we killed, or None for one that we did not."""
        return "sandbox_error" if self._kill_reason == CANCELLED else self._kill_reason

    def _with_files(self, verdict: str, collection: Collection, *, full: bool) -> str:
        """Return the verdict with what it left taken into account. ``full``: nothing more fitted into its /out."""
        if verdict in {"ok", "runtime_error"} and (collection.over or full):
            return "output"
        found = {item["path"] for item in collection.collected}
        return "missing_output" if verdict == "ok" and not found.issuperset(self._job["expects"]) else verdict

    def _told(
        self, verdict: str, *, code: int | None, used: dict[str, float], out: str, err: str, collection: Collection
    ) -> dict[str, Any]:
        """Return the report on a job that came to an end."""
        failed = verdict == "sandbox_error"
        return {
            "verdict": verdict,
            **how(code),
            **used,
            "stdout": out,
            "stderr": "" if failed else err,
            "collected": collection.collected,
            "refused": collection.refused,
            "detail": (self._kill_reason or f"The job did not begin. {err}") if failed else "",
        }


def how(code: int | None) -> dict[str, int | None]:
    """Return exit status and signal: bubblewrap and the engines tell signals as shells do."""
    if code is not None and 128 < code <= 128 + signal.SIGRTMAX:
        return {"exit_code": None, "signal": code - 128}
    return {"exit_code": code, "signal": None}


def ours(detail: str) -> dict[str, Any]:
    """Return the report on a job that did not come to an end, by a fault of ours."""
    empty = {"exit_code": None, "signal": None, "wall_s": 0.0, "cpu_s": 0.0, "memory_mb": 0.0}
    words = {"stdout": "", "stderr": "", "collected": [], "refused": [], "detail": detail}
    return {"verdict": "sandbox_error", **empty, **words}
