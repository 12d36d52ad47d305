"""How far the interval of a score reaches below and above it, and how that is shown.

What is shown is made of the value that may be shown: its interval is that value with the score's own arms, rounded to
the column's decimals. So nobody learns more digits from an interval than from the score.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from podium.core import words
from podium.leaderboards.models import Column
from podium.leaderboards.ranking import rounded
from podium.leaderboards.values import score_rows

Arms = tuple[float | None, float | None]  # below and above; None where there is no known end
NO_ARMS: Arms = (None, None)
SCORE = ("seat__submission_id", "seat__run__task_id", "key", "split", "released")
OWN = ("value", "low", "high")
RELEASED = ("released__value", "released__low", "released__high")


def arms_of(columns: Collection[Column], submissions: Q, *, full: bool = False) -> dict[int, dict[int, Arms]]:
    """Return the arms by submission and column, where they are known, in one query: of released values, or of `full`.

    `submissions` filters scores by their `seat__submission…`. Where a submission ran twice on a task, the newer counts,
    measured or not: an interval never stands around a value that it was not made for.
    """
    sources = defaultdict(list)
    for column in columns:
        sources[column.task_id, column.score_key, column.split].append(column.pk)
    scores = score_rows(list(sources)).filter(submissions)
    found: dict[int, dict[int, Arms]] = defaultdict(dict)
    for submission, task, key, split, replaced, *own_and_released in scores.values_list(*SCORE, *OWN, *RELEASED):
        of = own_and_released[: len(OWN)] if full or replaced is None else own_and_released[len(OWN) :]
        for pk in sources.get((task, key, split), ()):
            found[submission][pk] = _arms(*of)
    return found


def _arms(value: float | None, low: float | None, high: float | None) -> Arms:
    if value is None:
        return NO_ARMS
    return None if low is None else max(value - low, 0.0), None if high is None else max(high - value, 0.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval around a shown value, as its viewer may know it. An end that is not known is None, never both."""

    value: float
    low: float | None
    high: float | None
    decimals: int

    @property
    def plus_minus(self) -> str:
        """Return “±0.0087” where both arms are that long at the shown decimals, else nothing."""
        if self.low is None or self.high is None:
            return ""
        below = words.score(self.value - self.low, self.decimals)
        above = words.score(self.high - self.value, self.decimals)
        return f"±{below}" if below == above and below.strip("0.") else ""

    @property
    def ends(self) -> str:
        """Return the interval in words: “0.9273 to 0.9447”, “at least 0.94”."""
        if self.low is None or self.high is None:
            known = self.low if self.high is None else self.high
            return f"at {'least' if self.high is None else 'most'} {words.score(known, self.decimals)}"
        return f"{words.score(self.low, self.decimals)} to {words.score(self.high, self.decimals)}"

    @property
    def short(self) -> str:
        """Return what stands beside the score: “±0.0087” where that is true, else the ends."""
        if self.plus_minus or self.low is None or self.high is None:
            return self.plus_minus or self.ends
        if self.is_narrow:
            return f"±less than {words.score(10.0**-self.decimals, self.decimals)}"
        return f"{words.score(self.low, self.decimals)}–{words.score(self.high, self.decimals)}"

    @property
    def sentence(self) -> str:
        """Return it in full: “±0.0087, so between 0.9273 and 0.9447”."""
        if self.low is None or self.high is None or self.is_narrow:
            return self.short
        between = f"between {words.score(self.low, self.decimals)} and {words.score(self.high, self.decimals)}"
        return f"{self.plus_minus}, so {between}" if self.plus_minus else between

    @property
    def is_narrow(self) -> bool:
        """Whether it is too narrow to be seen at the shown decimals: it is not ±0 for that."""
        ends = {words.score(end, self.decimals) for end in (self.low, self.high, self.value)}
        return len(ends) == 1


def interval(value: float | None, arms: Arms | None, *, decimals: int, exact: bool = False) -> Interval | None:
    """Return the interval around a value that is shown, rounded unless `exact`; None where none is known."""
    below, above = arms or NO_ARMS
    if value is None or (below is None and above is None):
        return None
    digits = None if exact else decimals
    return Interval(
        value=value,
        low=None if below is None else rounded(value - below, digits),
        high=None if above is None else rounded(value + above, digits),
        decimals=decimals,
    )
