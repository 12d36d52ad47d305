"""Scored submissions without a scorer: rows as workers leave them, and the signal that they send."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from podium.challenges.models import Challenge
from podium.leaderboards.models import Board
from podium.submissions import evidence
from podium.submissions.models import Run, RunSubmission, Score, Submission
from podium.submissions.signals import run_measured, selection_changed, submission_finished
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


def measured(row: Submission, *, arm: float = 0.02, influence: np.ndarray | None = None) -> Submission:
    """Measure a submission's newest run as a worker does: the same arm on both sides of every score, and influence
    values, by default of 400 rows that are the submission's own."""
    run = row.runs.order_by("pk").last()
    values = np.random.default_rng(row.pk).normal(size=400) if influence is None else influence
    place = evidence.attempt_folder(run.pk, 1)
    for score in Score.objects.filter(seat__run=run, value__isnull=False):
        np.save(place / f"{score.split}.npy", (arm / 1.96 * np.sqrt(len(values)) * values).astype(np.float32))
        score.se, score.low, score.high = arm / 1.96, score.value - arm, score.value + arm
        score.level, score.method, score.units = 0.95, "influence", len(values)
        score.evidence = evidence.name_of(1, f"{score.split}.npy")
        score.save()
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(measured_at=timezone.now(), measure_attempt=1)
        run_measured.send(sender=Submission, submission=row)
    return row


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
