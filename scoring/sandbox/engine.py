"""What a container engine's command line tool is told, and what it says: docker's or podman's."""

# ruff: noqa: PTH119

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from scoring.sandbox.cgroups import PREFIX
from scoring.sandbox.slots import owner
from scoring.sandbox.watching import SandboxError

COMMAND_S = 60.0
"""How long one command of the engine may take."""
HALF_MADE_S = 300
"""How long a container may be half made: then what makes it has ended, and it is removed by anybody."""
UNTIL = "podium-sandbox-until"
SENT = re.compile(r"(?:localhost/)?(podium-sent:(\d+)-[0-9a-f]{12})")
UNSTARTED = {"created", "configured"}
LOOKS, PAUSE_S = 10, 0.05
NAME = re.compile(rf"({PREFIX}[A-Za-z0-9.]*-\d+-\d+-[0-9a-f]{{12}})(-.*)?")


def sent(seconds: float) -> str:
    """Return a tag for an image that somebody sent, which says until when it is wanted: so many seconds from now."""
    return f"podium-sent:{int(time.time() + seconds)}-{os.urandom(6).hex()}"


class Names:
    """What the containers and volumes of one job are called.

    The host's name keeps workers of one engine apart, and the slot's number the jobs of one worker. What was left of a
    job that was killed cannot stand in the way of another in its slot: each has a token of its own.
    """

    def __init__(self, number: int) -> None:
        self.slot = of_slot(number)
        self.job = f"{self.slot}{os.urandom(6).hex()}"
        self.keeper = f"{self.job}-keeper"

    def volume(self, place: str) -> str:
        """Return the name of the volume that is at ``/place``."""
        return f"{self.job}-{place.replace('/', '.')}"


def of_slot(number: int) -> str:
    """Return how the names of all jobs in a slot of this user on this machine begin."""
    return f"{PREFIX}{re.sub('[^A-Za-z0-9.]', '.', platform.node())}-{owner()}-{number}-"


class Left:
    """What there is of a job on an engine, and until when it has a right to be there."""

    def __init__(self) -> None:
        self.containers: list[str] = []
        self.volumes: list[str] = []
        self.unstarted: list[str] = []
        """The ids of those containers that podman says it has not started."""
        self.until = 0.0


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
        """Start a command. It goes on when we are killed: podman, cut off midway, leaves things half made."""
        return self._program(self.path, *words, **streams)

    def _program(self, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            words,
            env=self._environment,
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def all(self, *commands: list[str]) -> list[str]:
        """Run commands at one time and return what they say. Raises SandboxError where one fails."""
        return [said(*end) for end in self._tried(*commands)]  # none runs on when one of them failed

    def _tried(self, *commands: list[str]) -> list[tuple[str, int, bytes, bytes]]:
        started = [self.start(*words) for words in commands]
        return [ended(process, words) for process, words in zip(started, commands, strict=True)]

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

    def remove(self, beginning: str) -> set[str]:
        """Remove what there is of jobs whose names begin so, and return those. Raises SandboxError where some stays."""
        found: set[str] = set()
        for look in range(LOOKS):
            time.sleep(look * PAUSE_S)
            there = {job: left for job, left in self.left().items() if job.startswith(beginning)}
            if not there:
                return found
            found |= set(there)
            ends = self._removed(list(there.values()))
            if not self.podman and not any(status for _, status, _, _ in ends):
                return found  # podman has no daemon: what it cleans up itself may come in between
        raise SandboxError(f"{', '.join(sorted(there))}: " + " ".join(err.decode() for _, _, _, err in ends))

    def _removed(self, left: list[Left]) -> list[tuple[str, int, bytes, bytes]]:
        """Try to remove all of it, and return how the commands ended."""
        self._end_unknown([identity for job in left for identity in job.unstarted])
        containers = [["rm", "--force", "--volumes", name] for job in left for name in job.containers]
        volumes = [["volume", "rm", "--force", name] for job in left for name in job.volumes]
        return [*self._tried(*containers), *self._tried(*volumes)]

    def _end_unknown(self, identities: list[str]) -> None:
        """Let podman's runtime end what podman does not know to be started: it was killed while it started them.

        It would remove such a container, and leave its first process to wait forever.
        """
        if identities:
            runtime = self.runtime or self.say("info", "--format", "{{.Host.OCIRuntime.Path}}")
            with contextlib.suppress(OSError):
                for identity in identities:
                    ended(self._program(runtime, "delete", "--force", identity), [runtime, "delete"])

    def left(self) -> dict[str, Left]:
        """Return what there is of all jobs on this engine, whoever started them, by the job's name."""
        there: dict[str, Left] = {}
        for row in self._podmans() if self.podman else self._dockers():
            if (known := NAME.fullmatch(row["name"])) is not None:
                job = there.setdefault(known[1], Left())
                (job.volumes if row["is_volume"] else job.containers).append(row["name"])
                job.unstarted += row["unstarted"]
                job.until = max(job.until, row["until"])
        return there

    def sent(self) -> dict[str, float]:
        """Return the images that somebody sent, by the tags that they have here, and until when each is wanted."""
        said = self.say("images", "--format", "{{.Repository}}:{{.Tag}}")
        found = filter(None, map(SENT.fullmatch, said.splitlines()))
        return {tag[1]: float(tag[2]) for tag in found}

    def _dockers(self) -> Iterator[dict[str, Any]]:
        """Yield what docker has of containers and volumes."""
        label, asked = '{{.Label "' + UNTIL + '"}}', ["--filter", f"name={PREFIX}", "--format"]
        texts = self._listed(
            ["ps", "--all", *asked, "{{.Names}} " + label], ["volume", "ls", *asked, "{{.Name}} " + label]
        )
        for is_volume, text in enumerate(texts):
            for name, _, until in (line.partition(" ") for line in text.splitlines()):
                yield {"name": name, "is_volume": is_volume, "unstarted": [], "until": float(until or 0)}

    def _podmans(self) -> Iterator[dict[str, Any]]:
        """Yield what podman has of them. What was half made when its maker was killed is "external".

        Such a container has no label, but an age.
        """
        asked = ["--filter", f"name={PREFIX}", "--format", "json"]
        texts = self._listed(["ps", "--all", "--external", *asked], ["volume", "ls", *asked])
        for is_volume, text in enumerate(texts):
            for row in json.loads(text or "[]"):
                name = row["Name"] if is_volume else (row["Names"] or [""])[0]
                until = (row["Labels"] or {}).get(UNTIL) or row.get("Created", 0) + HALF_MADE_S
                unstarted = [row["Id"]] if row.get("State") in UNSTARTED else []
                yield {"name": name, "is_volume": is_volume, "unstarted": unstarted, "until": float(until)}

    def _listed(self, *commands: list[str]) -> list[str]:
        """Return what lists say. podman fails now and then where another removes what it is about to list."""
        for look in range(2):
            with contextlib.suppress(SandboxError):
                return self.all(*commands)
            time.sleep((look + 1) * PAUSE_S)
        return self.all(*commands)


def ended(
    process: subprocess.Popen[bytes], words: list[str], *, seconds: float = COMMAND_S
) -> tuple[str, int, bytes, bytes]:
    """Wait for a command, and return what it is, its status, and what it said."""
    what = " ".join(words[:2])
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return what, -1, b"", f"The engine took more than {seconds:.0f} s.".encode()
    return what, process.returncode, out, err


def said(what: str, status: int, out: bytes, err: bytes) -> str:
    """Return what a command that ended said. Raises SandboxError where it failed, or left a limit out."""
    words = err.decode(errors="replace").strip()
    if status:
        raise SandboxError(f"{what}: {words}")
    if b"WARNING" in err:  # of a limit that the engine leaves out, for one
        raise SandboxError(words)
    return out.decode(errors="replace").strip()
