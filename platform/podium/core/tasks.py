"""The one way to define a task and the one way to enqueue it.

Tasks are thin and idempotent: primary keys in, look, act through a service, leave quietly when there is nothing to do.
The broker only nudges: whoever enqueues has already written to the database what is to be done, so a lost message costs
time and never work.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, Generic, ParamSpec

from celery.signals import celeryd_after_setup, worker_ready
from celery.worker import state
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from podium.config.celery import app

P = ParamSpec("P")
logger = logging.getLogger(__name__)
POOL_WATCH_SECONDS = 1
NUDGE_SECONDS = 1
QUEUES: set[str] = set()  # every queue that a task names
CLASSES = ("score", "code", "gpu")  # those of them that not every machine can serve: see PODIUM_QUEUES


class Task(Generic[P]):
    """A function that workers run. Calling it runs it here and now; `enqueue` asks a worker to."""

    def __init__(
        self, function: Callable[P, None], queue: str, *, also: tuple[str, ...], expires: float | None
    ) -> None:
        self.function = function
        self.queue, self.expires = queue, expires
        QUEUES.update((queue, *also))
        self.celery = app.task(name=f"{function.__module__}.{function.__name__}")(function)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        self.function(*args, **kwargs)

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Nudge a worker once the transaction around us has committed. A broker that is away is logged, never raised:
        the sweep finds what was not nudged."""
        self.enqueue_to(self.queue, *args, **kwargs)

    def enqueue_to(self, queue: str, *args: P.args, **kwargs: P.kwargs) -> None:
        """The same, for the workers of a queue: one of those that the task was declared with."""
        transaction.on_commit(partial(self._send, queue, args, kwargs))

    def nudge(self) -> None:
        """Enqueue a task that looks for its work itself, unless somebody did within the last second. Whoever calls this
        often has `every` find what came in that second."""
        if cache.add(f"nudge:{self.celery.name}", True, NUDGE_SECONDS):
            transaction.on_commit(partial(self._send, self.queue, (), {}))

    def _send(self, queue: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            ends: dict[str, Any] = {"expires": self.expires} if self.expires else {}
            self.celery.apply_async(args, kwargs, queue=queue, retry=False, **ends)
        except Exception as error:  # whatever a broker fails with: the work is written down
            logger.warning("The queue did not take %s%r (%r); the sweep will.", self.celery.name, args, error)


def task(
    *, queue: str = "score", also: tuple[str, ...] = (), expires: float | None = None
) -> Callable[[Callable[P, None]], Task[P]]:
    """Make a function a task on `queue`, which may be sent to others `also`. Nobody takes a message that is older than
    `expires` seconds: for what is sent again and again."""
    return lambda function: Task(function, queue, also=also, expires=expires)


class Taken:
    """The queues that this process's worker was started for; None where this is no worker."""

    queues: frozenset[str] | None = None


@celeryd_after_setup.connect(weak=False)
def _take_from_every_queue(instance: Any, **_: Any) -> None:
    """Have a worker take from every queue that a task names and that PODIUM_QUEUES allows, unless it was told which.
    What is no class of its own (sweeping, measuring) goes with `score`."""
    queues = instance.app.amqp.queues
    if set(queues.consume_from) == {instance.app.conf.task_default_queue}:
        allowed = set(settings.WORKER_QUEUES)
        rest = QUEUES.difference(CLASSES) if "score" in allowed else set()
        queues.consume_from.clear()
        for queue in sorted(allowed.intersection(CLASSES) | rest):
            queues.select_add(queue)  # `add` makes it known, but since Celery 5.6 not taken from
    Taken.queues = frozenset(queues.consume_from)  # before the pool is forked: its processes know it too


def every(seconds: float, work: Task[[]]) -> None:
    """Have beat enqueue `work` every so many seconds. A message that nobody took in that time is dropped."""
    app.conf.beat_schedule = {
        **(app.conf.beat_schedule or {}),
        work.celery.name: {
            "task": work.celery.name,
            "schedule": seconds,
            "options": {"queue": work.queue, "expires": seconds},
        },
    }


@worker_ready.connect(weak=False)
def _watch_pool(sender: Any, **_: Any) -> None:
    """Over folders, Celery's pool shares one pipe, and whoever waits for work holds its lock: a process that is killed
    there takes the lock with it, and all others wait for ever. So the worker ends, and whoever started it does again.
    """
    if not sender.controller.use_eventloop:
        known = {process.pid for process in _pool_of(sender)}
        threading.Thread(target=_end_with_pool, args=(sender, known), name="pool-watch", daemon=True).start()


def _pool_of(consumer: Any) -> list[Any]:
    return list(getattr(getattr(consumer.pool, "_pool", None), "_pool", None) or [])


def _end_with_pool(consumer: Any, known: set[int]) -> None:
    while known <= {process.pid for process in _pool_of(consumer) if process.exitcode is None}:
        time.sleep(POOL_WATCH_SECONDS)
    if state.should_stop is None and state.should_terminate is None and _pool_of(consumer):
        logger.error("A process of the pool was killed: the worker ends, to begin anew.")
        os._exit(os.EX_TEMPFAIL)
