"""Scores on pages of submissions: pages below know nothing of boards, so the templates ask here.

{% shown_scores submissions as shown %}   what the viewer may see of a page of submissions (or of one), in two queries
{% history_plot submission as plot %}     the team's submissions in order, this one marked
"""

from collections.abc import Iterable

from django import template
from django.template import Context

from podium.core.plots import Plot
from podium.leaderboards import history, shown
from podium.submissions.models import Submission

register = template.Library()


@register.simple_tag(takes_context=True)
def shown_scores(context: Context, submissions: Submission | Iterable[Submission]) -> dict[int, list[shown.ShownScore]]:
    """Return the scores that the viewer may see, by submission."""
    rows = [submissions] if isinstance(submissions, Submission) else list(submissions)
    return shown.scores_shown(context["request"].user, rows)


@register.simple_tag(takes_context=True)
def history_plot(context: Context, submission: Submission) -> Plot | None:
    """Return the plot of the team's submissions, or None where there are fewer than two."""
    return history.entries_of(context["request"].user, submission)
