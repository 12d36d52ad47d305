"""The list of challenges: searched, filtered, sorted, in sections, with a number of queries that never grows."""

from dataclasses import dataclass
from typing import Literal

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, prefetch_related_objects
from django.db.models.expressions import OrderBy
from django.http import QueryDict
from django.utils import timezone

from podium.challenges.measured import Measure, measures
from podium.challenges.models import Acceptance, Challenge, Phase, Role, Tag
from podium.challenges.rules import Person
from podium.challenges.selectors import ENDED, RUNNING, UPCOMING, visible_to

PER_PAGE = 10
TEAMS = Count("teams", filter=Q(teams__kind="people"), distinct=True)
Part = Literal["you", "host", ""]
KINDS = {
    "predictions": "Predictions",
    "code": "Code",
    "notebook": "A notebook",
    "model": "A model",
    "container": "A container",
    "agent": "An agent",
}
SORTS = {"": "By date", "newest": "Newest", "teams": "Most teams"}
ORDERS: dict[str, tuple[list[OrderBy], str]] = {
    RUNNING: ([F("closes").asc(nulls_last=True), F("id").asc()], "soonest deadline first"),
    UPCOMING: ([F("opens").asc(nulls_last=True), F("id").asc()], "soonest start first"),
    ENDED: ([F("closes").desc(nulls_last=True), F("id").desc()], "latest end first"),
}
TITLES = {RUNNING: "Running", UPCOMING: "Upcoming", ENDED: "Ended"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader looks for."""

    text: str = ""
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sort: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filter":
        """Read an address's query; what is not known in it is left out."""
        sort = query.get("sort", "")
        return cls(
            text=" ".join(query.get("q", "")[:200].replace("\0", "").split()),
            tags=tuple(query.getlist("tag")[:20]),
            kinds=tuple(kind for kind in query.getlist("kind") if kind in KINDS),
            sort=sort if sort in SORTS else "",
        )

    @property
    def is_set(self) -> bool:
        """Whether anything is left out by it."""
        return bool(self.text or self.tags or self.kinds)

    def query(self) -> str:
        """Return the shortest query that says the same."""
        query = QueryDict(mutable=True)
        if self.text:
            query["q"] = self.text
        query.setlist("tag", list(self.tags))
        query.setlist("kind", list(self.kinds))
        if self.sort:
            query["sort"] = self.sort
        return query.urlencode()


@dataclass(frozen=True, slots=True)
class Item:
    """A challenge in a list."""

    challenge: Challenge
    state: str
    measures: list[Measure]
    teams: int
    part: Part
    released: Phase | None  # the phase whose private scores were released last


@dataclass(frozen=True, slots=True)
class Section:
    """The running, the upcoming or the ended ones."""

    state: str
    title: str
    order: str
    count: int
    page: Page[Challenge]
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Listing:
    """The whole list, and what it may be filtered by."""

    filter: Filter
    sections: list[Section]
    tags: list[Tag]
    kinds: list[tuple[str, str]]

    @property
    def count(self) -> int:
        """How many challenges were found."""
        return sum(section.count for section in self.sections)


def listing(user: Person, query: QueryDict) -> Listing:
    """Return the list of challenges as this person sees it under this query. Each section has a page parameter of its
    own name."""
    wanted = Filter.of(query)
    found = _found(visible_to(user), wanted)
    counts = found.aggregate(**{state: Count("pk", filter=Q(state=state)) for state in ORDERS})
    pages = {state: _page(found, state, wanted.sort, counts[state], query.get(state)) for state in ORDERS}
    items = items_of([challenge for page in pages.values() for challenge in page], user=user)
    sections = [
        Section(
            state=state,
            title=TITLES[state],
            order=SORTS[wanted.sort].lower() + " first" if wanted.sort else ORDERS[state][1],
            count=counts[state],
            page=page,
            items=[item for item in items if item.state == state],
        )
        for state, page in pages.items()
    ]
    return Listing(filter=wanted, sections=sections, tags=_tags(user), kinds=_kinds(user))


def running(user: Person, *, most: int) -> tuple[list[Item], int]:
    """Return the running challenges whose deadline is soonest, and how many run in all."""
    order, _ = ORDERS[RUNNING]
    found = visible_to(user).filter(Q(state=RUNNING)).order_by(*order)
    return items_of(list(found[:most]), user=user), found.count()


def _found(challenges: QuerySet[Challenge], wanted: Filter) -> QuerySet[Challenge]:
    for word in wanted.text.split()[:8]:
        challenges = challenges.filter(has_word(word))
    if wanted.tags:
        challenges = challenges.filter(pk__in=_tagged(slug__in=wanted.tags))
    if wanted.kinds:
        # a list in JSON: SQLite has no operator for “contains”, and the kinds are a closed set of plain words
        takes = [Q(kinds__icontains=f'"{kind}"') for kind in wanted.kinds]
        phases = Phase.objects.filter(Q(*takes, _connector=Q.OR))
        challenges = challenges.filter(pk__in=phases.values("challenge"))
    return challenges


def has_word(word: str) -> Q:
    """Each word must stand in the title, the summary, the organiser or a tag."""
    texts = Q(title__icontains=word) | Q(summary__icontains=word) | Q(organiser__icontains=word)
    return texts | Q(pk__in=_tagged(name__icontains=word))


def _tagged(**lookup: object) -> QuerySet[Challenge, int]:
    # by primary key, not by a join: two fitting tags must not count a challenge's phases twice
    return Challenge.objects.filter(tags__in=Tag.objects.filter(**lookup)).values_list("pk", flat=True)


def _page(found: QuerySet[Challenge], state: str, sort: str, count: int, number: str | None) -> Page[Challenge]:
    rows = found.filter(Q(state=state))
    if sort == "newest":
        rows = rows.order_by("-created_at", "-id")
    elif sort == "teams":
        rows = rows.annotate(size=TEAMS).order_by("-size", "id")
    else:
        rows = rows.order_by(*ORDERS[state][0])
    paginator = Paginator(rows, PER_PAGE)
    paginator.__dict__["count"] = count  # it is known: the cached property need not ask
    return paginator.get_page(number)


def items_of(challenges: list[Challenge], *, user: Person) -> list[Item]:
    """Return challenges (with `state`) as a list shows them, in a fixed number of queries."""
    prefetch_related_objects(challenges, "phases__phase_tasks__task")
    ids = [challenge.pk for challenge in challenges]
    teams = dict(Challenge.objects.filter(pk__in=ids).annotate(size=TEAMS).values_list("pk", "size"))
    parts = _parts(user, ids)
    return [
        Item(
            challenge=challenge,
            state=getattr(challenge, "state", UPCOMING),
            measures=measures(challenge),
            teams=teams.get(challenge.pk, 0),
            part=parts.get(challenge.pk, ""),
            released=_released(challenge),
        )
        for challenge in challenges
    ]


def _released(challenge: Challenge) -> Phase | None:
    now = timezone.now()
    released = [phase for phase in challenge.phases.all() if phase.is_released(now)]
    return max(released, key=lambda phase: phase.private_release or now, default=None)


def _parts(user: Person, ids: list[int]) -> dict[int, Part]:
    """Return what the reader has to do with these challenges."""
    if not user.is_authenticated:
        return {}
    mine = Acceptance.objects.filter(user=user, rules__challenge__in=ids).values_list("rules__challenge", flat=True)
    hosted = Role.objects.filter(user=user, challenge__in=ids).values_list("challenge", flat=True)
    parts: dict[int, Part] = dict.fromkeys(mine, "you")
    return parts | dict.fromkeys(hosted, "host")


def _tags(user: Person) -> list[Tag]:
    """Return the tags of what this reader may see, and no other: a draft's tag would give it away."""
    visible = visible_to(user).order_by().values("pk")
    return list(Tag.objects.filter(pk__in=Challenge.tags.through.objects.filter(challenge__in=visible).values("tag")))


def _kinds(user: Person) -> list[tuple[str, str]]:
    visible = visible_to(user).order_by().values("pk")
    stored = Phase.objects.filter(challenge__in=visible).order_by().values_list("kinds", flat=True).distinct()
    present = {kind for kinds in stored for kind in kinds}
    return [(kind, label) for kind, label in KINDS.items() if kind in present]
