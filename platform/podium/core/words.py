"""How dates, durations and numbers are written for people: one way, everywhere, in English.

Times are shown in a given IANA zone, else in UTC, and always say which. Numbers have a comma between thousands, a real
minus, and the decimals they were given; what is missing is a dash.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NONE = "–"
MINUS = "−"

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
_LONG_FROM_WEEKS = 8  # below, days say more: “21 days left”, but “10 weeks left”


def zone(name: str | tzinfo | None) -> tzinfo:
    """Return the zone of that IANA name; none, or one nobody knows, is UTC."""
    if isinstance(name, tzinfo):
        return name
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def zone_word(at: datetime) -> str:
    """Return how the zone of a moment is called: “CET”, or “UTC+05:30” where it has no name."""
    name = at.tzname() or "UTC"
    if name[0].isalpha():
        return name
    sign, rest = name[0].replace("-", MINUS), name[1:]
    return f"UTC{sign}{rest[:2]}" + (f":{rest[2:]}" if rest[2:] else "")


def date(at: datetime, zone_name: str | tzinfo | None = None, *, year: bool = True) -> str:
    """Return “Mon 14 Dec 2026”, or without the year “Mon 14 Dec”."""
    local = at.astimezone(zone(zone_name))
    day = f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"
    return f"{day} {local.year}" if year else day


def day_month(at: datetime, zone_name: str | tzinfo | None = None) -> str:
    """Return “14 Dec”."""
    local = at.astimezone(zone(zone_name))
    return f"{local.day} {MONTHS[local.month - 1]}"


def clock_time(at: datetime, zone_name: str | tzinfo | None = None, *, seconds: bool = False) -> str:
    """Return “23:59 UTC”, or with seconds “23:59:07 UTC”."""
    local = at.astimezone(zone(zone_name))
    return f"{local:%H:%M:%S} {zone_word(local)}" if seconds else f"{local:%H:%M} {zone_word(local)}"


def when(at: datetime, zone_name: str | tzinfo | None = None, *, year: bool = True, seconds: bool = False) -> str:
    """Return “Mon 14 Dec 2026, 23:59 UTC”."""
    return f"{date(at, zone_name, year=year)}, {clock_time(at, zone_name, seconds=seconds)}"


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Return the seconds from one moment to a later one, never less than none."""
    return max((later - earlier).total_seconds(), 0.0)


def plural(count: int, word: str, words: str | None = None) -> str:
    """Return “1 team”, “40 teams”, “1,797 rows”."""
    return f"{thousands(count)} {word if count == 1 else words or word + 's'}"


def short_span(seconds: float) -> str:
    """Return the largest unit alone, shortly: “12 s”, “41 min”, “14 h”, “3 d”."""
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{thousands(int(seconds // unit))} {word}"
    return f"{int(seconds)} s"


def long_span(seconds: float) -> str:
    """Return the largest unit that says enough, in full: “28 minutes”, “9 hours”, “21 days”, “10 weeks”."""
    if seconds >= _LONG_FROM_WEEKS * WEEK:
        return plural(int(seconds // WEEK), "week")
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit:
            return plural(int(seconds // unit), word)
    return plural(int(seconds), "second")


def exact_span(seconds: float) -> str:
    """Return two units: “21 d 9 h”, “9 h 28 min”, “28 min”, “45 s”."""
    whole = int(seconds)
    if whole >= DAY:
        return f"{thousands(whole // DAY)} d {whole % DAY // HOUR} h"
    if whole >= HOUR:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // MINUTE} min" if whole >= MINUTE else f"{whole} s"


def took(seconds: float | timedelta | None) -> str:
    """Return how long something lasted: “0.06 s”, “0.4 s”, “12 s”, “3 min 20 s”, “2 h 5 min”."""
    if seconds is None:
        return NONE
    lasted = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if lasted < 0.1:
        return f"{lasted:.2f} s"
    if lasted < 10:
        return f"{lasted:.1f} s"
    if lasted < MINUTE:
        return f"{lasted:.0f} s"
    whole = round(lasted)
    return f"{whole // MINUTE} min {whole % MINUTE} s" if whole < HOUR else exact_span(whole)


def ago(at: datetime, now: datetime | None = None) -> str:
    """Return how long something has been over: “6 min”, “14 h”, “3 d”."""
    return short_span(seconds_between(at, now or timezone.now()))


def until(at: datetime, now: datetime | None = None) -> str:
    """Return how much time is left: “21 days left”, and “over” when there is none."""
    seconds = seconds_between(now or timezone.now(), at)
    return f"{long_span(seconds)} left" if seconds else "over"


def percent_between(opens: datetime, closes: datetime, now: datetime | None = None) -> float:
    """Return how much of a window has passed, from 0 to 100."""
    whole = seconds_between(opens, closes)
    passed = seconds_between(opens, now or timezone.now())
    return min(100.0, 100.0 * passed / whole) if whole else 100.0


def is_number(value: object) -> bool:
    """Return whether it is a number that can be written down: neither nothing nor NaN nor endless."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def signed(text: str) -> str:
    """Return a number's text with a real minus, and none before a zero."""
    if not text.startswith("-"):
        return text
    return MINUS + text[1:] if text.strip("-0.,") else text[1:]


def score(value: float | Decimal | None, decimals: int = 4, *, plus: bool = False) -> str:
    """Return a score with its column's decimals, “0.9360”, “−12.50”; a dash where there is none."""
    if value is None or not is_number(value):
        return NONE
    text = signed(f"{value:,.{decimals}f}")
    return f"+{text}" if plus and not text.startswith(MINUS) and text.strip("0.,") else text


def thousands(value: float | None) -> str:
    """Return a count with commas: “1,797”."""
    return NONE if value is None or not is_number(value) else signed(f"{round(value):,}")


def percent(share: float | None, decimals: int = 0) -> str:
    """Return a share from 0 to 1 as “30 %”."""
    return NONE if share is None or not is_number(share) else f"{score(100 * share, decimals)} %"


def file_size(size: int | None) -> str:
    """Return a size in decimal units: “812 bytes”, “14.7 kB”, “11.2 MB”, “1.5 GB”."""
    if size is None:
        return NONE
    if size < 1000:
        return plural(size, "byte")
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if round(value, 1) < 1000:
            return f"{value:,.1f} {unit}"
    return f"{value / 1000:,.1f} TB"


def listed(items: Sequence[object]) -> str:
    """Return “Ines, Samuel and Ruth”."""
    words = [str(item) for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def ordinal(number: int) -> str:
    """Return “1st”, “2nd”, “11th”."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{thousands(number)}{ending}"
