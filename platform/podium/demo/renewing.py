"""Keeping the demo alive: a running challenge whose end has passed is put off, and so is an upcoming one that began.

Nothing that anybody did is touched; only dates of the host's are, as a host would move a deadline.
"""

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.core import events
from podium.demo.blueprints import Blueprint


def renew(blueprints: Iterable[Blueprint]) -> Iterator[str]:
    """Put off what should be running or upcoming and is not; yield the titles of what was put off."""
    for blueprint in blueprints:
        phase = Phase.objects.filter(challenge__slug=blueprint.slug).select_related("challenge").first()
        if phase is not None and _put_off(blueprint, phase):
            yield phase.challenge.title


def _put_off(blueprint: Blueprint, phase: Phase) -> bool:
    now = timezone.now()
    over = blueprint.is_running and phase.closes <= now
    began = blueprint.opens > 0 and phase.opens <= now
    if not (over or began):
        return False
    window = blueprint.window(now)
    stays_open = over or phase.submissions.filter(team__kind="people").exists()
    with transaction.atomic():
        Phase.objects.filter(pk=phase.pk).update(
            opens=phase.opens if stays_open else window.opens, closes=window.closes, private_release=window.release
        )
        Challenge.objects.filter(pk=phase.challenge_id).update(
            team_deadline=window.teams_final, join_deadline=window.teams_final
        )
        events.record(phase, "demo_put_off")
    return True
