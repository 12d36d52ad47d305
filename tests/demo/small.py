"""One challenge of the demo with three teams, built as the demo builds it."""

from dataclasses import replace

from django.test import Client
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.demo import logins
from podium.demo.blueprints import BLUEPRINTS, Blueprint
from podium.demo.building import Plan
from podium.demo.fill import build_one, people_create
from podium.demo.history import visits
from podium.demo.people import CELLS, PROGRESSION, WINE, crews
from podium.demo.training import Workshop

__all__ = ["CELLS", "PROGRESSION", "WINE", "blueprint", "build_small", "make_people", "signed_in"]

TEAMS = 3


def make_people() -> None:
    """Make the demo's people; their passwords lie in the data folder."""
    logins.logins_file().unlink(missing_ok=True)
    people_create(crews())


def build_small(slug: str) -> Challenge:
    """Build one challenge with the first three of its teams, here and now."""
    now = timezone.now()
    here = blueprint(slug)
    first = [crew for crew in crews() if slug in crew.challenges][:TEAMS]
    return build_one(Plan.of(here, visits(here, first, now=now), Workshop(), now=now))


def blueprint(slug: str, **changes: int) -> Blueprint:
    """Return the plan of a challenge, perhaps with other dates."""
    return replace(next(each for each in BLUEPRINTS if each.slug == slug), **changes)


def signed_in(username: str) -> Client:
    """Return a browser in which this person is signed in; a visitor is nobody."""
    client = Client()
    if username != "visitor":
        client.force_login(User.objects.get(username=username), backend="django.contrib.auth.backends.ModelBackend")
    return client
