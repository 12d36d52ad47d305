"""Reading teams."""

from django.db.models import Prefetch, QuerySet

from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.teams.models import Membership, Team


def team_of(user: Person, challenge: Challenge) -> Team | None:
    """Return the team on which a person competes in a challenge, if any."""
    if not user.is_authenticated:
        return None
    return Team.objects.filter(memberships__user=user, challenge=challenge).first()


def with_members(teams: QuerySet[Team]) -> QuerySet[Team]:
    """Add the people of teams, the longest there first, in one more query."""
    return teams.prefetch_related(Prefetch("memberships", Membership.objects.select_related("user")))
