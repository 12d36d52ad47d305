"""Template tags about waiting.

{% wait_of submission as wait %}  its place in the queue and the time until its turn, or None: see `submissions.waiting`
{{ wait.expected_s|about }}  an estimate: “45 s”, “28 min”, “9 h 28 min”
"""

from django import template

from podium.core import words
from podium.submissions import waiting
from podium.submissions.models import Submission

register = template.Library()


@register.simple_tag
def wait_of(submission: Submission) -> waiting.Wait | None:
    """Return how long a submission waits yet."""
    return waiting.wait_of(submission)


@register.filter
def about(seconds: float | None) -> str:
    """Say how long something is likely to last, no more exactly than anybody can know."""
    return words.NONE if seconds is None else words.exact_span(seconds)
