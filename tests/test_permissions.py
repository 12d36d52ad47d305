"""The table of rights: every address, everybody in the cast, over two challenges.

Forest is public, Harbour private. A stranger to what is not public gets 404; an insider without the right 403; who is
not signed in is sent to sign in (302) or told so (401). An address without a row fails the last test of this file.
"""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from podium.challenges.models import Phase
from podium.core.storage import store_bytes
from podium.submissions.models import Submission, SubmissionFile
from podium.teams.models import Invitation
from podium.teams.services import invitation_create
from tests.cast import Cast, predictions

pytestmark = pytest.mark.django_db

#          visitor stranger elsewhere hosts-other member rival judge owner operator
FOREST = ("visitor", "vera", "dara", "heidi", "ada", "chen", "jude", "grace", "root")
#          visitor stranger elsewhere hosts-other member owner operator
HARBOUR = ("visitor", "vera", "ada", "grace", "dara", "heidi", "root")

ALL = "200 200 200 200 200 200 200 200 200"
INSIDE = "404 404 404 404 200 200 200"

# address (and method where it is not GET): who may in Forest, who may in Harbour
OF_CHALLENGES = {
    "challenges:overview": (ALL, INSIDE),
    "challenges:page": (ALL, INSIDE),
    "challenges:data": (ALL, INSIDE),
    "challenges:data-zip": ("302 403 403 403 200 200 200 200 200", INSIDE),
    "challenges:data-file": ("302 403 403 403 200 200 200 200 200", INSIDE),
    "challenges:rules": (ALL, INSIDE),
    "challenges:rules-version": (ALL, INSIDE),
    "POST challenges:join": ("302 302 302 302 302 302 403 403 302", "404 404 404 404 302 403 302"),
    "leaderboards:board": (ALL, INSIDE),
    "leaderboards:board public": (ALL, INSIDE),
    "leaderboards:board private": ("404 404 404 404 404 404 200 200 200", "404 404 404 404 404 200 200"),
    "leaderboards:csv public": (ALL, INSIDE),
    "leaderboards:csv private": ("404 404 404 404 404 404 200 200 200", "404 404 404 404 404 200 200"),
    "submissions:submit": ("302 200 200 200 200 200 200 200 200", "302 404 404 404 200 200 200"),
    "POST submissions:submit": ("302 400 400 400 400 400 400 400 400", "302 404 404 404 400 400 400"),
    "teams:team": ("302 200 200 200 200 200 200 200 200", "302 404 404 404 200 200 200"),
    "POST teams:rename": ("302 403 403 403 422 422 403 403 403", "302 404 404 404 422 403 403"),
    "POST teams:invite": ("302 403 403 403 200 200 403 403 403", "302 404 404 404 200 403 403"),
    "POST teams:leave": ("302 403 403 403 409 409 403 403 403", "302 404 404 404 409 403 403"),
    "POST teams:remove": ("302 403 403 403 409 404 403 403 403", "302 404 404 404 409 403 403"),
    "POST teams:revoke": ("302 403 403 403 302 404 403 403 403", "302 404 404 404 302 403 403"),
    "teams:invitation": (ALL, "302 404 404 404 200 200 200"),
    "submissions:detail": ("302 404 404 404 200 404 200 200 200", "302 404 404 404 200 200 200"),
    "submissions:state": ("302 404 404 404 200 404 200 200 200", "302 404 404 404 200 200 200"),
    "submissions:file": ("302 404 404 404 200 404 200 200 200", "302 404 404 404 200 200 200"),
    "submissions:log sample": ("302 404 404 404 200 404 200 200 200", "302 404 404 404 200 200 200"),
    "submissions:log predict": ("302 404 404 404 404 404 200 200 200", "302 404 404 404 404 200 200"),
    "submissions:notebook sample": ("302 404 404 404 200 404 200 200 200", "302 404 404 404 200 200 200"),
    "submissions:notebook predict": ("302 404 404 404 404 404 200 200 200", "302 404 404 404 404 200 200"),
    "submissions:predictions": ("302 404 404 404 404 404 200 200 200", "302 404 404 404 404 200 200"),
    "submissions:details": ("302 404 404 404 403 404 200 200 200", "302 404 404 404 403 200 200"),
    "POST submissions:select": ("302 404 404 404 302 404 403 403 302", "302 404 404 404 302 403 302"),
    "POST submissions:cancel": ("302 404 404 404 409 404 403 409 409", "302 404 404 404 409 409 409"),
    "api:challenge": (ALL, INSIDE),
    "POST api:join": ("401 200 200 200 200 200 403 403 200", "401 404 404 404 200 403 200"),
    "api:files": (ALL, INSIDE),
    "api:file": ("401 403 403 403 200 200 200 200 200", "404 404 404 404 200 200 200"),
    "api:submissions": ("401 200 200 200 200 200 200 200 200", "401 404 404 404 200 200 200"),
    "POST api:submissions": ("401 400 400 400 400 400 400 400 400", "401 404 404 404 400 400 400"),
    "api:boards": (ALL, INSIDE),
    "api:board public": (ALL, INSIDE),
    "api:board private": ("404 404 404 404 404 404 200 200 200", "404 404 404 404 404 200 200"),
    "api:submission": ("401 404 404 404 200 404 200 200 200", "401 404 404 404 200 200 200"),
    "POST api:select": ("401 404 404 404 200 404 403 403 200", "401 404 404 404 200 403 200"),
    "POST api:cancel": ("401 404 404 404 409 404 403 409 409", "401 404 404 404 409 409 409"),
    "api:submission-file": ("401 404 404 404 200 404 200 200 200", "401 404 404 404 200 200 200"),
}

# the rest: who is not signed in, who is, who hosts, who operates
PEOPLE = ("visitor", "vera", "grace", "root")
ELSEWHERE = {
    "home": "200 200 200 200",
    "health": "200 200 200 200",
    "challenges:list": "200 200 200 200",
    "guide:index": "200 200 200 200",
    "guide:page": "200 200 200 200",
    "submissions:mine": "302 200 200 200",
    "accounts:settings": "302 200 200 200",
    "accounts:tokens": "302 200 200 200",
    "POST accounts:token-revoke": "302 404 404 404",
    "accounts:delete": "302 200 200 200",
    "accounts:person": "200 200 200 200",
    "accounts:owner": "404 404 404 404",
    "demo:mail": "404 404 404 404",  # this site is no demo
    "api:schema": "200 200 200 200",
    "api:docs": "200 200 200 200",
    "api:me": "401 200 200 200",
    "api:challenges": "200 200 200 200",
    "api:missing": "404 404 404 404",
    "account_login": "200 302 302 302",
    "account_logout": "302 200 200 200",
    "account_signup": "200 302 302 302",
    "account_inactive": "200 200 200 200",
    "account_reset_password": "200 200 200 200",
    "account_reset_password_done": "200 200 200 200",
    "account_reset_password_from_key": "200 200 200 200",
    "account_reset_password_from_key_done": "200 200 200 200",
    "account_confirm_login_code": "302 302 302 302",
    "account_confirm_email": "200 200 200 200",
    "account_email_verification_sent": "200 200 200 200",
    "account_email": "302 200 200 200",
    "account_change_password": "302 200 200 200",
    "account_set_password": "302 302 302 302",
    "account_reauthenticate": "302 200 200 200",
    "host:index": "302 302 200 200",
    "admin:index": "302 302 302 200",
    "operate:queue": "302 404 404 200",
}
ARGUMENTS = {
    "guide:page": {"page": "take-part"},
    "accounts:token-revoke": {"pk": 1},
    "accounts:person": {"username": "ada"},
    "accounts:owner": {"token": "nonsense"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "x"},
    "account_confirm_email": {"key": "x"},
}
# checked row by row elsewhere: tests/hosts (every page at /host/ over both challenges)
CHECKED_ELSEWHERE = ("host:", "admin:")


def arguments(cast: Cast, name: str, slug: str) -> dict[str, object]:
    """Return what an address needs, for Forest or Harbour."""
    address, _, board = name.partition(" ")
    team, member = (cast.held_out, cast.ada) if slug == "forest" else (cast.harbour.teams.get(), cast.dara)
    if address.startswith(("submissions:", "api:s", "api:cancel")) and not address.endswith(("submit", "submissions")):
        sent = Submission.objects.get(team=team)
        run = {"run": sent.runs.get().pk} if address.endswith(":details") else {}
        return {"pk": sent.pk, **({"stage": board} if board else run)}
    extra: dict[str, dict[str, object]] = {
        "challenges:page": {"page": "hints"},
        "challenges:data-file": {"name": "train.csv"},
        "challenges:rules-version": {"number": 1},
        "teams:remove": {"pk": (cast.ben if slug == "forest" else member).pk},
        "teams:revoke": {"pk": Invitation.objects.get(team=team).pk},
        "api:file": {"name": "train.csv"},
    }
    if address == "teams:invitation":
        return {"token": TOKENS[slug]}
    return {"slug": slug, **({"board": board} if board else {}), **extra.get(address, {})}


TOKENS: dict[str, str] = {}


@pytest.fixture
def stage(cast: Cast) -> Cast:
    """The cast, with a scored submission, an invitation and a further page in each challenge."""
    from podium.challenges.models import Page
    from podium.teams.models import Membership

    for challenge, author in ((cast.forest, cast.ada), (cast.harbour, cast.dara)):
        team = Membership.objects.get(challenge=challenge, user=author).team
        sent = Submission.objects.create(phase=challenge.phases.get(), team=team, author=author, state="scored")
        SubmissionFile.objects.create(submission=sent, name="mine.csv", blob=store_bytes(predictions(9)))
        _ran(sent)
        Page.objects.create(challenge=challenge, slug="hints", title="Hints", body="Look twice.")
        _, TOKENS[challenge.slug] = invitation_create(team, actor=author)
    return cast


def _ran(sent: Submission) -> None:
    """Have a submission be a notebook that ran on the sample and on hidden inputs."""
    task, words = sent.phase.tasks.get(), store_bytes(b"<p>words</p>")
    Phase.objects.filter(pk=sent.phase_id).update(inputs=task.reference)  # for scoring alone, whatever it is
    Submission.objects.filter(pk=sent.pk).update(kind="notebook")
    run = sent.runs.create(task=task, reference=task.reference, scorer={}, predictions=words, predictions_name="a.csv")
    type(run).objects.filter(pk=run.pk).update(details=words)  # of a program whose hosts keep its pages to themselves
    for stage in ("sample", "predict"):
        run.logs.create(stage=stage, text="words", rendered=words, is_hidden=stage == "predict")


def post(client: Client, address: str) -> HttpResponse:
    """Post what a page's form or a program would: a tick, or an empty object."""
    as_json = address.startswith("/api/") and not address.endswith("/submissions/")
    if as_json:
        return client.post(address, {}, content_type="application/json")  # type: ignore[return-value]
    return client.post(address, {"accept": "on", "rules": "1", "selected": "on"})  # type: ignore[return-value]


def answers(cast: Cast, row: str, people: tuple[str, ...], **kwargs: object) -> Iterator[int]:
    """Ask an address as each person, leaving no trace."""
    method, _, name = row.rpartition(" ") if row.startswith("POST ") else ("GET", "", row)
    address = reverse(name, kwargs=kwargs)
    for person in people:
        with transaction.atomic():
            client = cast.client(person)
            answer = post(client, address) if method == "POST" else client.get(address)
            answer.getvalue()  # reads a stream to its end, and closes it
            transaction.set_rollback(True)
        yield answer.status_code


def differences(row: str, people: tuple[str, ...], expected: str, found: Iterator[int]) -> list[str]:
    """Say in words where an address answers otherwise than its row."""
    return [
        f"{row} as {person}: {is_} where {should} should be"
        for person, should, is_ in zip(people, map(int, expected.split()), found, strict=True)
        if is_ != should
    ]


def test_every_address_of_a_challenge_answers_everybody_as_the_table_says(stage: Cast) -> None:
    wrong = []
    for row, (forest, harbour) in OF_CHALLENGES.items():
        name = row.removeprefix("POST ")
        asked = ("POST " if row != name else "") + name.split()[0]
        for slug, people, expected in (("forest", FOREST, forest), ("harbour", HARBOUR, harbour)):
            found = answers(stage, asked, people, **arguments(stage, name, slug))
            wrong += differences(f"{row} ({slug})", people, expected, found)
    assert not wrong, "\n".join(wrong)


def test_every_other_address_answers_everybody_as_the_table_says(stage: Cast) -> None:
    wrong = []
    for row, expected in ELSEWHERE.items():
        found = answers(stage, row, PEOPLE, **ARGUMENTS.get(row.removeprefix("POST "), {}))
        wrong += differences(row, PEOPLE, expected, found)
    assert not wrong, "\n".join(wrong)


def names(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[str]:
    """Yield the names of all addresses."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from names(each.url_patterns, ":".join(filter(None, [namespace, each.namespace or ""])))
        elif each.name:
            yield f"{namespace}:{each.name}" if namespace else each.name


def test_no_address_is_without_a_row() -> None:
    rows = {row.removeprefix("POST ").split()[0] for row in (*OF_CHALLENGES, *ELSEWHERE)}
    known = set(names(get_resolver().url_patterns))
    assert {name for name in known - rows if not name.startswith(CHECKED_ELSEWHERE)} == set()
    assert rows - known == set()
