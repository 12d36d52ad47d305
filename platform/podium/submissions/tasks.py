"""What workers are asked to do. Thin: the work is in `evaluation`."""

import time

from celery.signals import worker_process_init

from podium.core import storage
from podium.core.tasks import every, task
from podium.submissions import evaluation
from podium.submissions.models import Submission
from podium.submissions.scorers import warm_up
from podium.submissions.states import SubmissionState

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


@task()
def evaluate(run_pk: int) -> None:
    """Evaluate one run."""
    evaluation.run_evaluate(run_pk)


@task()
def drain() -> None:
    """Do what waits, oldest first, for up to twenty seconds: what remains is found by the next sweep."""
    stop = time.monotonic() + DRAIN_SECONDS
    received = Submission.objects.filter(state=SubmissionState.RECEIVED).order_by("pk")
    while time.monotonic() < stop:
        if (submission := received.first()) is not None:
            evaluation.submission_queue(submission.pk)
        elif (run := evaluation.waiting_runs().first()) is not None:
            evaluation.run_evaluate(run.pk)
        else:
            return


@task()
def sweep() -> None:
    """Take up what was left lying: lapsed leases, and work whose message was lost."""
    evaluation.lapsed_release()
    if evaluation.work_is_waiting():
        drain.enqueue()


@task()
def sweep_files() -> None:
    """Remove bytes that no row names."""
    storage.sweep()


every(10, sweep)
every(3600, sweep_files)


@worker_process_init.connect
def _warm(**_: object) -> None:
    warm_up()
