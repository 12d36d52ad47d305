"""What workers are asked to do. Thin: the work is in `evaluation` and `measuring`."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from celery.signals import worker_process_init
from django.conf import settings
from django.db.models import QuerySet

from podium.core import storage
from podium.core.tasks import every, task
from podium.submissions import evaluation, measuring
from podium.submissions.models import Submission
from podium.submissions.scorers import warm_up
from podium.submissions.signals import runs_queued
from podium.submissions.states import SubmissionState

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 20


@task()
def advance(submission_pk: int) -> None:
    """Take a submission from received as far as this worker can: the first run here, the others by whoever is free."""
    evaluation.submission_queue(submission_pk)
    waiting = list(evaluation.waiting_runs(submission_pk).values_list("pk", flat=True))
    for pk in waiting[1:]:
        evaluate.enqueue(pk)
    if waiting:
        evaluation.run_evaluate(waiting[0])
        measure.nudge()


@task()
def evaluate(run_pk: int) -> None:
    """Evaluate one run."""
    evaluation.run_evaluate(run_pk)
    measure.nudge()


@task()
def drain() -> None:
    """Do what waits, oldest first, for up to twenty seconds: what remains is found by the next sweep."""
    stop = time.monotonic() + DRAIN_SECONDS
    received = Submission.objects.filter(state=SubmissionState.RECEIVED).order_by("pk")
    tries: tuple[Counter[int], Counter[int]] = Counter(), Counter()
    while time.monotonic() < stop:
        if not (
            _one_of(received, act=evaluation.submission_queue, tries=tries[0])
            or _one_of(evaluation.waiting_runs(), act=evaluation.run_evaluate, tries=tries[1])
        ):
            return


def _one_of(rows: QuerySet[Any], *, act: Callable[[int], object], tries: Counter[int]) -> bool:
    """Act on the first row; one that always fails keeps nobody else waiting. False where there is none."""
    hopeless = [pk for pk, times in tries.items() if times >= settings.RUN_ATTEMPTS]
    pk = rows.exclude(pk__in=hopeless).values_list("pk", flat=True).first()
    if pk is None:
        return False
    tries[pk] += 1
    try:
        act(pk)
    except Exception:
        logger.exception("%s(%s) failed.", getattr(act, "__name__", act), pk)
    return True


@task(queue="sweep")  # a queue of its own: where the other is long, a sweep would be out of date before its turn
def sweep() -> None:
    """Take up what was left lying: lapsed leases, and work whose message was lost."""
    if evaluation.lapsed_release() or evaluation.work_is_waiting():
        drain.enqueue()


@task(queue="measure")  # a queue of its own, so that it is never before a score in one
def measure() -> None:
    """Work out how sure scores are, while nobody waits for a score. It is its own sweep."""
    measuring.measure_waiting()


@task()
def sweep_files() -> None:
    """Remove bytes that no row names."""
    storage.sweep()


every(10, sweep)
every(10, measure)
every(3600, sweep_files)


@runs_queued.connect
def _enqueue(runs: list[int], **_: object) -> None:
    for pk in runs:
        evaluate.enqueue(pk)


@worker_process_init.connect
def _warm(**_: object) -> None:
    warm_up()
