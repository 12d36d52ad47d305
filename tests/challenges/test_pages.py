"""A challenge's pages: who sees them, and what they say."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import Cast
from tests.challenges.conftest import PutUp
from tests.challenges.reading import text

PAGES = ["", "data/", "rules/", "rules/1/"]
INSIDE = {"forest": {"ada", "ben", "chen", "dara", "grace", "heidi", "jude", "root", "vera", "visitor"}}
INSIDE["harbour"] = {"dara", "heidi", "root"}


@pytest.mark.parametrize("slug", ["forest", "harbour"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_are_there_for_those_who_may_see_the_challenge(cast: Cast, slug: str, page: str) -> None:
    answers = {name: cast.client(name).get(f"/challenges/{slug}/{page}").status_code for name in INSIDE["forest"]}
    assert answers == {name: 200 if name in INSIDE[slug] else 404 for name in answers}


def test_a_draft_is_for_its_hosts_and_says_so(cast: Cast, put_up: PutUp) -> None:
    put_up("plan", visibility="draft")
    assert "Only its hosts see this challenge" in text(cast.client("heidi").get("/challenges/plan/"))
    for name in ("visitor", "ada", "grace"):
        assert cast.client(name).get("/challenges/plan/").status_code == 404


def test_the_overview_says_what_it_is_about(cast: Cast) -> None:
    cast.forest.pages.create(slug="overview", title="Overview", body="Trees *matter*.")
    page = cast.client("visitor").get("/challenges/forest/")
    assert "<em>matter</em>" in page.content.decode()
    shown = text(page)
    for words in ("About the forest.", "A lab", "Accuracy", "higher is better", "2 files", "Join this challenge"):
        assert words in shown


def test_an_overview_that_nobody_wrote_is_no_error(cast: Cast) -> None:
    assert "not written an overview yet" in text(cast.client("visitor").get("/challenges/forest/"))


def test_further_pages_have_their_own_address_and_the_tabs_do_not_double(cast: Cast) -> None:
    for slug, title in [("overview", "Overview"), ("data", "Data"), ("faq", "Questions")]:
        cast.forest.pages.create(slug=slug, title=title, body=f"This is {slug}.")
    client = cast.client("visitor")
    assert 'href="/challenges/forest/pages/faq/"' in client.get("/challenges/forest/").content.decode()
    assert "This is faq." in text(client.get("/challenges/forest/pages/faq/"))
    assert "This is data." in text(client.get("/challenges/forest/data/"))
    for slug in ("overview", "data", "none"):
        assert client.get(f"/challenges/forest/pages/{slug}/").status_code == 404


def test_the_words_of_hosts_cannot_bring_a_script(cast: Cast) -> None:
    evil = (
        "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:alert(3))\n\n<style>*{color:red}</style>"
    )
    for slug in ("overview", "data", "faq"):
        cast.forest.pages.create(slug=slug, title='<img src=x onerror="alert(4)">', body=evil)
    from podium.challenges.services import rules_publish

    rules_publish(cast.forest, body=evil, actor=cast.grace, note="<script>alert(5)</script>")
    client = cast.client("ada")
    for page in ("", "data/", "rules/", "pages/faq/"):
        html = client.get(f"/challenges/forest/{page}").content.decode()
        inside = html.partition("<main")[2].partition("</main>")[0]
        for bad in ("<script", "<style", "<img", 'javascript:alert(3)"'):
            assert bad not in inside, page


def test_times_are_told_in_the_zone_of_the_challenge(cast: Cast) -> None:
    from podium.challenges.models import Challenge, Phase

    Challenge.objects.update(time_zone="Asia/Kolkata")
    closes = datetime(2031, 6, 1, 18, 30, tzinfo=UTC)
    Phase.objects.filter(challenge=cast.forest).update(closes=closes, private_release=None)
    page = cast.client("visitor").get("/challenges/forest/")
    assert "Mon 2 Jun 2031, 00:00 IST" in text(page)
    assert 'datetime="2031-06-01T18:30:00Z"' in page.content.decode()
    assert "Times are those of Asia/Kolkata." in text(page)
    assert "00:00 IST" in text(cast.client("visitor").get("/challenges/"))


def test_the_timeline_tells_every_date_once(cast: Cast) -> None:
    from podium.challenges.models import Challenge

    closes = cast.forest.phases.get().closes
    Challenge.objects.filter(pk=cast.forest.pk).update(team_deadline=closes, join_deadline=closes - timedelta(days=3))
    shown = text(cast.client("visitor").get("/challenges/forest/"))
    for words in ("Start", "Entry closes", "Submissions close and teams final", "Private board", "Now, day 11 of 32"):
        assert words in shown


def test_with_several_phases_each_date_names_its_phase(cast: Cast) -> None:
    last = cast.forest.phases.get()
    cast.forest.phases.create(slug="final", name="Final", opens=last.closes, closes=last.closes + timedelta(days=9))
    shown = text(cast.client("visitor").get("/challenges/forest/"))
    assert "Main phase opens" in shown
    assert "Final closes" in shown
    assert "Main phase closes in" in shown


@pytest.mark.parametrize(
    ("name", "button"),
    [
        ("visitor", "Join this challenge"),
        ("vera", "Join this challenge"),
        ("ada", "Submit predictions"),
        ("grace", "You host it."),
    ],
)
def test_the_panel_offers_what_is_next_for_the_reader(cast: Cast, name: str, button: str) -> None:
    shown = text(cast.client(name).get("/challenges/forest/"))
    offers = {"Join this challenge", "Submit predictions", "You host it."}
    assert [offer for offer in sorted(offers) if offer in shown] == [button]


def test_what_is_left_today_stands_beside_the_button(cast: Cast) -> None:
    assert "Left today 5 of 5" in text(cast.client("ada").get("/challenges/forest/"))
    assert "Left today" not in text(cast.client("visitor").get("/challenges/forest/"))


def test_after_the_entry_deadline_nobody_is_asked_to_join(cast: Cast) -> None:
    from podium.challenges.models import Challenge

    Challenge.objects.filter(pk=cast.forest.pk).update(join_deadline=timezone.now() - timedelta(hours=1))
    for page in ("", "data/", "rules/"):
        assert "Join this challenge" not in text(cast.client("vera").get(f"/challenges/forest/{page}"))
    assert "entry deadline is over" in text(cast.client("vera").get("/challenges/forest/rules/"))


def test_an_ended_challenge_says_when_it_ended(cast: Cast, put_up: PutUp) -> None:
    put_up("over", opens=-9, closes=-2)
    shown = text(cast.client("visitor").get("/challenges/over/"))
    assert "Ended" in shown
    assert "Join this challenge" not in shown


@pytest.mark.parametrize("page", ["", "data/", "rules/"])
def test_the_number_of_queries_does_not_grow_with_what_a_challenge_has(cast: Cast, page: str) -> None:
    from podium.challenges.services import dataset_publish, rules_publish
    from podium.core.storage import store_bytes

    client = cast.client("ada")
    client.get(f"/challenges/forest/{page}")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/challenges/forest/{page}").status_code == 200
        return len(queries)

    few = asked()
    blob = store_bytes(b"x")
    for number in range(10):
        cast.forest.pages.create(slug=f"p{number}", title=f"Page {number}")
        rules_publish(cast.forest, body="More.", actor=cast.grace)
        files = {f"{number}-{k}.csv": blob for k in range(3)}
        dataset_publish(cast.forest, name=f"d{number}", audience="participants", files=files, actor=cast.grace)
        cast.forest.phases.create(
            slug=f"s{number}", name=f"S{number}", opens=timezone.now(), closes=timezone.now() + timedelta(days=9)
        )
    assert asked() <= few
    assert few <= 30


def test_dates_that_stand_close_together_still_find_their_place_on_the_line(cast: Cast) -> None:
    """As in most challenges: teams are final five days before the end, the private board comes a day after it."""
    from podium.challenges.models import Challenge

    early = cast.forest.phases.get().closes - timedelta(days=5)
    Challenge.objects.filter(pk=cast.forest.pk).update(team_deadline=early, join_deadline=early)
    html = cast.client("visitor").get("/challenges/forest/").content.decode()
    assert html.count('class="what"') == 4
    assert "is-list" not in html
