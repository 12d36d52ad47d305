"""Whether a phase can run code, and with what: its environment, its limits, and the one sandbox of this process."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from podium.challenges.models import Phase
from podium.challenges.scorers import METRIC
from podium.core import isolation
from podium.core.errors import Conflict
from podium.submissions import workers
from podium.submissions.kinds import CODE_KINDS, kinds_of, runnable, runs_code
from podium.submissions.models import Submission
from podium.submissions.states import Queue
from scoring.environments import STANDARD, Environment, find
from scoring.errors import HostError
from scoring.fitting import check_fits
from scoring.runners.predicting import ModelSpec, PredictJob, StreamSpec
from scoring.sandbox.backend import Sandbox
from scoring.sandbox.jobs import MIB, Limits

USUAL: Mapping[str, float] = {"wall_s": 600, "cpus": 1, "memory_mb": 2048, "pids": 128, "output_bytes": 256 * MIB}
OWN = Environment(name="", folder=Path(), base=Path("/usr"), version="", packages={})  # an image's: none of ours
NO_INPUTS = "Its hosts have not said yet what submitted code reads."


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a phase runs no code, in a sentence for everybody, and for its hosts what to do."""

    code: str
    why: str
    mend: str = ""


def why_closed(phase: Phase) -> Closed | None:
    """Return why a phase that takes code cannot run any now; None where it can, or takes none."""
    if not runs_code(phase):
        return None
    if phase.inputs_id is None:
        return Closed("inputs_missing", NO_INPUTS)
    try:
        if needs_environment(phase):
            environment_of(phase)
    except HostError as error:
        name = phase.environment or STANDARD
        return Closed("sandbox_missing", f"Its environment “{name}” is none that runs on this site.", error.message)
    queue = Queue.GPU if phase.resource == Phase.Resource.GPU else Queue.CODE
    lacking = workers.any_allows(queue) or (workers.any_reads(queue) if _is_read(phase) else "")
    return Closed("sandbox_missing", lacking) if lacking else None


def _is_read(phase: Phase) -> bool:
    """Return whether we read what code writes: a scorer of the hosts' own is handed the file as it is."""
    return phase.tasks.filter(scorer__kind=METRIC).exists()


def check_open(phase: Phase, kind: str, *, trial: bool) -> None:
    """Refuse what has to be run where nothing can be, and a trial where there is nothing to try it on."""
    if kind not in CODE_KINDS:
        if trial:
            raise Conflict("Only code is tried on a sample first; predictions are just sent.", code="no_sample")
        return
    if kind not in runnable():
        raise Conflict("This site runs no containers. Send the code itself.", code="sandbox_missing")
    if closed := why_closed(phase):
        raise Conflict(f"“{phase.name}” takes no code now. {closed.why}", code=closed.code)
    if trial and phase.sample_inputs_id is None:
        raise Conflict(f"“{phase.name}” has no sample to try code on. Send it for real.", code="no_sample")


def needs_environment(phase: Phase) -> bool:
    """Tell whether a phase takes code that needs packages of ours: an image brings its own."""
    return bool((CODE_KINDS - {Submission.Kind.CONTAINER}).intersection(kinds_of(phase)))


def environment_of(phase: Phase) -> Environment:
    """Return what a phase's code runs in. Raises HostError where it was not built, or fits no sandbox of the site."""
    found = find(Path(settings.ENVIRONMENTS_DIR), phase.environment or STANDARD)
    check_fits(found, isolation.backend())
    return found


def limits_of(phase: Phase) -> Limits:
    """Return what a phase's code may use: what its hosts said, within what the operator allows."""
    asked = {**USUAL, **{name: value for name, value in phase.predict_limits.items() if name in USUAL}}
    most = settings.PREDICT_MOST
    return Limits(**{name: min(value, most[name]) for name, value in asked.items()})


def job_of(
    phase: Phase, *, kind: str, submission: Path, filename: str, input: Path, out: Path, live: Path
) -> PredictJob:
    """Return the job that runs a submission's code on a folder of data. Raises HostError."""
    model, stream = specs_of(phase.model, phase.stream)
    return PredictJob(
        kind=kind,
        submission=submission,
        filename=filename,
        input=input,
        out=out,
        expects=phase.expects,
        environment=OWN if kind == Submission.Kind.CONTAINER else environment_of(phase),
        limits=limits_of(phase),
        model=model,
        stream=stream,
        command=None,
        live=live,
    )


def specs_of(model: Mapping[str, Any], stream: Mapping[str, Any]) -> tuple[ModelSpec | None, StreamSpec | None]:
    """Return how models are fed, and how data are streamed, where a phase says so. Raises HostError."""
    return (
        ModelSpec.from_dict(model) if model else None,
        StreamSpec.from_dict(stream) if stream else None,
    )


def sandbox() -> Sandbox:
    """Return this process's sandbox."""
    return workers.sandbox()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a phase offers to code, for its submit page."""

    environment: str
    packages: Mapping[str, str]
    limits: Mapping[str, float]


def offer_of(phase: Phase) -> Offer | None:
    """Return what a phase offers to code; None where that is not known here."""
    try:
        environment = environment_of(phase)
    except HostError:
        return None
    return Offer(environment.name, environment.packages, asdict(limits_of(phase)))
