"""Entries are what the truth says, whatever happened in whichever order."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.services import board_rebuild, entry_refresh
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState
from podium.teams.models import Team
from tests.leaderboards.made import START, board, finish, rerun, scored, select, submission, team


def shown(board):
    """Return a board as (team, value, ranked), in its order."""
    return [(e.team.name, e.values["accuracy"], e.ranked) for e in board.entries.order_by("place")]


def content(board):
    """Return all that a board holds, but when it was written and who wrote it first."""
    skipped = {"id", "updated_at"}
    fields = [field.attname for field in Entry._meta.concrete_fields if field.name not in skipped]
    return [
        tuple(bytes(v) if f == "place" else v for f, v in zip(fields, row, strict=True))
        for row in board.entries.order_by("place").values_list(*fields)
    ]


def test_a_scored_submission_puts_its_team_on_the_board(cast):
    scored(cast.held_out, 0.87654)
    assert shown(board(cast.forest)) == [("Held Out", 0.8765, True)]


def test_the_best_submission_counts(cast):
    for value in (0.5, 0.9, 0.7):
        scored(cast.held_out, value)
    entry = board(cast.forest).entries.get()
    assert entry.values == {"accuracy": 0.9}
    assert entry.submissions == 3
    assert entry.last_at == START + timedelta(hours=2)


def test_the_latest_counts_on_a_board_that_says_so(cast):
    Board.objects.filter(pk=board(cast.forest).pk).update(rule="latest")
    for value in (0.5, 0.9, 0.7):
        scored(cast.held_out, value)
    assert shown(board(cast.forest)) == [("Held Out", 0.7, True)]


def test_lower_is_better_where_the_column_says_so(cast):
    Column.objects.filter(board__challenge=cast.forest).update(direction="lower")
    scored(cast.held_out, 0.5)
    scored(team(cast.forest, "Nadir"), 0.2)
    scored(cast.held_out, 0.3)
    assert shown(board(cast.forest)) == [("Nadir", 0.2, True), ("Held Out", 0.3, True)]


def test_of_equal_shown_values_the_earlier_leads_but_an_exact_board_sees_more(cast):
    scored(cast.held_out, 0.90001, 0.90001)
    scored(team(cast.forest, "Later"), 0.90003, 0.90003)
    assert [name for name, *_ in shown(board(cast.forest))] == ["Held Out", "Later"]
    assert [name for name, *_ in shown(board(cast.forest, "private"))] == ["Later", "Held Out"]


def test_no_value_is_last(cast):
    scored(team(cast.forest, "Undefined"), None)
    scored(cast.held_out, -5.0)
    assert shown(board(cast.forest)) == [("Held Out", -5.0, True), ("Undefined", None, True)]


def test_a_value_beats_no_value_within_a_team(cast):
    scored(cast.held_out, None)
    scored(cast.held_out, 0.1)
    assert shown(board(cast.forest)) == [("Held Out", 0.1, True)]


@pytest.mark.parametrize("state", ["rejected", "failed", "cancelled"])
def test_what_was_not_scored_leaves_the_board_alone(cast, state):
    finish(submission(cast.held_out, {}, state=SubmissionState(state)))
    assert shown(board(cast.forest)) == []


def test_a_late_submission_has_no_place(cast):
    scored(cast.held_out, 0.99, ranked=False)
    scored(cast.held_out, 0.5)
    scored(cast.held_out, 0.98, ranked=False)
    entry = board(cast.forest).entries.get()
    assert (entry.values["accuracy"], entry.submissions) == (0.5, 1)


def test_a_baseline_stands_there_unranked(cast):
    scored(team(cast.forest, "Base", baseline=True), 0.9)
    assert shown(board(cast.forest)) == [("Base", 0.9, False)]


def test_the_private_board_takes_the_best_of_what_was_selected(cast):
    low = scored(cast.held_out, 0.5, 0.6)
    scored(cast.held_out, 0.9, 0.4)
    select(low)
    assert shown(board(cast.forest, "private")) == [("Held Out", 0.6, True)]
    select(low, selected=False)
    # two may be selected; none is: the best public ones count, of which the better private value stands
    assert shown(board(cast.forest, "private")) == [("Held Out", 0.6, True)]
    scored(cast.held_out, 0.8, 0.3)
    assert shown(board(cast.forest, "private")) == [("Held Out", 0.4, True)]


def test_selecting_does_not_move_the_public_board(cast):
    low = scored(cast.held_out, 0.5)
    scored(cast.held_out, 0.9)
    before = content(board(cast.forest))
    select(low)
    assert content(board(cast.forest)) == before


def test_finishing_again_changes_nothing(cast):
    row = scored(cast.held_out, 0.5)
    before = content(board(cast.forest)), Entry.objects.count()
    finish(row)
    entry_refresh(board(cast.forest), cast.held_out)
    assert (content(board(cast.forest)), Entry.objects.count()) == before


def test_what_is_rolled_back_was_never_on_the_board(cast):
    with transaction.atomic():
        scored(cast.held_out, 0.5)
        transaction.set_rollback(True)
    assert shown(board(cast.forest)) == []


def test_the_newer_of_two_runs_counts(cast):
    row = scored(cast.held_out, 0.5)
    rerun(row, {"public": 0.7, "private": 0.7})
    finish(row)
    assert shown(board(cast.forest)) == [("Held Out", 0.7, True)]


def test_a_team_without_scored_submissions_leaves_the_board(cast):
    row = scored(cast.held_out, 0.5)
    Submission.objects.filter(pk=row.pk).update(ranked=False)
    board_rebuild(board(cast.forest))
    assert shown(board(cast.forest)) == []


def test_refreshing_keeps_where_the_team_was_yesterday(cast):
    scored(cast.held_out, 0.5)
    Entry.objects.update(rank_before=7)
    scored(cast.held_out, 0.9)
    assert board(cast.forest).entries.get().rank_before == 7


def test_other_challenges_are_left_alone(cast):
    other = cast.harbour.teams.get()
    scored(other, 0.9)
    scored(cast.held_out, 0.5)
    assert [name for name, *_ in shown(board(cast.forest))] == ["Held Out"]
    assert [name for name, *_ in shown(board(cast.harbour))] == [other.name]


def test_a_second_column_is_shown_and_does_not_rank(cast):
    public = board(cast.forest)
    Column.objects.create(
        board=public,
        key="second",
        title="Second",
        task=cast.forest.tasks.get(),
        score_key="accuracy",
        split="private",
        direction="higher",
        decimals=1,
        position=1,
    )
    scored(cast.held_out, 0.5, 0.99)
    scored(team(cast.forest, "Other"), 0.6, 0.11)
    assert [entry.values for entry in public.entries.order_by("place")] == [
        {"accuracy": 0.6, "second": 0.1},
        {"accuracy": 0.5, "second": 1.0},
    ]


def test_rebuilding_takes_the_same_queries_for_more_teams_and_submissions(cast):
    submission(cast.held_out, {"public": 0.5})
    before = _queries(board(cast.forest))
    for number in range(20):
        for value in (0.4, 0.6):
            submission(team(cast.forest, f"Team {number} {value}"), {"public": value})
    assert _queries(board(cast.forest)) == before
    assert board(cast.forest).entries.count() == 41


def _queries(board):
    with CaptureQueriesContext(connection) as queries:
        board_rebuild(board)
    return len(queries)


# Whatever happens, in whichever order: the board is what a naive reading of the truth says

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["score", "score", "score", "select", "deselect", "again"]),
        st.integers(0, 2),
        st.none() | st.sampled_from([0.1, 0.5, 0.50001, 0.9]),
        st.none() | st.sampled_from([0.2, 0.4, 0.40001, 0.8]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, rule=st.sampled_from(Board.Rule.values))
def test_after_anything_the_boards_are_what_a_naive_reading_says(cast, acts, rule):
    with transaction.atomic():
        Board.objects.filter(challenge=cast.forest, slug="public").update(rule=rule)
        teams = [cast.held_out, team(cast.forest, "Second"), team(cast.forest, "Base", baseline=True)]
        for act, number, public, private, in_time in acts:
            perform(act, teams[number], public, private, in_time=in_time)
        for slug in ("public", "private"):
            one = board(cast.forest, slug)
            assert shown(one) == naive(one)
            kept = content(one)
            board_rebuild(one)
            assert content(one) == kept
        transaction.set_rollback(True)


def perform(act, team, public, private, *, in_time):
    """Do one of the acts, where it is possible."""
    if act == "score":
        scored(team, public, private, ranked=in_time)
        return
    rows = Submission.objects.filter(team=team).order_by("pk")
    row = rows.first() if in_time else rows.last()
    if row and act == "again":
        finish(row)
    elif row:
        select(row, selected=act == "select")


def naive(board: Board):
    """Read a board off the truth, slowly."""
    rows = []
    for one in Team.objects.filter(challenge=board.challenge):
        sent = Submission.objects.filter(team=one, state="scored", ranked=True).order_by("received_at")
        if not sent:
            continue
        row = standing(board, list(sent))
        value = score(row, board.slug)
        if value is not None and not board.exact:
            value = round(value, 4)
        rows.append((value is None, -(value or 0), row.received_at, one, value))
    return [(one.name, value, one.kind == "people") for *_, one, value in sorted(rows, key=lambda row: row[:3])]


def standing(board, sent):
    """Return the submission that stands for a team."""
    if board.rule == "latest":
        return sent[-1]
    if board.rule == "selected":
        chosen = [row for row in sent if row.selected]
        sent = chosen or sorted(sent, key=lambda row: better(score(row, "public"), 4))[:2]
    return sorted(sent, key=lambda row: better(score(row, board.slug), None if board.exact else 4))[0]


def better(value, decimals):
    return (True, 0) if value is None else (False, -(value if decimals is None else round(value, decimals)))


def score(row, split):
    return row.seats.latest("pk").scores.get(split=split).value
