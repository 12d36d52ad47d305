"""How long a submission still waits: its place in its queue, and what the runs before it took.

Both are for people to read: an estimate from what happened lately, or None where too little did.
"""

import math
import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Count, F, Min, Q
from django.utils import timezone

from podium.submissions.models import Run, Submission, Worker
from podium.submissions.states import RunState
from podium.submissions.workers import ALIVE, takes

LATELY = timedelta(days=1)
SAMPLE = 50  # runs from which the usual time is taken
FEWEST = 3
LONGEST = timedelta(days=7)  # what would take longer is no estimate


@dataclass(frozen=True, slots=True)
class Wait:
    """Where a submission is in its queue. `expected_s`: seconds until it begins; None where that is not known."""

    queue: str
    position: int
    expected_s: float | None


def wait_of(submission: Submission) -> Wait | None:
    """Return how long a submission waits yet; None for one that does not wait, or that no worker has looked at."""
    if submission.is_finished:
        return None
    first = submission.runs.filter(state=RunState.WAITING).order_by("pk").first()
    if first is None or submission.runs.filter(state=RunState.CLAIMED).exists():
        return None
    before = Run.objects.filter(state=RunState.WAITING, queue=first.queue, pk__lt=first.pk).count()
    return Wait(queue=first.queue, position=before + 1, expected_s=Queues().expected_s(first.queue, before))


def position(submission: Submission) -> int | None:
    """Return a submission's place among those that wait, from 1; None where it does not wait."""
    wait = wait_of(submission)
    return wait.position if wait else None


def expected_wait_s(submission: Submission) -> float | None:
    """Return the seconds until a submission is likely to begin; None where that is not known."""
    wait = wait_of(submission)
    return wait.expected_s if wait else None


@dataclass(frozen=True, slots=True)
class Load:
    """What is in a queue."""

    waiting: int = 0
    running: int = 0
    oldest: datetime | None = None


class Queues:
    """All queues as they are now: three questions to the database, whatever is in them."""

    @cached_property
    def loads(self) -> dict[str, Load]:
        """What is in each; only those that hold something."""
        waits, runs = Q(state=RunState.WAITING), Q(state=RunState.CLAIMED)
        rows = (
            Run.objects.filter(waits | runs)
            .order_by()
            .values_list("queue")
            .annotate(
                waiting=Count("pk", filter=waits),
                running=Count("pk", filter=runs),
                oldest=Min("created_at", filter=waits),
            )
        )
        return {queue: Load(waiting, running, oldest) for queue, waiting, running, oldest in rows}

    @cached_property
    def workers(self) -> list[Worker]:
        """The workers that show themselves."""
        return list(Worker.objects.filter(seen_at__gt=timezone.now() - ALIVE).order_by("name"))

    def served_by(self, queue: str) -> list[Worker]:
        """Return the workers that take runs of a queue."""
        return [worker for worker in self.workers if queue in worker.queues and not takes(worker, queue)]

    def at_once(self, queue: str) -> int:
        """Return how many runs of a queue go on at once, at most."""
        return sum(worker.concurrency for worker in self.served_by(queue))

    def usual_s(self, queue: str) -> float | None:
        """Return the median of what the last runs of a queue took; None where there were few."""
        lately = Run.objects.filter(queue=queue, finished_at__gt=timezone.now() - LATELY, started_at__isnull=False)
        took = lately.order_by("-finished_at").values_list(F("finished_at") - F("started_at"), flat=True)[:SAMPLE]
        times = [each.total_seconds() for each in took]
        return statistics.median(times) if len(times) >= FEWEST else None

    def expected_s(self, queue: str, before: int) -> float | None:
        """Return the seconds until somebody begins with a run before which so many wait; None where nobody knows."""
        servers = self.at_once(queue)
        usual = self.usual_s(queue) if servers else None
        if usual is None:
            return None
        running = self.loads.get(queue, Load()).running
        rounds = max(0, math.ceil((before + 1 + running - servers) / servers))
        seconds = rounds * usual
        return seconds if seconds < LONGEST.total_seconds() else None
