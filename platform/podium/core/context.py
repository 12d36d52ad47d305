"""What every page knows about the site. Nothing here queries before a template asks."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from rules.permissions import has_perm

# Which part of the site an app's pages belong to, for the mark in the main navigation
SECTIONS = {
    "challenges": "challenges",
    "teams": "challenges",
    "submissions": "challenges",
    "leaderboards": "challenges",
    "guide": "guide",
    "host": "host",
}


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the site's name and operator, whether it is the demo, where one is, and whether one hosts anything."""
    match = request.resolver_match
    return {
        "site_name": settings.SITE_NAME,
        "site_operator": settings.SITE_OPERATOR,
        "demo": settings.DEMO,
        "section": SECTIONS.get(match.namespace, "") if match else "",
        "nav_host": SimpleLazyObject(lambda: _hosts(request)),
    }


def _hosts(request: HttpRequest) -> bool:
    """Ask the rules alone: Django's own permissions would cost every page two queries and know nothing of hosts."""
    user = getattr(request, "user", None)
    return bool(user and user.is_authenticated and has_perm("challenges.host", user))  # type: ignore[no-untyped-call]
