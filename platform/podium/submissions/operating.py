"""The operators' page of queues: what waits and runs, and which workers there are, canary by canary."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from podium.accounts.models import User
from podium.submissions.models import Run, RunSubmission, Worker
from podium.submissions.states import Queue, RunState
from podium.submissions.waiting import Load, Queues
from podium.submissions.workers import any_allows, takes
from scoring.sandbox.jobs import Canary

SHOWN = 100
STATES = {"running": RunState.CLAIMED, "waiting": RunState.WAITING}


@dataclass(frozen=True, slots=True)
class Row:
    """A queue as the page shows it. `shut`: why nobody takes its runs, though some wait or a worker is to."""

    queue: Queue
    load: Load
    at_once: int
    usual_s: float | None
    expected_s: float | None
    shut: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker as the page shows it, with what keeps it from a queue that it was told to take.

    Its canaries are unfolded by an address (`opens`) and not by a click: the page renews itself.
    """

    worker: Worker
    canaries: list[Canary]
    refuses: list[tuple[str, str]]
    is_open: bool
    opens: str


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the queues, the workers and the runs; for htmx, the part that changes while one looks."""
    assert isinstance(request.user, User)
    if not request.user.is_superuser:
        raise Http404
    template = "operate/includes/queue.html" if request.htmx else "operate/queue.html"  # type: ignore[attr-defined]
    return render(request, template, _facts(request))


def _facts(request: HttpRequest) -> dict[str, Any]:
    now = Queues()
    chosen = {name: request.GET.get(name, "").strip()[:100] for name in ("queue", "state", "q")}
    runs = list(_runs(**chosen)[: SHOWN + 1])
    return {
        "rows": [_row(now, each) for each in Queue],
        "workers": [_seen(worker, request.GET.copy()) for worker in now.workers],
        "runs": runs[:SHOWN],
        "more": len(runs) > SHOWN,
        "chosen": chosen,
        "queues": Queue.choices,
        "at": timezone.now(),
        "query": request.GET.urlencode(),
    }


def _row(now: Queues, queue: Queue) -> Row:
    load = now.loads.get(queue, Load())
    told = [worker for worker in now.workers if queue in worker.queues]
    shut = "" if now.at_once(queue) else any_allows(queue) or "No worker is up that takes them."
    if queue == Queue.GPU and not told and not load.waiting:
        shut = ""  # most sites have none, and need none
    usual = now.usual_s(queue)
    return Row(
        queue=queue,
        load=load,
        at_once=now.at_once(queue),
        usual_s=usual,
        expected_s=now.expected_s(queue, load.waiting),
        shut=shut,
    )


def _seen(worker: Worker, query: QueryDict) -> Seen:
    canaries = [Canary(**canary) for canary in worker.isolation.get("canaries", [])]
    reasons = [(queue, takes(worker, queue)) for queue in worker.queues]
    is_open = query.get("canaries") == worker.name or any(not canary.held for canary in canaries)
    query["canaries"] = worker.name
    refuses = [(queue, why) for queue, why in reasons if why]
    return Seen(worker=worker, canaries=canaries, refuses=refuses, is_open=is_open, opens=query.urlencode())


def _runs(*, queue: str, state: str, q: str) -> QuerySet[Run]:
    """Return what runs and waits, running first and the oldest before."""
    runs = Run.objects.filter(state__in=[STATES[state]] if state in STATES else list(STATES.values()))
    if queue in Queue.values:
        runs = runs.filter(queue=queue)
    if q:
        words = Q(worker__icontains=q) | Q(task__challenge__title__icontains=q) | Q(task__challenge__slug__icontains=q)
        runs = runs.filter(words | Q(seats__submission=int(q))) if q.isdecimal() and len(q) < 18 else runs.filter(words)
    seats = RunSubmission.objects.select_related("submission__team")
    return runs.select_related("task__challenge").prefetch_related(Prefetch("seats", seats)).order_by("state", "pk")
