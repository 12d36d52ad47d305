"""The demo's code: scripts and a notebook that teams sent in, which are really run, in a sandbox of this machine.

They lie in `scripts/`. Where this machine offers no sandbox nobody's code runs, here as anywhere: the challenge then
takes predictions alone, and the demo says so.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from podium.challenges.models import Phase
from podium.core import isolation
from podium.submissions.models import Submission
from scoring.environments import HERE, Environment
from scoring.errors import HostError
from scoring.runners.predicting import NOTEBOOK_PACKAGES

SCRIPTS = Path(__file__).with_name("scripts")
SAMPLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class Script:
    """A file that a team sends in some hours before now, in the team's words."""

    team: str
    name: str
    hours_ago: float
    description: str

    @property
    def is_notebook(self) -> bool:
        """Whether it needs what executes notebooks."""
        return self.name.endswith(".ipynb")

    def file(self) -> "Future[bytes]":
        """Return the file, as a model that is trained comes."""
        done: Future[bytes] = Future()
        done.set_result((SCRIPTS / self.name).read_bytes())
        return done


def lacking() -> str:
    """Return why no code runs here, in a sentence; nothing where it does."""
    if lacks := isolation.why_not(isolation.isolation()):
        return lacks
    try:
        Environment.of_this_python()
    except HostError as error:
        return error.message
    return ""


def runnable(scripts: tuple[Script, ...]) -> tuple[Script, ...]:
    """Return those that this Python can run."""
    try:
        Environment.of_this_python().need(*NOTEBOOK_PACKAGES, what="A notebook")
    except HostError:
        return tuple(script for script in scripts if not script.is_notebook)
    return scripts


def take_code(phase: Phase) -> None:
    """Let a phase take code and notebooks beside predictions; `inputs` and `sample_inputs` are its host's to name."""
    phase.kinds = [Submission.Kind.PREDICTIONS, Submission.Kind.CODE, Submission.Kind.NOTEBOOK]
    phase.environment = HERE
    phase.predict_limits = {"wall_s": 120, "memory_mb": 1024}


def sample_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return a challenge's files with a few rows of the test: code is tried on them first."""
    return {name: data if name == "train.csv" else _head(data) for name, data in files.items()}


def _head(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[: SAMPLE_ROWS + 1])
