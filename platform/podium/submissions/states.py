"""The states of submissions and runs, and every way from one to another.

Services move along these; nobody else assigns a state.
"""

from django.db import models


class SubmissionState(models.TextChoices):
    """Where a submission is in its life."""

    RECEIVED = "received", "Received"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SCORED = "scored", "Scored"
    TRIED = "tried", "Tried"  # on the public sample alone, and it worked: no score came of it
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class RunState(models.TextChoices):
    """Where a run is in its life."""

    WAITING = "waiting", "Waiting"
    CLAIMED = "claimed", "Claimed"
    SCORED = "scored", "Scored"
    TRIED = "tried", "Tried"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Stage(models.TextChoices):
    """What a run is at: whatever runs a participant's code goes through all, predictions only through the last."""

    SAMPLE = "sample", "Trying it on the sample"
    PREDICT = "predict", "Predicting"
    SCORE = "score", "Scoring"


class Queue(models.TextChoices):
    """Which workers may take a run: each is a class of what a run needs of a machine."""

    SCORE = "score", "Score"  # a table is read and measured
    CODE = "code", "Code"  # other people's code is run, in a sandbox
    GPU = "gpu", "GPU"  # the same, with a graphics card


S, R = SubmissionState, RunState

TRANSITIONS: dict[SubmissionState, frozenset[SubmissionState]] = {
    S.RECEIVED: frozenset({S.QUEUED, S.FAILED, S.CANCELLED}),
    S.QUEUED: frozenset({S.RUNNING, S.FAILED, S.CANCELLED}),
    S.RUNNING: frozenset({S.SCORED, S.TRIED, S.REJECTED, S.FAILED, S.CANCELLED}),
    S.SCORED: frozenset(),
    S.TRIED: frozenset(),
    S.REJECTED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELLED: frozenset(),
}

RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    R.WAITING: frozenset({R.CLAIMED, R.FAILED, R.CANCELLED}),
    R.CLAIMED: frozenset(
        {R.WAITING, R.SCORED, R.TRIED, R.REJECTED, R.FAILED, R.CANCELLED}
    ),  # back to waiting: its lease ran out
    R.SCORED: frozenset(),
    R.TRIED: frozenset(),
    R.REJECTED: frozenset(),
    R.FAILED: frozenset(),
    R.CANCELLED: frozenset(),
}

IN_FLIGHT = (S.RECEIVED, S.QUEUED, S.RUNNING)
FINISHED = (S.SCORED, S.TRIED, S.REJECTED, S.FAILED, S.CANCELLED)
