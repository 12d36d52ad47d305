"""What the pages of a challenge share. `{% load challenge %}`

{% standing_of challenge as standing %}     how the reader stands to it (podium.challenges.selectors.Standing)
{% timeline challenge %}                    its dates on a line (a list on a phone), in its own time zone
{% glance challenge %}                      the panel beside the overview
{{ challenge.opens|span_until }}            “14 days”
{{ offer.sha256|short_hash }}               the first twelve digits
"""

from datetime import datetime
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context
from django.utils import timezone

from podium.challenges import glance as panel
from podium.challenges import selectors
from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.challenges.timeline import milestones
from podium.core import words
from podium.core.plots import timeline as draw

register = template.Library()


def _reader(context: Context) -> Person:
    user: Person = context.get("user") or AnonymousUser()
    return user


@register.simple_tag(takes_context=True)
def standing_of(context: Context, challenge: Challenge) -> selectors.Standing:
    """Return how the reader stands to a challenge."""
    return selectors.standing(_reader(context), challenge)


@register.inclusion_tag("includes/timeline.html")
def timeline(challenge: Challenge) -> dict[str, Any]:
    """Draw a challenge's dates."""
    return {"timeline": draw(milestones(challenge), timezone.now(), zone=challenge.time_zone)}


@register.inclusion_tag("challenges/includes/glance.html", takes_context=True)
def glance(context: Context, challenge: Challenge) -> dict[str, Any]:
    """Draw the panel beside the overview."""
    reader = _reader(context)
    return {
        "challenge": challenge,
        "request": context["request"],
        "user": reader,
        "glance": panel.glance(reader, challenge),
    }


@register.filter
def span_until(at: datetime) -> str:
    """Return the time until a moment in one unit: “14 days”."""
    return words.long_span(words.seconds_between(timezone.now(), at))


@register.filter
def short_hash(sha256: str) -> str:
    """Return enough of a hash to tell two files apart."""
    return sha256[:12]
