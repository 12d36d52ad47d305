"""Dating back what services have just written, for they write the present."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import F, Max
from django.utils import timezone

from podium.challenges.models import Acceptance, Challenge
from podium.core.models import Event
from podium.submissions.models import Run, Submission
from podium.teams.models import Invitation, Membership, Team

RUN_TIMES = ("created_at", "started_at", "finished_at")


@contextmanager
def happening(at: datetime) -> Iterator[None]:
    """Have what happens inside the block have happened at a time: what took half a second still took half a second."""
    event = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    run = Run.objects.aggregate(last=Max("pk"))["last"] or 0
    ago = timezone.now() - at
    yield
    Event.objects.filter(pk__gt=event).update(at=F("at") - ago)
    Run.objects.filter(pk__gt=run).update(**{field: F(field) - ago for field in RUN_TIMES})
    Submission.objects.filter(received_at=at, finished_at__gt=at + ago).update(finished_at=F("finished_at") - ago)


def team(team: Team, at: datetime) -> None:
    """Have a team been formed, and its people joined, at a time."""
    Team.objects.filter(pk=team.pk).update(created_at=at)
    Membership.objects.filter(team=team).update(joined_at=at)
    Invitation.objects.filter(team=team).update(created_at=at, used_at=at, expires_at=at + timedelta(days=7))
    people = Membership.objects.filter(team=team).values("user")
    Acceptance.objects.filter(rules__challenge=team.challenge_id, user__in=people).update(at=at)


def challenge(challenge: Challenge, at: datetime) -> None:
    """Have a challenge been put up, with its data and rules, at a time."""
    Challenge.objects.filter(pk=challenge.pk).update(created_at=at)
    challenge.rules_versions.update(published_at=at)
    for dataset in challenge.datasets.all():
        dataset.versions.update(created_at=at)
