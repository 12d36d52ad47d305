"""A task that its hosts score by a function of their own: known here, and closed, and everybody is told why."""

import json

import pytest
from django.test import Client

from podium.challenges.models import Phase, Task
from podium.hosts.launch import missing
from podium.leaderboards.models import Board
from podium.leaderboards.services import board_defaults
from podium.submissions.models import Submission
from tests.cast import Cast, predictions
from tests.hosts.forms import errors, fill, saved
from tests.submissions.sending import send

pytestmark = pytest.mark.django_db

FUNCTION = {
    "kind": "function",
    "spec": {"id": "id", "split": "Usage", "source": "def score(...): ...", "greater_is_better": False},
}
WORDS = "runs in a sandbox, which this site does not have"


@pytest.fixture
def own(cast: Cast) -> Phase:
    """The forest's phase, scored by its hosts' own metric."""
    Task.objects.filter(challenge=cast.forest).update(scorer=FUNCTION)
    return cast.forest.phases.get()


@pytest.mark.usefixtures("own")
def test_it_takes_nothing_and_says_why(cast: Cast) -> None:
    answer = send(cast.client("ada"), predictions(5))
    assert (answer.status_code, WORDS in answer.content.decode()) == (409, True)
    assert not Submission.objects.exists()
    page = cast.client("ada").get("/challenges/forest/submit/").text
    assert WORDS in page
    assert 'type="file"' not in page


@pytest.mark.usefixtures("own")
def test_its_hosts_are_told_before_launch(cast: Cast) -> None:
    assert any(WORDS in sentence for sentence in missing(cast.forest))


def test_a_board_can_be_made_for_it_all_the_same(cast: Cast, own: Phase) -> None:
    Board.objects.filter(phase=own).delete()
    public, private = board_defaults(cast.forest, own)
    columns = [board.columns.get() for board in (public, private)]
    assert [(column.key, column.split) for column in columns] == [("score", "public"), ("score", "private")]
    assert {column.direction for column in columns} == {"lower"}
    assert "own metric" in Client().get("/challenges/forest/").text


def test_a_host_can_write_it_down_and_its_mistakes_are_named(cast: Cast) -> None:
    task, grace = cast.forest.tasks.get(), cast.client("grace")
    address = f"/host/challenges/task/{task.pk}/change/"
    spec = {"id": "id", "split": "Usage", "source": "def score(): ..."}
    assert saved(fill(grace, address, scorer=json.dumps({"kind": "function", "spec": spec})))
    task.refresh_from_db()
    assert task.scorer["kind"] == "function"
    for kind, wrong, words in (
        ("function", {"id": "id"}, "`source` is missing"),
        ("program", spec, "The kind of scorer is"),
    ):
        found = errors(fill(grace, address, scorer=json.dumps({"kind": kind, "spec": wrong})))
        assert any(words in sentence for sentence in found), found
