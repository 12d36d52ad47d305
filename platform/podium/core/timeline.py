"""The timeline of a challenge as data: what is over, what comes, and where now is between them.

Drawn by `includes/timeline.html`: a line with its labels where the screen is wide, a list where it is not, and for
those who hear the page. Where the labels do not find room beside each other, it is a list on wider screens too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from podium.core import words

BED = 46  # px from the top to the line: above it stand labels, the needle and its word
HEIGHT = 92
ROOMS = {"": 700, "from-wide": 900}  # px that the line has at least: above 48 rem, and (with the class) above 62 rem
LETTER = 6.5  # px, on average
GAP = 0.75  # per cent between two labels: 7 px where the line is 900 px wide
MOST_LABELS = 7  # more find no room; and each could stand in six places, which are tried in turn

Span = tuple[float, float]  # from where to where, in per cent of the line
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
    """Find room for every label, below the line if it can be, else above; nothing when one finds none."""
    if len(ordered) > MOST_LABELS:
        return None
    labels = [
        (each.what, _date(each.at, now, zone), round(words.percent_between(ordered[0].at, ordered[-1].at, each.at), 2))
        for each in ordered
    ]
    beside_now = [] if needle is None else [(needle - 3, needle + 3)]
    return _arranged(labels, {False: [], True: beside_now}, room=room)


def _arranged(
    labels: Sequence[tuple[str, str, float]], taken: dict[bool, list[Span]], *, room: int
) -> list[Mark] | None:
    """Give each label the first place that leaves room for all that come after it."""
    if not labels:
        return []
    for mark, span in _places(*labels[0], room=room):
        if not _covers(span, taken[mark.above]):
            rest = _arranged(labels[1:], {**taken, mark.above: [*taken[mark.above], span]}, room=room)
            if rest is not None:
                return [mark, *rest]
    return None


def _places(what: str, date: str, x: float, *, room: int) -> Iterator[tuple[Mark, Span]]:
    """Yield where a label may stand, the best first, each with what it covers."""
    width = 100 * LETTER * max(len(what), len(date)) / room
    anchors: dict[Anchor, float] = {"middle": 0.5, "end": 1.0, "start": 0.0}
    for above in (False, True):
        for anchor, share in anchors.items():
            span = (x - share * width, x - share * width + width)
            if span[0] >= -0.5 and span[1] <= 100.5:
                yield Mark(what, date, x, above, anchor), span


def _covers(span: Span, others: Sequence[Span]) -> bool:
    return any(span[0] < right + GAP and left - GAP < span[1] for left, right in others)
