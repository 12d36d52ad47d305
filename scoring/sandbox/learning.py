"""Warm interpreters for the jobs that come next: those like the jobs that came last.

Whoever sends code tries it on a sample first, and sends it again with one line changed. So after a job of Python that
names large libraries there is an interpreter that has imported them (:mod:`scoring.sandbox.naming`), with the same
trees, variables and limits (:mod:`scoring.sandbox.warm`): for the ``most`` latest kinds of jobs, one each, used once.

They never take what jobs need. Jobs and interpreters that wait are weighed alike, by their limits, and are never more
together than ``room``: an interpreter is started where there is room beside the jobs that run, so on a machine that has
none to spare only when a job has ended; and a job that needs the room of one that waits has it ended first.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scoring.sandbox import backend
from scoring.sandbox.jobs import Isolation, JobSpec, Limits, Result, Verdict
from scoring.sandbox.naming import modules_of
from scoring.sandbox.warm import OLDEST_S, Warm, Warming, fits

PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
OPTIONS = frozenset({"-I", "-u", "-s", "-E", "-B"})
"""Those after which a script still comes."""
NOWHERE = Path(os.devnull)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Jobs that are alike: a template with the interpreter's words alone, and what is imported for it."""

    template: JobSpec
    modules: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    """Which folders its trees were: an environment that was built again has other ones."""

    def takes(self, other: _Kind) -> bool:
        """Return whether a job of the other kind may run in an interpreter of this one."""
        alike = fits(_with_script(other.template), self.template) and self.places == other.places
        return alike and set(self.modules) <= set(other.modules)


@dataclass(frozen=True, slots=True)
class _Waiting:
    kind: _Kind
    running: Warm
    weight: int
    since: float


class WarmPools:
    """Runs jobs as its sandbox does, those that are like the latest ones in interpreters that wait for them.

    ``room`` is what ``weigh`` of the limits of all that run and wait may come to.
    """

    def __init__(
        self,
        sandbox: Warming,
        *,
        most: int = 1,
        room: int = 2,
        weigh: Callable[[Limits], int] = lambda _: 1,
        oldest_s: float = OLDEST_S,
    ) -> None:
        self._sandbox, self._most, self._room, self._weigh, self._oldest_s = sandbox, most, room, weigh, oldest_s
        self._latest: list[_Kind] = []
        self._waiting: list[_Waiting] = []
        self._used = 0
        self._open = True
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The backend's name."""
        return self._sandbox.name

    @property
    def waiting(self) -> list[Warm]:
        """The interpreters that wait now."""
        return [one.running for one in self._waiting]

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""
        return self._sandbox.probe()

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""
        return self.start(spec).wait()

    def start(self, spec: JobSpec) -> backend.Running:
        """Start a job. What is returned must be waited for."""
        kind, weight = _kind_of(spec), self._weigh(spec.limits)
        with self._lock:
            chosen = self._take(kind)
            self._used += weight
            gone = self._surplus()
        _end(gone)
        try:
            running = self._begin(spec, chosen)
        except BaseException:
            self._give_back(weight)
            raise
        if kind is not None:
            self._learn(kind)
        return _Counted(running, done=lambda: self._give_back(weight), again=self._cold(spec) if chosen else None)

    def reap(self) -> int:
        """Remove what was left by those that were killed."""
        return self._sandbox.reap()

    def close(self) -> None:
        """End those that wait, and the sandbox's own; no more are started."""
        with self._lock:
            self._open = False
            gone, self._waiting = self._waiting, []
        _end(gone)
        self._sandbox.close()

    def _begin(self, spec: JobSpec, chosen: Warm | None) -> backend.Running:
        if chosen is None:
            return self._sandbox.start(spec)
        chosen.go(spec)
        return chosen

    def _cold(self, spec: JobSpec) -> Callable[[], backend.Running] | None:
        """Return how to start a job again whose interpreter died of its imports; one that speaks cannot be."""
        return None if spec.channel else lambda: self._sandbox.start(spec)

    def _take(self, kind: _Kind | None) -> Warm | None:
        """Take the interpreter that has most of what a job imports."""
        able = [one for one in self._waiting if kind is not None and self._is_good(one) and one.kind.takes(kind)]
        if not able:
            return None
        chosen = max(able, key=lambda one: len(one.kind.modules))
        self._waiting.remove(chosen)
        return chosen.running

    def _is_good(self, one: _Waiting) -> bool:
        return one.running.alive and time.monotonic() - one.since < self._oldest_s

    def _surplus(self) -> list[_Waiting]:
        """Take out those that are of no use any more, and the oldest of those for which there is no room."""
        kept = [one for one in self._waiting if self._is_good(one) and one.kind in self._latest]
        while kept and self._used + _sum(kept) > self._room:
            kept.pop(0)
        gone = [one for one in self._waiting if one not in kept]
        self._waiting = kept
        return gone

    def _learn(self, kind: _Kind) -> None:
        with self._lock:
            others = [one for one in self._latest if not (one.takes(kind) and kind.takes(one))]
            self._latest = [kind, *others][: self._most]
        self._fill()

    def _give_back(self, weight: int) -> None:
        with self._lock:
            self._used -= weight
        self._fill()

    def _fill(self) -> None:
        """Start what is missing, the latest kind first, as long as there is room."""
        with self._lock:
            gone = self._surplus()
        _end(gone)
        with self._lock, contextlib.suppress(OSError):  # no process to be had: jobs run cold then
            for kind in self._latest if self._open else ():
                weight = self._weigh(kind.template.limits)
                there = any(one.kind == kind for one in self._waiting)
                if not there and self._used + _sum(self._waiting) + weight <= self._room:
                    running = self._sandbox.warm(kind.template, kind.modules)
                    self._waiting.append(_Waiting(kind, running, weight, time.monotonic()))


class _Counted:
    """A job that has its part of the room until it has ended."""

    def __init__(
        self,
        running: backend.Running,
        *,
        done: Callable[[], None],
        again: Callable[[], backend.Running] | None,
    ) -> None:
        self._running, self._done, self._again = running, done, again
        self._cancelled = False
        self._lock = threading.Lock()

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            self._running.cancel()

    def wait(self) -> Result:
        try:
            result = self._running.wait()
            if result.verdict != Verdict.SANDBOX_ERROR or self._again is None:
                return result
            with self._lock:
                if self._cancelled:
                    return result
                self._running = self._again()
            return self._running.wait()
        finally:
            self._done()

    @property
    def channel(self) -> socket.socket:
        return self._running.channel


def _kind_of(spec: JobSpec) -> _Kind | None:
    """Return the kind of a job: None where it is no script of Python, or there is nothing to import for it."""
    words = spec.command
    size = next((number for number, word in enumerate(words) if number and word not in OPTIONS), len(words))
    if not PYTHON.fullmatch(words[0] if words else "") or not words[size:] or not words[size].endswith(".py"):
        return None
    with contextlib.suppress(OSError):  # what is not there is the sandbox's to tell
        if modules := modules_of(spec):
            return _Kind(_template_of(spec, words[:size]), modules, _places(spec))
    return None


def _template_of(spec: JobSpec, command: tuple[str, ...]) -> JobSpec:
    """Return a job without what is its own: two jobs of a kind have the same."""
    inputs = dict.fromkeys(spec.inputs, NOWHERE)
    return replace(spec, command=command, out=NOWHERE, code=None, input=None, inputs=inputs, live=None, expects=())


def _places(spec: JobSpec) -> tuple[tuple[int, int], ...]:
    facts = [tree.source.stat() for tree in spec.trees]
    return tuple((fact.st_dev, fact.st_ino) for fact in facts)


def _with_script(template: JobSpec) -> JobSpec:
    return replace(template, command=(*template.command, "main.py"))


def _sum(waiting: Sequence[_Waiting]) -> int:
    return sum(one.weight for one in waiting)


def _end(waiting: Sequence[_Waiting]) -> None:
    for one in waiting:
        one.running.cancel()
    for one in waiting:
        one.running.wait()
