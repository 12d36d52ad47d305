"""What workers do with submissions: queue, claim, score, finish, and take up again what was left lying.

Every step is a compare-and-swap on the state, so that a message delivered twice, or to a worker that was thought dead,
finds nothing to do. A claim is known by its attempt: who lost it can no longer finish it.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from podium.challenges.models import Task
from podium.challenges.scorers import METRIC, reads_files
from podium.core import events
from podium.core.locks import locked
from podium.core.storage import store_bytes
from podium.submissions import predicting, workers
from podium.submissions.claims import Claim, LeaseLostError
from podium.submissions.evidence import name_of
from podium.submissions.kinds import CODE_KINDS
from podium.submissions.models import Run, RunSubmission, Score, Submission
from podium.submissions.quota import allowance
from podium.submissions.scorers import Outcome, Verdict, evaluate_run
from podium.submissions.signals import runs_queued, submission_finished
from podium.submissions.states import Queue, RunState, Stage, SubmissionState
from podium.submissions.transitions import run_move, runs_cancel, submission_move
from podium.teams.models import Team

logger = logging.getLogger(__name__)
NUDGE_AFTER = timedelta(seconds=5)


def worker_name() -> str:
    """Return the name under which this process claims runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


# Queue


def submission_queue(pk: int) -> bool:
    """Move a submission from received to queued and write its runs, one a task; False where that was done before."""
    with transaction.atomic():
        submission = Submission.objects.select_related("phase").get(pk=pk)
        if not submission_move(pk, SubmissionState.QUEUED):
            return False
        events.record(submission, "submission_queue")
        tasks = _tasks(submission)
        is_run = submission.kind in CODE_KINDS
        for task in tasks[:1] if is_run else tasks:  # code runs once, for its first task: see `_queue_others`
            _run_create(submission, task, stage=_first_stage(submission))
        if not tasks:
            _fail(submission, host=True)
    return True


def _tasks(submission: Submission) -> list[Task]:
    return list(submission.phase.tasks.select_related("reference").order_by("phase_tasks__position", "pk"))


def _run_create(submission: Submission, task: Task, **fields: Any) -> Run:
    queue = workers.queue_of(submission, task)  # of code also for scoring: what it wrote is read in a sandbox
    run = Run.objects.create(task=task, reference=task.reference, scorer=task.scorer, queue=queue, **fields)
    RunSubmission.objects.create(run=run, submission=submission)
    return run


def _first_stage(submission: Submission) -> Stage:
    if submission.kind not in CODE_KINDS:
        return Stage.SCORE
    return Stage.SAMPLE if submission.phase.sample_inputs_id else Stage.PREDICT


def _queue_others(first: Run) -> None:
    """Write the runs of the phase's other tasks, which score what the first one's code wrote; once."""
    written = {"predictions": first.predictions, "predictions_name": first.predictions_name}
    others: list[Run] = []
    with transaction.atomic():
        submission = locked(Submission, first.seats.get().submission_id)
        known = set(submission.runs.values_list("task", flat=True))
        for task in _tasks(submission):
            if task.pk not in known and not submission.is_finished:
                others.append(_run_create(submission, task, **written))
        runs_queued.send(sender=Run, runs=others)


def waiting_runs(submission_pk: int | None = None) -> QuerySet[Run]:
    """Return the runs that wait for a worker, oldest first; of one submission, or of all."""
    runs = Run.objects.filter(state=RunState.WAITING).order_by("pk")
    return runs.filter(seats__submission=submission_pk) if submission_pk else runs


# Claim


def run_claim(pk: int) -> Claim | None:
    """Claim a run that waits; None where somebody else has it, it is done, or this worker may not take it."""
    seat = RunSubmission.objects.filter(run=pk, run__state=RunState.WAITING).select_related("run").first()
    if seat is None or seat.run.queue not in workers.may_take(seat.run.queue):
        return None
    now = timezone.now()
    with transaction.atomic():
        submission = locked(Submission, seat.submission_id)
        claimed = run_move(
            pk,
            RunState.CLAIMED,
            worker=worker_name(),
            lease_until=now + settings.RUN_LEASE,
            started_at=now,
        )
        if not claimed:
            return None
        run = Run.objects.select_related("task").get(pk=pk)
        submission_move(submission.pk, SubmissionState.RUNNING)
        events.record(submission, "submission_start", worker=run.worker, attempt=run.attempt)
    return Claim(run=run, attempt=run.attempt)


def run_evaluate(pk: int, *, on_claim: Callable[[], None] = lambda: None) -> None:
    """Claim a run, score it, finish it. Leaves quietly where there is nothing to do; raises `NoRoomError` where this
    machine has no room for it now. `on_claim` is called once it is ours."""
    with workers.room_for(pk):
        if claim := run_claim(pk):
            on_claim()
            _evaluate(claim)


def _evaluate(claim: Claim) -> None:
    pk = claim.run.pk
    try:
        outcome = _worked_out(claim)
    except LeaseLostError:
        logger.info("Run %s was taken from us while it ran.", pk)
        return
    except workers.WorkerEndsError:
        run_give_back(claim)
        return
    except Exception as error:  # ours, whatever it is: the run is tried again, and then fails with a reference
        logger.exception("Run %s broke.", pk)
        outcome = Outcome(verdict=Verdict.PLATFORM_ERROR, log=f"{type(error).__name__}: {error}")
    run_finish(claim, outcome)


def _worked_out(claim: Claim) -> Outcome:
    """Run a participant's code where there is some, then score what it wrote; predictions are scored at once."""
    ended = predicting.predict(claim)
    if ended is not None:
        return ended
    if claim.run.predictions_id is not None:
        claim.stage(Stage.SCORE)
        _queue_others(claim.run)
    outcome = predicting.closed(claim.run, evaluate_run(claim.run, on_wait=claim.beat))
    return replace(
        outcome,
        inputs={**outcome.inputs, **predicting.provenance(claim.run)},
        resources={**claim.run.resources, **outcome.resources},
    )


# Finish


def run_finish(claim: Claim, outcome: Outcome, *, lease: datetime | None = None) -> None:
    """Write down how a run ended: its scores, states and events in one transaction. Repeated, it changes nothing.

    `lease`: see `run_release`.
    """
    outcome = outcome.storable()
    if outcome.verdict == Verdict.PLATFORM_ERROR and claim.attempt < settings.RUN_ATTEMPTS:
        run_release(claim.run.pk, attempt=claim.attempt, why=outcome.log or "the scoring process stopped")
        return
    seat = RunSubmission.objects.select_related("submission").get(run=claim.run)
    has_no_interval = claim.run.scorer.get("kind") != METRIC  # of a program nothing but its numbers is known
    details = store_bytes(outcome.page.encode()) if outcome.page else None
    with transaction.atomic():
        locked(Team, seat.submission.team_id)
        submission = locked(Submission, seat.submission_id)
        finished = run_move(
            claim.run.pk,
            RUN_STATES[outcome.verdict],
            attempt=claim.attempt,
            lease=lease,
            finished_at=timezone.now(),
            lease_until=None,
            measured_at=timezone.now() if outcome.uncertainties or has_no_interval else None,
            details=details,
            inputs=outcome.inputs,
            versions=outcome.versions,
            resources=outcome.resources,
            log=_named(claim.run, outcome),
        )
        if not finished or submission.is_finished:
            return
        Score.objects.bulk_create(_scores(seat, outcome, attempt=claim.attempt))
        _settle(submission, outcome)


def _named(run: Run, outcome: Outcome) -> str:
    """Return what is logged; where a phase may have several tasks, a host is to see which one it was."""
    return f"Task “{run.task.name}”: {outcome.log}" if outcome.verdict == Verdict.HOST_ERROR else outcome.log


def _scores(seat: RunSubmission, outcome: Outcome, *, attempt: int) -> Iterator[Score]:
    """Yield the rows for what came out, with how sure it is where that was worked out as well."""
    known = {(one.key, one.split): one for one in outcome.uncertainties}
    for score in outcome.scores:
        row = Score(seat=seat, key=score.key, split=score.split, value=score.value)
        if one := known.get((score.key, score.split)):
            row.se, row.low, row.high, row.level = one.se, one.low, one.high, one.level
            row.method, row.units, row.evidence = one.method, one.units, name_of(attempt, one.evidence)
        yield row


RUN_STATES = {
    Verdict.SCORED: RunState.SCORED,
    Verdict.TRIED: RunState.TRIED,
    Verdict.REJECTED: RunState.REJECTED,
    Verdict.HOST_ERROR: RunState.FAILED,
    Verdict.PLATFORM_ERROR: RunState.FAILED,
}


def _settle(submission: Submission, outcome: Outcome) -> None:
    """Finish the submission where this run was the last, or where it decides."""
    if outcome.verdict == Verdict.SCORED:
        if not runs_to_do(submission).exists():
            _end(submission, SubmissionState.SCORED, "submission_score")
    elif outcome.verdict == Verdict.TRIED:
        _end(submission, SubmissionState.TRIED, "submission_try")
    elif outcome.verdict == Verdict.REJECTED:
        free = (outcome.free or submission.phase.rejected_are_free) and allowance(
            submission.phase, submission.team
        ).free_rejections > 0
        error = outcome.error
        _end(
            submission,
            SubmissionState.REJECTED,
            "submission_reject",
            uses_quota=submission.uses_quota and not free,
            error_code=error.code if error else "invalid",
            error_message=error.message if error else "The file cannot be scored.",
            error_row=error.row if error else None,
            error_column=(error.column or "")[:200] if error else "",
        )
    else:
        _fail(submission, host=outcome.verdict == Verdict.HOST_ERROR)


def _fail(submission: Submission, *, host: bool) -> None:
    """Fail a submission that is not at fault: the quota is given back, and a reference leads to the log."""
    reference = f"{'H' if host else 'P'}-{get_random_string(6, '23456789ABCDEFGHJKMNPQRSTVWXYZ')}"
    whose = "The challenge’s scorer stopped with an error; its hosts can see why." if host else "Our worker stopped."
    logger.error("Submission %s failed, reference %s.", submission.pk, reference)
    _end(
        submission,
        SubmissionState.FAILED,
        "submission_fail",
        uses_quota=False,
        error_code="host_error" if host else "platform_error",
        error_message=f"{whose} {_at_fault(submission, host=host)} Reference {reference}.",
    )


def _at_fault(submission: Submission, *, host: bool) -> str:
    """Say whose doing it was not, where that is known: a program that reads files may stop for what one holds."""
    if host and reads_files(submission.phase):
        return "The submission was given back. If that happens again, compare your file with what the hosts ask for."
    return "That was not your file: the submission was given back."


def _end(submission: Submission, state: SubmissionState, event: str, **fields: Any) -> None:
    """Move a submission to its last state, with what goes with it, and tell those above."""
    now = timezone.now()
    if not submission_move(submission.pk, state, finished_at=now, **fields):
        return
    runs_cancel(submission, finished_at=now)
    events.record(submission, event)
    submission.refresh_from_db()
    submission_finished.send(sender=Submission, submission=submission)


def runs_to_do(submission: Submission) -> QuerySet[Run]:
    """Return the runs of a submission that are not done."""
    return Run.objects.filter(seats__submission=submission, state__in=[RunState.WAITING, RunState.CLAIMED])


# Take up again


def run_release(pk: int, *, attempt: int, why: str, lease: datetime | None = None) -> None:
    """Give a claimed run back to the queue; after the last attempt fail it instead.

    With `lease`, only while it holds no later one: a worker that beats after all keeps its run.
    """
    if attempt >= settings.RUN_ATTEMPTS:
        run = Run.objects.get(pk=pk)
        run_finish(Claim(run=run, attempt=attempt), Outcome(verdict=Verdict.PLATFORM_ERROR, log=why), lease=lease)
        return
    with transaction.atomic():
        if run_move(pk, RunState.WAITING, attempt=attempt, lease=lease, lease_until=None, log=why):
            for seat in RunSubmission.objects.filter(run=pk).select_related("submission"):
                events.record(seat.submission, "run_release", run=pk, attempt=attempt)


def run_give_back(claim: Claim) -> None:
    """Put a run back that this worker cannot end because it ends itself: that was no attempt."""
    with transaction.atomic():
        if run_move(claim.run.pk, RunState.WAITING, attempt=claim.attempt, given_back=True, lease_until=None):
            for seat in RunSubmission.objects.filter(run=claim.run).select_related("submission"):
                events.record(seat.submission, "run_give_back", run=claim.run.pk, worker=claim.run.worker)


def lapsed_release() -> int:
    """Take up the runs whose worker no longer beats; return how many."""
    lapsed = Run.objects.filter(state=RunState.CLAIMED, lease_until__lt=timezone.now())
    rows = list(lapsed.values_list("pk", "attempt", "worker", "lease_until"))
    for pk, attempt, worker, lease in rows:
        logger.warning("Run %s: worker %s stopped beating (attempt %s).", pk, worker, attempt)
        try:
            run_release(pk, attempt=attempt, why=f"the worker {worker} stopped beating", lease=lease)
        except Exception:  # whatever is wrong with this one, the others are not to wait for it
            logger.exception("Run %s cannot be taken up.", pk)
    return len(rows)


def queues_waiting() -> set[str]:
    """Return the queues in which something waits that should have been taken by now: its message may be lost."""
    since = timezone.now() - NUDGE_AFTER
    waiting = Run.objects.filter(state=RunState.WAITING, created_at__lt=since).order_by()
    queues = set(waiting.values_list("queue", flat=True).distinct())
    received = Submission.objects.filter(state=SubmissionState.RECEIVED, received_at__lt=since)
    return queues | ({str(Queue.SCORE)} if received.exists() else set())
