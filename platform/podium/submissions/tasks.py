"""What workers are asked to do. Thin: the work is in `evaluation` and `measuring`."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from celery.signals import worker_process_init
from django.conf import settings
from django.db.models import QuerySet

from podium.core import storage
from podium.core.tasks import every, task
from podium.submissions import evaluation, measuring, workers
from podium.submissions.models import Run, Submission
from podium.submissions.scorers import warm_up
from podium.submissions.signals import runs_queued
from podium.submissions.states import Queue, SubmissionState

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 20


@task()
def advance(submission_pk: int) -> None:
    """Take a submission from received as far as this worker can: the first run here, the others by whoever is free."""
    evaluation.submission_queue(submission_pk)
    waiting = list(evaluation.waiting_runs(submission_pk).values_list("pk", "queue"))
    here = next((pk for pk, queue in waiting if queue == Queue.SCORE), None)
    for pk, queue in waiting:
        if queue != Queue.SCORE:
            drain.enqueue_to(queue, queue)
        elif pk != here:
            evaluate.enqueue(pk)
    if here:
        evaluation.run_evaluate(here)
        measure.nudge()


@task()
def evaluate(run_pk: int) -> None:
    """Evaluate one run whose turn does not matter: scores are quick."""
    evaluation.run_evaluate(run_pk)
    measure.nudge()


@task(also=(Queue.CODE, Queue.GPU), expires=60)
def drain(queue: str = "") -> None:
    """Do what waits (in a queue, or in all that this worker may take), oldest first, for up to twenty seconds: what
    remains is found by the next sweep.

    Code is started here alone, so that its order holds: who asks for much of a machine waits until so much is free, and
    nobody who came later takes it away before.
    """
    stop, look = time.monotonic() + DRAIN_SECONDS, partial(_have_another_look, queue)
    received = Submission.objects.filter(state=SubmissionState.RECEIVED).order_by("pk")
    tries: tuple[Counter[int], Counter[int]] = Counter(), Counter()
    while time.monotonic() < stop and not workers.stopping.is_set():
        if not (
            _one_of(received, act=evaluation.submission_queue, tries=tries[0])
            or _one_of(_waiting(queue), act=partial(evaluation.run_evaluate, on_claim=look), tries=tries[1])
        ):
            return
    look()


def _waiting(queue: str) -> QuerySet[Run]:
    return evaluation.waiting_runs().filter(queue__in=workers.may_take(queue))


def _have_another_look(queue: str) -> None:
    """Ask another to look at what waits: whoever took a run of code is busy for long."""
    if queue in workers.ISOLATED and _waiting(queue).exists():
        drain.enqueue_to(queue, queue)


def _one_of(rows: QuerySet[Any], *, act: Callable[[int], object], tries: Counter[int]) -> bool:
    """Act on the first row; one that always fails keeps nobody else waiting. False where there is none, or no room."""
    hopeless = [pk for pk, times in tries.items() if times >= settings.RUN_ATTEMPTS]
    pk = rows.exclude(pk__in=hopeless).values_list("pk", flat=True).first()
    if pk is None:
        return False
    tries[pk] += 1
    try:
        act(pk)
    except workers.NoRoomError:
        return False
    except Exception:
        logger.exception("%s(%s) failed.", act, pk)
    return True


@task(queue="sweep")  # a queue of its own: where the other is long, a sweep would be out of date before its turn
def sweep() -> None:
    """Take up what was left lying: lapsed leases, and work whose message was lost."""
    evaluation.lapsed_release()
    for queue in evaluation.queues_waiting():
        drain.enqueue_to(queue, queue)


@task(queue="measure")  # a queue of its own, so that it is never before a score in one
def measure() -> None:
    """Work out how sure scores are, while nobody waits for a score. It is its own sweep."""
    measuring.measure_waiting()


@task()
def sweep_files() -> None:
    """Remove bytes that no row names, and the names of workers that are long gone."""
    storage.sweep()
    workers.workers_forget()


every(min(10, settings.RUN_LEASE.total_seconds() / 3), sweep)  # soon after a lease ran out
every(10, measure)
every(3600, sweep_files)


@runs_queued.connect
def _enqueue(runs: list[Run], **_: object) -> None:
    for run in runs:
        if run.queue == Queue.SCORE:
            evaluate.enqueue(run.pk)
        else:
            drain.enqueue_to(run.queue, run.queue)


@worker_process_init.connect
def _warm(**_: object) -> None:
    warm_up()
