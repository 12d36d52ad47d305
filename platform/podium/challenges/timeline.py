"""A challenge's dates, as its timeline tells them."""

from podium.challenges.models import Challenge, Phase
from podium.core.plots import Milestone


def milestones(challenge: Challenge) -> list[Milestone]:
    """Return a challenge's dates, in no order. No query where its phases are prefetched."""
    phases = list(challenge.phases.all())
    dates = [milestone for phase in phases for milestone in _of_phase(phase, alone=len(phases) == 1)]
    if challenge.join_deadline:
        dates.append(Milestone("Entry closes", challenge.join_deadline))
    if challenge.team_deadline:
        dates.append(Milestone("Teams final", challenge.team_deadline))
    return dates


def _of_phase(phase: Phase, *, alone: bool) -> list[Milestone]:
    """Name the phase where there are several to tell apart."""
    words = ("Start", "Submissions close", "Private board")
    if not alone:
        words = (f"{phase.name} opens", f"{phase.name} closes", f"Private board of {phase.name}")
    moments = (phase.opens, phase.closes, phase.private_release)
    return [Milestone(what, at) for what, at in zip(words, moments, strict=True) if at]
