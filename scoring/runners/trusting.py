"""A child process in the place of a sandbox, for a person who runs their own code on their own machine and says so.

It is no sandbox: the code reads and writes what the person may. It gets the same runner, an environment of its own, the
same limits as far as a process can set them, and is killed with all that it started when its time is over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from scoring.confinement import lower
from scoring.sandbox.jobs import Collected, Isolation, JobSpec, Limits, Result, Verdict

KEPT = ("PATH", "LANG", "LC_ALL", "HOME")
GRACE_S = 1.0


class TrustedProcess:
    """Runs jobs as child processes. It has the face of a sandbox, and none of its walls."""

    name = "trust"

    def probe(self) -> Isolation:
        """Say that there is none."""
        return Isolation(backend=self.name, canaries=(), memory="rlimit", user="caller")

    def run(self, spec: JobSpec) -> Result:
        """Run a job."""
        return self.start(spec).wait()

    def start(self, spec: JobSpec) -> TrustedRunning:
        """Start a job."""
        return TrustedRunning(spec)

    def reap(self) -> int:
        """Nothing is left: a child ends with its group."""
        return 0

    def close(self) -> None:
        """Do nothing."""


class TrustedRunning:
    """A child process, and the folders that stand for those of a sandbox."""

    def __init__(self, spec: JobSpec) -> None:
        self._spec, self._verdict = spec, Verdict.OK
        self._folder = Path(tempfile.mkdtemp(prefix="podium-run-"))
        self._out, scratch = self._folder / "out", self._folder / "tmp"
        self._out.mkdir()
        scratch.mkdir()
        self._places = {
            "/code": str((spec.code or scratch).resolve()),
            "/input": str((spec.input or scratch).resolve()),
            "/out": str(self._out),
            **{tree.target: str(tree.source.resolve()) for tree in spec.trees},
        }
        self._log: IO[bytes] = (spec.live or self._folder / "log").open("ab")
        pair = socket.socketpair() if spec.channel else None
        self._channel: socket.socket | None = pair[0] if pair else None
        theirs = pair[1] if pair else None
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [self._outside(word) for word in spec.command],
            stdin=theirs.fileno() if theirs else subprocess.DEVNULL,
            stdout=theirs.fileno() if theirs else self._log,
            stderr=self._log,
            env={**kept, **self._environment(spec.environment), "TMPDIR": str(scratch)},
            cwd=self._places["/code"],
            start_new_session=True,
            preexec_fn=lambda: _limit(spec.limits),  # noqa: PLW1509 - it only sets limits
        )
        if theirs:
            theirs.close()
        self._clock = threading.Timer(spec.limits.wall_s, self._kill, [Verdict.TIME])
        self._clock.daemon = True
        self._clock.start()

    def _outside(self, word: str) -> str:
        """Return a word of the command, with a path of the sandbox as it is here."""
        for inside, place in self._places.items():
            if word == inside or word.startswith(f"{inside}/"):
                return place + word[len(inside) :]
        return word

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        return {name: self._outside(value) for name, value in given.items()}

    @property
    def channel(self) -> socket.socket:
        """Our end of the channel."""
        if self._channel is None:
            raise ValueError("The job was not asked to have a channel.")
        return self._channel

    def cancel(self) -> None:
        """End it now."""
        self._kill(Verdict.SANDBOX_ERROR)

    def _kill(self, verdict: Verdict) -> None:
        if self._process.poll() is None:
            self._verdict = verdict
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self) -> Result:
        """Wait for its end, and take what it left."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            code = self._process.wait()
            self._clock.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._log.close()
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            collected = self._collect()
            return Result(
                verdict=self._ended(code, {item.path for item in collected}),
                exit_code=code if code >= 0 else None,
                signal=-code if code < 0 else None,
                wall_s=round(time.monotonic() - self._began, 4),
                cpu_s=round(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, 4),
                memory_mb=round(used.ru_maxrss / 1024, 2),
                collected=collected,
                detail="cancelled" if self._verdict == Verdict.SANDBOX_ERROR else "",
            )
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ended(self, code: int, there: set[str]) -> Verdict:
        if self._verdict != Verdict.OK:
            return self._verdict
        if code == -signal.SIGXCPU:
            return Verdict.TIME
        if code:
            return Verdict.RUNTIME_ERROR
        return Verdict.OK if there.issuperset(self._spec.expects) else Verdict.MISSING_OUTPUT

    def _collect(self) -> tuple[Collected, ...]:
        """Move the plain files to where the caller wants them."""
        found = []
        for path in sorted(self._out.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            name = path.relative_to(self._out)
            place = self._spec.out / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            content = hashlib.sha256(place.read_bytes()).hexdigest()
            found.append(Collected(path=str(name), size=place.stat().st_size, sha256=content))
        return tuple(found)


def _limit(limits: Limits) -> None:
    lower(
        {
            resource.RLIMIT_CPU: int(limits.cpu_time_s) + 1,
            resource.RLIMIT_DATA: limits.memory_mb << 20,
            resource.RLIMIT_FSIZE: limits.output_bytes,
            resource.RLIMIT_CORE: 0,
        }
    )
