"""The backend of a single machine: bubblewrap, as root or not, with cgroups or without."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from scoring.sandbox.cgroups import find_parents
from scoring.sandbox.jobs import Isolation, JobSpec, Result, Tree, Verdict
from scoring.sandbox.messages import framed, receive
from scoring.sandbox.slots import SLOTS, free, has_pool

ROOT = Path(__file__).resolve().parents[2]
# -I and -S keep the caller's folder, variables and installed packages out: the supervisor needs this package alone.
PROGRAM = (
    "import sys; root, first, after, cgroups, channel = sys.argv[1:]; sys.path.append(root); "
    "from scoring.sandbox.supervisor import main; main(int(first), int(after), cgroups, int(channel))"
)
DETAIL_BYTES = 4096


class Bubblewrap:
    """Runs jobs in sandboxes of their own. It may be used by several threads.

    ``slots`` are the numbers that it may take, so the most jobs at one time, and those that ``reap()`` looks at.
    ``cgroups=False`` does without them. With ``spare`` a supervisor waits for the next job after the first
    ``run()``, so that it starts at once; ``close()`` ends it, and so does our own end.
    """

    name = "bubblewrap"

    def __init__(self, *, slots: range = range(SLOTS), cgroups: bool = True, spare: bool = False) -> None:
        self._slots, self._cgroups = slots, cgroups
        self._spares: list[Running] | None = [] if spare else None

    def close(self) -> None:
        """End the supervisor that waits for the next job."""
        while (running := self._spare()) is not None:
            running.cancel()
            running.wait()

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""
        from scoring.sandbox.probing import canaries, program  # noqa: PLC0415 - only here

        parents = find_parents() if self._cgroups else find_parents(mounts="", own="")
        user = "pool" if has_pool() else "caller"
        tried = canaries(self, (program(),), trees=base_python())
        return Isolation(backend=self.name, canaries=tried, memory=parents.name, user=user)

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""
        result = self.start(spec).wait()
        if self._spares is not None and not self._spares:
            self._spares.append(self._supervisor())
        return result

    def start(self, spec: JobSpec) -> Running:
        """Start a job. What is returned must be waited for."""
        running = self._spare() or self._supervisor()
        running.begin(_job(spec))
        return running

    def warm(self, template: JobSpec, modules: tuple[str, ...]) -> Running:
        """Start an interpreter that imports ``modules`` and waits for its job: see :mod:`scoring.sandbox.warm`."""
        running = self._supervisor()
        empty = {"code": None, "input": None, "inputs": dict.fromkeys(template.inputs), "live": None}
        running.begin(_job(template) | empty | {"modules": list(modules)})
        return running

    def _spare(self) -> Running | None:
        with contextlib.suppress(IndexError):  # another thread may take it meanwhile
            return self._spares.pop() if self._spares else None
        return None

    def _supervisor(self) -> Running:
        return Running(numbers=self._slots, cgroups=self._cgroups)

    def reap(self) -> int:
        """Remove what supervisors left that were killed. Returns how many slots had something."""
        parents, found = find_parents(), 0
        for slot in free(self._slots):
            try:
                found += slot.clear(parents)
            finally:
                slot.give_back()
        return found


class Running:
    """A supervisor, and the job that it was sent."""

    def __init__(self, *, numbers: range, cgroups: bool, program: str = "") -> None:
        self._speaks = False
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - until wait()
        self._channel, theirs = socket.socketpair()  # for a job that comes later, and may want one
        words = [numbers.start, numbers.stop, "yes" if cgroups else "no", theirs.fileno()]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", program or PROGRAM, str(ROOT), *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={},
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for us; the supervisor hears of it by the pipe
            )

    def begin(self, job: dict[str, Any]) -> None:
        """Send the job."""
        self._speaks = job["channel"] and job["modules"] is None
        if not job["channel"]:
            self._channel.close()
        self._send(job)

    def _send(self, job: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # then its last words say why
            self._stdin.write(framed(job))
            self._stdin.flush()

    def go(self, spec: JobSpec) -> None:
        """Send the job for which it was warmed."""
        self._speaks = spec.channel
        self._send(_job(spec))

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._process.pid

    @property
    def channel(self) -> socket.socket:
        """Our end of the job's channel, which is the caller's to close. Raises ValueError for a job without one."""
        if not self._speaks:
            raise ValueError("The job was not asked to have a channel.")
        return self._channel

    def cancel(self) -> None:
        """Let the job be killed now. Its result is then a ``sandbox_error`` that says so, or what it was before."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def wait(self) -> Result:
        """Wait for the result."""
        try:
            report = receive(self._stdout.fileno())
            self._process.wait()
            return Result.from_dict(report) if report else self._broken()
        finally:
            self.cancel()
            self._process.wait()
            self._stdout.close()
            self._log.close()
            if not self._speaks:
                self._channel.close()

    def _broken(self) -> Result:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - DETAIL_BYTES))
        words = self._log.read().decode(errors="replace")
        detail = f"The supervisor ended with status {self._process.returncode}. {words}".strip()
        return Result(verdict=Verdict.SANDBOX_ERROR, detail=detail)

    @property
    def _stdin(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise ValueError("There is no pipe.")
        return self._process.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise ValueError("There is no pipe.")
        return self._process.stdout


def base_python() -> tuple[Tree, ...]:
    """Return the running Python's own tree, where it is not under /usr, which jobs see anyhow."""
    base = Path(sys.base_prefix).resolve()
    return () if base.is_relative_to("/usr") else (Tree(source=base, target=str(base)),)


def _job(spec: JobSpec) -> dict[str, Any]:
    job = spec.to_dict()
    return {
        **job,
        "limits": {**job["limits"], "cpu_s": spec.limits.cpu_time_s},
        "modules": None,
        "bwrap": shutil.which("bwrap") or "/usr/bin/bwrap",
    }
