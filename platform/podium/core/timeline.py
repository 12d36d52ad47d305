"""The timeline of a challenge as data: what is over, what comes, and where now is between them.

Drawn by `includes/timeline.html`: a line with its labels where the screen is wide, a list where it is not, and for
those who hear the page. Where the labels do not find room beside each other, it is a list on wider screens too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from podium.core import words

BED = 46  # px from the top to the line: above it stand labels, the needle and its word
HEIGHT = 92
ROOMS = {"": 700, "from-wide": 900}  # px that the line has at least: above 48 rem, and (with the class) above 62 rem
LETTER = 6.5  # px, on average

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Milestone:
    """Something that happens at a moment: “Submissions close”."""

    what: str
    at: datetime


@dataclass(frozen=True)
class Mark:
    """A milestone on the line: per cent from the left, and where its words stand."""

    what: str
    date: str
    x: float
    above: bool
    anchor: Anchor

    @property
    def tick(self) -> tuple[int, int]:
        """From where to where its tick goes."""
        return (BED - 10, BED + 3) if self.above else (BED - 3, BED + 12)

    @property
    def what_y(self) -> int:
        """Where its name stands."""
        return BED - 34 if self.above else BED + 28

    @property
    def date_y(self) -> int:
        """Where its date stands."""
        return self.what_y + 16


@dataclass(frozen=True)
class Item:
    """A line of the list; without a moment it is now."""

    what: str
    at: datetime | None
    kind: Literal["past", "here", "next"]
    relative: str = ""


@dataclass(frozen=True)
class Timeline:
    """Everything that the template draws."""

    items: Sequence[Item]
    marks: Sequence[Mark]
    gone: float
    """How much of the line is over, in per cent."""
    now: float | None
    """Where the needle stands, in per cent; nothing before the start and after the end."""
    zone: str
    crowded: bool
    """Whether the labels find no room on the line."""
    fits: str = ""
    """The class that says from which width on they do."""
    bed: int = BED
    height: int = HEIGHT


def timeline(milestones: Sequence[Milestone], now: datetime, *, zone: str = "") -> Timeline:
    """Return the timeline of milestones in any order. What happens at one moment is told together."""
    ordered = _merged(milestones)
    if not ordered:
        return Timeline(items=(), marks=(), gone=0, now=None, zone=zone, crowded=True)
    start, end = ordered[0].at, ordered[-1].at
    inside = start <= now <= end and start < end
    gone = words.percent_between(start, end, now) if now >= start else 0.0
    needle = round(gone, 2) if inside else None
    fits, marks = _roomiest(ordered, now, zone=zone, needle=needle)
    return Timeline(
        items=_items(ordered, now),
        marks=marks,
        gone=round(gone, 2),
        now=needle,
        zone=zone,
        crowded=len(marks) < 2,
        fits=fits,
    )


def _merged(milestones: Sequence[Milestone]) -> list[Milestone]:
    at_once: dict[datetime, list[str]] = {}
    for milestone in sorted(milestones, key=lambda each: each.at):
        at_once.setdefault(milestone.at, []).append(milestone.what)
    return [Milestone(_joined(whats), at) for at, whats in at_once.items()]


def _joined(whats: Sequence[str]) -> str:
    first, *others = whats
    return words.listed([first, *(what[:1].lower() + what[1:] for what in others)])


def _items(ordered: Sequence[Milestone], now: datetime) -> list[Item]:
    items = [_item(milestone, now) for milestone in ordered]
    start, end = ordered[0].at, ordered[-1].at
    here = "Now"
    if start <= now <= end:
        here = f"Now, day {(now - start).days + 1} of {(end - start).days + 1}"
    passed = sum(milestone.at <= now for milestone in ordered)
    return [*items[:passed], Item(here, None, "here"), *items[passed:]]


def _item(milestone: Milestone, now: datetime) -> Item:
    if milestone.at <= now:
        return Item(milestone.what, milestone.at, "past")
    return Item(milestone.what, milestone.at, "next", f"in {words.long_span((milestone.at - now).total_seconds())}")


def _date(at: datetime, now: datetime, zone: str) -> str:
    """Return a date for the line: with the time while it is to come, with the year when it is another one."""
    local = at.astimezone(words.zone(zone))
    day = words.date(at, zone, year=local.year != now.year)
    if at <= now or (local.hour, local.minute) == (0, 0):
        return day
    return f"{day}, {words.clock_time(at, zone).removesuffix(' UTC')}"


def _roomiest(
    ordered: Sequence[Milestone], now: datetime, *, zone: str, needle: float | None
) -> tuple[str, Sequence[Mark]]:
    for fits, room in ROOMS.items():
        marks = _marks(ordered, now, zone=zone, needle=needle, room=room)
        if marks:
            return fits, marks
    return "", ()


def _marks(
    ordered: Sequence[Milestone], now: datetime, *, zone: str, needle: float | None, room: int
) -> list[Mark] | None:
    """Find room for each label, below the line if it can be, else above; nothing when one finds none."""
    taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    if needle is not None:
        taken[True].append((needle - 3, needle + 3))
    marks = []
    for milestone in ordered:
        x = round(words.percent_between(ordered[0].at, ordered[-1].at, milestone.at), 2)
        mark = _place(milestone.what, _date(milestone.at, now, zone), x, taken, room=room)
        if mark is None:
            return None
        marks.append(mark)
    return marks


def _place(what: str, date: str, x: float, taken: dict[bool, list[tuple[float, float]]], *, room: int) -> Mark | None:
    width = 100 * LETTER * max(len(what), len(date)) / room
    anchors: dict[Anchor, float] = {"middle": 0.5, "end": 1.0, "start": 0.0}
    for above in (False, True):
        for anchor, share in anchors.items():
            span = (x - share * width, x - share * width + width)
            if span[0] >= -0.5 and span[1] <= 100.5 and not _covers(span, taken[above]):
                taken[above].append(span)
                return Mark(what, date, x, above, anchor)
    return None


def _covers(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> bool:
    return any(span[0] < right + 1 and left - 1 < span[1] for left, right in others)
