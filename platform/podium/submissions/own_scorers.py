"""Scoring by a program of the hosts: what it is given, where it runs, and whether anything can run it now.

It runs in a sandbox with the labels, and participants' code never does: what that wrote comes here as a file.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

from podium.challenges.labels import why_not
from podium.challenges.models import DatasetVersion, Phase, Task
from podium.challenges.scorers import EVALUATE, FUNCTION, OWN, runs_own
from podium.core import isolation
from podium.core.models import Blob
from podium.core.storage import blob_path
from podium.submissions import opening, workers
from podium.submissions.models import Run, RunSubmission, Submission
from podium.submissions.states import Queue
from scoring.environments import HERE, Environment, find
from scoring.errors import HostError
from scoring.fitting import check_fits
from scoring.jobs import ScoreError, ScoreResult
from scoring.sandbox.backend import Sandbox
from scoring.sandbox.jobs import MIB, Limits
from scoring.scorers import FunctionJob, FunctionLimits, FunctionSpec
from scoring.scorers.evaluate import EvaluateJob
from scoring.scorers.places import put
from scoring.scorers.program import ProgramJob
from scoring.scorers.sandboxed import Job, SandboxScorer
from scoring.scorers.specs import EvaluateSpec, ProgramSpec

LOOK_SECONDS = 1.0  # between two looks at whether the run is still ours: a cancelled one is to end within two seconds
OUTPUT_BYTES = 16 * MIB
CLOSED = "It is scored by its hosts’ own metric. Such a metric is a program that runs in a sandbox."


def why_closed(phase: Phase) -> str:
    """Return in a sentence why a phase with a program of its hosts cannot be scored now; nothing where it can."""
    if not runs_own(phase):
        return ""
    try:
        for task in phase.tasks.filter(scorer__kind__in=OWN):
            environment_of(task)
    except HostError as error:
        return f"{CLOSED} {error.message}"
    lacking = workers.any_allows(Queue.GPU if phase.resource == Phase.Resource.GPU else Queue.CODE)
    return f"{CLOSED} {lacking}" if lacking else ""


def environment_of(task: Task) -> Environment:
    """Return what a task's scorer runs in. Raises HostError where it was not built, or fits no sandbox of the site."""
    found = find(Path(settings.ENVIRONMENTS_DIR), task.environment or HERE)
    check_fits(found, isolation.backend())
    return found


def limits_of(task: Task) -> Limits:
    """Return what a task's scorer may use: what its hosts said, within what the operator allows."""
    usual = {"wall_s": settings.SCORING_WALL_SECONDS, "memory_mb": settings.SCORING_MEMORY_MB, "cpus": 1, "pids": 128}
    asked = {**usual, **{name: value for name, value in task.limits.items() if name in usual}}
    most = settings.PREDICT_MOST
    return Limits(**{name: min(value, most[name]) for name, value in asked.items()}, output_bytes=OUTPUT_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is scored by what. `metadata` is what EvalAI's scripts are told about a submission."""

    task: Task
    scorer: Mapping[str, Any]
    reference: DatasetVersion
    phase: Phase
    blob: Blob
    filename: str
    limits: Limits
    metadata: Mapping[str, Any] = field(default_factory=dict)


def score(run: Run, *, submitted: tuple[Blob, str], on_wait: Callable[[], None]) -> ScoreResult:
    """Score a run that was claimed. What `on_wait` raises ends it."""
    submission = RunSubmission.objects.select_related("submission__phase", "submission__team").get(run=run).submission
    blob, filename = submitted
    given = Given(
        task=run.task,
        scorer=run.scorer,
        reference=run.reference,
        phase=submission.phase,
        blob=blob,
        filename=filename,
        limits=limits_of(run.task),
        metadata=_metadata(submission),
    )
    return _score(given, sandbox=workers.sandbox(), on_wait=on_wait)


def score_try(task: Task, *, blob: Blob, filename: str, sandbox: Sandbox, wall_s: float) -> ScoreResult:
    """Score a file by a task's scorer, for its hosts: no submission, no run."""
    limits = limits_of(task)
    given = Given(
        task=task,
        scorer=task.scorer,
        reference=task.reference,
        phase=task.phases.first() or Phase(slug="main"),
        blob=blob,
        filename=filename,
        limits=replace(limits, wall_s=min(limits.wall_s, wall_s)),
    )
    return _score(given, sandbox=sandbox, on_wait=lambda: None)


def _score(given: Given, *, sandbox: Sandbox, on_wait: Callable[[], None]) -> ScoreResult:
    try:
        with tempfile.TemporaryDirectory(dir=_home()) as name:
            folder = Path(name)
            (folder / "jobs").mkdir()
            environment = environment_of(given.task)
            place = SandboxScorer(sandbox, environment, wait_s=LOOK_SECONDS, folder=folder / "jobs")
            return place.score(_Files(given, folder).job(), on_wait=on_wait)
    except HostError as error:
        return ScoreResult(verdict="host_error", error=ScoreError.of(error))


def _home() -> Path:
    """Return the folder in which labels lie while they are scored by, without what workers left that were killed."""
    home = Path(settings.FILES_DIR) / "scoring"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    longest = timedelta(seconds=2 * settings.PREDICT_MOST["wall_s"]).total_seconds()
    for old in home.iterdir():
        with suppress(FileNotFoundError):  # others clear up as well
            if old.stat().st_mtime < time.time() - longest:
                shutil.rmtree(old, ignore_errors=True)
    return home


def _metadata(submission: Submission) -> dict[str, Any]:
    """Return what EvalAI tells a script about a submission."""
    return {
        "id": submission.pk,
        "submitted_at": submission.received_at.isoformat(),
        "participant_team": submission.team_id,
        "participant_team_name": submission.team.name,
        "method_description": submission.description,
    }


class _Files:
    """The files of one job, laid out under their own names in a folder that is soon gone."""

    def __init__(self, given: Given, folder: Path) -> None:
        self._given, self._folder = given, folder

    def job(self) -> Job:
        """Return the job. Raises HostError."""
        kind, spec = self._given.scorer.get("kind"), self._given.scorer.get("spec") or {}
        if kind == FUNCTION:
            return self._function(FunctionSpec.from_dict(spec))
        if kind == EVALUATE:
            return self._evaluate(EvaluateSpec.from_dict(spec))
        return self._program(ProgramSpec.from_dict(spec))

    def _function(self, spec: FunctionSpec) -> FunctionJob:
        solution = self._lay_out(self._given.reference, "reference")
        if solution.is_dir():
            raise HostError("reference_files", "A function's reference is one file, the solution.")
        return FunctionJob(
            metric=self._write("metric.py", spec.source),
            solution=solution,
            submission=blob_path(self._given.blob.sha256),
            filename=self._given.filename,
            id_column=spec.id,
            split_column=spec.split,
            params=spec.params,
            limits=FunctionLimits(
                wall_s=self._given.limits.wall_s,
                memory_mb=self._given.limits.memory_mb,
                processes=self._given.limits.pids,
            ),
        )

    def _evaluate(self, spec: EvaluateSpec) -> EvaluateJob:
        return EvaluateJob(
            script=self._code(spec.source, spec.program, "program", "main.py"),
            annotations=self._lay_out(self._given.reference, "reference"),
            submission=blob_path(self._given.blob.sha256),
            filename=self._given.filename,
            phase=spec.phase_codename or self._given.phase.slug,
            leaderboard=spec.leaderboard,
            metadata=self._given.metadata,
            limits=self._given.limits,
        )

    def _program(self, spec: ProgramSpec) -> ProgramJob:
        return ProgramJob(
            program=self._code(spec.source, spec.program, "program", "score.py"),
            command=spec.command,
            reference=self._lay_out(self._given.reference, "reference"),
            submission=blob_path(self._given.blob.sha256),
            filename=self._given.filename,
            leaderboard=spec.leaderboard,
            ingestion=self._version(spec.ingestion, "ingestion"),
            ingestion_command=spec.ingestion_command,
            input_data=self._version(spec.input_data, "input_data", is_read_by_code=True),
            limits=self._given.limits,
            ingestion_limits=opening.limits_of(self._given.phase),
        )

    def _code(self, source: str, version: int | None, called: str, name: str) -> Path:
        return self._version(version, called) or self._write(name, source)

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / "source" / name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        return path

    def _version(self, pk: int | None, called: str, *, is_read_by_code: bool = False) -> Path | None:
        """Lay a dataset version of the challenge out. Raises HostError, also for labels where what teams sent runs."""
        if pk is None:
            return None
        version = DatasetVersion.objects.filter(pk=pk, dataset__challenge=self._given.task.challenge_id).first()
        if version is None:
            raise HostError("spec_invalid", f"`{called}` names a dataset version that this challenge does not have.")
        if is_read_by_code and (why := why_not(version)):
            raise HostError("inputs_hold_labels", f"`{called}`: {why}")
        return self._lay_out(version, called)

    def _lay_out(self, version: DatasetVersion, called: str) -> Path:
        """Return the only file of a version, under its name, else the folder of all. Raises HostError."""
        target, paths = self._folder / called, []
        for file in version.files.select_related("blob"):
            parts = PurePosixPath(file.path).parts
            if not parts or ".." in parts or parts[0] == "/":
                raise HostError("reference_files", f"The dataset has a file `{file.path}`, which leads outside of it.")
            paths.append(target.joinpath(*parts))
            put(blob_path(file.blob.sha256), paths[-1])
        if not paths:
            raise HostError("reference_files", f"The dataset for `{called}` holds no file.")
        return paths[0] if len(paths) == 1 else target
