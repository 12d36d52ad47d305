"""From a run to its outcome: the files, the scoring process, and what came back, in the site's words."""

import atexit
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from podium.challenges.scorers import METRIC, OWN
from podium.core import hardening
from podium.core.models import Blob
from podium.core.storage import blob_path
from podium.submissions import evidence, own_scorers
from podium.submissions.models import Run, RunSubmission
from scoring.canonical.canonicaliser import Canonicaliser, ReaderFailedError
from scoring.evaluate import ScoreValue
from scoring.jobs import ScoreError, ScoreJob, ScoreResult
from scoring.process import ScoringProcess
from scoring.uncertainty import Uncertainty

LONGEST_LOG = 20_000
LEVEL = 0.95  # of intervals


class Verdict(StrEnum):
    """How a run ended, and whose doing it is."""

    SCORED = "scored"
    TRIED = "tried"  # on the sample alone, and it worked
    REJECTED = "rejected"  # the participant's
    HOST_ERROR = "host_error"
    PLATFORM_ERROR = "platform_error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `log` is for hosts and operators."""

    verdict: Verdict
    scores: tuple[ScoreValue, ...] = ()
    uncertainties: tuple[Uncertainty, ...] = ()  # where the scores were measured at once: see `job_of`
    error: ScoreError | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    resources: dict[str, float] = field(default_factory=dict)
    log: str = ""
    page: str = ""  # what a host's program wrote about it, HTML
    free: bool = False  # rejected before it met the hidden data: it uses nothing, whatever the phase says

    def storable(self) -> "Outcome":
        """Return it in words that every database takes: a file may hold NUL, and an error quotes the file."""
        error = self.error
        return replace(
            self,
            error=error and replace(error, message=plain(error.message), column=error.column and plain(error.column)),
            versions={plain(name): plain(version) for name, version in self.versions.items()},
            log=plain(self.log)[:LONGEST_LOG],
            page=self.page.encode("utf-8", "replace").decode(),
        )


def plain(text: str) -> str:
    """Return a text with marks for what is no character: NUL, and halves of a surrogate pair."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


_here = threading.local()


def _process() -> ScoringProcess:
    """Return this thread's warm scoring process, started at its first use."""
    process: ScoringProcess | None = getattr(_here, "process", None)
    if process is None:
        process = _here.process = ScoringProcess(memory_mb=settings.SCORING_MEMORY_MB)
        atexit.register(process.close)
    return process


def _reader() -> Canonicaliser:
    """Return this thread's reader in its sandbox, started at its first use."""
    reader: Canonicaliser | None = getattr(_here, "reader", None)
    if reader is None:
        reader = _here.reader = Canonicaliser(memory_mb=settings.SCORING_MEMORY_MB)
        atexit.register(reader.close)
    return reader


def reader_for(job: ScoreJob) -> Canonicaliser | None:
    """Return what opens the file of a hardened job; nothing for one whose file is opened beside the labels."""
    return _reader() if job.hardened else None


def warm_up() -> None:
    """Start the scoring process before there is work, so that the first submission need not wait for imports."""
    _process().start()
    if hardening.is_asked() and hardening.is_on_here():
        with contextlib.suppress(ReaderFailedError):  # the first submission says why
            _reader().start()


def evaluate_run(run: Run, *, on_wait: Callable[[], None]) -> Outcome:
    """Score a run that was claimed; `on_wait` is called every few seconds and may raise to give up."""
    if run.scorer.get("kind") in OWN:
        seat = RunSubmission.objects.get(run=run)
        return outcome_of(own_scorers.score(run, submitted=predicted(run) or sent(seat), on_wait=on_wait))
    job = job_of(run)
    if isinstance(job, Outcome):
        return job
    if job.hardened and not hardening.isolation_here().holds:
        return Outcome(verdict=Verdict.PLATFORM_ERROR, log=f"{hardening.SHUT} {hardening.summary()}")
    result = _process().score(
        job,
        wall_s=settings.SCORING_WALL_SECONDS,
        on_wait=on_wait,
        wait_s=settings.RUN_HEARTBEAT.total_seconds(),
        reader=reader_for(job),
    )
    return outcome_of(result)


def job_of(run: Run) -> ScoreJob | Outcome:
    """Return what the scoring process needs to know, or the outcome where the host's set-up does not allow a job.

    On the Ladder nobody knows what may be shown of a score before it is known how sure it is: it is measured at once.
    """
    kind = run.scorer.get("kind")
    if kind != METRIC:
        return Outcome(verdict=Verdict.HOST_ERROR, log=f"The task's scorer is of the unknown kind {kind!r}.")
    solutions = list(run.reference.files.select_related("blob"))
    if len(solutions) != 1:
        return Outcome(
            verdict=Verdict.HOST_ERROR, log=f"The reference holds {len(solutions)} files; a metric needs exactly one."
        )
    seat = RunSubmission.objects.select_related("submission__phase").get(run=run)
    at_once = seat.submission.phase.ladder
    blob, filename = predicted(run) or sent(seat)
    return ScoreJob(
        reference=blob_path(solutions[0].blob.sha256),
        reference_key=solutions[0].blob.sha256,
        prepared=Path(settings.FILES_DIR) / "prepared",
        submission=blob_path(blob.sha256),
        filename=filename,
        spec=run.scorer.get("spec") or {},
        hardened=hardening.is_on_here() or run.predictions is not None,  # what code wrote is never read beside labels
        measure=LEVEL if at_once else None,
        evidence=evidence.attempt_folder(run.pk, run.attempt) if at_once else None,
    )


def sent(seat: RunSubmission) -> tuple[Blob, str]:
    """Return the file that was sent in, and its name."""
    file = seat.submission.files.select_related("blob").get()
    return file.blob, file.name


def predicted(run: Run) -> tuple[Blob, str] | None:
    """Return the file that a participant's code wrote, and its name; None where predictions themselves were sent."""
    return (run.predictions, run.predictions_name) if run.predictions is not None else None


def outcome_of(result: ScoreResult) -> Outcome:
    """Translate the scoring process's answer."""
    return Outcome(
        verdict=Verdict(result.verdict),
        scores=tuple(result.scores),
        uncertainties=tuple(result.uncertainties),
        error=result.error,
        inputs=dict(result.hashes),
        versions=dict(result.versions),
        resources=dict(result.resources),
        page=result.page,
        log="\n".join(filter(None, [result.error.message if result.error else "", result.detail])),
    )
