"""Who may do what with a submission."""

from podium.challenges.rules import Person, is_editor, is_host
from podium.core.permissions import add_perm, predicate
from podium.submissions.models import Submission
from podium.teams.models import Membership


@predicate
def is_on_its_team(user: Person, submission: Submission) -> bool:
    """On the team that sent it. One query a person and team object."""
    if not user.is_authenticated:
        return False
    known: dict[int, bool] = submission.team.__dict__.setdefault("_members_known", {})
    if user.pk not in known:
        known[user.pk] = Membership.objects.filter(team=submission.team, user=user).exists()
    return known[user.pk]


@predicate
def hosts_it(user: Person, submission: Submission) -> bool:
    """Any role on the challenge."""
    return bool(is_host(user, submission.team.challenge))


@predicate
def edits_it(user: Person, submission: Submission) -> bool:
    """Owner or editor of the challenge."""
    return bool(is_editor(user, submission.team.challenge))


@predicate
def details_are_shown(user: Person, submission: Submission) -> bool:
    """Its hosts let teams see what their program wrote about each submission, on every task that has it."""
    specs = [run.scorer.get("spec") or {} for run in submission.runs.all() if run.details_id]
    return bool(specs) and all(spec.get("show_details") is True for spec in specs)


add_perm("submissions.view", is_on_its_team | hosts_it)
add_perm("submissions.select", is_on_its_team)
add_perm("submissions.cancel", is_on_its_team | edits_it)
add_perm("submissions.see_log", hosts_it)
add_perm("submissions.see_details", hosts_it | (is_on_its_team & details_are_shown))
