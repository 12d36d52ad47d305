"""Filling an empty site with the demo, through the same services as everything else.

Files are taken in by `submission_receive` and scored by the real scoring; what is the demo's own is that both happen
now for a time that is past, so what was written down is dated back. Each challenge is one transaction: interrupted, it
is as if it had not begun, and the next start goes on with it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.config.celery import app
from podium.core.console import say
from podium.core.models import Event
from podium.core.words import plural
from podium.demo import coding, own_scorer
from podium.demo.blueprints import BLUEPRINTS, Blueprint
from podium.demo.building import Plan, build
from podium.demo.history import visits
from podium.demo.logins import passwords
from podium.demo.people import HOST, OPERATOR, Crew, Person, crews
from podium.demo.renewing import renew
from podium.demo.training import Workshop, workshop
from podium.leaderboards.comparing import boards_compare
from podium.leaderboards.models import Entry
from podium.submissions.measuring import measure_waiting

BEGUN, FILLED, DONE = "demo_begin", "demo_challenge", "demo_complete"
MEASURE_SECONDS = 60
OCCUPIED = (
    "This folder holds a site of its own; the demo fills only an empty one. Give it a folder: "
    "PODIUM_DATA_DIR=~/podium-demo python3 manage.py demo"
)


def happened(name: str) -> set[str]:
    """Return the subjects for which the demo noted an event."""
    return set(Event.objects.filter(name=name, subject__startswith="demo:").values_list("subject", flat=True))


def note(name: str, what: str = "site") -> None:
    """Note that a part of the demo stands."""
    Event.objects.create(subject=f"demo:{what}"[:60], name=name)


def is_complete() -> bool:
    """Tell whether the whole demo stands."""
    return bool(happened(DONE))


def fill(*, blueprints: tuple[Blueprint, ...] = BLUEPRINTS, processes: int = 2) -> None:
    """Fill the site, or go on where an interrupted start left it; where all stands, keep its dates alive."""
    if is_complete():
        for title in renew(blueprints):
            say(f"“{title}” was over; its dates are put off.")
        return
    if not happened(BEGUN):
        people_create(crews())
    started = time.monotonic()
    with nobody_to_wake(), workshop(processes) as shop:
        _build_missing(blueprints, shop)
    note(DONE)
    say(f"The demo stands, after {time.monotonic() - started:.0f} s.")


def _build_missing(blueprints: tuple[Blueprint, ...], shop: Workshop) -> None:
    now = timezone.now()
    missing = [blueprint for blueprint in blueprints if f"demo:{blueprint.slug}" not in happened(FILLED)]
    # all is ordered before anything is built: models are trained while files of others are being scored
    plans = [_plan(each, shop, now=now) for each in missing]
    for plan in plans:
        if own_scorer.source(plan.blueprint.slug) and (lacking := own_scorer.why_not()):
            title = plan.blueprint.title
            say(f"“{title}” has a score() of its host’s own, which cannot run here, so accuracy stands in. {lacking}")
        build_one(plan)


def _plan(blueprint: Blueprint, shop: Workshop, *, now: datetime) -> Plan:
    """Return how a challenge is to be built: with code where this machine runs code."""
    scripts = blueprint.scripts
    if scripts and (lacks := coding.lacking()):
        say(f"“{blueprint.title}” takes predictions alone, for nobody’s code runs here. {lacks}", colour="warning")
        scripts = ()
    happened = visits(blueprint, crews(), now=now, scripts=coding.runnable(scripts) if scripts else ())
    return Plan.of(blueprint, happened, shop, now=now)


def build_one(plan: Plan) -> Challenge:
    """Build one challenge, whole or not at all."""
    started = time.monotonic()
    with transaction.atomic():
        challenge = build(plan)
        note(FILLED, plan.blueprint.slug)
    measure_standing(challenge)
    teams, files = plural(len(plan.visits), "team"), plural(len(plan.sendings), "submission")
    say(f"{challenge.title}: {teams}, {files}, {time.monotonic() - started:.1f} s")
    return challenge


def measure_standing(challenge: Challenge) -> None:
    """Work out how sure the scores on the boards are, so that the first page shows it. All others are left to the
    worker that runs afterwards."""
    standing = Entry.objects.filter(board__challenge=challenge).values("submission")
    measure_waiting(seconds=MEASURE_SECONDS, runs=Q(seats__submission__in=standing))
    boards_compare()


@contextmanager
def nobody_to_wake() -> Iterator[None]:
    """Scoring is done here and now, so the messages that would ask workers for it go nowhere."""
    before = app.conf.broker_url
    app.conf.update(broker_url="memory://localhost")
    try:
        yield
    finally:
        app.conf.update(broker_url=before)


def people_create(teams: list[Crew]) -> None:
    """Make everybody's account, with a verified address. Only the three fixed people can sign in."""
    if User.objects.exists() or Challenge.objects.exists():
        raise SystemExit(OCCUPIED)
    everybody = [HOST, OPERATOR, *(person for crew in teams for person in crew.people)]
    say(f"Making {plural(len(everybody), 'account')} …")
    secrets = passwords()
    with transaction.atomic():
        User.objects.bulk_create(_account(person, secrets.get(person.username)) for person in everybody)
        users = User.objects.all()
        EmailAddress.objects.bulk_create(
            EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
        )
        note(BEGUN)


def _account(person: Person, password: str | None) -> User:
    user = User(
        username=person.username,
        email=f"{person.username}@example.org",
        name=person.name,
        affiliation=person.affiliation,
        about=person.about,
        date_joined=_joined(person),
        is_staff=person is OPERATOR,
        is_superuser=person is OPERATOR,
    )
    if password:
        user.set_password(password)
    else:
        user.set_unusable_password()
    return user


def _joined(person: Person) -> datetime:
    return timezone.now() - timedelta(days=62 + len(person.name))
