"""How far a submission is while its code runs: the stage, and the time that it took of the time that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from podium.submissions.models import Run, Submission
from podium.submissions.opening import limits_of
from podium.submissions.states import RunState, Stage

SENTENCES = {
    Stage.SAMPLE: "It is tried on the public sample.",
    Stage.PREDICT: "It runs on the test data.",
    Stage.SCORE: "What it wrote is being scored.",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What runs now."""

    stage: str
    sentence: str
    elapsed: float | None  # seconds; None: it is not timed
    limit: float

    @property
    def percent(self) -> int:
        """How much of the time is over."""
        return min(100, round(100 * (self.elapsed or 0) / self.limit))


def progress_of(submission: Submission, runs: Sequence[Run]) -> Progress | None:
    """Return what a submission's code is at; None where none of it runs."""
    run = next((run for run in runs if run.state == RunState.CLAIMED), None)
    if run is None or submission.is_finished:
        return None
    stage = Stage(run.stage)
    is_timed = stage != Stage.SCORE and run.stage_at is not None
    elapsed = (timezone.now() - run.stage_at).total_seconds() if is_timed and run.stage_at else None
    return Progress(str(stage), SENTENCES[stage], elapsed, limits_of(submission.phase).wall_s)
