"""Who may take which run: the queues of resource classes, and the workers that have shown themselves.

A worker takes only what it was told to take (PODIUM_QUEUES) and what its machine allows: other people's code needs a
sandbox whose canaries hold, which is tried at its start and every ten minutes. While one does not, claims refuse such
runs and the worker listens to no message about them; it begins again by itself when all hold.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.db import connection
from django.utils import timezone

from podium.challenges.models import Phase, Task
from podium.challenges.scorers import METRIC
from podium.core import hardening, isolation, room
from podium.core.isolation import sandbox
from podium.core.tasks import Taken
from podium.submissions.models import Run, Submission, Worker
from podium.submissions.states import Queue
from scoring.sandbox.backend import DEFAULT, sandbox_here
from scoring.sandbox.jobs import Limits

__all__ = ["allowed", "any_allows", "may_take", "queue_of", "room_for", "sandbox"]

logger = logging.getLogger(__name__)
SIGN_SECONDS = 10
TRY_SECONDS, TRY_AGAIN_SECONDS = 600, 60  # while all canaries hold, and while one does not
AT_ONCE_SECONDS = 20  # two workers that start together on one machine try it once
ALIVE = timedelta(seconds=45)
LATELY = timedelta(minutes=2)  # a worker that is started again closes no phase
FORGOTTEN = timedelta(days=1)
ISOLATED = (Queue.CODE, Queue.GPU)
LOWER_PRIORITY = 10
NO_GPU = "The sandbox “bubblewrap” hands no graphics card to jobs: set PODIUM_SANDBOX=docker on its machine."
NOBODY = f"No worker that runs code is up. What its machine needs: {isolation.CHECK}"
stopping = threading.Event()


class NoRoomError(Exception):
    """The machine has no cores or memory free for a run now: it waits, and has used no attempt."""


class WorkerEndsError(Exception):
    """This worker was told to end: what takes long goes back to the queue."""


# What this worker may take


def queue_of(submission: Submission, task: Task) -> Queue:
    """Return the queue for a submission's run on a task."""
    if submission.kind == Submission.Kind.PREDICTIONS and task.scorer.get("kind") == METRIC:
        return Queue.SCORE
    return Queue.GPU if submission.phase.resource == Phase.Resource.GPU else Queue.CODE


def may_take(queue: str = "") -> list[str]:
    """Return the queues (or the one) of which this process may take runs. One that is no worker may take all."""
    told = [each for each in Queue if Taken.queues is None or each in Taken.queues]
    return [each for each in told if queue in ("", each) and allowed(each)]


def allowed(queue: str) -> bool:
    """Tell whether this machine may run what is in a queue."""
    if queue not in ISOLATED:
        return True
    return not (queue == Queue.GPU and not _hands_in_gpu()) and isolation.isolation().holds


def _hands_in_gpu() -> bool:
    return isolation.backend() != "bubblewrap"


@contextmanager
def room_for(pk: int) -> Iterator[None]:
    """Hold cores and memory for a run while it runs here. Raises `NoRoomError` where too little is free."""
    run = Run.objects.filter(pk=pk, queue__in=ISOLATED).select_related("task").first()
    if run is None:
        yield
        return
    with room.taken(limits_of(run)) as there:
        if not there:
            raise NoRoomError
        yield


def limits_of(run: Run) -> Limits:
    """Return the most that one of a run's jobs may use; they come one after the other."""
    phases = Phase.objects.filter(submissions__runs=run)
    asked = [run.task.limits, *phases.values_list("predict_limits", flat=True)]
    usual = Limits()
    cpus = [limits["cpus"] for limits in asked if limits and "cpus" in limits]
    memory = [limits["memory_mb"] for limits in asked if limits and "memory_mb" in limits]
    return Limits(cpus=max(cpus, default=usual.cpus), memory_mb=max(memory, default=usual.memory_mb))


# What the site knows of its workers


def alive(since: timedelta = ALIVE) -> list[Worker]:
    """Return the workers that have shown themselves lately, by name."""
    return list(Worker.objects.filter(seen_at__gt=timezone.now() - since).order_by("name"))


def takes(worker: Worker, queue: str) -> str:
    """Return why a worker takes no runs of a queue that it was told to take; nothing where it does."""
    if queue not in ISOLATED or not worker.isolation:
        return ""
    found = isolation.from_dict(worker.isolation)
    if queue == Queue.GPU and found.backend == "bubblewrap":
        return NO_GPU
    return isolation.why_not(found)


def any_allows(queue: str) -> str:
    """Return nothing where some worker takes runs of a queue, else in a sentence why none does.

    Where no worker has shown itself (a site that is just starting, a command on its own), this machine answers.
    """
    told = [worker for worker in alive(LATELY) if queue in worker.queues]
    reasons = [takes(worker, queue) for worker in told]
    if told:
        return "" if "" in reasons else f"No worker can run it. On {told[0].host}: {reasons[0]}"
    if queue == Queue.GPU:
        return "No worker with a GPU is up. Its machine needs PODIUM_QUEUES=gpu and PODIUM_SANDBOX=docker."
    if queue in ISOLATED and not allowed(queue):
        return f"{NOBODY} {isolation.why_not(isolation.isolation())}"
    return ""


def any_reads(queue: str) -> str:
    """Return nothing where what the code in a queue writes can be read, else in a sentence why it cannot.

    It is read by the worker that ran the code, so every one that would run it must be able to.
    """
    told = [worker for worker in alive(LATELY) if queue in worker.queues and not takes(worker, queue)]
    reasons = [(worker.host, worker.isolation.get("unread", "")) for worker in told]
    if not told:
        return hardening.why_not_read(hardening.isolation_here())
    return next((f"On {host}: {why}" for host, why in reasons if why), "")


# A worker's own life


@worker_ready.connect(weak=False)
def _begin(sender: Any, **_: Any) -> None:
    """Clear what a worker that was killed left behind, try the isolation, and show this worker to the site."""
    for act in (partial(_keep_trying, sender), partial(_keep_showing, sender)):
        threading.Thread(target=act, name=f"worker-{act.func.__name__}", daemon=True).start()


@worker_shutting_down.connect(weak=False)
def _end(**_: Any) -> None:
    stopping.set()


def _keep_trying(consumer: Any) -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWER_PRIORITY)  # scoring goes first
    _quietly(_reap)
    max_age: float = AT_ONCE_SECONDS
    while True:
        holds = isolation.isolation(max_age=max_age).holds
        isolation.isolation(DEFAULT, max_age=max_age)  # the reader's, which is the same where nothing else is set
        _quietly(hardening.announce)
        consumer.call_soon(_listen, consumer)
        _quietly(partial(show, consumer))
        max_age = TRY_SECONDS if holds else TRY_AGAIN_SECONDS
        time.sleep(max_age)


def _reap() -> None:
    if found := sandbox_here(isolation.backend()).reap():
        logger.warning("Removed what %s jobs left whose worker was killed.", found)


def _keep_showing(consumer: Any) -> None:
    while not stopping.is_set():
        _quietly(partial(show, consumer))
        time.sleep(SIGN_SECONDS)


def _quietly(act: Callable[[], None]) -> None:
    """Do something for which no worker ends: a database that is away comes back."""
    try:
        act()
    except Exception:  # whatever it is
        logger.exception("The worker could not show itself, or clear up.")
    finally:
        connection.close()


def show(consumer: Any) -> None:
    """Write down that this worker is there."""
    found = isolation.known()
    Worker.objects.update_or_create(
        name=consumer.hostname,
        defaults={
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": [queue for queue in Queue.values if queue in (Taken.queues or ())],
            "isolation": {**found.to_dict(), "unread": _unread()} if found else {},
            "concurrency": consumer.pool.num_processes or 1,
            "memory_mb": room.memory_mb(),
            "started_at": STARTED,
            "seen_at": timezone.now(),
        },
    )


def _unread() -> str:
    found = isolation.known(DEFAULT)
    return hardening.why_not_read(found) if found else ""


STARTED = timezone.now()


def workers_forget() -> None:
    """Forget the workers that are long gone."""
    Worker.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN).delete()


def _listen(consumer: Any) -> None:
    """Listen to the queues that the machine allows, and to no others. In the consumer's own thread."""
    for queue in ISOLATED:
        if queue not in (Taken.queues or ()):
            continue
        listens, may = consumer.task_consumer.consuming_from(queue), allowed(queue)
        if listens and not may:
            why = isolation.why_not(isolation.isolation()) or NO_GPU
            logger.warning("This worker takes no runs of “%s”. %s", queue, why)
            consumer.cancel_task_queue(queue)
        elif may and not listens:
            logger.warning("This worker takes runs of “%s” again.", queue)
            consumer.add_task_queue(queue)
