"""A challenge at a glance: what the panel beside its overview says, decided here and not in the template."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from podium.challenges.files import FileOffer, files_for
from podium.challenges.measured import Measure, measures
from podium.challenges.models import Challenge, Phase, Tag
from podium.challenges.rules import Person
from podium.challenges.selectors import ENDED, UPCOMING, Standing, current_phase, join_closes, standing


@dataclass(frozen=True, slots=True)
class Countdown:
    """The one date that matters most now."""

    what: str
    at: datetime
    over: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands in the panel."""

    countdown: Countdown | None
    action: str  # submit, join, open, board or nothing: which button is offered
    standing: Standing
    phase: Phase | None
    join_closes: datetime | None
    measures: list[Measure]
    teams: int
    files: list[FileOffer]
    tags: list[Tag]

    @property
    def size(self) -> int:
        """How many bytes the files have together."""
        return sum(file.size for file in self.files)


def glance(user: Person, challenge: Challenge) -> Glance:
    """Return a challenge at a glance, as this person sees it. `challenge` comes from `get_visible`."""
    stands, phase, closes = standing(user, challenge), current_phase(challenge), join_closes(challenge)
    return Glance(
        countdown=_countdown(challenge, phase),
        action=_action(challenge, stands, phase, closes),
        standing=stands,
        phase=phase,
        join_closes=closes,
        measures=measures(challenge),
        teams=challenge.teams.filter(kind="people").count(),
        files=files_for(user, challenge),
        tags=list(challenge.tags.all()),
    )


def _countdown(challenge: Challenge, phase: Phase | None) -> Countdown | None:
    now = timezone.now()
    if phase is None:
        return None
    several = challenge.phases.count() > 1
    if phase.opens > now:
        return Countdown(what=f"{phase.name} opens in" if several else "Starts in", at=phase.opens, over=False)
    if phase.closes > now:
        return Countdown(
            what=f"{phase.name} closes in" if several else "Submissions close in", at=phase.closes, over=False
        )
    return Countdown(what="Ended", at=phase.closes, over=True)


def _action(challenge: Challenge, stands: Standing, phase: Phase | None, closes: datetime | None) -> str:
    now = timezone.now()
    state = getattr(challenge, "state", UPCOMING)
    if stands.role:
        return "host"
    if stands.takes_part:
        return "submit" if phase and phase.is_open(now) else "board" if state == ENDED else ""
    if stands.rules and (closes is None or closes > now):
        return "join"
    return "board" if state == ENDED else ""
