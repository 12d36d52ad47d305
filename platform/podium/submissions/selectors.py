"""Reading submissions."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.challenges.rules import Person
from podium.challenges.selectors import current_phase
from podium.core.errors import Conflict
from podium.submissions.models import Submission
from podium.submissions.quota import Allowance, allowance
from podium.teams.models import Team

__all__ = ["Allowance", "allowance", "get_visible", "of_team", "phase_for", "visible_to"]


def visible_to(user: Person) -> QuerySet[Submission]:
    """Return the submissions that a person may see: those of their teams, and those of challenges that they host."""
    everything = Submission.objects.select_related("team__challenge", "phase", "author").prefetch_related("files__blob")
    if not user.is_authenticated:
        return everything.none()
    if user.is_superuser:
        return everything
    mine = Q(team__in=user.memberships.values("team"))
    hosted = Q(phase__challenge__in=user.roles.values("challenge"))
    return everything.filter(mine | hosted)


def get_visible(user: Person, pk: int) -> Submission:
    """Return a submission; 404 for whoever may not see it."""
    submission = visible_to(user).filter(pk=pk).first()
    if submission is None:
        raise Http404("no such submission, or it is not yours to see")
    return submission


def of_team(team: Team) -> QuerySet[Submission]:
    """Return a team's submissions, the newest first."""
    return team.submissions.select_related("phase", "author").prefetch_related("files__blob").order_by("-id")


def phase_for(challenge: Challenge, slug: str | None = None, *, at: datetime | None = None) -> Phase:
    """Return the phase that a submission goes into: the named one, else the current one.

    Raises `Conflict` where there is none of that name, or none at all.
    """
    if slug:
        named = next((phase for phase in challenge.phases.all() if phase.slug == slug), None)
        if named is None:
            names = ", ".join(f"“{phase.slug}”" for phase in challenge.phases.all()) or "none"
            raise Conflict(f"There is no phase “{slug}” in this challenge; it has {names}.", code="no_such_phase")
        return named
    phase = current_phase(challenge, at or timezone.now())
    if phase is None:
        raise Conflict("This challenge has no phase yet, so nothing can be sent in.", code="phase_closed")
    return phase
