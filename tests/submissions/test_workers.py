"""A worker takes what its machine allows, as many at once as it has room for, and gives back what it cannot end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from podium.challenges.models import Phase, Task
from podium.core import isolation, room
from podium.core.tasks import Taken
from podium.submissions import evaluation, tasks, workers
from podium.submissions.models import Run, Submission, Worker
from podium.submissions.scorers import Outcome, Verdict
from scoring.sandbox.jobs import Canary, Isolation, Limits
from tests.cast import Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
HELD = Isolation(
    backend="bubblewrap",
    canaries=(Canary(name="start", held=True, seen="A job ran."),),
    memory="cgroup v2",
    user="pool",
)
FAILED = Isolation(
    backend="bubblewrap",
    canaries=(Canary(name="network", held=False, seen="connected", mend="Update the kernel"),),
    memory="cgroup v2",
    user="pool",
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A machine of its own, of which nobody knows anything yet, with two shares."""
    settings.DATA_DIR, settings.CODE_SLOTS = tmp_path, 2
    yield
    Taken.queues = None
    workers.stopping.clear()


def found(what: Isolation) -> None:
    """Let this machine's isolation have been tried, a moment ago."""
    (isolation.heartbeats.folder()).mkdir(exist_ok=True)
    isolation._file().write_text(json.dumps(what.to_dict()))


def queued(cast: Cast, name: str = "ada", *, queue: str = "code") -> Run:
    """A run of somebody's submission that waits in a queue."""
    send(cast.client(name), predictions(9))
    evaluation.submission_queue(newest().pk)
    Run.objects.filter(submissions=newest()).update(queue=queue)
    return Run.objects.get(submissions=newest())


# Which queue


def test_a_table_for_a_built_in_metric_is_a_score_and_anything_else_is_code(cast: Cast) -> None:
    task, phase = cast.forest.tasks.get(), cast.forest.phases.get()
    own = Task(scorer={"kind": "function", "spec": {}})
    table, code = (Submission(phase=phase, kind=kind) for kind in ("predictions", "code"))
    assert [workers.queue_of(table, task), workers.queue_of(table, own), workers.queue_of(code, task)] == [
        "score",
        "code",
        "code",
    ]


def test_code_of_a_phase_that_asks_for_a_gpu_goes_to_workers_with_one(cast: Cast) -> None:
    phase = Phase(resource=Phase.Resource.GPU)
    task = cast.forest.tasks.get()
    assert workers.queue_of(Submission(phase=phase, kind="code"), task) == "gpu"
    assert workers.queue_of(Submission(phase=phase, kind="predictions"), task) == "score"


def test_a_run_is_written_down_with_its_queue(cast: Cast) -> None:
    send(cast.client("ada"), predictions(9))
    evaluation.submission_queue(newest().pk)
    assert Run.objects.get().queue == "score"


# What a machine allows


def test_a_machine_whose_canary_failed_claims_no_code_and_scores_on(cast: Cast) -> None:
    found(FAILED)
    code, table = queued(cast), queued(cast, "chen", queue="score")
    assert evaluation.run_claim(code.pk) is None
    tasks.drain()
    code.refresh_from_db()
    table.refresh_from_db()
    assert (code.state, code.attempt, table.state) == ("waiting", 0, "scored")


def test_it_takes_code_again_when_all_canaries_hold(cast: Cast) -> None:
    found(FAILED)
    code = queued(cast)
    tasks.drain("code")
    found(HELD)
    tasks.drain("code")
    code.refresh_from_db()
    assert (code.state, code.attempt) == ("scored", 1)


def test_a_worker_claims_only_from_the_queues_that_it_was_told(cast: Cast) -> None:
    found(HELD)
    run = queued(cast)
    Taken.queues = frozenset({"score", "sweep"})
    assert evaluation.run_claim(run.pk) is None
    Taken.queues = frozenset({"code"})
    assert evaluation.run_claim(run.pk) is not None


def test_bubblewrap_takes_nothing_that_needs_a_gpu() -> None:
    found(HELD)
    assert workers.may_take() == ["score", "code"]


def test_isolation_is_tried_once_for_all_who_ask_on_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    first = isolation.isolation()
    assert {canary.name for canary in first.canaries} >= {"bubblewrap", "label", "network"}
    monkeypatch.setattr(isolation, "_try", lambda _: pytest.fail("it was tried again"))
    assert isolation.isolation() == first


def test_a_sandbox_that_cannot_even_be_tried_allows_no_code(settings: Settings) -> None:
    settings.SANDBOX = "nonsense"
    assert workers.may_take() == ["score"]
    assert "There is no sandbox named 'nonsense'" in isolation.why_not(isolation.isolation())


def test_the_site_says_why_no_worker_runs_code_and_what_to_install() -> None:
    found(HELD)
    assert workers.any_allows("code") == ""  # this machine would
    facts = {"host": "oak", "pid": 7, "queues": ["code"], "isolation": FAILED.to_dict()}
    Worker.objects.create(name="coder@oak", **facts)
    assert workers.any_allows("code") == (
        "No worker can run it. On oak: The canary “network” did not hold (connected). Update the kernel."
    )
    Worker.objects.create(name="coder@elm", **{**facts, "isolation": HELD.to_dict()})
    assert workers.any_allows("code") == ""


def test_a_machine_without_a_sandbox_and_without_workers_says_what_it_lacks() -> None:
    found(FAILED)
    assert "The canary “network” did not hold (connected)" in workers.any_allows("code")
    assert workers.any_allows("score") == ""
    assert "PODIUM_QUEUES=gpu" in workers.any_allows("gpu")


# Room


def test_jobs_take_room_until_there_is_none_and_give_it_back() -> None:
    with room.taken(Limits()) as first, room.taken(Limits()) as second:
        assert (first, second) == (True, True)
        with room.taken(Limits()) as third:
            assert not third
    with room.taken(Limits()) as again:
        assert again


def test_a_job_that_asks_for_more_than_a_share_takes_several_or_none() -> None:
    most = Limits(memory_mb=room.memory_mb() * 4)
    with room.taken(Limits()), room.taken(most) as there:
        assert not there
    with room.taken(most) as there, room.taken(Limits()) as beside:
        assert (there, beside) == (True, False)


def test_a_machine_has_a_share_for_each_core_that_it_has_memory_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CODE_SLOTS = None
    monkeypatch.setattr(room, "cores", lambda: 8)
    for memory, shares in ((64_000, 8), (8_192, 3), (1_024, 1)):
        monkeypatch.setattr(room, "memory_mb", lambda memory=memory: memory)
        assert room.shares() == shares


def test_a_run_that_finds_no_room_waits_on_and_has_used_no_attempt(cast: Cast) -> None:
    found(HELD)
    run = queued(cast)
    with room.taken(Limits(memory_mb=room.memory_mb() * 4)):
        tasks.drain("code")
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("waiting", 0)


def test_who_waits_for_the_whole_machine_is_not_overtaken(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    found(HELD)
    large, small = queued(cast), queued(cast, "chen")
    limits = {large.pk: Limits(memory_mb=room.memory_mb() * 4), small.pk: Limits()}
    monkeypatch.setattr(workers, "limits_of", lambda run: limits[run.pk])
    with room.taken(Limits()):
        tasks.drain("code")
    small.refresh_from_db()
    assert small.state == "waiting"
    tasks.drain("code")
    assert set(Run.objects.values_list("state", flat=True)) == {"scored"}


# The end of a worker


def test_a_worker_that_is_to_end_gives_its_code_back_without_an_attempt(cast: Cast) -> None:
    found(HELD)
    run = queued(cast)
    claim = evaluation.run_claim(run.pk)
    assert claim is not None
    workers.stopping.set()
    with pytest.raises(workers.WorkerEndsError):
        claim.beat()
    evaluation.run_give_back(claim)
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("waiting", 0)
    workers.stopping.clear()
    again = evaluation.run_claim(run.pk)
    assert again is not None
    evaluation.run_finish(again, Outcome(verdict=Verdict.REJECTED))
    assert newest().state == "rejected"


def test_a_score_is_finished_even_by_a_worker_that_is_to_end(cast: Cast) -> None:
    claim = evaluation.run_claim(queued(cast, queue="score").pk)
    assert claim is not None
    workers.stopping.set()
    claim.beat()


def test_workers_that_are_long_gone_are_forgotten() -> None:
    Worker.objects.create(name="coder@oak", host="oak", pid=7, seen_at=timezone.now() - timedelta(days=2))
    Worker.objects.create(name="coder@elm", host="elm", pid=7)
    tasks.sweep_files()
    assert [worker.name for worker in Worker.objects.all()] == ["coder@elm"]
