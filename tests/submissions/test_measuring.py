"""How sure scores are: known after the score, once, whatever stops in between, and never at the cost of a score."""

import fcntl
import os
import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from podium.core import heartbeats
from podium.leaderboards.tasks import sweep_evidence
from podium.submissions import evidence, measuring
from podium.submissions.models import Run, Score, Submission
from podium.submissions.tasks import measure
from scoring.process import ScoringProcess
from scoring.uncertainty import Uncertainty
from tests.cast import Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
Work = Callable[[], None]
FOUND = Uncertainty(key="accuracy", split="public", level=0.95, method="influence", units=10, se=0.1, low=0.4, high=0.9)


@pytest.fixture
def scored(cast: Cast, work: Work) -> Run:
    """A file of ada's with 14 of 20 right, scored, and not measured."""
    send(cast.client("ada"), predictions(14))
    work()
    return Run.objects.get()


def lapse() -> None:
    """Let the leases of those who measure run out."""
    Run.objects.update(measure_until=timezone.now() - timedelta(seconds=1))


def intervals() -> dict[str, tuple[float | None, float | None]]:
    return {score.split: (score.low, score.high) for score in Score.objects.all()}


def page(cast: Cast, who: str = "ada") -> str:
    return str(cast.client(who).get(f"/submissions/{newest().pk}/").content.decode())


def test_the_score_is_there_first_and_how_sure_it_is_follows(cast: Cast, scored: Run) -> None:
    assert "0.7000" in page(cast)
    assert "How sure it is follows in a moment." in page(cast)
    measure()
    for low, high in intervals().values():
        assert low is not None
        assert high is not None
        assert 0.2 < low < 0.7 < high <= 1
    assert "between 0." in page(cast)
    assert "follows in a moment" not in page(cast)


def test_what_was_measured_keeps_how_and_by_what(scored: Run) -> None:
    measure()
    score = Score.objects.get(split="public")
    assert (score.level, bool(score.method), score.units) == (0.95, True, 10)
    assert evidence.path_of(scored.pk, score.evidence).is_file()
    run = Run.objects.get()
    assert (run.measured_at is not None, run.measure_attempt, run.measure_until) == (True, 1, None)


def test_a_run_is_measured_once(scored: Run) -> None:
    measure()
    before = Run.objects.values().get(), list(Score.objects.order_by("pk").values())
    measure()
    assert (Run.objects.values().get(), list(Score.objects.order_by("pk").values())) == before


def test_nothing_is_measured_while_somebody_waits_for_a_score(cast: Cast, scored: Run, work: Work) -> None:
    send(cast.client("chen"), predictions(3))
    measure()
    assert not Run.objects.filter(measured_at__isnull=False).exists()
    work()
    measure()
    assert Run.objects.filter(measured_at__isnull=False).count() == 2


def test_what_can_never_be_scored_holds_nobody_up(cast: Cast, scored: Run) -> None:
    send(cast.client("chen"), predictions(3))
    Submission.objects.filter(pk=newest().pk).update(received_at=timezone.now() - timedelta(hours=1))
    measure()
    assert Run.objects.get().measured_at is not None


def test_who_came_meanwhile_does_not_wait_and_the_try_does_not_count(
    cast: Cast, scored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_process: ScoringProcess, *_job: object, on_wait: Callable[[], None], **_limits: object) -> None:
        send(cast.client("chen"), predictions(3))
        on_wait()
        raise AssertionError("it went on")

    monkeypatch.setattr(measuring, "LOOK_SECONDS", 0)
    monkeypatch.setattr(ScoringProcess, "score", slow)
    measure()
    run = Run.objects.get(pk=scored.pk)
    assert (run.measure_attempt, run.measure_until, run.measured_at) == (0, None, None)


def test_what_always_breaks_is_given_up_after_three_tries_and_keeps_its_score(
    cast: Cast, scored: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(measuring, "_measured", broken)
    for attempt in (1, 2, 3):
        measure()
        measure()  # its lease still runs
        assert Run.objects.get().measure_attempt == attempt
        lapse()
    measure()
    assert Run.objects.get().measured_at is not None
    assert intervals() == {"public": (None, None), "private": (None, None)}
    assert "0.7000" in page(cast)


def test_who_lost_the_run_writes_nothing(scored: Run) -> None:
    first = measuring.run_claim(scored.pk)
    assert measuring.run_claim(scored.pk) is None
    lapse()
    second = measuring.run_claim(scored.pk)
    assert first is not None
    assert second is not None
    measuring.run_keep(first, (FOUND,))
    assert intervals()["public"] == (None, None)
    measuring.run_keep(second, (FOUND,))
    assert intervals() == {"public": (0.4, 0.9), "private": (None, None)}


def test_one_process_of_a_machine_measures_at_a_time(scored: Run) -> None:
    heartbeats.folder().mkdir(exist_ok=True)
    with (heartbeats.folder() / f"measuring-{socket.gethostname()}").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert measuring.measure_waiting() == 0
    assert measuring.measure_waiting() == 1


def test_the_evidence_of_what_stands_on_no_board_is_removed(cast: Cast, scored: Run, work: Work) -> None:
    send(cast.client("ada"), predictions(3))  # worse, so it stands nowhere
    work()
    measure()
    worse = newest().runs.get()
    sweep_evidence()
    assert (evidence.folder() / str(worse.pk)).is_dir()  # it is young: somebody may be about to need it
    for run in (scored, worse):
        os.utime(evidence.folder() / str(run.pk), (0, 0))
    sweep_evidence()
    assert not (evidence.folder() / str(worse.pk)).exists()
    assert (evidence.folder() / str(scored.pk)).is_dir()
