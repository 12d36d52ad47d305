"""The one place where a state changes: a compare-and-swap along the tables in `states`."""

from datetime import datetime
from typing import Any

from django.db.models import F

from podium.submissions.models import Run, Submission
from podium.submissions.states import RUN_TRANSITIONS, TRANSITIONS, RunState, SubmissionState


def sources(to: SubmissionState) -> list[SubmissionState]:
    """Return the states from which a submission may come to `to`."""
    return [state for state, targets in TRANSITIONS.items() if to in targets]


def run_sources(to: RunState) -> list[RunState]:
    """Return the states from which a run may come to `to`."""
    return [state for state, targets in RUN_TRANSITIONS.items() if to in targets]


def submission_move(pk: int, to: SubmissionState, **fields: Any) -> bool:
    """Move a submission to a state, with what goes with it; False where no way leads there from where it is."""
    return bool(Submission.objects.filter(pk=pk, state__in=sources(to)).update(state=to, **fields))


def run_move(
    pk: int,
    to: RunState,
    *,
    attempt: int | None = None,
    lease: datetime | None = None,
    given_back: bool = False,
    **fields: Any,
) -> bool:
    """Move a run to a state; with `attempt`, only while that attempt holds it, and with `lease`, while it holds no
    later one. `given_back` by who held it, the attempt does not count. False where it is not there any more."""
    runs = Run.objects.filter(pk=pk, state__in=run_sources(to))
    if attempt is not None:
        runs = runs.filter(attempt=attempt)
    if lease is not None:
        runs = runs.filter(lease_until__lte=lease)
    if to == RunState.CLAIMED:  # each claim is a new attempt
        fields["attempt"] = F("attempt") + 1
    elif given_back:
        fields["attempt"] = F("attempt") - 1
    return bool(runs.update(state=to, **fields))


def runs_cancel(submission: Submission, **fields: Any) -> None:
    """Cancel what a finished submission still has waiting or running."""
    Run.objects.filter(seats__submission=submission, state__in=run_sources(RunState.CANCELLED)).update(
        state=RunState.CANCELLED, lease_until=None, **fields
    )
