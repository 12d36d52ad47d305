"""Every attack runs on each of :mod:`tests.sandbox.machines`, and the host is looked over after each.

A container engine is looked for; where none answers, its attacks are skipped with what is missing. To make the image:
``debootstrap --variant=minbase --include=python3 bookworm DIR && tar -C DIR -c . | docker import - podium-sandbox``.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.cgroups import find_parents
from scoring.sandbox.container import Container, Podman
from scoring.sandbox.engine import of_slot
from scoring.sandbox.jobs import JobSpec, Result
from scoring.sandbox.slots import folder_of_all
from tests.sandbox.machines import Machine, Somebody, missing, quick, slots, wait_until


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that everybody may pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="podium-sandbox-tests-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def machines(open_folder: Path) -> dict[str, Machine]:
    home = open_folder / "somebody"
    home.mkdir()
    return {
        "all": Bubblewrap(slots=slots()),
        "least": Somebody(home),
        "docker": Container(slots=slots()),
        "podman": Podman(slots=slots()),
    }


class Attack:
    """Runs Python code as a job, and knows how to look for what it left."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine, self.folder = machine, folder
        self.token = uuid.uuid4().hex
        for name in ("code", "input", "out"):
            (folder / name).mkdir(parents=True)
        (folder / "input" / "features.csv").write_text("id,x\n1,0.5\n")
        self.canary = folder / "canary.txt"
        self.canary.write_text("unchanged")
        self.canary.chmod(0o666)  # so that nothing but the sandbox stands before it

    def __call__(self, source: str, *words: str, expects: tuple[str, ...] = (), **limits: object) -> Result:
        (self.folder / "code" / "main.py").write_text(source)
        return self.command("python3", "main.py", *words, expects=expects, **limits)

    def command(self, *words: str, expects: tuple[str, ...] = (), **limits: object) -> Result:
        return self.machine.run(self.spec(*words, expects=expects, **limits))

    def spec(self, *words: str, expects: tuple[str, ...] = (), **limits: object) -> JobSpec:
        return JobSpec(
            command=words,
            code=self.folder / "code",
            input=self.folder / "input",
            out=self.folder / "out",
            environment={"ATTACK": self.token},
            limits=quick(**limits),
            expects=expects,
        )

    @property
    def contained(self) -> bool:
        """Whether it is a container engine that holds it, whose layers answer otherwise here and there."""
        return isinstance(self.machine, Container)

    @property
    def out(self) -> list[str]:
        """What the host has of it now."""
        return sorted(str(path.relative_to(self.folder / "out")) for path in (self.folder / "out").rglob("*"))

    def survivors(self) -> list[str]:
        """Processes that the job started and that still run."""
        return [folder.name for folder in Path("/proc").glob("[0-9]*") if self.token in _read(folder / "environ")]

    def left(self) -> int:
        """Return how many of our slots have something left. By an engine, that of other runs of the tests is theirs."""
        if not isinstance(self.machine, Container):
            return self.machine.reap()
        return sum(job.startswith(ours()) for job in self.machine._tool().left())

    def look_over(self) -> None:
        assert self.survivors() == []
        assert mounts() == []
        assert self.canary.read_text() == "unchanged"
        assert self.left() == 0
        wait_until(lambda: commands() == {})  # monitors end a moment after their containers
        assert cgroups() == []


def ours() -> tuple[str, ...]:
    """Return how the names of all that an engine has of our slots begin."""
    return tuple(map(of_slot, slots()))


def commands() -> dict[str, str]:
    """Return the processes that name containers of our slots: what an engine was told, and podman's monitors."""
    texts = {folder.name: _read(folder / "cmdline") for folder in Path("/proc").glob("[0-9]*")}
    return {pid: text for pid, text in texts.items() if any(name in text for name in ours())}


def mounts() -> list[str]:
    """Return the mounts of our slots, by bubblewrap or an engine: those of others' tests may be there."""
    jobs = {*ours(), *(f"{folder_of_all()}/{number}/" for number in slots())}
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if any(job in line for job in jobs)]


def cgroups() -> list[str]:
    """Return the cgroups of our slots."""
    names = {f"podium-sandbox-{os.geteuid()}-{number}" for number in slots()}
    folders = map(Path, find_parents().folders.values())
    return [str(folder / name) for folder in folders for name in sorted(names) if (folder / name).exists()]


def _read(path: Path) -> str:
    """Return what /proc says of a process."""
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended, or is another's
        return ""


ENGINES = ("docker", "podman")


@pytest.fixture(params=["all", "least", *ENGINES])
def attack(request: pytest.FixtureRequest, machines: dict[str, Machine], open_folder: Path) -> Iterator[Attack]:
    """An attack, on each machine."""
    if request.param in ENGINES and (lack := missing(request.param)):
        pytest.skip(lack)
    yield from attacking(machines[request.param], open_folder)


@pytest.fixture(params=ENGINES)
def contained(request: pytest.FixtureRequest, machines: dict[str, Machine], open_folder: Path) -> Iterator[Attack]:
    """An attack in a container, by each engine."""
    if lack := missing(request.param):
        pytest.skip(lack)
    yield from attacking(machines[request.param], open_folder)


@pytest.fixture
def here(machines: dict[str, Machine], open_folder: Path) -> Iterator[Attack]:
    """An attack with all that this machine offers."""
    yield from attacking(machines["all"], open_folder)


def attacking(machine: Machine, folder: Path) -> Iterator[Attack]:
    attack = Attack(machine, folder / uuid.uuid4().hex)
    yield attack
    attack.look_over()
