"""The table of rights at /host/: every model that is registered, every page, everybody, over two challenges.

Who hosts nothing is sent to sign in (302). What belongs to another challenge is not there (404), as if it had never
been; what a host sees and may not change answers 403 to the page that would change it.
"""

import itertools
import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from podium.challenges.models import Challenge, Page
from podium.hosts.scope import challenge_of
from podium.hosts.site import host_site
from podium.submissions.models import Submission
from podium.teams.services import baseline_create
from tests.cast import Cast, challenge_with_board

pytestmark = pytest.mark.django_db

PEOPLE = ("visitor", "vera", "ada", "jude", "grace", "heidi", "root")
#             visitor vera ada judge owner of-harbour operator
ANY_HOST = "   302    302  302 200   200   200        200"
EDITORS = "    302    302  302 403   200   200        200"
FOREST = "     302    302  302 200   200   404        200"
FOREST_EDIT = "302    302  302 403   200   404        200"
NO_FOREST = "  302    302  302 403   403   404        403"
HARBOUR = "    302    302  302 404   404   200        200"
HARBOUR_EDIT = "302   302  302 404   404   200        200"
NO_HARBOUR = " 302    302  302 404   404   403        403"

# model: list, add, then change, history and delete in Forest, and the same in Harbour
LASTING = (ANY_HOST, EDITORS, (FOREST, FOREST, NO_FOREST), (HARBOUR, HARBOUR, NO_HARBOUR))
REMOVABLE = (ANY_HOST, EDITORS, (FOREST, FOREST, FOREST_EDIT), (HARBOUR, HARBOUR, HARBOUR_EDIT))
TABLE = {
    "challenges.challenge": LASTING,
    "challenges.role": REMOVABLE,
    "challenges.page": REMOVABLE,
    "challenges.rulesversion": LASTING,
    "challenges.datasetversion": LASTING,
    "challenges.task": LASTING,
    "challenges.phase": LASTING,
    "leaderboards.board": LASTING,
    "teams.team": LASTING,
    "submissions.submission": LASTING,
}
# pages of the site itself
SITE = {
    "host:index": ANY_HOST,
    "host:jsi18n": ANY_HOST,
    "host:login": "302 403 403 302 302 302 302",
    "host:logout": "302 302 302 200 200 200 200",
    "host:password_change": "302 302 302 302 302 302 302",
    "host:password_change_done": "302 302 302 302 302 302 302",
}


@pytest.fixture
def stage(cast: Cast) -> Cast:
    """The cast, with a page, a baseline and a submission in each challenge."""
    for challenge, author in ((cast.forest, cast.ada), (cast.harbour, cast.dara)):
        Page.objects.create(challenge=challenge, slug="hints", title=f"Hints of {challenge}", body="Look twice.")
        baseline_create(challenge, name=f"{challenge} baseline", actor=author)
        team = challenge.teams.filter(memberships__user=author).get()
        Submission.objects.create(phase=challenge.phases.get(), team=team, author=author, state="scored")
    return cast


def row_of(model: type[Model], challenge: Challenge) -> Model:
    """Return some row of a model that belongs to a challenge."""
    return next(row for row in model._default_manager.order_by("pk") if challenge_of(row) == challenge)


def pages(cast: Cast, model: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield every page of a model's rows with what the table says of it."""
    listed, added, forest, harbour = TABLE[model._meta.label_lower]
    name = f"host:{model._meta.app_label}_{model._meta.model_name}"
    yield reverse(f"{name}_changelist"), listed
    yield reverse(f"{name}_add"), added
    for challenge, expected in ((cast.forest, forest), (cast.harbour, harbour)):
        pk = row_of(model, challenge).pk
        for page, codes in zip(("change", "history", "delete"), expected, strict=True):
            yield reverse(f"{name}_{page}", args=[pk]), codes


def wrong(cast: Cast, address: str, expected: str) -> list[str]:
    """Say who is answered otherwise than expected."""
    codes = [int(code) for code in expected.split()]
    found = [cast.client(person).get(address).status_code for person in PEOPLE]
    return [
        f"{address} as {person}: {is_} where {should} should be"
        for person, should, is_ in zip(PEOPLE, codes, found, strict=True)
        if should != is_
    ]


def test_every_registered_model_has_a_row() -> None:
    assert {model._meta.label_lower for model in host_site._registry} == set(TABLE)


@pytest.mark.parametrize("label", TABLE)
def test_every_page_of_a_model_answers_everybody_as_the_table_says(stage: Cast, label: str) -> None:
    model = next(model for model in host_site._registry if model._meta.label_lower == label)
    assert not [line for address, expected in pages(stage, model) for line in wrong(stage, address, expected)]


@pytest.mark.parametrize("name", SITE)
def test_every_page_of_the_site_itself_answers_everybody_as_the_table_says(cast: Cast, name: str) -> None:
    assert not wrong(cast, reverse(name), SITE[name])


def test_no_page_of_the_site_itself_is_without_a_row() -> None:
    names = {f"host:{url.name}" for url in host_site.get_urls() if getattr(url, "name", None)}
    assert names - {"host:app_list"} == set(SITE)


def without(page: bytes, pk: int) -> str:
    """Return a page without what differs each time: its address, its token."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.decode()).replace(f"/{pk}/", "/")


@pytest.mark.parametrize("label", TABLE)
def test_what_is_not_there_answers_as_what_belongs_to_others(stage: Cast, label: str) -> None:
    name = f"host:{label.replace('.', '_')}"
    model = next(model for model in host_site._registry if model._meta.label_lower == label)
    others, nobodys = row_of(model, stage.harbour).pk, 987654
    for page in ("change", "history", "delete"):
        for method in ("get", "post"):
            grace = stage.client("grace")
            answers = [getattr(grace, method)(reverse(f"{name}_{page}", args=[pk])) for pk in (others, nobodys)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert (
                len({without(answer.content, pk) for answer, pk in zip(answers, (others, nobodys), strict=True)}) == 1
            )


QUERIES = ("", "?challenge={pk}", "?q=harbour", "?challenge__id__exact={pk}", "?_facets=True", "?all=")


def test_no_list_and_no_form_speaks_of_another_challenge(stage: Cast) -> None:
    told = []
    for person, label, query in itertools.product(("grace", "jude"), TABLE, QUERIES):
        client = stage.client(person)
        for page in ("changelist", "add"):
            address = reverse(f"host:{label.replace('.', '_')}_{page}") + query.format(pk=stage.harbour.pk)
            words = client.get(address, follow=True).content.decode().replace("q=harbour", "")
            told += [f"{address} as {person}: {word}" for word in ("Harbour", "heidi", "dara") if word in words]
    assert told == []


def test_lists_say_what_is_there_in_a_fixed_number_of_queries(stage: Cast) -> None:
    grace = stage.client("grace")

    def counts() -> dict[str, int]:
        found = {}
        for label in TABLE:
            address = reverse(f"host:{label.replace('.', '_')}_changelist")
            grace.get(address)
            with CaptureQueriesContext(connection) as queries:
                assert grace.get(address).status_code == 200
            found[label] = len(queries)
        return found

    few = counts()
    phase = stage.forest.phases.get()
    opens, closes = phase.opens, phase.closes
    for number in range(3):
        more = challenge_with_board(f"grove-{number}", stage.grace, opens=opens, closes=closes)
        Page.objects.create(challenge=more, slug="hints", title="Hints")
        Submission.objects.create(phase=phase, team=stage.held_out, author=stage.ada)
    assert {label: count - few[label] for label, count in counts().items() if count > few[label] + 1} == {}
