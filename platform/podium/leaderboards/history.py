"""A team's way: its submissions in order, as the viewer may see them."""

from podium.challenges.rules import Person
from podium.core.plots import EntryPoint, Plot, entries_plot
from podium.core.words import score
from podium.leaderboards.shown import scores_shown
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState

MOST = 500


def entries_of(user: Person, submission: Submission) -> Plot | None:
    """Plot the scored submissions of the team in the phase by the first public column; None below two."""
    sent = Submission.objects.filter(
        team=submission.team_id, phase=submission.phase_id, state=SubmissionState.SCORED, pk__lte=submission.pk
    )
    rows = list(sent.select_related("team__challenge", "phase").order_by("-pk")[:MOST])[::-1]
    shown = scores_shown(user, rows)
    public = {pk: next((score for score in scores if score.is_public), None) for pk, scores in shown.items()}
    first = public.get(submission.pk)
    if first is None or len(rows) < 2:
        return None
    points = [
        EntryPoint(
            at=row.received_at, value=found.value if (found := public.get(row.pk)) else None, is_this=row == submission
        )
        for row in rows
    ]
    values = [point.value for point in points if point.value is not None]
    if not values:
        return None
    higher = first.direction == "higher"
    best = max(values) if higher else min(values)
    return entries_plot(
        points,
        higher_is_better=higher,
        decimals=first.decimals,
        title=f"{first.title}, {len(rows)} entries",
        sentence=f"The step is the best so far, now {score(best, first.decimals)}; "
        "dots are single submissions, in the order they were sent.",
        end_word="this one",
    )
