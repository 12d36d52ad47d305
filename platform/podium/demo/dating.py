"""Dating back what services have just written, for they write the present."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db.models import Max

from podium.challenges.models import Acceptance, Challenge
from podium.core.models import Event
from podium.submissions.models import Run, Submission
from podium.teams.models import Invitation, Membership, Team

SCORED_AFTER = timedelta(seconds=0.4)


@contextmanager
def events_of(at: datetime) -> Iterator[None]:
    """Give every event that is written inside the block this date."""
    last = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    yield
    Event.objects.filter(pk__gt=last).update(at=at)


def team(team: Team, at: datetime) -> None:
    """Have a team been formed, and its people joined, at a time."""
    Team.objects.filter(pk=team.pk).update(created_at=at)
    Membership.objects.filter(team=team).update(joined_at=at)
    Invitation.objects.filter(team=team).update(created_at=at, used_at=at, expires_at=at + timedelta(days=7))
    people = Membership.objects.filter(team=team).values("user")
    Acceptance.objects.filter(rules__challenge=team.challenge_id, user__in=people).update(at=at)


def submission(submission: Submission) -> None:
    """Have a submission been finished shortly after it came."""
    came, done = submission.received_at, submission.received_at + SCORED_AFTER
    Submission.objects.filter(pk=submission.pk).update(finished_at=done)
    Run.objects.filter(submissions=submission).update(created_at=came, started_at=came, finished_at=done)


def challenge(challenge: Challenge, at: datetime) -> None:
    """Have a challenge been put up, with its data and rules, at a time."""
    Challenge.objects.filter(pk=challenge.pk).update(created_at=at)
    challenge.rules_versions.update(published_at=at)
    for dataset in challenge.datasets.all():
        dataset.versions.update(created_at=at)
