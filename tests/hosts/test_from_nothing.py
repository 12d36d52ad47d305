"""A host puts up a challenge at /host/, from an empty page to a scored submission on a board, by its forms alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from podium.challenges.models import Challenge, DatasetVersion, Phase, Task
from podium.challenges.services import challenge_join
from podium.core.events import history
from podium.leaderboards.models import Board
from podium.submissions.models import Submission
from podium.teams.models import Team
from tests.cast import SAMPLE, SOLUTION, SPEC, Cast, predictions
from tests.hosts.forms import errors, fill, form_at, saved
from tests.submissions.sending import send

pytestmark = pytest.mark.django_db


def file(name: str, text: str | bytes) -> SimpleUploadedFile:
    """Return a file to upload."""
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def when(days: float) -> tuple[str, str]:
    """Return date and time of a moment, as two inputs take them."""
    moment = timezone.now() + timedelta(days=days)
    return f"{moment:%Y-%m-%d}", f"{moment:%H:%M:%S}"


def times(**days: float) -> dict[str, str]:
    """Return what date inputs take, by the names of their fields."""
    return {f"{name}_{part}": value for name, day in days.items() for part, value in enumerate(when(day))}


def put_up(grace: Client) -> Challenge:
    """Fill in the first form."""
    fields = {"title": "Dunes", "slug": "dunes", "summary": "About sand.", "organiser": "A beach"}
    assert saved(fill(grace, "/host/challenges/challenge/add/", **fields))
    return Challenge.objects.get(slug="dunes")


def add(grace: Client, what: str, challenge: Challenge, **fields: Any) -> HttpResponse:
    """Fill in the form for a part of a challenge."""
    return fill(grace, f"/host/{what}/add/?challenge={challenge.pk}", **fields)


def with_task(grace: Client, solution: str = SOLUTION) -> Challenge:
    """Put up a challenge with all its parts but a phase."""
    dunes = put_up(grace)
    assert saved(add(grace, "challenges/page", dunes, slug="overview", title="Overview", body="# Sand"))
    assert saved(add(grace, "challenges/rulesversion", dunes, body="Be fair."))
    data: dict[str, Any] = {"name": "data", "audience": "participants"}
    data["uploads"] = [file("train.csv", "id,x,label\na,1,0\n"), file("sample_submission.csv", SAMPLE)]  # type: ignore[assignment]
    assert saved(add(grace, "challenges/datasetversion", dunes, **data))
    hidden = {"name": "solution", "audience": "scoring", "uploads": [file("solution.csv", solution)]}
    assert saved(add(grace, "challenges/datasetversion", dunes, **hidden))
    reference = DatasetVersion.objects.get(dataset__challenge=dunes, dataset__name="solution")
    assert saved(add(grace, "challenges/task", dunes, name="main", reference=reference.pk))
    return dunes


def with_phase(grace: Client, dunes: Challenge, *, opens: float = -2, closes: float = 5) -> Phase:
    """Add the phase, whose task is chosen in the same form."""
    task = dunes.tasks.get()
    window = times(opens=opens, closes=closes)
    fields = {"name": "Main", "slug": "main", "phase_tasks-0-task": task.pk, "phase_tasks-0-position": 0, **window}
    assert saved(add(grace, "challenges/phase", dunes, **fields))
    return dunes.phases.get()


def baseline(grace: Client, dunes: Challenge, data: bytes) -> Submission:
    """Add a baseline and send its file."""
    assert saved(add(grace, "teams/team", dunes, name="All zeros"))
    team, phase = Team.objects.get(challenge=dunes, name="All zeros"), dunes.phases.get()
    sent = {"team": team.pk, "phase": phase.pk, "description": "a start", "file": file("zeros.csv", data)}
    assert saved(add(grace, "submissions/submission", dunes, **sent))
    return Submission.objects.get(team=team)


def test_a_host_comes_from_nothing_to_a_scored_submission_on_a_board(cast: Cast, work: Callable[[], None]) -> None:
    grace = cast.client("grace")
    dunes = with_task(grace)
    assert cast.client("vera").get("/challenges/dunes/").status_code == 404  # it is a draft
    with_phase(grace, dunes)
    assert [board.slug for board in dunes.boards.all()] == ["public", "private"]
    zeros = baseline(grace, dunes, predictions(12))
    work()
    zeros.refresh_from_db()
    assert zeros.state == "scored"
    assert saved(fill(grace, f"/host/challenges/challenge/{dunes.pk}/change/", visibility="public"))
    dunes.refresh_from_db()
    assert dunes.visibility == "public"
    challenge_join(dunes, user=cast.vera)
    assert send(cast.client("vera"), predictions(18), slug="dunes").status_code == 302
    work()
    page = cast.client("visitor").get("/challenges/dunes/leaderboard/").content.decode()
    assert "All zeros" in page
    assert "0.9000" in page
    assert "baseline" in page


def test_what_a_host_does_is_written_down(cast: Cast) -> None:
    grace = cast.client("grace")
    dunes = with_task(grace)
    with_phase(grace, dunes)
    fill(grace, f"/host/challenges/challenge/{dunes.pk}/change/", visibility="public", summary="About more sand.")
    fill(grace, "/host/challenges/role/add/", challenge=dunes.pk, user="jude", name="judge")
    written = {event.name: event for event in history(dunes)}
    assert {"challenge_create", "page_create", "rules_publish", "dataset_publish", "task_create", "phase_create",
            "phasetask_create", "challenge_change", "challenge_publish", "role_set"} <= set(written)  # fmt: skip
    assert {event.actor for event in written.values()} == {cast.grace}
    assert written["challenge_publish"].data == {"visibility": "public"}
    assert written["challenge_change"].data["fields"] == ["summary", "visibility"]


def test_saving_without_a_change_writes_nothing_down(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    before = history(cast.forest).count()
    assert saved(fill(cast.client("grace"), f"/host/challenges/phase/{phase.pk}/change/"))
    assert saved(fill(cast.client("grace"), f"/host/leaderboards/board/{cast.forest.boards.all()[0].pk}/change/"))
    assert history(cast.forest).count() == before


def test_opening_a_challenge_says_what_it_lacks(cast: Cast) -> None:
    grace = cast.client("grace")
    dunes = put_up(grace)
    address = f"/host/challenges/challenge/{dunes.pk}/change/"
    answer = grace.post(address, {**form_at(grace, address).values, "visibility": "public"}, follow=True)
    page = answer.content.decode()
    for sentence in ("no rules yet", "no phase yet", "no page “overview”", "sample_submission.csv"):
        assert sentence in page


WRONG_SCORERS = {
    "[1]": "A scorer is an object",
    '{"kind": "metric"}': "A scorer is an object",
    '{"kind": "magic", "spec": {}}': "The kind of scorer is",
    '{"kind": "metric", "spec": []}': "expected",
    '{"kind": "metric", "spec": {"id": "id", "target": ["y"], "metrics": []}}': "at least one metric",
    '{"kind": "metric", "spec": {"id": "id", "target": ["y"], "metrics": [{"metric": "nonsense"}]}}': "nonsense",
    '{"kind": "metric", "spec": {"id": "id", "goal": 1}}': "goal",
    "{": "Enter a valid JSON.",
}


def test_a_scorer_that_could_not_score_is_refused_in_a_sentence(cast: Cast) -> None:
    grace = cast.client("grace")
    address = f"/host/challenges/task/{cast.forest.tasks.get().pk}/change/"
    for scorer, sentence in WRONG_SCORERS.items():
        (said,) = errors(fill(grace, address, scorer=scorer))
        assert sentence in said
    assert Task.objects.get(challenge=cast.forest).scorer["spec"] == SPEC


def test_a_solution_of_other_columns_is_found_by_the_first_baseline_and_the_log_says_why(
    cast: Cast, work: Callable[[], None]
) -> None:
    grace = cast.client("grace")
    dunes = with_task(grace, solution=SOLUTION.replace("label", "truth"))
    with_phase(grace, dunes)
    zeros = baseline(grace, dunes, predictions(12))
    work()
    page = grace.get(f"/host/submissions/submission/{zeros.pk}/change/").content.decode()
    assert "Failed" in page
    assert "label" in page[page.index("field-log") :]


def test_data_that_others_can_read_is_no_solution(cast: Cast) -> None:
    public = DatasetVersion.objects.get(dataset__challenge=cast.forest, dataset__name="data")
    address = f"/host/challenges/task/{cast.forest.tasks.get().pk}/change/"
    (said,) = errors(fill(cast.client("grace"), address, reference=public.pk))
    assert "Select a valid choice" in said


def test_a_solution_does_not_become_public_by_its_next_version(cast: Cast) -> None:
    fields = {"name": "solution", "audience": "public", "uploads": [file("solution.csv", SOLUTION)]}
    (said,) = errors(add(cast.client("grace"), "challenges/datasetversion", cast.forest, **fields))
    assert "there already, for scoring only" in said
    assert cast.forest.datasets.get(name="solution").versions.count() == 1


def test_a_reference_is_one_file(cast: Cast) -> None:
    grace = cast.client("grace")
    fields = {"name": "two", "audience": "scoring", "uploads": [file("a.csv", SOLUTION), file("b.csv", SOLUTION)]}
    assert saved(add(grace, "challenges/datasetversion", cast.forest, **fields))
    two = DatasetVersion.objects.get(dataset__name="two")
    (said,) = errors(add(grace, "challenges/task", cast.forest, name="two", reference=two.pk))
    assert "holds 2 files" in said


def test_files_that_cannot_be_told_apart_are_refused(cast: Cast) -> None:
    grace = cast.client("grace")
    twice = [file("a.csv", "x\n1\n"), file("a.csv", "x\n2\n")]
    (said,) = errors(add(grace, "challenges/datasetversion", cast.forest, name="d", audience="public", uploads=twice))
    assert said == "Two files are called a.csv."
    (said,) = errors(add(grace, "challenges/datasetversion", cast.forest, name="d", audience="public"))
    assert said == "This field is required."


def test_a_refused_form_keeps_what_was_written(cast: Cast) -> None:
    answer = add(cast.client("grace"), "teams/team", cast.forest, name="Held out")
    assert errors(answer) == ["Another team of this challenge is called “Held out”."]
    assert 'value="Held out"' in answer.content.decode()


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ({"opens": 2, "closes": 1}, "A phase closes after it opens."),
        ({"opens": 1, "closes": 2, "private_release": 1.5}, "Private scores are released when the phase is closed"),
    ],
)
def test_times_that_run_backwards_are_refused(cast: Cast, window: dict[str, float], sentence: str) -> None:
    fields = {"name": "Second", "slug": "second", **times(**window)}
    (said,) = errors(add(cast.client("grace"), "challenges/phase", cast.forest, **fields))
    assert sentence in said


def test_a_baseline_file_over_the_limit_is_refused_in_the_form(cast: Cast) -> None:
    grace = cast.client("grace")
    assert saved(add(grace, "teams/team", cast.forest, name="Base"))
    team = Team.objects.get(name="Base")
    fields = {"team": team.pk, "phase": cast.forest.phases.get().pk}
    Phase.objects.filter(challenge=cast.forest).update(upload_limit_mb=1)
    large = file("a.csv", b"x" * (2**20 + 1))
    (said,) = errors(add(grace, "submissions/submission", cast.forest, file=large, **fields))
    assert "larger than the limit" in said
    assert not Submission.objects.exists()


def test_a_boards_entries_follow_its_decimals_and_its_rule(cast: Cast, work: Callable[[], None]) -> None:
    grace = cast.client("grace")
    for right in (17, 3):
        send(cast.client("ada"), predictions(right))
    work()
    board = Board.objects.get(challenge=cast.forest, slug="public")
    address = f"/host/leaderboards/board/{board.pk}/change/"
    assert board.entries.get().values == {"accuracy": 0.9}
    assert saved(fill(grace, address, **{"columns-0-decimals": 0}))
    assert board.entries.get().values == {"accuracy": 1.0}
    assert saved(fill(grace, address, rule="latest", **{"columns-0-decimals": 4}))
    assert board.entries.get().values == {"accuracy": 0.2}


def test_a_column_names_a_score_that_there_is_and_private_ones_stay_off_public_boards(cast: Cast) -> None:
    grace = cast.client("grace")
    address = f"/host/leaderboards/board/{Board.objects.get(challenge=cast.forest, slug='public').pk}/change/"
    assert "The task computes accuracy." in errors(fill(grace, address, **{"columns-0-score_key": "f1"}))
    assert "The split of this task's scores is public or private." in errors(
        fill(grace, address, **{"columns-0-split": "all"})
    )
    assert (
        "A public board shows no private scores." in errors(fill(grace, address, **{"columns-0-split": "private"}))[0]
    )


def test_a_changed_scorer_says_what_does_not_follow(cast: Cast, work: Callable[[], None]) -> None:
    send(cast.client("ada"), predictions(9))
    work()
    grace, address = cast.client("grace"), f"/host/challenges/task/{cast.forest.tasks.get().pk}/change/"
    form = form_at(grace, address).values
    form["scorer"] = form["scorer"].replace('"key": "accuracy"', '"key": "other"')
    page = grace.post(address, form, follow=True).content.decode()
    assert "What was scored before keeps its scores (1)." in page
    assert page.count("which this task no longer computes") == 2


def act(client: Client, what: str, action: str, *pks: int) -> str:
    """Choose rows of a list and do something with them; return the page that follows."""
    answer = client.post(f"/host/{what}/", {"action": action, "_selected_action": pks}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_private_scores_are_released_by_hand_when_the_phase_is_closed_and_not_before(cast: Cast) -> None:
    grace = cast.client("grace")
    phase = cast.forest.phases.get()
    assert "when the phase is closed, not before" in act(grace, "challenges/phase", "release", phase.pk)
    Phase.objects.filter(pk=phase.pk).update(closes=timezone.now(), private_release=None)
    assert cast.client("ada").get("/challenges/forest/leaderboard/private/").status_code == 404
    assert "the private scores are public" in act(grace, "challenges/phase", "release", phase.pk)
    assert cast.client("ada").get("/challenges/forest/leaderboard/private/").status_code == 200


def test_hosts_cancel_what_is_in_flight(cast: Cast, work: Callable[[], None]) -> None:
    grace = cast.client("grace")
    send(cast.client("ada"), predictions(9))
    pk = Submission.objects.get().pk
    assert f"Submission {pk} is cancelled." in act(grace, "submissions/submission", "stop", pk)
    assert Submission.objects.get().state == "cancelled"
    assert "nothing to cancel" in act(grace, "submissions/submission", "stop", pk)


def test_hosts_are_named_by_user_name_and_the_last_owner_stays(cast: Cast) -> None:
    grace = cast.client("grace")
    address = "/host/challenges/role/add/"
    assert saved(fill(grace, address, challenge=cast.forest.pk, user="vera", name="editor"))
    assert cast.vera.has_perm("challenges.edit", cast.forest)
    assert errors(fill(grace, address, user="nobody", name="editor")) == ["Nobody has this user name."]
    assert "Who takes part cannot host" in errors(fill(grace, address, user="ada", name="editor"))[0]
    own = f"/host/challenges/role/{cast.grace.roles.get().pk}"
    assert "at least one owner" in errors(fill(grace, f"{own}/change/", name="judge"))[0]
    answer = grace.post(f"{own}/delete/", {"post": "yes"}, follow=True)
    assert "at least one owner" in answer.content.decode()
    assert cast.grace.roles.get().name == "owner"


def test_pages_are_removed_one_by_one_or_together(cast: Cast) -> None:
    grace = cast.client("grace")
    for number in range(3):
        assert saved(add(grace, "challenges/page", cast.forest, slug=f"page-{number}", title="A page"))
    first, *others = cast.forest.pages.values_list("pk", flat=True)
    assert grace.post(f"/host/challenges/page/{first}/delete/", {"post": "yes"}).status_code == 302
    form = {"action": "delete_selected", "_selected_action": others, "post": "yes"}
    assert grace.post("/host/challenges/page/", form).status_code == 302
    assert not cast.forest.pages.exists()
    assert history(cast.forest).filter(name="page_delete").count() == 3


def test_an_upload_larger_than_a_submission_may_be_is_taken_as_data(cast: Cast, settings: Any) -> None:
    settings.UPLOAD_LIMIT_MB = 1
    large = file("train.csv", b"x\n" * 2**20)
    fields = {"name": "large", "audience": "participants", "uploads": [large]}
    assert saved(add(cast.client("grace"), "challenges/datasetversion", cast.forest, **fields))


def test_the_forms_want_their_token(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.grace, backend="django.contrib.auth.backends.ModelBackend")
    fields = {"challenge": cast.forest.pk, "slug": "forged", "title": "Forged"}
    assert browser.post("/host/challenges/page/add/", fields).status_code == 403
    assert not cast.forest.pages.exists()


def test_who_may_not_put_up_a_challenge_is_told_whom_to_ask(cast: Cast) -> None:
    answer = cast.client("jude").get("/host/challenges/challenge/add/")
    assert answer.status_code == 403
    assert "Ask one of them to put yours up" in answer.content.decode()
    answer = cast.client("vera").get("/host/", follow=True)
    assert answer.status_code == 403
    assert "You host no challenge yet." in answer.content.decode()
