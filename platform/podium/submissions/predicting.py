"""From code to predictions: what a participant sent is run in a sandbox, first on the sample, then on the test data.

Here is the site's side: which files it gets, who may read what it says, and when it is stopped. How it is run stands in
:mod:`scoring.runners`. No label is near: the folder that the code reads is made of the phase's inputs alone.

What is printed on the sample is for the team. What is printed on hidden inputs could be those inputs, so it is for
hosts, and the team gets a sentence out of a closed set; with `Phase.show_error_lines` also the line of their own file.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.utils import timezone

from podium.challenges.labels import why_not
from podium.challenges.models import Dataset, DatasetVersion, Phase
from podium.core.models import Blob
from podium.core.storage import blob_path, chunks_of, store
from podium.submissions import opening
from podium.submissions.claims import Claim
from podium.submissions.kinds import CODE_KINDS
from podium.submissions.models import Run, RunLog, RunSubmission, Submission
from podium.submissions.scorers import Outcome, Verdict, plain
from podium.submissions.states import Stage
from scoring.errors import HostError
from scoring.jobs import ScoreError
from scoring.runners.predicting import Predicted, Predicting, PredictJob, start

LOOK_SECONDS = 0.5  # between two looks at whether it was cancelled: it is to stop within two seconds
LOG_SECONDS = 1.0
KEPT = 64 * 1024  # bytes of a log, the last ones
GRACE_SECONDS = 120  # beyond its wall time, for unpacking and collecting
CANCEL_SECONDS = 10
FORGOTTEN_AFTER = 86_400
NO_SAMPLE = "The phase has no sample any more, so there is nothing to try code on."
FORM = ("predictions_form", "it cannot be read as a table of one row for each id.")
CLOSED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("column_corner", "column_count", "column_doubled", "column_extra", "column_missing", "column_misspelt"),
        ("predictions_columns", "its columns are not those that are asked for."),
    ),
    **dict.fromkeys(
        ("id_doubled", "id_missing", "id_spelling", "id_unknown", "out_of_order"),
        ("predictions_ids", "its ids are not exactly those of the test data, each once."),
    ),
    **dict.fromkeys(
        ("empty_cell", "not_a_class", "not_a_number", "not_finite", "out_of_range", "sum_not_one"),
        ("predictions_values", "there are values in it that are empty or not allowed."),
    ),
}
"""What a team hears of predictions that its code made of hidden data, by what is wrong with them: the file was written
by code that had read those data, so nothing of it is quoted, and no place in it named."""
HOSTS_WORDS = "metric_refused"  # what a metric says to participants is for its hosts to answer for


def predict(claim: Claim) -> Outcome | None:
    """Run the code of a claimed run and keep what it wrote; None where the run is now to be scored, or always was.

    Raises `LeaseLostError` when the run is ours no more; its code is dead by then.
    """
    run = claim.run
    seat = RunSubmission.objects.select_related("submission__phase__inputs__dataset").get(run=run)
    submission = seat.submission
    if submission.kind not in CODE_KINDS or run.predictions_id is not None:
        return None
    try:
        with _folder(run) as folder:
            return _on_sample(claim, submission, folder) or _on_inputs(claim, submission, folder)
    except HostError as error:
        return Outcome(verdict=Verdict.HOST_ERROR, log=error.message)


def provenance(run: Run) -> dict[str, str]:
    """Return the SHA-256 of the code and of the data that predictions were made of; nothing where they were sent."""
    if run.predictions_id is None:
        return {}
    submission = Submission.objects.select_related("phase__inputs").get(runs=run)
    file = submission.files.select_related("blob").get()
    inputs = submission.phase.inputs
    return {str(submission.kind): file.blob.sha256, **({"test data": inputs.sha256} if inputs else {})}


def closed(run: Run, outcome: Outcome) -> Outcome:
    """Return how the scoring of predictions ended, without a word out of a file that code wrote about hidden data."""
    error = outcome.error
    if outcome.verdict != Verdict.REJECTED or error is None or run.predictions_id is None or error.code == HOSTS_WORDS:
        return outcome
    known = RunLog.objects.filter(run__seats__submission__runs=run, stage=Stage.PREDICT, is_hidden=False)
    if known.exists():
        return outcome
    code, what = CLOSED.get(error.code, FORM)
    return replace(outcome, error=ScoreError(code=code, message=f"The code wrote {run.predictions_name}, but {what}"))


# Stages


def _on_sample(claim: Claim, submission: Submission, folder: Path) -> Outcome | None:
    """Try the code on the public sample; an outcome where it fails there, or where that was all."""
    phase = submission.phase
    if phase.sample_inputs is None:
        if submission.trial:  # the sample was there when it came; the test data are not for trials
            raise HostError("sample_missing", NO_SAMPLE)
        return None
    predicted = _run(claim, submission, Stage.SAMPLE, phase.sample_inputs, folder / "sample")
    if predicted.verdict == "predicted":
        return Outcome(verdict=Verdict.TRIED, resources=_resources(predicted)) if submission.trial else None
    outcome = _failed(predicted)
    if outcome.verdict != Verdict.REJECTED:
        return outcome
    error = predicted.error if _is_hidden(phase.sample_inputs) else predicted.detail or predicted.error
    if error and predicted.result:  # it did run; what is wrong with the file itself has nothing to do with the sample
        error = replace(error, message=f"On the sample: {error.message}")
    return replace(outcome, free=True, error=error)


def _on_inputs(claim: Claim, submission: Submission, folder: Path) -> Outcome | None:
    """Run the code on the test data and keep its predictions; an outcome where there are none."""
    phase = submission.phase
    if phase.inputs is None:
        raise HostError("inputs_missing", opening.NO_INPUTS)
    predicted = _run(claim, submission, Stage.PREDICT, phase.inputs, folder / "inputs")
    if predicted.verdict != "predicted" or predicted.predictions is None:
        return _told(_failed(predicted), predicted, phase)
    blob = _stored(predicted.predictions)
    kept = {"predictions": blob, "predictions_name": predicted.predictions.name, "resources": _resources(predicted)}
    claim.change(**kept)
    for name, value in kept.items():
        setattr(claim.run, name, value)
    return None


def _run(claim: Claim, submission: Submission, stage: Stage, data: DatasetVersion, folder: Path) -> Predicted:
    """Run the code on some data, with its log kept while it runs. Raises HostError where they hold labels."""
    if why := why_not(data):
        raise HostError("inputs_hold_labels", why)
    claim.stage(stage)
    file = submission.files.select_related("blob").get()
    job = opening.job_of(
        submission.phase,
        kind=submission.kind,
        submission=blob_path(file.blob.sha256),
        filename=file.name,
        input=laid_out(data, folder / "input"),
        out=_made(folder / "out"),
        live=folder / "live.log",
    )
    log = LiveLog(claim, stage, folder / "live.log", is_hidden=_is_hidden(data))
    predicted = _followed(claim, job, log)
    log.keep(rendered=_stored(predicted.rendered) if predicted.rendered else None)
    return predicted


def _is_hidden(data: DatasetVersion) -> bool:
    return data.dataset.audience == Dataset.Audience.SCORING


def _followed(claim: Claim, job: PredictJob, log: "LiveLog") -> Predicted:
    """Wait for the code, beating; stop it when the run is ours no more."""
    running = start(job, opening.sandbox())
    try:
        return _waited(claim, running, log, seconds=job.limits.wall_s + GRACE_SECONDS)
    except BaseException:
        running.cancel()
        running.wait(CANCEL_SECONDS)
        raise


def _waited(claim: Claim, running: Predicting, log: "LiveLog", *, seconds: float) -> Predicted:
    stop = time.monotonic() + seconds
    beat_at = 0.0
    while time.monotonic() < stop:
        predicted = running.wait(LOOK_SECONDS)
        if predicted is not None:
            return predicted
        if time.monotonic() >= beat_at:
            claim.beat()
            beat_at = time.monotonic() + settings.RUN_HEARTBEAT.total_seconds()
        else:
            claim.look()
        log.renew()
    raise TimeoutError(f"the sandbox did not end within {seconds:.0f} s")


# How it ended, and who reads what


def _failed(predicted: Predicted) -> Outcome:
    """Translate an end without predictions; the error is the one of the closed set."""
    result, said = predicted.result, predicted.detail or predicted.error
    log = "\n".join(filter(None, [said.message if said else "", result.detail if result else ""]))
    if predicted.verdict in ("predicted", "cancelled"):  # without a file, or though nobody asked us to
        return Outcome(verdict=Verdict.PLATFORM_ERROR, log=log or f"the runner answered “{predicted.verdict}”")
    verdict = Verdict(predicted.verdict)
    return Outcome(verdict=verdict, error=predicted.error, resources=_resources(predicted), log=log)


def _told(outcome: Outcome, predicted: Predicted, phase: Phase) -> Outcome:
    """Let a team know as much of why its code failed on the test data as the phase allows."""
    if outcome.verdict != Verdict.REJECTED or outcome.error is None or predicted.detail is None:
        return outcome
    if not phase.inputs_are_hidden:
        return replace(outcome, error=predicted.detail)
    return replace(outcome, error=_with_line(outcome.error, predicted.detail)) if phase.show_error_lines else outcome


def _with_line(error: ScoreError, detail: ScoreError) -> ScoreError:
    """Add to an error where it happened, and nothing else: what an exception says may be hidden data."""
    if detail.row is None or detail.column is None:
        return error
    return replace(error, message=f"{error.message} It stopped in `{detail.column}`, line {detail.row}.")


def _resources(predicted: Predicted) -> dict[str, float]:
    result = predicted.result
    if result is None:
        return {}
    return {
        "predict_wall_s": result.wall_s,
        "predict_cpu_s": result.cpu_s,
        "predict_memory_mb": result.memory_mb,
    }


@dataclass(slots=True)
class LiveLog:
    """What a job prints, from the file that the sandbox appends to into the row that pages read."""

    claim: Claim
    stage: Stage
    path: Path
    is_hidden: bool
    next_at: float = 0.0
    seen: int = -1

    def renew(self) -> None:
        """Keep what is there now, at most once a second and only where there is more than before."""
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + LOG_SECONDS
        with suppress(FileNotFoundError):
            size = self.path.stat().st_size
            if size != self.seen:
                self.seen = size
                self.keep()

    def keep(self, *, rendered: Blob | None = None) -> None:
        """Keep what is there now."""
        RunLog.objects.update_or_create(
            run=self.claim.run,
            stage=self.stage,
            defaults={
                "text": tail(self.path),
                "rendered": rendered,
                "is_hidden": self.is_hidden,
                "updated_at": timezone.now(),
            },
        )


def tail(path: Path) -> str:
    """Return the last 64 KiB of a log as text that every database takes; nothing where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - KEPT))
            words = file.read(KEPT)
    except FileNotFoundError:
        return ""
    if size > KEPT:
        words = b"[\xe2\x80\xa6]\n" + words.partition(b"\n")[2]
    return plain(words.decode(errors="replace"))


# Files


@contextmanager
def _folder(run: Run) -> Iterator[Path]:
    """Give a run's attempt a folder of its own for a while; those that killed workers left go as well."""
    home = _made(Path(settings.FILES_DIR) / "running")
    _forget(home, run)
    place = home / f"{run.pk}-{run.attempt}"
    place.mkdir(mode=0o700)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _forget(home: Path, run: Run) -> None:
    """Remove the folders of earlier attempts at this run, and of whatever ended long ago."""
    for old in home.iterdir():
        with suppress(FileNotFoundError):
            if old.name.startswith(f"{run.pk}-") or old.stat().st_mtime < time.time() - FORGOTTEN_AFTER:
                shutil.rmtree(old, ignore_errors=True)


def laid_out(version: DatasetVersion, folder: Path) -> Path:
    """Lay the files of a version out in a folder, under their names. Raises HostError for a name that leads out."""
    _made(folder)
    for file in version.files.select_related("blob"):
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts:
            raise HostError("inputs_invalid", f"“{version}” holds a file with the path `{file.path}`.")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(blob_path(file.blob.sha256), target)
    return folder


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk does not know such; the sandbox copies it once more."""
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _stored(path: Path) -> Blob:
    with path.open("rb") as file:
        return store(chunks_of(file))
