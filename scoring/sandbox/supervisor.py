"""The process that runs one job and is there until nothing of it is left. ``scoring.sandbox`` tells how.

It reads a job from standard input and writes a report to standard output (:mod:`scoring.sandbox.messages`). The end of
standard input means that the caller is gone or wants no more. It is started for each job, so it loads little; and it
prepares what needs no job before it reads one, so that it can be started early.
"""

# The supervisor is started for each job, and pathlib would be most of what it loads.
# ruff: noqa: PTH101, PTH123, PTH208

from __future__ import annotations

import _socket  # what socket adds to it takes 5 ms to load
import contextlib
import os
import resource
import select
import signal
import time

from scoring.sandbox import kernel, launching, seccomp
from scoring.sandbox.cgroups import Group, find_parents
from scoring.sandbox.collecting import Collection, copy_in
from scoring.sandbox.messages import framed, receive
from scoring.sandbox.slots import Slot, take
from scoring.sandbox.watching import CANCELLED, CHUNK, DYING_S, MIB, SandboxError, Watch, ours, stay_wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

WARMING_S = 120.0
FULL = 4096
"""A file system with less room than a page is full."""


def main(first_slot: int, after_slots: int, cgroups: str, channel: int) -> None:
    """Run the job that standard input brings in one of these slots; ``cgroups`` is "yes" or "no".

    ``channel`` is a socket that the job gets where it wants one.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        report = _run(range(first_slot, after_slots), cgroups=cgroups == "yes", channel=channel)
    except Exception as error:  # whatever it is, it is not the job's fault
        report = ours(f"{type(error).__name__}: {error}")
    if report is not None:
        with contextlib.suppress(BrokenPipeError), open(1, "wb", closefd=False) as stream:
            stream.write(framed(report))


def _run(numbers: range, *, cgroups: bool, channel: int) -> dict[str, Any] | None:
    """Run a job and return the report, or nothing where no job came."""
    parents = find_parents() if cgroups else find_parents(mounts="", own="")
    slot = take(numbers, parents)
    try:
        group = slot.group(parents)
        group.make()
        job = Job(slot=slot, group=group, channel=channel)
        order = receive(0)
        return None if order is None else job.run(order)
    finally:
        slot.clear(parents)


def _prepare(job: dict[str, Any], slot: Slot) -> None:
    """Fill the slot's folder."""
    slot.fill(*launching.WRITABLE, *(f"tree{number}" for number in range(len(job["trees"]))))
    _bring(job, slot, new=True)
    for name, text in launching.PEOPLE.items():
        with open(f"{slot.job}/{name}", "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(f"{slot.job}/{name}", 0o644)


def _bring(job: dict[str, Any], slot: Slot, *, new: bool) -> None:
    """Copy code and inputs into the slot's folders, which are there already where they are not ``new``."""
    more = {f"more{number}": source for number, source in enumerate(job["inputs"].values())}
    for name, source in {"code": job["code"], "input": job["input"], **more}.items():
        copy_in(source, f"{slot.job}/{name}", look_up=stay_wanted, new=new)


class Job(Watch):
    """One job, from its start until nothing of it runs any more."""

    def __init__(self, *, slot: Slot, group: Group, channel: int) -> None:
        self._slot, self._group, self._channel = slot, group, channel
        self._said = b""
        self._peak = 0
        self._rules, self._arguments = (os.memfd_create(name) for name in ("rules", "arguments"))
        self._fork()

    def _fork(self) -> None:
        """Start the child that waits for the job, in the cgroups already: to enter them takes the kernel 10 ms."""
        stdout, stderr, status, said, heard = (os.pipe() for _ in range(5))
        self._wake, wake = (end.detach() for end in _socket.socketpair())
        self._outputs, self._status = (stdout[0], stderr[0]), status[0]
        self._from_child, self._to_child = said[0], heard[1]
        theirs = {"stdout": stdout[1], "stderr": stderr[1], "status": status[1], "said": said[1]}
        theirs |= {"heard": heard[0], "wake": wake}
        self._child = os.fork()
        if self._child == 0:
            handles = launching.Handles(rules=self._rules, arguments=self._arguments, channel=self._channel, **theirs)
            launching.launch(slot=self._slot, group=self._group, handles=handles)
        self._status_inside = status[1]
        for handle in (*theirs.values(), self._channel):
            os.close(handle)
        self._cpu_before = self._cpu_seen = 0.0

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run the job, and return the report. Raises SandboxError where it cannot begin, or does not end."""
        self._listen(job, self._outputs)
        _prepare(job, self._slot)
        pids = self._limits["pids"] + launching.OWN_PROCESSES
        self._group.limit(memory_bytes=self._limits["memory_mb"] * MIB, pids=pids, cpus=self._limits["cpus"])
        words = launching.arguments(job, slot=self._slot, rules=self._rules, status=self._status_inside)
        for handle, content in ((self._rules, _filter(counted=self._group.counts)), (self._arguments, words)):
            os.write(handle, content)
            os.lseek(handle, 0, os.SEEK_SET)
        self._begin()
        if job["modules"] is not None:
            self._await()
        self._supervise()
        return self._report()

    def _await(self) -> None:
        """Wait for the job of a warm interpreter, which may take an hour; then let it go on.

        Where the caller goes, or the interpreter ends, there is nothing to do but to clear up. Raises SandboxError.
        """
        known = len(self._job["command"])
        first = self._first_of(self._wake, seconds=WARMING_S)
        if first != self._wake or not os.read(self._wake, 1):
            self._give_up(CANCELLED if first == 0 else "The warm interpreter did not come to the end of its imports.")
        job = receive(0) if self._first_of(0, seconds=None) == 0 else None
        if job is None:
            self._give_up(CANCELLED)
        _bring(job, self._slot, new=False)
        self._listen(job, self._outputs)
        self._cpu_before = self._cpu_so_far()
        self._began = time.monotonic()
        self._deadline = self._began + self._limits["wall_s"]
        script = job["command"][known:]
        os.write(self._wake, os.fsencode("\0".join([str(int(self._limits["cpu_s"])), *script])))
        os.close(self._wake)

    def _first_of(self, wanted: int, *, seconds: float | None) -> int:
        """Return ``wanted`` when it has news, or what ended before: the interpreter, or our caller, or -1 for the time.

        What is printed meanwhile is thrown away.
        """
        poll = select.poll()
        poll.register(0, 0)  # its end alone: a job may be sent while imports go on
        for handle in (wanted, self._process, *self._outputs):
            poll.register(handle, select.POLLIN)
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            news = [handle for handle, _ in poll.poll(None if until is None else 1000 * (until - time.monotonic()))]
            for handle in set(news) & set(self._outputs):
                if not os.read(handle, CHUNK):
                    poll.unregister(handle)
            if ended := [handle for handle in news if handle not in self._outputs]:
                return wanted if wanted in ended else ended[0]
        return -1

    def _give_up(self, why: str) -> NoReturn:
        self._kill(why)
        self._supervise()
        raise SandboxError(why)

    def _begin(self) -> None:
        """Get hold of the first process of the job's namespace and of its /out, and let it go on."""
        # A child that ended already has said why.
        with contextlib.suppress(BrokenPipeError), open(self._to_child, "wb", closefd=False) as stream:
            stream.write(framed(self._job))
        self._pid = int(self._answer())
        os.waitpid(self._child, 0)  # whose child is ours now
        self._process = os.pidfd_open(self._pid)
        self._slot.mark(self._pid)
        os.write(self._to_child, b"1")
        self._answer()
        self._out = os.open(f"/proc/{self._pid}/cwd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._began = time.monotonic()
        self._deadline = self._began + self._limits["wall_s"]
        os.write(self._to_child, b"2")

    def _answer(self) -> bytes:
        """Return the next thing that the child says. Raises SandboxError with its last words."""
        found, _, _ = select.select([self._from_child], [], [], DYING_S)
        word = os.read(self._from_child, 64) if found else b""
        if not word:
            self._streams[1].read()
            raise SandboxError(f"The job did not begin. {self._streams[1].text}")
        return word

    def _supervise(self) -> None:
        """Watch, and come back when nothing of the job runs."""
        self._follow(self._process, self._status)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        self._ended = time.monotonic()

    def _heard(self, handle: int) -> bool:
        if handle != self._status:
            return super()._heard(handle)
        part = os.read(handle, CHUNK)
        self._said += part
        return bool(part)

    def _measure(self) -> None:
        if self._group.oom_kills():
            self._kill("memory")
        if not self._group.counts:
            self._weigh()
        if (self._group.cpu_s() or 0) - self._cpu_before > self._limits["cpu_s"]:
            self._kill("time")

    def _weigh(self) -> None:
        """Do what cgroups would do, as well as can be from outside."""
        family = _family(self._pid)
        self._cpu_seen = max(self._cpu_seen, sum(map(_cpu_s, family)))
        if self._cpu_seen - self._cpu_before > self._limits["cpu_s"]:
            self._kill("time")
        used = sum(map(_memory, family))
        self._peak = max(self._peak, used)
        if used > self._limits["memory_mb"] * MIB:
            self._kill("memory")

    def _end(self) -> None:
        """End the first process of the namespace, with which the kernel ends all others."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _exit_code(self) -> int | None:
        """Return the command's exit status as bubblewrap told it, or None where the command never ran."""
        _, there, after = self._said.partition(b'"exit-code": ')
        return int(after.partition(b" ")[0]) if there else None

    def _report(self) -> dict[str, Any]:
        code = self._exit_code() if self._kill_reason is None else None
        verdict, collection = self._verdict(), Collection(self._limits)
        if verdict != "sandbox_error":
            collection.take(self._out, self._job["out"])
            verdict = self._with_files(verdict, collection, full=_full(self._out))
        out, err = (stream.text for stream in self._streams)
        return self._told(verdict, code=code, used=self._used(), out=out, err=err, collection=collection)

    def _verdict(self) -> str:
        """Return how it ended, without a look at its files."""
        if (killed := self._killed()) is not None:
            return killed
        code, err = self._exit_code(), self._streams[1].text
        if self._group.oom_kills():
            return "memory"
        if code is None:  # the command never ran, so these are bubblewrap's words
            return "runtime_error" if err.startswith("bwrap: execvp ") else "sandbox_error"
        if code in {128 + signal.SIGXCPU, 128 + signal.SIGKILL} and self._used()["cpu_s"] > self._limits["cpu_s"]:
            return "time"
        if code and not self._group.counts and ("MemoryError" in err or "bad_alloc" in err):
            return "memory"
        return "runtime_error" if code else "ok"

    def _cpu_so_far(self) -> float:
        """Return the CPU time that was used up to now."""
        counted = self._group.cpu_s()
        return sum(map(_cpu_s, _family(self._pid))) if counted is None else counted

    def _used(self) -> dict[str, float]:
        used, cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN), self._group.cpu_s()
        if cpu_s is None:  # what the kernel ends with its namespace is not counted with our children
            cpu_s = max(used.ru_utime + used.ru_stime, self._cpu_seen)
        peak = self._group.peak_bytes() or self._peak or used.ru_maxrss << 10
        return {
            "wall_s": round(self._ended - self._began, 4),
            "cpu_s": round(max(0.0, cpu_s - self._cpu_before), 4),
            "memory_mb": round(peak / MIB, 2),
        }


def _filter(*, counted: bool) -> bytes:
    return seccomp.assemble(os.uname().machine, counted=counted)


def _full(handle: int) -> bool:
    room = os.fstatvfs(handle)
    return room.f_bavail * room.f_frsize < FULL or room.f_favail == 0


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    known, new = [], [pid]
    while new:
        pid = new.pop()
        known.append(pid)
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", encoding="utf-8") as stream:
                    new += map(int, stream.read().split())
    return known


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a process and of the children that it waited for; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return sum(map(int, stream.read().rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def _memory(pid: int) -> int:
    """Return a process's proportional share of memory, in bytes; 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as stream:
            return int(next(line for line in stream if line.startswith("Pss:")).split()[1]) << 10
    except (OSError, StopIteration):
        return 0
