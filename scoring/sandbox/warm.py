"""A pool of warm interpreters: each was started early in a sandbox of its own, did its imports there, and runs one job.

A warm slot is a sandbox like any other, made from a template: the same namespaces, limits, filter and user id, with
/code and /input there and empty. When its job comes the supervisor copies code and input into the folders that are
bound there, starts the clocks, and tells the interpreter the name of the script. No slot is used twice, so nothing of
one job can be in another; what a slot had used before its job (CPU time, words) is not the job's.

What is fixed when a sandbox is made must be the template's: ``fits`` says what. Every other job is run cold, which
is slower by the imports and otherwise the same.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from scoring.sandbox import backend
from scoring.sandbox.jobs import Isolation, JobSpec, Limits, Result

OLDEST_S = 3600.0
WARMING_S = 120.0
"""How long imports may take."""


class Warm(backend.Running, Protocol):
    """A sandbox with an interpreter that waits for its job."""

    @property
    def alive(self) -> bool:
        """Whether it still waits."""

    def go(self, spec: JobSpec) -> None:
        """Give it the job."""


class Warming(backend.Sandbox, Protocol):
    """A sandbox that can start a slot early."""

    def warm(self, template: JobSpec, modules: tuple[str, ...]) -> Warm:
        """Start an interpreter that imports and waits."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    running: Warm
    since: float


class WarmPool:
    """Runs jobs as its sandbox does, those that fit the template in one of ``size`` interpreters that wait.

    The template's command is the interpreter with its options, like ``("python3", "-I")``; ``modules`` are imported.
    Interpreters that died, or waited longer than ``oldest_s``, are exchanged. Those used are replaced when the job
    has ended, so that their imports do not take the CPU from it.
    """

    def __init__(
        self,
        sandbox: Warming,
        template: JobSpec,
        size: int,
        *,
        modules: tuple[str, ...] = (),
        oldest_s: float = OLDEST_S,
    ) -> None:
        self._sandbox, self._template, self._size, self._modules = sandbox, template, size, modules
        self._oldest_s = oldest_s
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._open = True
        self.fill()

    @property
    def name(self) -> str:
        """The backend's name."""
        return self._sandbox.name

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""
        return self._sandbox.probe()

    def fits(self, spec: JobSpec) -> bool:
        """Return whether a job may run warm."""
        return fits(spec, self._template)

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""
        return self.start(spec).wait()

    def start(self, spec: JobSpec) -> backend.Running:
        """Start a job. What is returned must be waited for."""
        if not self.fits(spec):
            return self._sandbox.start(spec)
        running = self._take()
        if running is None:
            return _Used(self._sandbox.start(spec), self)
        running.go(spec)
        return _Used(running, self)

    def fill(self) -> None:
        """Start what is missing, and exchange what is dead or old."""
        with self._lock:
            kept, gone = self._sorted()
            while self._open and len(kept) < self._size:
                kept.append(_Waiting(self._sandbox.warm(self._template, self._modules), time.monotonic()))
            self._waiting = kept
        _end(gone)

    def reap(self) -> int:
        """Remove what was left by those that were killed, the pool's too."""
        self.fill()
        return self._sandbox.reap()

    def close(self) -> None:
        """End those that wait, and the sandbox's own; no more are started."""
        with self._lock:
            self._open = False
            gone, self._waiting = self._waiting, deque()
        _end(gone)
        self._sandbox.close()

    def _take(self) -> Warm | None:
        with self._lock:
            kept, gone = self._sorted()
            chosen = kept.popleft().running if kept else None
            self._waiting = kept
        _end(gone)
        return chosen

    def _sorted(self) -> tuple[deque[_Waiting], deque[_Waiting]]:
        """Return those that can be used, the oldest first, and the others."""
        kept, gone, now = deque[_Waiting](), deque[_Waiting](), time.monotonic()
        for waiting in self._waiting:
            good = waiting.running.alive and now - waiting.since < self._oldest_s
            (kept if good else gone).append(waiting)
        return kept, gone


class _Used:
    """A job that took what the pool had; when it has ended the pool is filled again."""

    def __init__(self, running: backend.Running, pool: WarmPool) -> None:
        self._running, self._pool = running, pool

    def cancel(self) -> None:
        self._running.cancel()

    def wait(self) -> Result:
        try:
            return self._running.wait()
        finally:
            self._pool.fill()

    @property
    def channel(self) -> socket.socket:
        return self._running.channel


def fits(spec: JobSpec, template: JobSpec) -> bool:
    """Return whether a job may run warm: its command is the template's and a script, what it sees is alike.

    Only wall and CPU time, where they are no longer than the template's, and what is kept of streams may differ.
    """
    command, known = spec.command, template.command
    script = command[len(known) : len(known) + 1]
    return command[: len(known)] == known and bool(script) and not script[0].startswith("-") and _alike(spec, template)


def _alike(spec: JobSpec, template: JobSpec) -> bool:
    names = ("trees", "folder", "channel")
    return (
        all(getattr(spec, name) == getattr(template, name) for name in names)
        and dict(spec.environment) == dict(template.environment)
        and dict(spec.links) == dict(template.links)
        and list(spec.inputs) == list(template.inputs)
        and _limits_fit(spec.limits, template.limits)
    )


def _limits_fit(asked: Limits, template: Limits) -> bool:
    alike = _fixed(asked) == _fixed(template)
    return alike and asked.wall_s <= template.wall_s and asked.cpu_time_s <= template.cpu_time_s


def _fixed(limits: Limits) -> Limits:
    """Return limits that differ only where those differ that are fixed when a sandbox is made."""
    return replace(limits, wall_s=1, cpu_s=None, stream_bytes=1, stream_kept=1)


def _end(waiting: deque[_Waiting]) -> None:
    for one in waiting:
        one.running.cancel()
    for one in waiting:
        one.running.wait()
