"""The process that runs one job in a container and is there until nothing of it is left: see ``container``.

It is to :mod:`scoring.sandbox.container` what ``supervisor`` is to bubblewrap, and speaks with its caller in the same
way. It has no environment; what the engine's command line tool needs of ours comes with the job.
"""

# ruff: noqa: PTH103, PTH123

from __future__ import annotations

import contextlib
import datetime
import os
import re
import resource
import signal
import subprocess
import tarfile
import time
from itertools import chain
from typing import IO, Any

from scoring.sandbox import launching
from scoring.sandbox.cgroups import Group, find_parents
from scoring.sandbox.engine import COMMAND_S, UNTIL, Engine, Names, ended, said
from scoring.sandbox.messages import framed, receive
from scoring.sandbox.profile import profile
from scoring.sandbox.slots import take
from scoring.sandbox.tars import PAGE, Pieces, TarCollection
from scoring.sandbox.watching import MIB, SandboxError, Watch, ours

COPY_S = 600.0
GRACE_S = 300
"""How long after a job's limit anybody may remove it."""
INSIDE = f"{launching.INSIDE}:{launching.INSIDE}"
EVERYBODY = 16_384
"""A limit that the kernel counts per user: all jobs of an engine are one, so it only is not to be without end."""
ULIMITS = {
    resource.RLIMIT_CORE: "core",
    resource.RLIMIT_CPU: "cpu",
    resource.RLIMIT_FSIZE: "fsize",
    resource.RLIMIT_MEMLOCK: "memlock",
    resource.RLIMIT_MSGQUEUE: "msgqueue",
    resource.RLIMIT_NOFILE: "nofile",
    resource.RLIMIT_STACK: "stack",
}
FIRST_TICK_S = 0.01
"""How soon a job is looked at first: it may be a short one, and what it used is seen only while it runs."""
STAYING = ("sleep", "infinity")


def main(first_slot: int, after_slots: int, _: str, channel: int) -> None:
    """Run the job that standard input brings in one of these slots; ``channel`` is a socket for one that wants it."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        report = _run(range(first_slot, after_slots), channel)
    except Exception as error:  # whatever it is, it is not the job's fault
        report = ours(f"{type(error).__name__}: {error}")
    if report is not None:
        with contextlib.suppress(BrokenPipeError), open(1, "wb", closefd=False) as stream:
            stream.write(framed(report))


def _run(numbers: range, channel: int) -> dict[str, Any] | None:
    nowhere = find_parents(mounts="", own="")
    slot = take(numbers, nowhere)
    try:
        job = receive(0)
        if job is None:
            return None
        os.makedirs(slot.job, mode=0o700)
        engine = Engine(job["engine"], home=slot.job)
        names = Names(slot.number)
        try:
            return Job(engine=engine, names=names, channel=channel, job=job).run()
        finally:
            engine.remove(names.job)
    finally:
        slot.clear(nowhere)


class Job(Watch):
    """One job, from its start until nothing of it runs any more."""

    def __init__(self, *, engine: Engine, names: Names, channel: int, job: dict[str, Any]) -> None:
        self._engine, self._names, self._channel, self._job = engine, names, channel, job
        self._limits = job["limits"]
        self._label = ["--label", f"{UNTIL}={int(time.time() + self._limits['wall_s'] + GRACE_S + COPY_S)}"]
        self._inodes = self._limits["output_files"] * 2 + 64
        self._group = Group.of_process(os.getpid(), self._names.job)  # none yet
        self._peak, self._cpu_s, self._ooms = 0, 0.0, 0

    def run(self) -> dict[str, Any]:
        """Run the job, and return the report. Raises SandboxError where it cannot begin, or does not end."""
        engine, names = self._engine, self._names
        image = engine.image()
        if (fault := self._fault(image)) is not None:
            return fault
        self._pieces = Pieces(self._job)
        engine.remove(names.slot)  # what was left there of one that was killed
        self._make_volumes()
        engine.all(self._create_keeper(), self._create_job(image))
        engine.say("start", names.keeper)
        self._read_back()
        self._fill()
        self._run_it()
        return self._report()

    def _fault(self, image: dict[str, Any]) -> dict[str, Any] | None:
        """Return the report where the image cannot be run as it is, by fault of who built it."""
        config = image.get("Config") or {}
        words = ""
        if config.get("Volumes"):
            places = ", ".join(sorted(config["Volumes"]))
            words = f"The image declares volumes ({places}), which have no size. Build it without VOLUME."
        elif not self._job["command"] and not (config.get("Entrypoint") or config.get("Cmd")):
            words = "The image says no command: give it an ENTRYPOINT or a CMD."
        if not words:
            return None
        return {**ours(""), "verdict": "runtime_error", "stderr": words}

    def _make_volumes(self) -> None:
        pages = -(-self._limits["output_bytes"] // PAGE)  # podman takes "size" for a quota of a disk
        size = f"nr_blocks={pages},nr_inodes={self._inodes},mode=1777,noexec,nosuid,nodev"
        sized = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o={size}"]
        make = ["volume", "create", *self._label]
        places = [[*make, self._names.volume(place)] for place in self._pieces.places]
        self._engine.all([*make, *sized, self._names.volume("out")], *places)

    def _bounds(self) -> list[str]:
        """Return what binds the keeper and the job alike."""
        limits = self._limits
        memory, period = f"{limits['memory_mb'] * MIB}", 100_000
        return [
            *("--pull=never", "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--ipc", "private", "--hostname", "sandbox", "--init", "--log-driver=none", "--no-healthcheck"),
            *("--user", INSIDE, "--memory", memory, "--memory-swap", memory, "--pids-limit", str(limits["pids"] + 1)),
            *("--cpu-period", str(period), "--cpu-quota", str(int(limits["cpus"] * period))),
            *(word for pair in self._ulimits() for word in ("--ulimit", pair)),
            *self._label,
            *(["--http-proxy=false"] if self._engine.podman else []),
        ]

    def _create_keeper(self) -> list[str]:
        places = [_mount(self._names.volume(place), f"/{place}") for place in ("out", *self._pieces.places)]
        program, *words = STAYING
        named = ["--name", self._names.keeper, "--entrypoint", program]
        return ["create", *self._bounds(), *named, *chain(*places), self._engine.keeper_image, *words]

    def _create_job(self, image: dict[str, Any]) -> list[str]:
        job, limits = self._job, self._limits
        config = image["Config"]
        words = job["command"] or [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
        folder = job["folder"] if self._pieces.has(job["folder"]) else config.get("WorkingDir") or "/"
        sized = f"rw,nosuid,nodev,mode=1777,size={limits['scratch_bytes']}"
        scratch = (("/tmp:exec", 65_536), ("/dev/shm:noexec", 4_096))  # noqa: S108 - they are inside
        counted = "" if self._engine.podman else ",nr_inodes={}"  # which podman does not know; memory bounds them
        places = [_mount(self._names.volume(place), f"/{place}", "ro") for place in self._pieces.places]
        return [
            *("create", *self._bounds(), "--name", self._names.job, "--read-only", "--oom-score-adj", "1000"),
            *("--security-opt", f"seccomp={self._profile()}", "--workdir", folder),
            *(["--runtime", self._engine.runtime] if self._engine.runtime else []),
            *(["--interactive"] if job["channel"] else []),
            *self._engine.cards(),
            *(word for pair in self._environment(config).items() for word in ("--env", "=".join(pair))),
            *_mount(self._names.volume("out"), "/out", "rw,noexec,nosuid,nodev" if self._engine.podman else "rw"),
            *chain(*places),
            *("--tmpfs", "/sys:ro,size=4k,mode=0555", "--tmpfs", "/sys/fs/cgroup:ro,size=4k,mode=0555"),
            *(word for place, inodes in scratch for word in ("--tmpfs", f"{place},{sized}{counted.format(inodes)}")),
            *("--entrypoint", words[0], image["Id"].removeprefix("sha256:"), *words[1:]),
        ]

    def _profile(self) -> str:
        path = f"{self._engine.home}/seccomp.json"
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(profile())
        return path

    def _ulimits(self) -> list[str]:
        values = launching.resource_limits(self._limits, counted=True)
        pairs = [f"{name}={values[kind]}:{values[kind]}" for kind, name in ULIMITS.items()]
        shared = {"nproc": resource.RLIMIT_NPROC, "sigpending": resource.RLIMIT_SIGPENDING}
        most = {name: _most(kind) for name, kind in shared.items()}
        return [*pairs, *(f"{name}={value}:{value}" for name, value in most.items())]

    def _environment(self, config: dict[str, Any]) -> dict[str, str]:
        """Return the job's environment; where an image has a PATH of its own, that is searched too."""
        ours = launching.environment(self._job)
        theirs = dict(pair.partition("=")[::2] for pair in config.get("Env") or [])
        return ours | ({"PATH": f"{theirs['PATH']}:{ours['PATH']}"} if "PATH" in theirs else {})

    def _read_back(self) -> None:
        """See that the engine and the kernel kept the limits. The keeper has the same as the job, and is ours.

        Raises SandboxError.
        """
        found = self._engine.inspect("container", self._names.keeper)
        group = Group.of_process(found["State"]["Pid"], found["Id"])
        if group.counts:
            memory, pids = group.limits()
        else:
            memory, pids = self._limits_inside()
        asked = self._limits["memory_mb"] * MIB
        if not asked - 4096 <= memory <= asked + 4096 or pids != self._limits["pids"] + 1:
            raise SandboxError(
                f"Limits were not kept: asked were {asked} bytes and {self._limits['pids'] + 1} processes, "
                f"set are {memory} and {pids}. Rootless engines need cgroup v2 with memory and pids delegated."
            )
        self._check(self._engine.inspect("container", self._names.job)["HostConfig"], asked)

    def _limits_inside(self) -> tuple[int, int]:
        """Ask inside the keeper, where its cgroups cannot be seen from here: the engine is on another machine."""
        script = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max || cat memory.max pids.max"
        said = self._engine.say("exec", self._names.keeper, "sh", "-c", f"({script}) 2>/dev/null")
        numbers = [int(word) if word.isdigit() else 0 for word in said.split()]
        return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)

    def _check(self, config: dict[str, Any], memory: int) -> None:
        kept = {
            "memory": config["Memory"] == memory,
            "swap": config["MemorySwap"] in {memory, -1} if self._engine.podman else config["MemorySwap"] == memory,
            "processes": config["PidsLimit"] == self._limits["pids"] + 1,
            "network": config["NetworkMode"] == "none",
            "read-only": config["ReadonlyRootfs"] is True,
            "privileged": config["Privileged"] is False,
            "capabilities": self._engine.podman or config["CapDrop"] == ["ALL"],
            "seccomp": any(
                word.startswith("seccomp=") and "unconfined" not in word for word in config["SecurityOpt"] or []
            ),
        }
        broken = [name for name, holds in kept.items() if not holds]
        if broken:
            raise SandboxError(f"The engine did not keep: {', '.join(broken)}.")

    def _fill(self) -> None:
        """Send code and input in, through the keeper, which alone may write there."""
        process = self._engine.start("cp", "-", f"{self._names.keeper}:/", stdin=subprocess.PIPE)
        with process:
            try:
                if process.stdin is None:
                    raise SandboxError("There is no pipe.")
                with contextlib.suppress(BrokenPipeError):  # then its last words say why
                    self._pieces.pack(process.stdin)
                process.stdin = None
                said(*ended(process, ["cp"]))
            except BaseException:
                process.kill()
                raise

    def _run_it(self) -> None:
        interactive = ["--interactive"] if self._job["channel"] else []
        ours = self._channel if self._job["channel"] else None
        self._client = self._engine.start(
            *("start", "--attach", *interactive, self._names.job),
            stdin=subprocess.DEVNULL if ours is None else ours,
            stdout=subprocess.PIPE if ours is None else ours,
        )
        os.close(self._channel)
        process = os.pidfd_open(self._client.pid)
        self._listen(self._job, [stream.fileno() for stream in (self._client.stdout, self._client.stderr) if stream])
        self._await_start()
        self._deadline = time.monotonic() + self._limits["wall_s"]
        self._follow(process, tick=FIRST_TICK_S)
        self._client.wait()

    def _await_start(self) -> None:
        """Wait until the container has started, which may take a while on a busy machine and is not the job's time."""
        until = time.monotonic() + COMMAND_S
        while (found := self._engine.inspect("container", self._names.job))["State"]["Status"] in {
            "created",
            "initialized",
            "configured",
        }:
            if time.monotonic() > until or self._client.poll() is not None:
                break
            time.sleep(0.02)
        self._group = Group.of_process(found["State"]["Pid"], found["Id"]) if found["State"]["Pid"] else self._group

    def _measure(self) -> None:
        self._peak = max(self._peak, self._group.peak_bytes())
        self._cpu_s = max(self._cpu_s, self._group.cpu_s() or 0)
        self._ooms = max(self._ooms, self._group.oom_kills())
        if self._ooms:
            self._kill("memory")
        if self._cpu_s > self._limits["cpu_s"]:
            self._kill("time")

    def _end(self) -> None:
        """End the container. What it still writes is read meanwhile, or the engine might wait for us."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._engine.start("kill", "--signal", "KILL", self._names.job, **quiet)

    def _report(self) -> dict[str, Any]:
        found = self._engine.inspect("container", self._names.job)["State"]
        if found["Running"]:
            raise SandboxError("The engine's client ended before the job did.")
        code = None if self._kill_reason else int(found["ExitCode"])
        verdict = self._verdict(found)
        collection = TarCollection(self._limits, inodes=self._inodes)
        if verdict != "sandbox_error":
            self._collect(collection)
            verdict = self._with_files(verdict, collection, full=collection.full)
        *outs, err = (stream.text for stream in self._streams)
        if verdict == "sandbox_error" and found.get("Error"):
            err = f"{found['Error']} {err}"
        return self._told(verdict, code=code, used=self._used(found), out="".join(outs), err=err, collection=collection)

    def _used(self, found: dict[str, Any]) -> dict[str, float]:
        memory = round(self._peak / MIB, 2)
        return {"wall_s": _seconds(found), "cpu_s": round(self._cpu_s, 4), "memory_mb": memory}

    def _verdict(self, found: dict[str, Any]) -> str:
        """Return how it ended, without a look at its files."""
        if (killed := self._killed()) is not None:
            return killed
        if found["OOMKilled"] or self._ooms:
            return "memory"
        if found.get("Error") or found["Status"] not in {"exited", "stopped"}:
            return "sandbox_error"
        code = found["ExitCode"]
        if code == 128 + signal.SIGXCPU:
            return "time"
        return "runtime_error" if code else "ok"

    def _collect(self, collection: TarCollection) -> None:
        process = self._engine.start("cp", f"{self._names.keeper}:/out/.", "-")
        with process:
            try:
                collection.take_tar(_pipe(process), self._job["out"])
            except tarfile.TarError as error:
                process.kill()
                _, err = process.communicate(timeout=COMMAND_S)
                raise SandboxError(f"The output could not be read: {error}. {err.decode(errors='replace')}") from error
            finally:
                process.kill()


def _most(kind: int) -> int:
    """Return EVERYBODY, or less where we may have less: podman's containers cannot have more than we."""
    hard = resource.getrlimit(kind)[1]
    return EVERYBODY if hard == resource.RLIM_INFINITY else min(EVERYBODY, hard)


def _mount(volume: str, target: str, how: str = "rw") -> list[str]:
    return ["--volume", f"{volume}:{target}:{how},nocopy"]


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise SandboxError("There is no pipe.")
    return process.stdout


def _seconds(state: dict[str, Any]) -> float:
    """Return how long a container ran, as the engine has it."""
    try:
        began, ended = (_time(state[key]) for key in ("StartedAt", "FinishedAt"))
    except ValueError:
        return 0.0
    return round(max(0.0, (ended - began).total_seconds()), 4)


def _time(text: str) -> datetime.datetime:
    """Return a moment as engines write it: with nanoseconds, which Python does not read."""
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text).replace("Z", "+00:00"))
