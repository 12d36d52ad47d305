"""A challenge's dates, and where they stand on a line."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.core.words import percent_between

NEAR = 17.0  # per cent of the line's width that a label needs, on a small wide screen
NEAR_NOW = 9.0


@dataclass(frozen=True, slots=True)
class Milestone:
    """A date of a challenge."""

    at: datetime
    what: str
    past: bool
    percent: float = 0.0
    place: str = "below"  # the label's: below, above, or none where it would lie on another
    anchor: str = "middle"
    last_past: bool = False  # now comes next


@dataclass(frozen=True, slots=True)
class Timeline:
    """All dates of a challenge, in order, and where now is."""

    milestones: list[Milestone]
    now: datetime
    now_percent: float | None  # none before the start and after the end
    gone_percent: float
    name_now: bool  # whether there is room for the word “now”

    @property
    def all_labelled(self) -> bool:
        """Whether every date has its label on the line."""
        return all(milestone.place != "none" for milestone in self.milestones)

    @property
    def day(self) -> int:
        """Which day it is, counted from 1."""
        return (self.now - self.milestones[0].at).days + 1

    @property
    def days(self) -> int:
        """How many days there are in all."""
        return max((self.milestones[-1].at - self.milestones[0].at).days, 1)


def timeline(challenge: Challenge, *, now: datetime | None = None) -> Timeline | None:
    """Return a challenge's timeline; none before it has a phase. No query where its phases are prefetched."""
    phases = list(challenge.phases.all())
    if not phases:
        return None
    now = now or timezone.now()
    dates = sorted(_named(_dates(challenge, phases)).items())
    first, last = dates[0][0], dates[-1][0]
    milestones = [
        Milestone(at=at, what=what, past=at <= now, percent=percent_between(first, last, at)) for at, what in dates
    ]
    inside = first <= now <= last
    percent = percent_between(first, last, now)
    placed = _placed(milestones)
    return Timeline(
        milestones=placed,
        now=now,
        now_percent=percent if inside else None,
        gone_percent=percent if now >= first else 0.0,
        name_now=all(abs(each.percent - percent) > NEAR_NOW for each in placed if each.place == "above"),
    )


def _dates(challenge: Challenge, phases: list[Phase]) -> list[tuple[datetime, str]]:
    alone = len(phases) == 1
    dates = []
    for phase in phases:
        dates.append((phase.opens, "Start" if alone else f"{phase.name} opens"))
        dates.append((phase.closes, "Submissions close" if alone else f"{phase.name} closes"))
        if phase.private_release:
            dates.append((phase.private_release, "Private board" if alone else f"{phase.name}: private board"))
    if challenge.join_deadline:
        dates.append((challenge.join_deadline, "Entry closes"))
    if challenge.team_deadline:
        dates.append((challenge.team_deadline, "Teams final"))
    return dates


def _named(dates: list[tuple[datetime, str]]) -> dict[datetime, str]:
    """Join what happens at the same moment into one name."""
    named: dict[datetime, str] = {}
    for at, what in dates:
        named[at] = f"{named[at]}, {what[0].lower()}{what[1:]}" if at in named else what
    return named


def _placed(milestones: list[Milestone]) -> list[Milestone]:
    """Put each label below the line, else above it, else nowhere. Both ends come first and always have theirs."""
    taken: dict[str, list[float]] = {"below": [], "above": []}
    places: dict[int, str] = {}
    order = [0, len(milestones) - 1, *range(1, len(milestones) - 1)]
    for index in dict.fromkeys(order):
        percent = milestones[index].percent
        free = (row for row in taken if all(abs(percent - other) >= NEAR for other in taken[row]))
        places[index] = next(free, "none")
        if places[index] != "none":
            taken[places[index]].append(percent)
    last_past = sum(milestone.past for milestone in milestones) - 1
    return [
        replace(each, place=places[index], anchor=_anchor(each.percent), last_past=index == last_past)
        for index, each in enumerate(milestones)
    ]


def _anchor(percent: float) -> str:
    """Return from where a label grows, so that those near an end stay on the page."""
    if percent < NEAR / 2:
        return "start"
    return "end" if percent > 100 - NEAR / 2 else "middle"
