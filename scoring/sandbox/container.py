"""The backend of a container engine: docker or podman, by the command line tool of either.

**Theory of operation.** A supervisor (:mod:`scoring.sandbox.contained`), as the one of bubblewrap is, takes a slot and
works with the engine alone: no folder of this machine is shared with a container, so the engine may belong to root, to
another user or to another machine, and a worker may itself be a container that was given the engine's socket.

1. It makes a volume for each place: ``/out`` is a tmpfs with a size and a number of files, the others are ordinary:
   code, input, and each tree that a job is to see, which is copied as well.
2. It creates two containers with the same limits. The *keeper* is of the operator's image and only sleeps. The *job* is
   of the image that the sandbox was made with, by its id: no network, read-only root, every capability dropped,
   no-new-privileges, user 65534, our own filter over system calls, and none of the keeper's rights on ``/code`` and
   ``/input``.
3. The keeper is started, and its limits are read back from its cgroups and the job's from the engine. A limit that was
   not kept (rootless engines on cgroup v1 leave all of them out, with a warning) ends it here.
4. ``engine cp`` brings code and input in through the keeper: a tar of regular files only.
5. The job is started. Our client's pipes are its streams, so the engine keeps no log. What ends a job is ``kill`` by
   its name: a client that is killed would leave it running.
6. When the engine says that the container has ended, and nobody can change anything any more, ``engine cp`` reads
   ``/out`` as a tar from the keeper, which is why there is one: a tmpfs ends with its last container. The tar is read
   by the rules of :mod:`scoring.sandbox.tars`; what comes out is what would come out of bubblewrap.
7. Both containers and all volumes are removed.

When the caller ends or is killed, the supervisor does 7 at once. When the supervisor is killed, the next job of its
slot does, or ``reap()``, by the names; and what another worker left, by the time that is written on each container. A
job's names are its own, so what was left cannot stand in another's way. A command of the engine goes on when the
supervisor is killed: podman, which has no daemon, leaves containers half made when it is cut off. Where it was killed
as well, they are found among its "external" ones, and its runtime ends what podman does not know to be started.

**What differs from bubblewrap.** A job takes about a second more. Its user id is the same for all jobs of the engine,
so what the kernel counts by user (pending signals) is bounded for all of them together. Links in ``/out`` can be
followed inside; none comes out. The channel of a job is a pair of pipes inside and a socket outside. Memory and CPU
time are watched where the engine's cgroups can be seen from here, and are what was seen last, up to 100 ms before the
end; elsewhere they are 0 in the result, the limits are the engine's alone, and CPU time is bounded for each process.

**What it does not defend**, beside what bubblewrap does not: the engine itself, which runs as root in most places and
unpacks and packs our tars. Whoever may speak to it is root on its machine: so a worker with docker's socket must run
nothing else. With ``runtime="runsc"`` (gVisor) a job has a kernel of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import Any

from scoring.sandbox import bubblewrap, engine
from scoring.sandbox.jobs import Canary, Isolation, JobSpec, Result
from scoring.sandbox.slots import SLOTS, free
from scoring.sandbox.watching import SandboxError

PROGRAM = (
    "import sys; root, first, after, cgroups, channel = sys.argv[1:]; sys.path.append(root); "
    "from scoring.sandbox.contained import main; main(int(first), int(after), cgroups, int(channel))"
)
IMAGE = "podium-sandbox"
"""The image's name where neither a caller nor PODIUM_SANDBOX_IMAGE says another."""
NEEDED = (
    *("PATH", "HOME", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "CONTAINER_HOST", "XDG_RUNTIME_DIR"),
)
"""What of our environment the engine's tool is given."""
MAKE_IMAGE = "echo 'FROM docker.io/library/python:3.13-slim' | {engine} build -t {image} -"


class Container:
    """Runs jobs in containers of ``image``, or that of PODIUM_SANDBOX_IMAGE. It may be used by several threads.

    ``keeper`` is an image of the operator's that has ``sleep``, by default the same; it must be given where ``image``
    is somebody else's. ``runtime``, or PODIUM_SANDBOX_RUNTIME, names another runtime of the engine. ``slots`` is as in
    bubblewrap. ``gpus``, or PODIUM_SANDBOX_GPUS, says which graphics cards jobs are handed, as the engine names them
    ("all", say): their drivers are part of what a job can attack then.
    """

    def __init__(
        self,
        *,
        engine: str = "docker",
        image: str = "",
        keeper: str = "",
        runtime: str = "",
        gpus: str = "",
        slots: range = range(SLOTS),
    ) -> None:
        self.name = engine
        self._image = image or os.environ.get("PODIUM_SANDBOX_IMAGE") or IMAGE
        self._runtime = runtime or os.environ.get("PODIUM_SANDBOX_RUNTIME", "")
        self._gpus = gpus or os.environ.get("PODIUM_SANDBOX_GPUS", "")
        self._keeper, self._slots = keeper or self._image, slots

    def with_image(self, image: str) -> Container:
        """Return the same for somebody else's image; the keeper stays ours."""
        rest = {"runtime": self._runtime, "gpus": self._gpus}
        return Container(engine=self.name, image=image, keeper=self._keeper, slots=self._slots, **rest)

    def close(self) -> None:
        """Do nothing: no job waits here."""

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""
        from scoring.sandbox.probing import canaries  # noqa: PLC0415 - only here

        memory = "the engine's cgroups"
        return Isolation(backend=self.name, canaries=canaries(self, self._ready()), memory=memory, user="engine")

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""
        return self.start(spec).wait()

    def start(self, spec: JobSpec) -> bubblewrap.Running:
        """Start a job. What is returned must be waited for. Without a command it is the image's own."""
        running = bubblewrap.Running(numbers=self._slots, cgroups=False, program=PROGRAM)
        running.begin(bubblewrap._job(spec) | {"engine": self._values()})
        return running

    def reap(self) -> int:
        """Remove what supervisors left that were killed. Returns how many jobs had left something.

        That is also what any worker of the engine left whose time is over, images that were sent among it. Raises
        SandboxError where no engine answers.
        """
        tool = self._tool()
        there, found = tool.left(), set()
        for slot in free(self._slots):
            try:
                mine = engine.of_slot(slot.number)
                if any(job.startswith(mine) for job in there):
                    found |= tool.remove(mine)
            finally:
                slot.give_back()
        for job, left in there.items():
            if job not in found and left.until < time.time():
                found |= tool.remove(job)
        return len(found) + self._reap_images(tool)

    def _reap_images(self, tool: engine.Engine) -> int:
        stale = [tag for tag, until in tool.sent().items() if until < time.time()]
        for tag in stale:
            with contextlib.suppress(SandboxError):  # a container of it, which is reaped when its own time is over
                tool.say("rmi", tag)
        return len(stale)

    def _values(self) -> dict[str, Any]:
        return {
            "path": shutil.which(self.name) or self.name,
            "runtime": self._runtime,
            "gpus": self._gpus,
            "image": self._image,
            "keeper": self._keeper,
            "environment": {name: os.environ[name] for name in NEEDED if name in os.environ},
        }

    def _tool(self) -> engine.Engine:
        return engine.Engine(self._values(), home="/nonexistent")

    def _ready(self) -> tuple[Canary, ...]:
        """Return whether the engine answers, and has the image."""
        install = f"Install {self.name} and start it: sudo apt-get install {self.name}{'.io' * (self.name == 'docker')}"
        install += ", and tini; whoever runs the worker must be allowed to use it"
        if shutil.which(self.name) is None:
            return (Canary(name=self.name, held=False, seen="It is not installed.", mend=install),)
        tool = self._tool()
        try:
            seen = tool.say("version", "--format", "{{.Server.Version}}")
        except SandboxError as error:
            return (Canary(name=self.name, held=False, seen=str(error), mend=install),)
        works = Canary(name=self.name, held=True, seen=f"{self.name} {seen}")
        try:
            image = tool.image()
        except SandboxError as error:
            mend = "Make the image: " + MAKE_IMAGE.format(engine=self.name, image=self._image)
            return (works, Canary(name="image", held=False, seen=str(error), mend=mend))
        return (works, Canary(name="image", held=True, seen=f"{self._image} is {image['Id'][:19]}"))


class Podman(Container):
    """The same, by podman."""

    def __init__(self, **options: Any) -> None:
        super().__init__(engine="podman", **options)
