"""Computed columns: a weighted sum, and rules over all teams, which are worked out once for however many changes."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from podium.leaderboards import tasks
from podium.leaderboards.deciding import public_column
from podium.leaderboards.models import Board, Column
from podium.leaderboards.relative import agreements
from podium.leaderboards.services import board_rebuild, board_relate, boards_to_relate
from podium.leaderboards.shown import scores_shown
from podium.submissions.models import Score, Submission
from podium.teams.models import Team
from tests.cast import Cast
from tests.leaderboards.made import board, finish, submission, team

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(cast: Cast) -> Cast:
    """The cast; Forest's public board has a second score, an error, where lower is better."""
    public = board(cast.forest)
    first = public.columns.get()
    Column.objects.create(
        board=public, key="error", title="Error", task=first.task, score_key="error", split="public",
        direction="lower", position=1,
    )  # fmt: skip
    return cast


def computed(cast: Cast, rule: str, parts: Mapping[str, float] | None = None, **fields: Any) -> Column:
    """Put a computed column first on the public board, so that it ranks."""
    made = Column(
        board=board(cast.forest), key=rule, title=rule, computed=rule, parts=parts or {"accuracy": 1, "error": 1},
        **{"direction": "higher", "position": 0, **fields},
    )  # fmt: skip
    Column.objects.filter(board=made.board).update(position=5)
    made.full_clean()
    made.save()
    return made


def sent(of: Team, accuracy: float | None, error: float | None) -> Submission:
    """Score a submission in both columns and tell the boards."""
    row = submission(of, {"public": accuracy})
    seat = row.seats.get()
    Score.objects.create(seat=seat, key="error", split="public", value=error)
    return finish(row)


def three(cast: Cast) -> None:
    """Three teams: A is first by accuracy, C by error, B second by both."""
    for name, accuracy, error in (("A", 0.9, 0.5), ("B", 0.8, 0.2), ("C", 0.6, 0.1)):
        sent(team(cast.forest, name), accuracy, error)


def standing(cast: Cast, key: str) -> list[tuple[str, float | None]]:
    """Return the board in its order, with the values of a column."""
    return [(entry.team.name, entry.values[key]) for entry in board(cast.forest).entries.order_by("place")]


def test_a_weighted_sum_ranks_at_once(two: Cast) -> None:
    computed(two, "weighted", {"accuracy": 1, "error": -0.5})
    three(two)
    assert standing(two, "weighted") == [("B", 0.7), ("A", 0.65), ("C", 0.55)]
    assert boards_to_relate() == []


def test_a_teams_best_submission_is_its_best_by_the_sum(two: Cast) -> None:
    computed(two, "weighted", {"accuracy": 1, "error": -0.5})
    for accuracy, error in ((0.9, 0.5), (0.8, 0.2), (0.6, 0.1)):
        last = sent(two.held_out, accuracy, error)
    entry = board(two.forest).entries.get()
    assert (entry.values["weighted"], entry.values["accuracy"]) == (0.7, 0.8)
    assert {score.column: score.value for score in scores_shown(two.ada, [last])[last.pk]}["weighted"] == 0.55


def test_a_sum_without_one_of_its_parts_is_none_and_last(two: Cast) -> None:
    computed(two, "weighted", {"accuracy": 1, "error": -0.5})
    sent(team(two.forest, "A"), 0.9, None)
    sent(team(two.forest, "B"), 0.1, 0.9)
    assert [name for name, _ in standing(two, "weighted")] == ["B", "A"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mean_rank", [("A", 2.0), ("B", 2.0), ("C", 2.0)]),
        ("borda", [("A", 2.0), ("B", 2.0), ("C", 2.0)]),
        ("copeland", [("A", 1.0), ("B", 1.0), ("C", 1.0)]),
        ("pareto", [("A", 1.0), ("B", 1.0), ("C", 1.0)]),
        ("z_mean", [("B", 0.3297), ("A", -0.1519), ("C", -0.1779)]),
    ],
)
def test_each_rule_over_all_teams(two: Cast, rule: str, expected: list[tuple[str, float]]) -> None:
    computed(two, rule)
    three(two)
    board_relate(board(two.forest).pk)
    assert standing(two, rule) == [(name, pytest.approx(value, abs=1e-4)) for name, value in expected]


def test_a_team_that_is_worse_in_everything_is_behind_by_every_rule(two: Cast) -> None:
    columns = [computed(two, rule, position=at) for at, rule in enumerate(
        ("mean_rank", "borda", "copeland", "pareto", "kemeny", "z_mean"))]  # fmt: skip
    sent(team(two.forest, "Worse"), 0.5, 0.9)
    sent(team(two.forest, "Better"), 0.6, 0.8)
    board_relate(board(two.forest).pk)
    for column in columns:
        values = dict(standing(two, column.key))
        assert (values["Better"] > values["Worse"]) == (column.direction == "higher"), column.key
    assert [column.direction for column in columns] == ["lower", "higher", "higher", "lower", "lower", "higher"]


def test_another_team_changes_the_places_of_all(two: Cast) -> None:
    computed(two, "mean_rank")
    sent(team(two.forest, "A"), 0.9, 0.5)
    board_relate(board(two.forest).pk)
    assert standing(two, "mean_rank") == [("A", 1.0)]
    sent(team(two.forest, "B"), 0.95, 0.4)
    board_relate(board(two.forest).pk)
    assert standing(two, "mean_rank") == [("B", 1.0), ("A", 2.0)]


def test_a_new_entry_has_its_own_values_at_once_and_waits_for_the_others(two: Cast) -> None:
    computed(two, "mean_rank")
    sent(team(two.forest, "A"), 0.9, 0.5)
    entry = board(two.forest).entries.get()
    assert (entry.values["accuracy"], entry.values["mean_rank"]) == (0.9, None)
    assert boards_to_relate() == [board(two.forest).pk]


def test_however_many_changes_one_computation_follows(two: Cast) -> None:
    computed(two, "borda")
    three(two)
    assert board_relate(board(two.forest).pk) is True
    assert board_relate(board(two.forest).pk) is False
    fresh = board(two.forest)
    assert (fresh.relative_due, fresh.relative_at is None) == (None, False)


def test_repeated_it_changes_nothing(two: Cast) -> None:
    computed(two, "z_mean")
    three(two)
    board_relate(board(two.forest).pk)
    before = list(board(two.forest).entries.order_by("pk").values_list("pk", "values", "place"))
    board_rebuild(board(two.forest))
    assert list(board(two.forest).entries.order_by("pk").values_list("pk", "values", "place")) == before


def test_the_sweep_takes_up_what_a_lost_message_left(two: Cast, django_capture_on_commit_callbacks: Any) -> None:
    computed(two, "borda")
    three(two)
    with django_capture_on_commit_callbacks() as nudges:
        tasks.relate_due()
    assert len(nudges) == 1


def test_a_baseline_moves_nobody(two: Cast) -> None:
    computed(two, "mean_rank")
    three(two)
    board_relate(board(two.forest).pk)
    before = dict(standing(two, "mean_rank"))
    sent(team(two.forest, "Perfect", baseline=True), 1.0, 0.0)
    board_relate(board(two.forest).pk)
    after = dict(standing(two, "mean_rank"))
    assert after.pop("Perfect") == 1.0
    assert after == before


def test_the_submission_that_stands_for_a_team_is_its_own_doing(two: Cast) -> None:
    computed(two, "mean_rank")
    best, _ = sent(two.held_out, 0.9, 0.5), sent(two.held_out, 0.7, 0.1)
    board_relate(board(two.forest).pk)
    assert board(two.forest).entries.get().submission == best


def test_final_submissions_are_chosen_by_the_public_board_whatever_theirs_is_compared_with(two: Cast) -> None:
    public, private = board(two.forest), board(two.forest, "private")
    further = Board.objects.create(
        challenge=two.forest, phase=private.phase, slug="further", title="Further", rule="selected",
        audience="released", compared_with=private,
    )  # fmt: skip
    assert (public_column(further), public_column(private)) == (public.columns.first(), public.columns.first())


def test_a_place_among_all_is_no_score_of_a_submission(two: Cast) -> None:
    computed(two, "mean_rank")
    row = sent(two.held_out, 0.9, 0.5)
    assert {score.column for score in scores_shown(two.ada, [row])[row.pk]} == {"accuracy", "error"}


def test_kemeny_young_gives_way_to_borda_on_a_long_board(two: Cast) -> None:
    computed(two, "kemeny")
    for number in range(11):
        sent(team(two.forest, f"T{number:02}"), 0.9 - number / 100, number / 100)
    board_relate(board(two.forest).pk)
    assert [value for _, value in standing(two, "kemeny")] == [float(place) for place in range(1, 12)]


def test_working_it_out_takes_a_number_of_queries_that_does_not_grow(two: Cast) -> None:
    computed(two, "borda")

    def queries() -> int:
        Board.objects.filter(pk=board(two.forest).pk).update(relative_due="2026-01-01T00:00Z")
        with CaptureQueriesContext(connection) as found:
            board_relate(board(two.forest).pk)
        return len(found)

    three(two)
    few = queries()
    for number in range(20):
        sent(team(two.forest, f"T{number}"), 0.5, 0.5)
    assert queries() == few


def test_hosts_are_told_how_much_the_rule_decides(two: Cast) -> None:
    three(two)
    told = dict(agreements(board(two.forest)))
    assert told.keys() == {"mean of z-scores"}  # by the others all are equal here
    sent(team(two.forest, "D"), 0.95, 0.05)
    assert dict(agreements(board(two.forest)))["mean rank"] == pytest.approx(0.7071, abs=1e-4)
    page = two.client("grace").get(f"/host/leaderboards/board/{board(two.forest).pk}/change/").content.decode()
    assert "How much does the rule decide?" in page


def test_a_board_of_one_column_has_no_rules_to_compare(cast: Cast) -> None:
    assert agreements(board(cast.forest)) == []
