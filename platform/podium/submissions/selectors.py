"""Reading submissions."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.challenges.rules import Person
from podium.challenges.selectors import current_phase
from podium.core.errors import Conflict
from podium.submissions.models import Run, RunLog, Submission
from podium.submissions.quota import Allowance, allowance
from podium.submissions.states import RunState, Stage, SubmissionState
from podium.teams.models import Team

__all__ = ["Allowance", "allowance", "get_visible", "of_team", "phase_for", "visible_to"]


def visible_to(user: Person) -> QuerySet[Submission]:
    """Return the submissions that a person may see: those of their teams, and those of challenges that they host."""
    everything = Submission.objects.select_related("team__challenge", "phase__inputs__dataset", "author")
    everything = everything.prefetch_related("files__blob")
    if not user.is_authenticated:
        return everything.none()
    if user.is_superuser:
        return everything
    mine = Q(team__in=user.memberships.values("team"))
    hosted = Q(phase__challenge__in=user.roles.values("challenge"))
    return everything.filter(mine | hosted)


def get_visible(user: Person, pk: int) -> Submission:
    """Return a submission; 404 for whoever may not see it."""
    submission = visible_to(user).filter(pk=pk).first()
    if submission is None:
        raise Http404("no such submission, or it is not yours to see")
    return submission


def of_team(team: Team) -> QuerySet[Submission]:
    """Return a team's submissions, the newest first."""
    return team.submissions.select_related("phase", "author").prefetch_related("files__blob").order_by("-id")


def phase_for(challenge: Challenge, slug: str | None = None, *, at: datetime | None = None) -> Phase:
    """Return the phase that a submission goes into: the named one, else the current one.

    Raises `Conflict` where there is none of that name, or none at all.
    """
    if slug:
        named = next((phase for phase in challenge.phases.all() if phase.slug == slug), None)
        if named is None:
            names = ", ".join(f"“{phase.slug}”" for phase in challenge.phases.all()) or "none"
            raise Conflict(f"There is no phase “{slug}” in this challenge; it has {names}.", code="no_such_phase")
        return named
    phase = current_phase(challenge, at or timezone.now())
    if phase is None:
        raise Conflict("This challenge has no phase yet, so nothing can be sent in.", code="phase_closed")
    return phase


def stages_of(submissions: Iterable[Submission]) -> dict[int, str]:
    """Return what each of these submissions is at that run now, by key. One query, and none where nothing runs."""
    running = [row.pk for row in submissions if row.state == SubmissionState.RUNNING]
    if not running:
        return {}
    runs = Run.objects.filter(seats__submission__in=running, state=RunState.CLAIMED).order_by("-pk")
    return dict(runs.values_list("seats__submission", "stage"))


def logs_for(user: Person, submission: Submission) -> QuerySet[RunLog]:
    """Return what the code of a submission printed, stage by stage, as far as a person may: hosts read all of it, its
    team what it said of data that were no secret when it ran."""
    logs = RunLog.objects.filter(run__seats__submission=submission).select_related("rendered").order_by("pk")
    return logs if user.has_perm("submissions.see_log", submission) else logs.filter(is_hidden=False)


def log_for(user: Person, submission: Submission, stage: str) -> RunLog:
    """Return the log of a stage; 404 where there is none, or it is not this person's to read."""
    log = logs_for(user, submission).filter(stage=stage).first()
    if log is None:
        raise Http404("no such log, or it is not yours to read")
    return log


def predicted_by(user: Person, submission: Submission) -> Run:
    """Return the run whose code wrote predictions; 404 where there is none, or they are not this person's to see."""
    run = submission.runs.filter(predictions__isnull=False).select_related("predictions").order_by("pk").first()
    if run is None or not logs_for(user, submission).filter(stage=Stage.PREDICT).exists():
        raise Http404("no predictions, or they are not yours to see")
    return run
