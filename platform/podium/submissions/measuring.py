"""How sure scores are: worked out when the score is there to be seen, by whoever has nothing better to do.

A run that is scored is measured once: taken by compare-and-swap with a lease, scored again with intervals, written down
in one transaction. Who waits for a score goes first: while somebody does, no measuring begins, and one that is going on
is broken off and does not count as a try. On one machine one process measures at a time, so others are free to score.
"""

import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from podium.core import heartbeats
from podium.core.locks import locked
from podium.submissions import evidence
from podium.submissions.models import Run, RunSubmission, Score, Submission
from podium.submissions.scorers import LEVEL, Outcome, job_of, reader_for
from podium.submissions.signals import run_measured
from podium.submissions.states import Queue, RunState, SubmissionState
from podium.teams.models import Team
from scoring.jobs import ScoreResult
from scoring.process import ScoringProcess
from scoring.uncertainty import Uncertainty

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 20
LOOK_SECONDS = 0.25  # so soon one who waits for a score gets the processor back
TIMES_A_SCORE = 5  # an interval may take so many times as long as the score itself
LOWER_PRIORITY = 10
PATIENCE = timedelta(minutes=10)  # what has waited for longer is a backlog, or broken: it is not made way for
MEASURED = ["se", "low", "high", "level", "method", "units", "evidence"]


class WayMadeError(Exception):
    """Somebody waits for a score: measuring goes on later."""


class HoldLostError(Exception):
    """The run is measured by somebody else."""


def somebody_waits() -> bool:
    """Tell whether a submission that came lately waits for its score."""
    since = timezone.now() - PATIENCE
    return (
        Submission.objects.filter(state=SubmissionState.RECEIVED, received_at__gt=since).exists()
        or Run.objects.filter(state=RunState.WAITING, queue=Queue.SCORE, created_at__gt=since).exists()
    )


@dataclass(slots=True)
class Way:
    """What is long looks here again and again whether somebody waits for a score."""

    looked: float = field(default_factory=time.monotonic)

    def make(self) -> None:
        """Raise `WayMadeError` where somebody waits; asks four times a second."""
        if time.monotonic() - self.looked >= LOOK_SECONDS:
            self.looked = time.monotonic()
            if somebody_waits():
                raise WayMadeError


@dataclass(slots=True)
class Hold:
    """A worker's hold on a run that it measures."""

    run: Run
    attempt: int
    beaten: float = field(default_factory=time.monotonic)
    way: Way = field(default_factory=Way)

    def look(self) -> None:
        """Make way for who waits; hold on for another lease where it is time. Raises what ends the measuring."""
        self.way.make()
        if time.monotonic() - self.beaten > settings.RUN_HEARTBEAT.total_seconds():
            self.beaten = time.monotonic()
            if not _held(self).update(measure_until=timezone.now() + settings.RUN_LEASE):
                raise HoldLostError


def _held(hold: Hold) -> QuerySet[Run]:
    return Run.objects.filter(pk=hold.run.pk, measured_at=None, measure_attempt=hold.attempt)


def runs_to_measure() -> QuerySet[Run]:
    """Return the runs that are to be measured and that nobody measures now, the newest first."""
    now = timezone.now()
    free = Q(measure_until=None) | Q(measure_until__lt=now)
    return Run.objects.filter(free, state=RunState.SCORED, measured_at=None).order_by("-pk")


def measure_waiting(*, seconds: float = DRAIN_SECONDS, runs: Q | None = None) -> int:
    """Measure what is to be measured (of `runs`, where given) for so long, while nobody waits for a score; return how
    many were. Leaves at once where another process of this machine is at it."""
    stop, done = time.monotonic() + seconds, 0
    with _alone() as alone, ScoringProcess(memory_mb=settings.SCORING_MEMORY_MB) as process:
        while alone and time.monotonic() < stop and not somebody_waits():
            pk = runs_to_measure().filter(runs or Q()).values_list("pk", flat=True).first()
            if pk is None:
                break
            try:
                run_measure(pk, process)
            except WayMadeError:
                break
            done += 1
    return done


@contextmanager
def _alone() -> Iterator[bool]:
    """Tell whether no other process of this machine measures; while we do, none will."""
    heartbeats.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (heartbeats.folder() / f"measuring-{socket.gethostname()}").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def run_claim(pk: int) -> Hold | None:
    """Take a run to measure it; None where that is done, or somebody else is at it. After the third try give it up."""
    now = timezone.now()
    free = Run.objects.filter(pk=pk, state=RunState.SCORED, measured_at=None).exclude(measure_until__gte=now)
    if free.filter(measure_attempt__gte=settings.RUN_ATTEMPTS).update(measured_at=now, measure_until=None):
        logger.warning("Run %s could not be measured; its scores stay without intervals.", pk)
        return None
    if not free.update(measure_attempt=F("measure_attempt") + 1, measure_until=now + settings.RUN_LEASE):
        return None
    run = Run.objects.select_related("task").get(pk=pk)
    return Hold(run=run, attempt=run.measure_attempt)


def run_measure(pk: int, process: ScoringProcess) -> None:
    """Take a run, measure it, write it down. Leaves quietly where there is nothing to do; raises `WayMadeError` where
    somebody came who waits for a score."""
    hold = run_claim(pk)
    if hold is None:
        return
    try:
        result = _measured(hold, process)
    except WayMadeError:
        _held(hold).update(measure_attempt=F("measure_attempt") - 1, measure_until=None)
        raise
    except HoldLostError:
        return
    except Exception:  # ours, whatever it is: tried again, then given up
        logger.exception("Run %s broke while it was measured.", pk)
        return
    if result is not None and result.verdict == "scored":
        run_keep(hold, result.uncertainties)
    else:
        logger.warning("Run %s cannot be measured: %s", pk, result.detail if result else "its task allows no job")


def _measured(hold: Hold, process: ScoringProcess) -> ScoreResult | None:
    job = job_of(hold.run)
    if isinstance(job, Outcome):
        return None
    process.start()
    if process.pid is not None:
        os.setpriority(os.PRIO_PROCESS, process.pid, LOWER_PRIORITY)
    return process.score(
        replace(job, measure=LEVEL, evidence=evidence.attempt_folder(hold.run.pk, hold.attempt)),
        wall_s=TIMES_A_SCORE * settings.SCORING_WALL_SECONDS,
        on_wait=hold.look,
        wait_s=LOOK_SECONDS,
        reader=reader_for(job),
    )


def run_keep(hold: Hold, found: tuple[Uncertainty, ...]) -> None:
    """Write down how sure the scores of a run are, in one transaction. Repeated, it changes nothing."""
    seat = RunSubmission.objects.select_related("submission").get(run=hold.run)
    by_score = {(one.key, one.split): one for one in found}
    with transaction.atomic():
        locked(Team, seat.submission.team_id)
        if not _held(hold).update(measured_at=timezone.now(), measure_until=None):
            return
        scores = list(Score.objects.filter(seat=seat))
        for score in scores:
            if one := by_score.get((score.key, score.split)):
                _note(score, one, attempt=hold.attempt)
        Score.objects.bulk_update(scores, MEASURED)
        run_measured.send(sender=Submission, submission=seat.submission)


def _note(score: Score, one: Uncertainty, *, attempt: int) -> None:
    score.se, score.low, score.high, score.level = one.se, one.low, one.high, one.level
    score.method, score.units = one.method or "", one.units
    score.evidence = evidence.name_of(attempt, one.evidence)


def measure_again(runs: list[int]) -> None:
    """Have runs measured once more: their evidence is gone, and somebody needs it."""
    Run.objects.filter(pk__in=runs, measured_at__isnull=False).update(
        measured_at=None, measure_attempt=0, measure_until=None
    )
