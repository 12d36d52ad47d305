"""What the tests of teams share."""

from urllib.parse import urlsplit

from django.test import Client

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.submissions.models import Submission
from podium.teams.models import Team
from podium.teams.services import invitation_create
from tests.cast import Cast


def team_of(user: User, challenge: Challenge) -> Team:
    """Return the team on which somebody is."""
    return Team.objects.get(memberships__user=user, challenge=challenge)


def people(team: Team) -> set[str]:
    """Return the user names of who is on a team."""
    return set(team.memberships.values_list("user__username", flat=True))


def submit(user: User, challenge: Challenge) -> Submission:
    """Write down that somebody's team has submitted."""
    return Submission.objects.create(phase=challenge.phases.get(), team=team_of(user, challenge), author=user)


def link_to(team: Team) -> str:
    """Return the address of a fresh invitation by the team's leader."""
    assert team.leader
    return f"/invitations/{invitation_create(team, actor=team.leader)[1]}/"


def link_on(page: str) -> str:
    """Return the path of the link that a team's page shows once."""
    return urlsplit(page.partition('<code id="new-link">')[2].partition("<")[0]).path


def act(cast: Cast, who: str, what: str, slug: str = "forest", **data: str) -> tuple[int, str]:
    """Have somebody do something with their team; return the status and the page that follows."""
    client: Client = cast.client(who)
    answer = client.post(f"/challenges/{slug}/team/{what}", data, follow=True)
    return answer.status_code, answer.text
