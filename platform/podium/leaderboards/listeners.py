"""What boards do when something happens below them, inside the transaction of the act itself."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from podium.accounts.models import User
from podium.challenges.models import Phase
from podium.leaderboards.ladder import released_refresh
from podium.leaderboards.models import Board
from podium.leaderboards.searching import words_refresh
from podium.leaderboards.services import entries_measured, entries_refresh
from podium.leaderboards.tasks import compare, relate
from podium.submissions.models import Submission
from podium.submissions.signals import run_measured, selection_changed, submission_finished
from podium.submissions.states import SubmissionState
from podium.teams.models import Membership, Team

NAMES = {"name", "username"}


@receiver(submission_finished)
def stand_on_the_boards(*, submission: Submission, **_kwargs: Any) -> None:
    """A submission that was scored in time may change where its team stands; any other changes nothing."""
    if submission.state != SubmissionState.SCORED:
        return
    released_refresh(submission)
    if submission.ranked:
        entries_refresh(submission.phase, submission.team)
        _have_related(submission.phase)


@receiver(run_measured)
def say_how_sure(*, submission: Submission, **_kwargs: Any) -> None:
    """An entry takes over the intervals of its submission; then the teams can be told apart anew."""
    entries_measured(submission)
    _have_related(submission.phase)
    compare.nudge()


@receiver(selection_changed)
def count_the_chosen(*, team: Team, phase: Phase, **_kwargs: Any) -> None:
    """Other final submissions may be better or worse."""
    entries_refresh(phase, team, rules=[Board.Rule.SELECTED])
    _have_related(phase)


def _have_related(phase: Phase) -> None:
    """Ask a worker for the columns over all teams, where a board has some."""
    for board in Board.objects.filter(phase=phase).exclude(relative_due=None):
        relate.enqueue(board.pk)


@receiver(post_save, sender=Team)
def find_team_by_name(*, instance: Team, created: bool, update_fields: Any, **_kwargs: Any) -> None:
    """A team that is renamed is found by its new name."""
    if not created and (update_fields is None or "name" in update_fields):
        words_refresh([instance.pk])


@receiver([post_save, post_delete], sender=Membership)
def find_team_by_people(*, instance: Membership, **_kwargs: Any) -> None:
    """A team is found by the names of the people on it."""
    words_refresh([instance.team_id])


@receiver(post_save, sender=User)
def find_people_by_name(*, instance: User, created: bool, update_fields: Any, **_kwargs: Any) -> None:
    """A person who changes name is found by the new one. Signing in, which saves one other field, changes none."""
    if not created and (update_fields is None or NAMES & set(update_fields)):
        words_refresh(list(instance.memberships.values_list("team_id", flat=True)))
