"""Reading teams."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.challenges.selectors import teams_close
from podium.teams.models import Invitation, Team


def team_of(user: Person, challenge: Challenge) -> Team | None:
    """Return the team on which a person competes in a challenge, if any."""
    if not user.is_authenticated:
        return None
    return Team.objects.filter(memberships__user=user, challenge=challenge).first()


def members_of(team: Team) -> list[User]:
    """Return the people of a team, the longest there first."""
    return [membership.user for membership in team.memberships.select_related("user")]


def has_submitted(team: Team) -> bool:
    """Tell whether a team has sent in anything, whatever became of it."""
    return team.submissions.exists()


@dataclass(frozen=True, slots=True)
class Room:
    """What a team's challenge still allows: how many seats are left, and until when."""

    size: int
    members: int
    closes: datetime | None
    is_closed: bool

    @property
    def left(self) -> int:
        """Seats that are free."""
        return max(self.size - self.members, 0)


def room_of(team: Team) -> Room:
    """Return what a team's challenge still allows the team."""
    closes = teams_close(team.challenge)
    return Room(
        size=team.challenge.team_size,
        members=team.memberships.count(),
        closes=closes,
        is_closed=closes is not None and closes <= timezone.now(),
    )


def get_invitation(token: str) -> Invitation:
    """Return the invitation of a link, used or not; 404 for a link that never was."""
    found = Invitation.objects.select_related("team__challenge", "team__leader", "created_by")
    invitation = found.filter(digest=Invitation.digest_of(token)).first()
    if invitation is None:
        raise Http404("no such invitation")
    return invitation


def open_invitations(team: Team) -> QuerySet[Invitation]:
    """Return the invitations that somebody could still accept, the newest first."""
    usable = team.invitations.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return usable.select_related("created_by").order_by("-created_at", "-id")
