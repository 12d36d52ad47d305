"""Template tags of submissions.

{% allowance_of challenge as left %}    what the viewer's team may still send into the current phase; None for outsiders
{% track_of submission moments as stairs %}  the four stairs of a submission's life
{{ shown|of:submission.pk }}  {{ submission|scored_in }}
{{ submission|open_for_choice }}  {{ submission|private_released }}
{{ shown|of:submission.pk|public_ones }}  {{ shown|of:submission.pk|any_interval }}
{{ submission.error_message|coded }}  {{ name|within_sample }}
"""

from datetime import datetime
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from podium.challenges.files import SAMPLE_INPUTS
from podium.challenges.models import Challenge
from podium.challenges.selectors import current_phase
from podium.core import words
from podium.core.plots import TrackStep
from podium.submissions.models import Submission
from podium.submissions.quota import Allowance, allowance
from podium.submissions.states import SubmissionState
from podium.teams.selectors import team_of

register = template.Library()


@register.simple_tag(takes_context=True)
def allowance_of(context: Context, challenge: Challenge) -> Allowance | None:
    """Return what the viewer's team may still send in."""
    team, phase = team_of(context["request"].user, challenge), current_phase(challenge)
    return allowance(phase, team) if team and phase else None


@register.simple_tag
def track_of(submission: Submission, moments: dict[str, datetime]) -> list[TrackStep]:
    """Return the four stairs: received, queued, running, and how it ended or shall end."""
    names = [SubmissionState.RECEIVED, SubmissionState.QUEUED, SubmissionState.RUNNING]
    times = [moments.get(event) for event in ("submission_accept", "submission_queue", "submission_start")]
    stairs = [
        TrackStep(
            state=str(name),
            detail=f"for {words.took((left - at).total_seconds())}"
            if at and left
            else words.clock_time(at, seconds=True)
            if at
            else "",
            reached=at is not None,
            turning=name == SubmissionState.RUNNING and submission.state == name,
        )
        for name, at, left in zip(names, times, [*times[1:], submission.finished_at], strict=True)
    ]
    end = submission.finished_at
    hoped = SubmissionState.TRIED if submission.trial else SubmissionState.SCORED
    last = submission.state if end else hoped
    return [
        *stairs,
        TrackStep(state=str(last), detail=words.clock_time(end, seconds=True) if end else "", reached=end is not None),
    ]


@register.filter
def of(shown: dict[int, list[Any]], pk: int) -> list[Any]:
    """Return the scores of one submission out of those of a page."""
    return shown.get(pk, [])


@register.filter
def scored_in(submission: Submission) -> float | None:
    """Return the seconds from the last byte to the score."""
    if submission.finished_at is None:
        return None
    return (submission.finished_at - submission.received_at).total_seconds()


@register.filter
def open_for_choice(submission: Submission) -> bool:
    """Tell whether final submissions of its phase may still be chosen."""
    return submission.phase.final_selections > 0 and submission.phase.closes > timezone.now()


@register.filter
def private_released(submission: Submission) -> bool:
    """Tell whether the private scores of its phase are out."""
    return submission.phase.is_released(timezone.now())


@register.filter
def public_ones(scores: list[Any]) -> list[Any]:
    """Leave out what only some may know."""
    return [score for score in scores if score.is_public]


@register.filter
def any_interval(scores: list[Any]) -> bool:
    """Tell whether it is known of one of these scores how sure it is."""
    return any(score.interval for score in scores)


@register.filter
def coded(sentence: str) -> SafeString:
    """Show what stands between backticks as code."""
    parts = sentence.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in enumerate(parts))
    )


@register.filter
def within_sample(name: str) -> str:
    """Return the name that a file of the sample has in the folder that code reads."""
    return name.removeprefix(SAMPLE_INPUTS)


@register.filter
def test_file(names: list[str]) -> str:
    """Return which of the sample's files code would read to predict: the one called like the test data, else any."""
    inside = sorted((within_sample(name) for name in names), key=lambda name: "test" not in name)
    return inside[0] if inside else "test.csv"
