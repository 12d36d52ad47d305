"""Template tags about waiting.

{% wait_of submission as wait %}  its place in the queue and the time until its turn, or None: see `submissions.waiting`
"""

from django import template

from podium.submissions import waiting
from podium.submissions.models import Submission

register = template.Library()


@register.simple_tag
def wait_of(submission: Submission) -> waiting.Wait | None:
    """Return how long a submission waits yet."""
    return waiting.wait_of(submission)
