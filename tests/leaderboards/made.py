"""Scored submissions without a scorer: rows as workers leave them, and the signal that they send."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from podium.challenges.models import Challenge
from podium.leaderboards.models import Board
from podium.submissions.models import Run, RunSubmission, Score, Submission
from podium.submissions.signals import selection_changed, submission_finished
from podium.submissions.states import RunState, SubmissionState
from podium.teams.models import Team

START = datetime(2026, 3, 2, 12, tzinfo=timezone.get_default_timezone())


def submission(
    team: Team,
    scores: Mapping[str, float | None],
    *,
    at: datetime | None = None,
    ranked: bool = True,
    selected: bool = False,
    state: SubmissionState = SubmissionState.SCORED,
) -> Submission:
    """Make a finished submission; `scores` are values by split. Nobody is told."""
    phase = team.challenge.phases.get()
    row = Submission.objects.create(
        phase=phase,
        team=team,
        state=state,
        ranked=ranked,
        selected=selected,
        received_at=at or START + timedelta(hours=Submission.objects.count()),
        finished_at=timezone.now(),
    )
    rerun(row, scores)
    return row


def rerun(row: Submission, scores: Mapping[str, float | None]) -> None:
    """Score a submission once more."""
    for task in row.phase.tasks.all():
        run = Run.objects.create(task=task, reference=task.reference, scorer=task.scorer, state=RunState.SCORED)
        seat = RunSubmission.objects.create(run=run, submission=row)
        Score.objects.bulk_create(
            Score(seat=seat, key="accuracy", split=split, value=value) for split, value in scores.items()
        )


def finish(row: Submission) -> Submission:
    """Say that a submission is finished, as the worker does, inside its transaction."""
    with transaction.atomic():
        submission_finished.send(sender=Submission, submission=row)
    return row


def scored(team: Team, public: float | None, private: float | None = 0.5, **fields: object) -> Submission:
    """Make a submission and tell the boards."""
    return finish(submission(team, {"public": public, "private": private}, **fields))


def select(row: Submission, *, selected: bool = True) -> None:
    """Choose a submission to count in the end."""
    with transaction.atomic():
        Submission.objects.filter(pk=row.pk).update(selected=selected)
        selection_changed.send(sender=Submission, team=row.team, phase=row.phase)


def team(challenge: Challenge, name: str, *, baseline: bool = False) -> Team:
    """Make a team without people."""
    kind = Team.Kind.BASELINE if baseline else Team.Kind.PEOPLE
    return Team.objects.create(challenge=challenge, name=name, kind=kind)


def board(challenge: Challenge, slug: str = "public") -> Board:
    """Return a board of the cast's."""
    return challenge.boards.get(slug=slug)
