"""What teams do when something happens below them."""

from typing import Any

from django.dispatch import receiver

from podium.accounts.models import User
from podium.accounts.signals import account_deleting
from podium.challenges.models import Challenge
from podium.challenges.signals import challenge_joined
from podium.teams.selectors import team_of
from podium.teams.services import member_forget, team_create_alone


@receiver(challenge_joined)
def compete_alone(*, challenge: Challenge, user: User, **_kwargs: Any) -> None:
    """Who joins a challenge competes on a team of one."""
    if team_of(user, challenge) is None:
        team_create_alone(challenge, user=user)


@receiver(account_deleting)
def leave_all_teams(*, user: User, **_kwargs: Any) -> None:
    """Who deletes their account leaves their teams, and the submissions stay."""
    member_forget(user)
