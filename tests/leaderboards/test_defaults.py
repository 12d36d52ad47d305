"""The boards that a phase begins with."""

from datetime import timedelta

import pytest

from podium.challenges.models import Phase, PhaseTask, Task
from podium.leaderboards.models import Board
from podium.leaderboards.services import board_defaults
from tests.leaderboards.made import board, scored, team

METRICS = [
    {"key": "accuracy", "metric": "accuracy_score", "params": {}},
    {"key": "loss", "metric": "log_loss", "params": {}},
]


@pytest.fixture
def bare(cast):
    """Forest without boards, its task with two metrics."""
    cast.forest.boards.all().delete()
    task = cast.forest.tasks.get()
    spec = {**task.scorer["spec"], "metrics": METRICS, "classes": [0, 1], "kind": "probabilities"}
    Task.objects.filter(pk=task.pk).update(scorer={"kind": "metric", "spec": spec})
    return cast


def test_a_split_gives_a_public_and_a_private_board(bare):
    public, private = board_defaults(bare.forest, bare.forest.phases.get())
    assert (public.slug, public.audience, public.rule, public.exact) == ("public", "public", "best", False)
    assert (private.slug, private.audience, private.rule, private.exact) == ("private", "released", "selected", True)
    assert private.compared_with == public
    for one, split in ((public, "public"), (private, "private")):
        columns = [(c.key, c.score_key, c.split, c.direction) for c in one.columns.all()]
        assert columns == [("accuracy", "accuracy", split, "higher"), ("loss", "loss", split, "lower")]


def test_asked_again_they_stay_as_they_are(bare):
    phase = bare.forest.phases.get()
    first = board_defaults(bare.forest, phase)
    assert board_defaults(bare.forest, phase) == first
    assert Board.objects.filter(challenge=bare.forest).count() == 2


def test_without_a_split_there_is_one_board_of_all_rows(bare):
    task = bare.forest.tasks.get()
    task.scorer["spec"]["split"] = None
    task.save()
    (only,) = board_defaults(bare.forest, bare.forest.phases.get())
    assert (only.slug, only.title) == ("all", "Leaderboard")
    assert {column.split for column in only.columns.all()} == {"all"}


def test_two_tasks_with_one_metric_get_two_columns(bare):
    phase, task = bare.forest.phases.get(), bare.forest.tasks.get()
    second = Task.objects.create(challenge=bare.forest, name="second", reference=task.reference, scorer=task.scorer)
    PhaseTask.objects.create(phase=phase, task=second, position=1)
    public, _ = board_defaults(bare.forest, phase)
    keys = ["main.accuracy", "main.loss", "second.accuracy", "second.loss"]
    assert [column.key for column in public.columns.all()] == keys


def test_a_second_phase_names_its_boards_after_itself(bare):
    first = bare.forest.phases.get()
    second = Phase.objects.create(
        challenge=bare.forest,
        slug="final",
        name="Final",
        opens=first.closes,
        closes=first.closes + timedelta(days=9),
    )
    PhaseTask.objects.create(phase=second, task=bare.forest.tasks.get())
    board_defaults(bare.forest, first)
    public, private = board_defaults(bare.forest, second)
    assert (public.slug, private.slug) == ("final-public", "final-private")
    assert public.title == "Final, public"


def test_they_take_scores_at_once(bare):
    board_defaults(bare.forest, bare.forest.phases.get())
    scored(bare.held_out, 0.7)
    scored(team(bare.forest, "Rival"), 0.8)
    entries = board(bare.forest).entries.order_by("place")
    assert [entry.values for entry in entries] == [{"accuracy": 0.8, "loss": None}, {"accuracy": 0.7, "loss": None}]
