"""The report at release: who moved from the public board to the private one, and whether that was luck."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from podium.challenges.models import Phase
from podium.leaderboards.models import Board, Column
from podium.leaderboards.shakeup import Shakeup, shakeup_of
from podium.submissions.models import Score
from tests.cast import Cast
from tests.leaderboards.made import board, scored, team

pytestmark = pytest.mark.django_db
PUBLIC = (0.90, 0.89, 0.88, 0.87, 0.86, 0.85)


def later(cast: Cast) -> Board:
    """Return Forest's private board, as a page has it."""
    return Board.objects.select_related("compared_with").get(slug="private", challenge=cast.forest)


def played(cast: Cast, private: tuple[float, ...], *, se: float | None = None) -> Shakeup | None:
    """Put six teams on both boards and return the report."""
    for number, (before, after) in enumerate(zip(PUBLIC, private, strict=True)):
        scored(team(cast.forest, f"Team {number}"), before, after)
    Score.objects.update(se=se)
    return shakeup_of(later(cast))


def test_the_same_order_is_no_shake_up(cast: Cast) -> None:
    found = played(cast, PUBLIC)
    assert found is not None
    assert (found.tau, found.same_order) == pytest.approx((1, 1))
    assert (found.stayed, found.movers) == (6, [])


def test_the_opposite_order_is_the_greatest(cast: Cast) -> None:
    found = played(cast, PUBLIC[::-1])
    assert found is not None
    assert (found.tau, found.same_order) == pytest.approx((-1, 0))
    assert found.stayed == 0
    assert [(move.team, move.movement) for move in found.movers][:2] == [("Team 5", 5), ("Team 0", -5)]


def test_what_is_harder_for_all_is_no_teams_bad_luck(cast: Cast) -> None:
    found = played(cast, tuple(value - 0.1 for value in PUBLIC), se=0.01)
    assert found is not None
    assert found.leader.gain == pytest.approx(0, abs=1e-12)
    assert found.beyond_chance == 0


def test_who_fell_by_more_than_chance_is_told_from_who_did_not(cast: Cast) -> None:
    found = played(cast, (0.70, 0.893, 0.88, 0.87, 0.86, 0.85), se=0.01)
    assert found is not None
    assert found.beyond_chance == 1
    verdicts = {move.team: move.beyond_chance for move in found.movers}
    assert verdicts["Team 0"] is True
    assert verdicts["Team 1"] is False


def test_the_leaders_luck_is_held_against_what_was_to_be_expected(cast: Cast) -> None:
    found = played(cast, (0.70, *PUBLIC[1:]), se=0.01)
    assert found is not None
    assert found.happened == pytest.approx(0.2)
    assert found.expected == pytest.approx(1.26721 * 0.01, rel=1e-4)  # E[max] of six
    assert found.is_more_than_luck


def test_without_standard_errors_ranks_are_told_and_luck_is_left_open(cast: Cast) -> None:
    found = played(cast, PUBLIC[::-1])
    assert found is not None
    assert (found.expected, found.beyond_chance) == (None, None)
    assert {move.beyond_chance for move in found.movers} == {None}


def test_boards_that_rank_by_different_things_are_compared_by_rank_alone(cast: Cast) -> None:
    played(cast, PUBLIC, se=0.01)
    Column.objects.filter(board=board(cast.forest, "private")).update(score_key="other")
    found = shakeup_of(later(cast))
    assert found is not None
    assert (found.is_one_score, found.happened, found.beyond_chance) == (False, None, None)
    assert found.tau == pytest.approx(1)


def test_one_team_alone_has_no_report(cast: Cast) -> None:
    scored(cast.held_out, 0.9, 0.8)
    assert shakeup_of(later(cast)) is None
    assert shakeup_of(board(cast.forest)) is None


def test_what_the_ladder_hides_stays_hidden(cast: Cast) -> None:
    found = played(cast, PUBLIC[::-1], se=0.01)
    assert found is not None
    assert found.leader.gain is not None
    first, second = Score.objects.filter(split="public").order_by("pk")[:2]
    Score.objects.filter(pk=first.pk).update(released=second)
    later(cast).entries.update(updated_at=timezone.now())
    found = shakeup_of(later(cast))
    assert found is not None
    assert found.leader.gain is None


def test_it_stands_on_the_private_board_once_that_is_released(cast: Cast) -> None:
    played(cast, (0.70, *PUBLIC[1:]), se=0.01)
    address = "/challenges/forest/leaderboard/private/"
    assert cast.client("ada").get(address).status_code == 404
    assert "whether that was luck" in cast.client("grace").get(address).content.decode()
    now = timezone.now()
    Phase.objects.update(opens=now - timedelta(days=9), closes=now - timedelta(days=2), private_release=now)
    page = cast.client("visitor").get(address).content.decode()
    assert "Team 0 led “Public” and is 6th here." in page
    assert "worse by 0.2000" in page
    assert "more than luck explains" in page
    assert "1 team changed by more than chance" in page


def test_a_second_look_costs_a_fixed_number_of_queries(cast: Cast) -> None:
    played(cast, PUBLIC[::-1], se=0.01)
    chosen = later(cast)
    shakeup_of(chosen)
    with CaptureQueriesContext(connection) as queries:
        shakeup_of(chosen)
    assert len(queries) <= 3
