"""Dates, durations and numbers, as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from podium.core import words

CLOSES = datetime(2026, 12, 14, 23, 59, 7, tzinfo=UTC)


def test_a_date_says_its_day_and_its_zone() -> None:
    assert words.when(CLOSES) == "Mon 14 Dec 2026, 23:59 UTC"
    assert words.when(CLOSES, year=False) == "Mon 14 Dec, 23:59 UTC"
    assert words.when(CLOSES, seconds=True) == "Mon 14 Dec 2026, 23:59:07 UTC"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Zurich", "Tue 15 Dec 2026, 00:59 CET"),
        ("America/New_York", "Mon 14 Dec 2026, 18:59 EST"),
        ("Asia/Kathmandu", "Tue 15 Dec 2026, 05:44 UTC+05:45"),
        ("America/Sao_Paulo", "Mon 14 Dec 2026, 20:59 UTC−03"),
        ("No/Where", "Mon 14 Dec 2026, 23:59 UTC"),
        ("../../etc/passwd", "Mon 14 Dec 2026, 23:59 UTC"),
        ("", "Mon 14 Dec 2026, 23:59 UTC"),
    ],
)
def test_a_date_in_the_zone_of_a_challenge(zone: str, said: str) -> None:
    assert words.when(CLOSES, zone) == said


@pytest.mark.parametrize(
    ("seconds", "short", "long", "exact"),
    [
        (0, "0 s", "0 seconds", "0 s"),
        (59, "59 s", "59 seconds", "59 s"),
        (60, "1 min", "1 minute", "1 min"),
        (41 * 60, "41 min", "41 minutes", "41 min"),
        (9 * 3600 + 28 * 60, "9 h", "9 hours", "9 h 28 min"),
        (86_400, "1 d", "1 day", "1 d 0 h"),
        (21 * 86_400 + 9 * 3600, "21 d", "21 days", "21 d 9 h"),
        (70 * 86_400, "70 d", "10 weeks", "70 d 0 h"),
        (2_000 * 86_400, "2,000 d", "285 weeks", "2,000 d 0 h"),
    ],
)
def test_spans_name_the_unit_that_says_enough(seconds: int, short: str, long: str, exact: str) -> None:
    assert (words.short_span(seconds), words.long_span(seconds), words.exact_span(seconds)) == (short, long, exact)


def test_time_left_and_time_gone() -> None:
    now = CLOSES - timedelta(days=21, hours=3)
    assert words.until(CLOSES, now) == "21 days left"
    assert words.until(CLOSES, CLOSES) == "over"
    assert words.until(CLOSES, CLOSES + timedelta(days=1)) == "over"
    assert words.ago(now, CLOSES) == "21 d"
    assert words.ago(CLOSES, now) == "0 s"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.061, "0.06 s"), (0.4, "0.4 s"), (12, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_how_long_it_took(seconds: float | None, said: str) -> None:
    assert words.took(seconds) == said


def test_how_long_it_took_as_a_timedelta() -> None:
    assert words.took(timedelta(milliseconds=400)) == "0.4 s"


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [
        (0.936, 4, "0.9360"),
        (-12.345, 2, "−12.35"),
        (-0.00001, 4, "0.0000"),
        (1797, 0, "1,797"),
        (Decimal("0.5"), 2, "0.50"),
        (None, 4, "–"),
        (float("nan"), 4, "–"),
        (float("inf"), 4, "–"),
        (True, 4, "–"),
    ],
)
def test_a_score_has_its_columns_decimals_and_a_real_minus(value: float | None, decimals: int, said: str) -> None:
    assert words.score(value, decimals) == said


def test_a_difference_has_a_sign_unless_it_is_none() -> None:
    assert words.score(0.0013, 4, plus=True) == "+0.0013"
    assert words.score(-0.0013, 4, plus=True) == "−0.0013"
    assert words.score(0.00001, 4, plus=True) == "0.0000"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (14_700, "14.7 kB"),
        (999_960, "1.0 MB"),
        (11_200_000, "11.2 MB"),
        (1_500_000_000, "1.5 GB"),
        (2_000_000_000_000, "2.0 TB"),
        (None, "–"),
    ],
)
def test_sizes_of_files(size: int | None, said: str) -> None:
    assert words.file_size(size) == said


def test_counts_lists_shares_and_places() -> None:
    assert words.thousands(1797) == "1,797"
    assert words.thousands(None) == "–"
    assert words.percent(0.3) == "30 %"
    assert words.plural(1, "team") == "1 team"
    assert words.plural(1200, "entry", "entries") == "1,200 entries"
    assert words.listed(["Ines"]) == "Ines"
    assert words.listed(["Ines", "Samuel", "Ruth"]) == "Ines, Samuel and Ruth"
    assert words.listed([]) == ""
    assert [words.ordinal(n) for n in (1, 2, 3, 4, 11, 12, 21, 112, 1002)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "112th", "1,002nd",
    ]  # fmt: skip


def test_how_much_of_a_window_has_passed() -> None:
    opens = CLOSES - timedelta(days=10)
    assert words.percent_between(opens, CLOSES, CLOSES - timedelta(days=5)) == 50
    assert words.percent_between(opens, CLOSES, opens - timedelta(days=5)) == 0
    assert words.percent_between(opens, CLOSES, CLOSES + timedelta(days=5)) == 100
    assert words.percent_between(CLOSES, CLOSES, CLOSES) == 100
