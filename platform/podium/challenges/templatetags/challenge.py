"""What the pages of a challenge share. `{% load challenge %}`

{% standing_of challenge as standing %}     how the reader stands to it (podium.challenges.selectors.Standing)
{% timeline challenge %}                    its dates on a line (a list on a phone), in its own time zone
{% glance challenge %}                      the panel beside the overview
{% challenge_item challenge %}              a row of a list of challenges (from podium.challenges.listing)
{{ challenge.opens|span_until }}            “14 days”
{{ at|moment:zone }}                        “Mon 14 Dec, 23:59 UTC” as plain text, for drawings
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
from podium.challenges import timeline as dates
from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.core import words

register = template.Library()


def _reader(context: Context) -> Person:
    user: Person = context.get("user") or AnonymousUser()
    return user


@register.simple_tag(takes_context=True)
def standing_of(context: Context, challenge: Challenge) -> selectors.Standing:
    """Return how the reader stands to a challenge."""
    return selectors.standing(_reader(context), challenge)


@register.inclusion_tag("challenges/includes/timeline.html")
def timeline(challenge: Challenge) -> dict[str, Any]:
    """Draw a challenge's dates."""
    return {"challenge": challenge, "timeline": dates.timeline(challenge), "zone": challenge.time_zone}


@register.inclusion_tag("challenges/includes/glance.html", takes_context=True)
def glance(context: Context, challenge: Challenge) -> dict[str, Any]:
    """Draw the panel beside the overview."""
    reader = _reader(context)
    return {"challenge": challenge, "user": reader, "glance": panel.glance(reader, challenge)}


@register.filter
def span_until(at: datetime) -> str:
    """Return the time until a moment in one unit: “14 days”."""
    return words.long_span(words.seconds_between(timezone.now(), at))


@register.filter
def moment(at: datetime, zone: str) -> str:
    """Return a moment without its year, as plain text."""
    return words.when(at, zone, year=False)


@register.filter
def short_hash(sha256: str) -> str:
    """Return enough of a hash to tell two files apart."""
    return sha256[:12]
