"""Two things at the same moment, in two real transactions: the board comes out as if one had come after the other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from podium.leaderboards.comparing import board_compare, boards_compare
from podium.leaderboards.models import Entry
from podium.leaderboards.services import board_rebuild
from tests.leaderboards.made import board, finish, measured, scored, select, submission, team

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run acts at the same moment."""
    barrier = Barrier(len(acts))

    def one(act):
        try:
            barrier.wait(20)
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(one, acts))


def test_of_submissions_that_finish_at_once_the_best_stands(cast):
    for turn in range(4):
        rows = [submission(cast.held_out, {"public": turn + value}) for value in (0.1, 0.9, 0.5)]
        at_once(*(lambda row=row: finish(row) for row in rows))
        entry = board(cast.forest).entries.get()
        assert (entry.values["accuracy"], entry.submissions) == (turn + 0.9, 3 * (turn + 1))


def test_a_submission_that_finishes_while_the_board_is_rebuilt_is_not_lost(cast):
    scored(cast.held_out, 0.1)
    for value in (0.2, 0.3, 0.4):
        row = submission(cast.held_out, {"public": value})
        at_once(lambda: board_rebuild(board(cast.forest)), lambda row=row: finish(row))
        assert board(cast.forest).entries.get().values["accuracy"] == value


def test_one_team_has_one_entry_however_often_it_is_told(cast):
    row = scored(cast.held_out, 0.5, 0.6)
    at_once(*[lambda: finish(row)] * 3, lambda: select(row))
    assert Entry.objects.filter(team=cast.held_out).count() == 2
    assert board(cast.forest, "private").entries.get().values == {"accuracy": 0.6}


def test_a_team_that_moves_while_its_board_is_compared_keeps_nothing_of_it(cast):
    measured(scored(team(cast.forest, "Rival"), 0.5))
    measured(scored(cast.held_out, 0.1))
    for value in (0.2, 0.3, 0.4):
        row = submission(cast.held_out, {"public": value})
        at_once(lambda: board_compare(board(cast.forest).pk), lambda row=row: finish(row))
        entry = board(cast.forest).entries.get(team=cast.held_out)
        assert (entry.values, entry.step) == ({"accuracy": value}, None)
        measured(row)
        boards_compare()
        entry.refresh_from_db()
        assert (entry.step, board(cast.forest).is_being_compared) == (2, False)
