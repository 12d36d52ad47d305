"""The icons of the sprite `static/img/icons.svg`, by name."""

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

_NAMES = """
    podium search menu close theme bell up down same received queued running scored tried rejected failed cancelled todo
    check info upload download file team metric steps lock eye copy link next previous arrow plus edit filter key talk
"""
ICONS = frozenset(_NAMES.split())

# What a message of each level is marked with: its icon and its class
LEVELS = {
    "success": ("scored", "is-ok"),
    "warning": ("failed", "is-warn"),
    "error": ("rejected", "is-err"),
    "info": ("info", "is-info"),
    "debug": ("info", "is-info"),
}


def sprite(name: str) -> str:
    """Return the address of one icon inside the sprite; an unknown name raises, so that a test finds it."""
    if name not in ICONS:
        raise ValueError(f"There is no icon {name!r} in static/img/icons.svg.")
    return f"{static('img/icons.svg')}#i-{name}"


def icon(name: str, *, turning: bool = False) -> SafeString:
    """Return an icon that stands beside a word, and is therefore silent for those who hear the page."""
    turned = " turning" if turning else ""
    return format_html('<svg class="icon{}" aria-hidden="true"><use href="{}"/></svg>', turned, sprite(name))
