"""What waits, what runs and who does it: for operators on a page of their own, for a team on its submission's."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from podium.submissions import evaluation, waiting
from podium.submissions.models import Run, Submission, Worker
from scoring.sandbox.jobs import Canary, Isolation
from tests.cast import Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
PAGE = "/operate/queue/"
HOLDS = Canary(name="start", held=True, seen="A job ran.")
LACKS = Canary(name="bubblewrap", held=False, seen="It is not installed.", mend="sudo apt-get install bubblewrap")


def worker(name: str, *queues: str, canary: Canary = HOLDS, **fields: object) -> Worker:
    """A worker that has just shown itself."""
    found = Isolation(backend="bubblewrap", canaries=(canary,), memory="cgroup v2", user="pool")
    facts = {"host": name.partition("@")[2], "pid": 7, "queues": queues, "isolation": found.to_dict(), "concurrency": 2}
    return Worker.objects.create(name=name, **{**facts, **fields})


def queued(cast: Cast, name: str, *, queue: str = "score") -> Submission:
    """A submission of somebody's that waits in a queue."""
    send(cast.client(name), predictions(9))
    evaluation.submission_queue(newest().pk)
    Run.objects.filter(submissions=newest()).update(queue=queue)
    return newest()


def ended(cast: Cast, *, seconds: float, number: int = 3) -> None:
    """Runs of code that took so long, an hour ago."""
    task, then = cast.forest.tasks.get(), timezone.now() - timedelta(hours=1)
    for _ in range(number):
        times = {"started_at": then, "finished_at": then + timedelta(seconds=seconds)}
        Run.objects.create(
            task=task, reference=task.reference, scorer=task.scorer, queue="code", state="scored", **times
        )


def test_operators_see_what_waits_and_what_runs_and_on_which_worker(cast: Cast) -> None:
    first, second = queued(cast, "ada"), queued(cast, "chen", queue="code")
    assert evaluation.run_claim(first.runs.get().pk)
    worker("coder@oak", "code")
    page = cast.client("root").get(PAGE).content.decode()
    for words in (f"/submissions/{first.pk}/", f"/submissions/{second.pk}/", "coder@oak", evaluation.worker_name()):
        assert words in page


def test_they_narrow_it_down_by_queue_state_and_words(cast: Cast) -> None:
    first, second = queued(cast, "ada"), queued(cast, "chen", queue="code")
    root = cast.client("root")
    for words, seen in {
        "queue=code": {second.pk},
        "state=running": set(),
        "state=waiting": {first.pk, second.pk},
        "q=forest": {first.pk, second.pk},
        "q=harbour": set(),
        f"q={first.pk}": {first.pk},
        "queue=nonsense": {first.pk, second.pk},
    }.items():
        page = root.get(f"{PAGE}?{words}").content.decode()
        assert {pk for pk in (first.pk, second.pk) if f'/submissions/{pk}/"' in page} == seen, words


def test_a_worker_whose_canary_failed_is_shown_with_what_to_install(cast: Cast) -> None:
    worker("coder@oak", "code", canary=LACKS)
    page = cast.client("root").get(PAGE).content.decode()
    assert "It takes no runs of “code”. The canary “bubblewrap” did not hold (It is not installed)." in page
    assert "sudo apt-get install bubblewrap" in page


def test_canaries_are_shown_one_by_one_where_somebody_asks_for_them(cast: Cast) -> None:
    worker("coder@oak", "code")
    root = cast.client("root")
    assert "A job ran." not in root.get(f"{PAGE}?queue=code").text
    assert 'href="?queue=code&amp;canaries=coder%40oak"' in root.get(f"{PAGE}?queue=code").text
    assert "A job ran." in root.get(f"{PAGE}?queue=code&canaries=coder@oak").text


def test_a_worker_that_is_silent_is_no_worker(cast: Cast) -> None:
    worker("coder@oak", "code", seen_at=timezone.now() - timedelta(minutes=3))
    assert "coder@oak" not in cast.client("root").get(PAGE).content.decode()


def test_what_is_asked_again_is_only_the_part_that_changes_and_asks_for_the_same(cast: Cast) -> None:
    part = cast.client("root").get(f"{PAGE}?queue=code", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert f'hx-get="{PAGE}?queue=code"' in part
    assert "data-poll" in part


def test_the_page_asks_the_database_as_often_for_twelve_runs_as_for_two(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    root = cast.client("root")
    queued(cast, "ada")
    worker("coder@oak", "code")
    with django_assert_max_num_queries(14) as few:
        root.get(PAGE)
    seat = newest()
    for number in range(10):
        run = Run.objects.create(
            task=cast.forest.tasks.get(), reference=cast.forest.tasks.get().reference, scorer={}, queue="code"
        )
        run.seats.create(submission=seat)
        worker(f"coder@oak-{number}", "code")
    with django_assert_max_num_queries(len(few)):
        root.get(PAGE)


def test_a_team_sees_its_place_and_the_time_until_its_turn(cast: Cast) -> None:
    worker("coder@oak", "code", concurrency=1)
    ended(cast, seconds=90)
    queued(cast, "chen", queue="code")
    mine = queued(cast, "ada", queue="code")
    assert waiting.position(mine) == 2
    assert waiting.expected_wait_s(mine) == 90
    page = cast.client("ada").get(f"/submissions/{mine.pk}/").content.decode()
    assert "It is 2nd in the queue, and is likely to begin in about 1 min." in page


def test_two_at_once_halve_the_wait_and_one_that_runs_prolongs_it(cast: Cast) -> None:
    worker("coder@oak", "code", concurrency=2)
    ended(cast, seconds=60)
    others = [queued(cast, name, queue="code") for name in ("chen", "ben")]
    mine = queued(cast, "ada", queue="code")
    assert waiting.expected_wait_s(mine) == 60  # two begin at once, and it comes after one of them
    for each in others:
        Run.objects.filter(submissions=each).update(state="claimed")
    assert (waiting.position(mine), waiting.expected_wait_s(mine)) == (1, 60)


def test_nobody_is_told_a_time_that_nobody_knows(cast: Cast) -> None:
    ended(cast, seconds=60, number=2)  # too few to tell
    mine = queued(cast, "ada", queue="code")
    assert (waiting.position(mine), waiting.expected_wait_s(mine)) == (1, None)
    worker("coder@oak", "code")
    assert waiting.expected_wait_s(mine) is None
    assert "It is next." in cast.client("ada").get(f"/submissions/{mine.pk}/").content.decode()


def test_what_runs_or_is_over_waits_no_longer(cast: Cast) -> None:
    mine = queued(cast, "ada")
    assert evaluation.run_claim(mine.runs.get().pk)
    mine.refresh_from_db()
    assert waiting.wait_of(mine) is None
    cast.client("ada").post(f"/submissions/{mine.pk}/cancel/")
    mine.refresh_from_db()
    assert waiting.position(mine) is None
