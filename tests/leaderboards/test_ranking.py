"""Places: bytes that compare as the tuples they stand for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.leaderboards.ranking import Candidate, Ordering, best, final, latest, rounded

values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1))
standings = st.tuples(values, moments, st.integers(1, 2**53))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def tuple_of(value, at, submission, *, higher_is_better):
    """Return what a place stands for, with infinities for what is missing."""
    folded = 0.0 if value is None else -value if higher_is_better else value
    return value is None, folded, at, submission


@given(st.lists(standings, min_size=2, max_size=20), st.booleans())
def test_places_are_in_the_order_of_their_tuples(rows, higher):
    ordering = Ordering(higher_is_better=higher, decimals=None)
    by_place = sorted(rows, key=lambda row: ordering.place(*row))
    assert by_place == sorted(rows, key=lambda row: tuple_of(*row, higher_is_better=higher))


@given(standings, st.booleans(), st.none() | st.integers(0, 15))
def test_a_place_has_25_bytes(row, higher, decimals):
    assert len(Ordering(higher_is_better=higher, decimals=decimals).place(*row)) == 25


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_equal_is_told_apart_by_time_alone(one, other):
    ordering = Ordering(higher_is_better=True, decimals=2)
    earlier, later = ordering.place(one, NOON, 9), ordering.place(other, NOON + timedelta(microseconds=1), 1)
    if f"{rounded(one, 2):.2f}" == f"{rounded(other, 2):.2f}":
        assert earlier < later


@pytest.mark.parametrize("higher", [True, False])
def test_null_is_last_whatever_is_better(higher):
    ordering = Ordering(higher_is_better=higher, decimals=4)
    worst = -1e300 if higher else 1e300
    assert ordering.place(worst, NOON + timedelta(days=999), 9) < ordering.place(None, NOON, 1)


def test_minus_zero_is_zero():
    ordering = Ordering(higher_is_better=False, decimals=2)
    assert ordering.place(-0.001, NOON, 1) == ordering.place(0.001, NOON, 1)
    assert str(rounded(-0.001, 2)) == "0.0"


def candidate(number, value=None, *, public=None, selected=False):
    return Candidate(
        submission=number, at=NOON + timedelta(hours=number), value=value, public=public, selected=selected
    )


def test_of_equal_submissions_the_earlier_is_the_best():
    rows = [candidate(3, 0.91004), candidate(1, 0.91001), candidate(2, 0.5)]
    assert best(rows, by=Ordering(higher_is_better=True, decimals=4)).submission == 1
    assert best(rows, by=Ordering(higher_is_better=True, decimals=None)).submission == 3


def test_the_latest_is_the_latest():
    assert latest([candidate(1, 0.9), candidate(3, 0.1), candidate(2, 0.8)]).submission == 3


def test_what_a_team_selected_counts_and_nothing_is_filled_up():
    rows = [candidate(1, public=0.9), candidate(2, public=0.1, selected=True), candidate(3, public=0.8)]
    chosen = final(rows, public=Ordering(higher_is_better=True, decimals=4), most=2)
    assert [one.submission for one in chosen] == [2]


def test_where_nothing_is_selected_the_best_public_ones_count():
    rows = [candidate(1, public=0.7), candidate(2, public=None), candidate(3, public=0.9), candidate(4, public=0.8)]
    chosen = final(rows, public=Ordering(higher_is_better=True, decimals=4), most=2)
    assert [one.submission for one in chosen] == [3, 4]
