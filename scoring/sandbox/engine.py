"""What a container engine's command line tool is told, and what it says: docker's or podman's."""

# ruff: noqa: PTH119

from __future__ import annotations

import json
import os
import platform
import re
import signal
import subprocess
from typing import Any

from scoring.sandbox import kernel
from scoring.sandbox.cgroups import PREFIX
from scoring.sandbox.slots import owner
from scoring.sandbox.watching import SandboxError

COMMAND_S = 60.0
"""How long one command of the engine may take."""
UNTIL = "podium-sandbox-until"
LOOKS = 10


class Names:
    """What the containers and volumes of a slot are called: the host's name keeps workers of one engine apart."""

    def __init__(self, number: int) -> None:
        self.job = f"{prefix()}{number}"
        self.keeper = f"{self.job}-keeper"

    def volume(self, top: str) -> str:
        """Return the name of the volume that is at ``/top``."""
        return f"{self.job}-{top}"


def job_of(name: str) -> str:
    """Return the name of the job whose keeper or volume is called so."""
    return name.rpartition("-")[0]


def prefix() -> str:
    """Return how the names of this user's containers on this machine begin."""
    return f"{PREFIX}{re.sub('[^A-Za-z0-9.]', '.', platform.node())}-{owner()}-"


class Engine:
    """The command line tool of docker or podman, with an environment of ours.

    ``home`` is an empty folder that stands for the user's settings: those of docker may name proxies, which it would
    hand to every container, with their passwords.
    """

    def __init__(self, values: dict[str, Any], *, home: str) -> None:
        self.path, self.runtime, self._image = values["path"], values["runtime"], values["image"]
        self.podman = os.path.basename(self.path).startswith("podman")
        self._gpus = values["gpus"]
        self.keeper_image, self.home = values["keeper"], home
        self._environment = {**values["environment"], "DOCKER_CONFIG": home}

    def start(self, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
        """Start a command, which ends with us."""
        return subprocess.Popen(
            [self.path, *words],
            env=self._environment,
            preexec_fn=lambda: kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - no threads here
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def all(self, *commands: list[str]) -> list[str]:
        """Run commands at one time and return what they say. Raises SandboxError where one fails."""
        started = [self.start(*words) for words in commands]
        ends = [ended(process, words) for process, words in zip(started, commands, strict=True)]
        return [said(*end) for end in ends]  # none runs on when one of them failed

    def say(self, *words: str) -> str:
        """Run one command."""
        return self.all(list(words))[0]

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        """Return what the engine says of a container or image."""
        [found] = json.loads(self.say(kind, "inspect", name))
        return dict(found)

    def cards(self) -> list[str]:
        """Return the words by which a job is handed graphics cards."""
        if not self._gpus:
            return []
        return ["--device", f"nvidia.com/gpu={self._gpus}"] if self.podman else ["--gpus", self._gpus]

    def image(self) -> dict[str, Any]:
        """Return the image of the jobs. Raises SandboxError where there is none."""
        return self.inspect("image", self._image)

    def remove(self, job: str) -> None:
        """Remove what there is of the job of that name. Raises SandboxError where something stays."""
        for _ in range(LOOKS if self.podman else 1):  # it has no daemon: what it cleans up itself may come in between
            containers = self.containers(job)
            self.all(*(["rm", "--force", "--volumes", name] for name in containers))
            volumes = [volume for volume in self.volumes() if job_of(volume) == job]
            self.all(*(["volume", "rm", "--force", volume] for volume in volumes))
            if not containers and not volumes:
                return

    def containers(self, job: str) -> list[str]:
        """Return those of a job that there are."""
        said = self.say("ps", "--all", "--filter", f"name={job}", "--format", "{{.Names}}")
        return [name for name in said.split() if name in {job, f"{job}-keeper"}]

    def left(self) -> dict[str, float]:
        """Return the jobs that have something on this engine, and until when each has a right to."""
        template = '{{.Label "' + UNTIL + '"}}' if not self.podman else "{{.Labels}}"
        asked = ["--filter", f"label={UNTIL}", "--format"]
        containers, volumes = self.all(
            ["ps", "--all", *asked, "{{.Names}} " + template], ["volume", "ls", *asked, "{{.Name}} " + template]
        )
        rows = [line.partition(" ")[::2] for line in containers.splitlines() + volumes.splitlines()]
        jobs = [(name if name[-1].isdigit() else job_of(name), re.findall(r"\d{9,}", rest)) for name, rest in rows]
        return {job: float(until[-1]) for job, until in jobs if until}

    def volumes(self) -> list[str]:
        """Return the volumes of all jobs on this engine."""
        return self.say("volume", "ls", "--quiet", "--filter", f"name={PREFIX}").split()


def ended(process: subprocess.Popen[bytes], words: list[str]) -> tuple[str, int, bytes, bytes]:
    """Wait for a command, and return what it is, its status, and what it said."""
    what = " ".join(words[:2])
    try:
        out, err = process.communicate(timeout=COMMAND_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return what, -1, b"", f"The engine took more than {COMMAND_S:.0f} s.".encode()
    return what, process.returncode, out, err


def said(what: str, status: int, out: bytes, err: bytes) -> str:
    """Return what a command that ended said. Raises SandboxError where it failed, or left a limit out."""
    words = err.decode(errors="replace").strip()
    if status:
        raise SandboxError(f"{what}: {words}")
    if b"WARNING" in err:  # of a limit that the engine leaves out, for one
        raise SandboxError(words)
    return out.decode(errors="replace").strip()
