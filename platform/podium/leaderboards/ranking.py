"""Which of a team's submissions counts, and who stands before whom. Pure functions: no database.

A place is the tuple `(no value, value, time, submission)` as 25 bytes that compare as the tuple does: the direction is
folded into the value, null is last, of equal values the earlier submission leads. So both databases keep a board in
order with a plain index, and a rank is a count over a range of it.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIGN_BIT = 1 << 63
ALL_BITS = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Ordering:
    """How values are ordered: direction, and to how many decimals they are told apart (None: fully)."""

    higher_is_better: bool
    decimals: int | None

    def place(self, value: float | None, at: datetime, submission: int) -> bytes:
        """Return where a submission stands: smaller is better, and no two submissions stand at the same place."""
        seen = rounded(value, self.decimals)
        folded = 0.0 if seen is None else (0.0 - seen if self.higher_is_better else seen)
        micros = (at - EPOCH) // timedelta(microseconds=1)
        return struct.pack(">?QQQ", seen is None, _ascending(folded), micros + SIGN_BIT, submission)


def rounded(value: float | None, decimals: int | None) -> float | None:
    """Return a value as it is shown, without a minus before zero; with `decimals` None, as it is."""
    if value is None:
        return None
    return (value if decimals is None else round(value, decimals)) + 0.0


def _ascending(value: float) -> int:
    """Return an integer that is greater where the float is greater."""
    bits: int = struct.unpack(">Q", struct.pack(">d", value + 0.0))[0]
    return bits ^ (ALL_BITS if bits & SIGN_BIT else SIGN_BIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A scored submission that came in time."""

    submission: int
    at: datetime
    selected: bool = False
    value: float | None = None
    public: float | None = None  # on the board by which submissions count where none is selected


def best(candidates: Iterable[Candidate], *, by: Ordering) -> Candidate:
    """Return the best submission; the earlier of equal ones."""
    return min(candidates, key=lambda one: by.place(one.value, one.at, one.submission))


def latest(candidates: Iterable[Candidate]) -> Candidate:
    """Return the submission that came last."""
    return max(candidates, key=lambda one: (one.at, one.submission))


def final(candidates: Sequence[Candidate], *, public: Ordering, most: int) -> list[Candidate]:
    """Return the final submissions: those selected; where none is, the best public ones, as many as may be selected."""
    selected = [one for one in candidates if one.selected]
    if selected:
        return selected
    return sorted(candidates, key=lambda one: public.place(one.public, one.at, one.submission))[: max(most, 1)]
