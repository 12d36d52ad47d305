"""What the demo's teams did in past weeks: who sent what, when. The same at every start, but for the dates.

Nothing is written here, and nothing is trained: a plan names the models that are still to be fitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from django.utils.text import slugify

from podium.demo.blueprints import Blueprint
from podium.demo.coding import Script
from podium.demo.data import table
from podium.demo.people import ADA, Crew, Person
from podium.demo.spoiling import MISTAKES_OF
from podium.demo.training import Order, attempts
from podium.submissions.quota import day_start

MOST = 12  # submissions a team
SPOILT = 0.09  # the share of attempts that are first sent with a mistake
TODAY = 0.25  # the share of teams that were active today
MINUTES_TO_MEND = (4, 25)
ADAS = {"reach": 4, "count": 8}


@dataclass(frozen=True, slots=True)
class Sending:
    """One submission that a team made."""

    at: datetime
    team: str
    author: str
    name: str
    order: Order | None  # the model whose answers it sends
    description: str = ""
    mistake: str = ""  # a key of `spoiling.MISTAKES`
    cancelled: bool = False
    script: Script | None = None  # or the code that it sends


@dataclass(frozen=True, slots=True)
class Visit:
    """A team's time in a challenge: when it was formed, and what it sent."""

    crew: Crew
    joined: datetime
    sendings: list[Sending]


def visits(blueprint: Blueprint, crews: list[Crew], *, now: datetime, scripts: tuple[Script, ...] = ()) -> list[Visit]:
    """Return what the teams of a challenge did until now; `scripts` are those that can be run."""
    taking_part = [crew for crew in crews if blueprint.slug in crew.challenges]
    made = [_visit(blueprint, replace(crew, people=crew.people[: blueprint.team_size]), now) for crew in taking_part]
    for visit in made:
        visit.sendings.extend(_scripts(visit.crew, scripts, now))
    return made


def _scripts(crew: Crew, scripts: tuple[Script, ...], now: datetime) -> Iterator[Sending]:
    for script in scripts:
        if script.team == crew.name:
            at = now - timedelta(hours=script.hours_ago)
            author = crew.people[0].username
            yield Sending(at, crew.name, author, script.name, None, script.description, script=script)


def in_order(visits: list[Visit]) -> list[Sending]:
    """Return all submissions as they came in."""
    return sorted((sending for visit in visits for sending in visit.sendings), key=lambda sending: sending.at)


def _visit(blueprint: Blueprint, crew: Crew, now: datetime) -> Visit:
    random = Random(f"{blueprint.slug}/{crew.name}")  # noqa: S311  (a story, not a secret)
    window = blueprint.window(now)
    first = window.opens - timedelta(days=2) if blueprint.is_running or window.opens < now else now - timedelta(days=3)
    if window.opens > now:
        return Visit(crew, first + (now - first) * random.random(), [])
    sendings = list(_sendings(blueprint, crew, random, now))
    joined = sendings[0].at - timedelta(hours=random.uniform(0.5, 40))
    return Visit(crew, max(joined, first), sendings)


def _sendings(blueprint: Blueprint, crew: Crew, random: Random, now: datetime) -> Iterator[Sending]:
    ours = crew.people[0].username == ADA
    count = ADAS["count"] if ours else _how_many(crew, random)
    reach = ADAS["reach"] if ours else None
    times = _times(blueprint, count, random, now=now, today=not ours and random.random() < TODAY)
    tried = attempts(blueprint.slug, seed=crew.name, count=count, reach=reach)
    for number, (at, (order, description)) in enumerate(zip(times, tried, strict=True), 1):
        author = _author(crew, random, number)
        name = f"{slugify(crew.name)}-{number:02}.csv"
        sending = Sending(at, crew.name, author.username, name, order, description)
        mistake = _mistake(blueprint, random, ours=ours, number=number)
        if mistake:
            early = timedelta(minutes=random.randint(*MINUTES_TO_MEND))
            yield replace(sending, at=at - early, mistake=mistake)
        if ours and number == 3:
            yield replace(sending, at=at - timedelta(minutes=2), cancelled=True, description="The wrong file.")
        yield sending


def _how_many(crew: Crew, random: Random) -> int:
    if crew.name == crew.people[0].name:  # it came alone and did not even choose a name
        return random.randint(1, 3)
    return 1 + int((MOST - 1) * random.random() ** 2.3 + 0.5)  # many send a few, a few send many


def _author(crew: Crew, random: Random, number: int) -> Person:
    """The leader sends the first one, and most."""
    return crew.people[0] if number == 1 or random.random() < 0.5 else random.choice(crew.people)


def _mistake(blueprint: Blueprint, random: Random, *, ours: bool, number: int) -> str:
    kinds = MISTAKES_OF[table(blueprint.slug).asked_for]
    if ours:
        return {2: "decimal commas", 7: "gap"}.get(number, "")
    return random.choice(kinds) if random.random() < SPOILT else ""


def _times(blueprint: Blueprint, count: int, random: Random, *, now: datetime, today: bool) -> list[datetime]:
    """Return `count` moments in order, at most two a day, the last of them today where that is wanted."""
    window = blueprint.window(now)
    end = min(window.closes, day_start(now))
    days = list(range(int((end - window.opens).total_seconds() // 86_400)))
    here = days[random.randrange(len(days) // 2) :]  # teams come at different times
    chosen = sorted(random.sample(here * 2, min(count, len(here) * 2)))
    times = [window.opens + timedelta(days=day, hours=random.uniform(0.6, 23.9)) for day in chosen]
    if today and blueprint.is_running:
        times[-1] = day_start(now) + (now - day_start(now)) * random.uniform(0.3, 0.95)
    return sorted(times)
