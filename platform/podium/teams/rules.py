"""Who may do what with a team (`user.has_perm("teams.…", team)`).

`view`: whoever may see the challenge; `member`: the people on it; `lead`: its leader.
"""

from podium.challenges.rules import Person
from podium.core.permissions import add_perm, predicate
from podium.teams.models import Membership, Team


@predicate
def may_see_challenge(user: Person, team: Team) -> bool:
    """May see the team's challenge, and so the team."""
    return bool(user.has_perm("challenges.view", team.challenge))


@predicate
def is_member(user: Person, team: Team) -> bool:
    """Is on the team."""
    return user.is_authenticated and Membership.objects.filter(team=team, user=user).exists()


@predicate
def is_leader(user: Person, team: Team) -> bool:
    """Leads the team."""
    return user.is_authenticated and team.leader_id == user.pk


add_perm("teams.view", may_see_challenge)
add_perm("teams.member", is_member)
add_perm("teams.lead", is_leader)
