"""Podium's template tags and filters. They are built in: no template needs `{% load %}`.

Signs
    {% icon "name" %}  {% icon "running" turning=True %}   an icon beside a word (names: podium.core.icons.ICONS)
    {% state submission.state %}                           a state: shape and word
    {% emblem team.name %}  {% emblem name size="large" %} a team's square with four bars; its name stands beside it
    {% avatar user %}  {% avatar user size="small" %}      a picture or initials, named for those who hear the page
    {% avatar user quiet=True %}                           the same where the name stands beside it
    {% pips used=2 limit=5 %}                              a quota as boxes, “3 of 5 submissions left today”
    {% span_bar opens closes %}                            how much of a window has passed

Times (`zone` is an IANA name such as challenge.time_zone; without it UTC)
    {% when at %}  {% when at zone=challenge.time_zone %}  <time …>Mon 14 Dec 2026, 23:59 UTC</time>
    {% when at style="short" %}                            without the year; others: "date", "day" (14 Dec),
                                                           "clock" (23:59 UTC), "exact" (with seconds)
    {% ago at %}                                           <time …>6 min</time>, the full date as its title
    {% until at %}                                         <time …>21 days left</time>
    {{ at|clock_until }}                                   “21 d 9 h”, how long until then
    {{ seconds|took }}                                     “0.4 s”

Numbers and texts
    {{ value|score:column.decimals }}                      fixed decimals, a real minus, – for none
    {{ value|difference:4 }}                               the same with a sign: +0.0013
    {{ n|thousands }}  {{ share|percent }}  {{ bytes|filesize_exact }}  {{ n|ordinal }}  {{ names|listed }}
    {{ n|counted:"team" }}  {{ n|counted:"entry,entries" }}  “1 team”, “40 teams”
    {{ text|markdown }}                                    the host's words; put it into <article class="prose">

Fragments, in templates/includes/; each says in a comment what it takes
    callout.html, empty.html, pages.html (pagination), drop.html (drop zone), timeline.html, track.html,
    plots/steps.html, plots/entries.html, plots/shakeup.html (data from podium.core.plots);
    field.html and form.html draw every {{ form }} and {{ form.name.as_field_group }}
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.core.paginator import Page
from django.http import QueryDict
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from podium.core import emblems, icons, words
from podium.core import markdown as host_words

register = template.Library()

SIZES = {"": "", "small": "small", "large": "large"}
MOST_PIPS = 12


@register.simple_tag
def icon(name: str, *, turning: bool = False) -> SafeString:
    """Draw an icon."""
    return icons.icon(name, turning=turning)


@register.simple_tag
def sprite(name: str) -> str:
    """Return an icon's address inside the sprite, for an <svg> that is not an ordinary icon."""
    return icons.sprite(name)


@register.filter
def level_icon(message: Message) -> str:
    """Return the icon of a message's level."""
    return icons.LEVELS.get(message.level_tag, icons.LEVELS["info"])[0]


@register.filter
def level_class(message: Message) -> str:
    """Return the class of a message's level."""
    return icons.LEVELS.get(message.level_tag, icons.LEVELS["info"])[1]


@register.inclusion_tag("includes/state.html")
def state(value: str) -> dict[str, str]:
    """Show a submission's state."""
    return {"state": str(value)}


@register.simple_tag
def emblem(name: str, *, size: str = "") -> SafeString:
    """Draw a team's emblem; the team's name stands beside it."""
    shapes = format_html_join(
        "", '<path d="M{} {}h4v{}h-4z"/>', ((b.left, b.top, b.height) for b in emblems.bars(name))
    )
    return format_html(
        '<span class="emblem{} hue-{}" aria-hidden="true"><svg viewBox="0 0 28 28">{}</svg></span>',
        f" emblem-{SIZES[size]}" if size else "",
        emblems.hue(name),
        shapes,
    )


@register.simple_tag
def avatar(user: Any, *, size: str = "", quiet: bool = False) -> SafeString:
    """Show a person: their picture, else their initials. `quiet` where the name stands beside it."""
    name = emblems.person_name(user)
    sized = f" av-{SIZES[size]}" if size else ""
    picture = emblems.picture_url(user)
    if picture:
        return format_html('<img class="av{}" src="{}" alt="{}" loading="lazy">', sized, picture, "" if quiet else name)
    spoken = SafeString('aria-hidden="true"') if quiet else format_html('role="img" aria-label="{0}" title="{0}"', name)
    return format_html(
        '<span class="av{} hue-{}" {}>{}</span>', sized, emblems.hue(name), spoken, emblems.initials(name)
    )


@register.inclusion_tag("includes/pips.html")
def pips(*, used: int, limit: int, per: str = "today") -> dict[str, Any]:
    """Show a quota as boxes; more than twelve are said in words alone."""
    left = max(limit - used, 0)
    shown = limit if limit <= MOST_PIPS else 0
    return {"boxes": [number < used for number in range(shown)], "left": left, "limit": limit, "per": per}


@register.inclusion_tag("includes/span_bar.html")
def span_bar(opens: datetime, closes: datetime) -> dict[str, str]:
    """Show how much of a window of time has passed."""
    return {"passed": f"{words.percent_between(opens, closes):.0f}"}


@register.filter
def page_numbers(page: Page[Any]) -> list[int]:
    """Return the numbers to link to, 0 for a gap: the first, the last, and those around the present one."""
    near = {1, page.paginator.num_pages, *range(page.number - 1, page.number + 2)}
    numbers = sorted(number for number in near if 1 <= number <= page.paginator.num_pages)
    gaps = [0 if after - before > 1 else None for before, after in pairwise(numbers)]
    return [each for number, gap in zip_longest(numbers, gaps) for each in (number, gap) if each is not None]


@register.simple_tag(takes_context=True)
def page_query(context: Context, parameter: str, number: int) -> str:
    """Return the query of this address with another page's number."""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    query[parameter] = str(number)
    return f"?{query.urlencode()}"


def _time(at: datetime, text: str, title: str = "") -> SafeString:
    moment = at.astimezone(words.zone(None)).strftime("%Y-%m-%dT%H:%M:%SZ")
    titled = format_html(' title="{}"', title) if title else ""
    return format_html('<time datetime="{}"{}>{}</time>', moment, titled, text)


@register.simple_tag
def when(at: datetime | None, *, zone: str = "", style: str = "") -> SafeString | str:
    """Say a moment, with its zone."""
    if at is None:
        return words.NONE
    texts = {
        "": lambda: words.when(at, zone),
        "short": lambda: words.when(at, zone, year=False),
        "date": lambda: words.date(at, zone),
        "day": lambda: words.day_month(at, zone),
        "clock": lambda: words.clock_time(at, zone),
        "exact": lambda: words.when(at, zone, seconds=True),
    }
    return _time(at, texts[style](), words.when(at, zone) if style in ("date", "day", "clock") else "")


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """Say how long ago a moment was."""
    return words.NONE if at is None else _time(at, words.ago(at), words.when(at))


@register.simple_tag
def until(at: datetime | None) -> SafeString | str:
    """Say how much time is left until a moment."""
    return words.NONE if at is None else _time(at, words.until(at), words.when(at))


@register.filter
def clock_until(at: datetime) -> str:
    """Return the time until a moment in two units: “21 d 9 h”."""
    return words.exact_span(words.seconds_between(timezone.now(), at))


@register.filter
def took(seconds: float | None) -> str:
    """Return how long something lasted: “0.4 s”."""
    return words.took(seconds)


@register.filter
def score(value: float | Decimal | None, decimals: int = 4) -> str:
    """Return a score with its column's decimals."""
    return words.score(value, decimals)


@register.filter
def difference(value: float | Decimal | None, decimals: int = 4) -> str:
    """Return a difference of scores, with its sign."""
    return words.score(value, decimals, plus=True)


@register.filter
def thousands(value: float | None) -> str:
    """Return a count with commas."""
    return words.thousands(value)


@register.filter
def percent(share: float | None, decimals: int = 0) -> str:
    """Return a share from 0 to 1 in per cent."""
    return words.percent(share, decimals)


@register.filter
def filesize_exact(size: int | None) -> str:
    """Return a file's size: “11.2 MB”."""
    return words.file_size(size)


@register.filter
def ordinal(number: int) -> str:
    """Return “9th”."""
    return words.ordinal(number)


@register.filter
def listed(items: Sequence[object]) -> str:
    """Return “Ines, Samuel and Ruth”."""
    return words.listed(items)


@register.filter
def counted(count: int, forms: str) -> str:
    """Return a count with its word; where the plural is not just an s, both are given: "entry,entries"."""
    one, _, many = forms.partition(",")
    return words.plural(count, one, many or None)


@register.filter
def markdown(text: str) -> SafeString:
    """Return the host's words as safe HTML."""
    return host_words.render(text or "")
