"""The home page: what is true of this site, and nothing where nothing is."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from podium.submissions.services import submission_receive
from tests.cast import Cast, predictions
from tests.challenges.conftest import PutUp
from tests.challenges.reading import found_titles, text


def test_an_empty_site_claims_nothing(db: None) -> None:
    shown = text(Client().get("/"))
    assert "Who leads, and how sure that is." in shown
    for words in ("On this site", "Challenges running", "Submissions scored today", "Median time", "right now"):
        assert words not in shown


def test_numbers_come_from_rows(cast: Cast, work: Any) -> None:
    before = text(cast.client("visitor").get("/"))
    assert "Challenges running 1" in before
    assert "Submissions scored today" not in before
    assert "right now" not in before
    upload = SimpleUploadedFile("mine.csv", predictions(15))
    submission_receive(cast.forest.phases.get(), author=cast.ada, upload=upload)
    work()
    from django.core.cache import cache

    cache.clear()  # numbers are kept for half a minute
    after = text(cast.client("visitor").get("/"))
    assert "Submissions scored today 1" in after
    assert "Median time to a score" in after
    assert "Forest, right now" in after
    assert "Held Out" in after


def test_numbers_are_not_counted_anew_for_every_reader(cast: Cast) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = cast.client("visitor")
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert not [query for query in queries if "submissions_submission" in query["sql"]]


def test_the_soonest_deadlines_stand_on_the_home_page(cast: Cast, put_up: PutUp) -> None:
    for number in range(6):
        put_up(f"run-{number}", closes=number + 1)
    put_up("over", opens=-9, closes=-1)
    page = cast.client("visitor").get("/")
    titles = [item.challenge.title for item in page.context["running"]]
    assert titles == ["Run-0", "Run-1", "Run-2", "Run-3", "Run-4"]
    assert "Challenges running 7" in text(page)


def test_a_private_challenge_is_nobodys_advertisement(cast: Cast) -> None:
    assert "Harbour" not in text(cast.client("visitor").get("/"))
    daras = cast.client("dara").get("/")
    assert "Harbour" in text(daras)
    assert "Harbour, right now" not in text(daras)


def test_the_list_says_how_many_were_found_to_those_who_hear_it(cast: Cast) -> None:
    page = cast.client("visitor").get("/challenges/?q=forest")
    assert '<p class="vh" role="status" id="how-many">1 challenge found</p>' in page.content.decode()
    assert found_titles(page) == [("running", ["Forest"])]
