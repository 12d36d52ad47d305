"""One challenge of the demo is scored by a score() of its host's own, where this machine can run it."""

from collections.abc import Callable

import pytest

from podium.challenges.models import Challenge, Page, Task
from podium.demo import own_scorer
from podium.leaderboards.models import Entry
from podium.submissions.models import Run
from tests.demo.small import WINE

pytestmark = pytest.mark.django_db
Build = Callable[[str], Challenge]


def overview(challenge: Challenge) -> str:
    return Page.objects.get(challenge=challenge, slug="overview").body


def test_its_baselines_were_really_scored_by_it(build: Build) -> None:
    challenge = build(WINE)
    runs = Run.objects.filter(task__challenge=challenge)
    assert set(runs.values_list("state", "queue")) == {("scored", "code")}
    assert "metric" in runs[0].inputs
    board = challenge.boards.get(slug="public")
    assert board.columns.get().title == "Worth"
    worth = {entry.team.name: entry.values["score"] for entry in Entry.objects.filter(board=board)}
    assert 0.2 < worth["Always 2"] < 0.6 < worth["Logistic regression"] <= 1
    assert "By a `score()` of our own" in overview(challenge)


def test_where_it_cannot_run_a_built_in_metric_stands_in_and_the_page_says_so(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_scorer, "why_not", lambda: "Install bubblewrap.")
    challenge = build(WINE)
    assert Task.objects.get(challenge=challenge).scorer["kind"] == "metric"
    assert challenge.boards.get(slug="public").columns.get().key == "accuracy"
    assert "By accuracy" in overview(challenge)
