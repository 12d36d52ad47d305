"""The list of challenges: sections, search, filters, sorting, pages."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.cast import Cast
from tests.challenges.conftest import PutUp
from tests.challenges.reading import found_titles, text


def test_challenges_stand_in_the_section_of_their_state(cast: Cast, put_up: PutUp) -> None:
    put_up("soon", opens=3, closes=9)
    put_up("over", opens=-9, closes=-1)
    put_up("dateless", opens=None)
    page = cast.client("visitor").get("/challenges/")
    assert found_titles(page) == [("running", ["Forest"]), ("upcoming", ["Soon", "Dateless"]), ("ended", ["Over"])]
    assert "Running 1" in text(page)
    assert "Upcoming 2" in text(page)


def test_each_section_has_its_own_natural_order(cast: Cast, put_up: PutUp) -> None:
    for name, opens, closes in [("r-late", -1, 9), ("r-soon", -1, 2), ("u-late", 8, 9), ("u-soon", 2, 9)]:
        put_up(name, opens=opens, closes=closes)
    put_up("e-first", opens=-9, closes=-5)
    put_up("e-last", opens=-9, closes=-1)
    assert found_titles(cast.client("visitor").get("/challenges/")) == [
        ("running", ["R-Soon", "R-Late", "Forest"]),
        ("upcoming", ["U-Soon", "U-Late"]),
        ("ended", ["E-Last", "E-First"]),
    ]


def test_newest_first_and_most_teams_first_can_be_asked_for(cast: Cast, put_up: PutUp) -> None:
    put_up("newer", closes=30)
    client = cast.client("visitor")
    assert found_titles(client.get("/challenges/?sort=newest"))[0] == ("running", ["Newer", "Forest"])
    assert found_titles(client.get("/challenges/?sort=teams"))[0] == ("running", ["Forest", "Newer"])
    assert found_titles(client.get("/challenges/?sort=nonsense"))[0] == ("running", ["Forest", "Newer"])


@pytest.mark.parametrize("asked", ["wolves", "TRACKING", "zoo", "mammals", "wolves zoo"])
def test_search_looks_into_title_summary_organiser_and_tags(cast: Cast, put_up: PutUp, asked: str) -> None:
    put_up("a", title="Wolves", summary="Tracking them.", organiser="The zoo", tags=["Mammals", "Maps"])
    page = cast.client("visitor").get("/challenges/", {"q": asked})
    assert found_titles(page) == [("running", ["Wolves"])]


def test_every_word_of_a_search_must_be_found(cast: Cast, put_up: PutUp) -> None:
    put_up("a", title="Wolves")
    page = cast.client("visitor").get("/challenges/?q=wolves+forest")
    assert found_titles(page) == []
    assert "Nothing was found" in text(page)


def test_search_takes_signs_literally(cast: Cast) -> None:
    client = cast.client("visitor")
    for asked in ("%", "_", "'", '"', "\\", "\0", "(", "x" * 5000):
        page = client.get("/challenges/", {"q": f"qq{asked}"})
        assert page.status_code == 200
        assert found_titles(page) == []


def test_tags_narrow_the_list_and_count_each_challenge_once(cast: Cast, put_up: PutUp) -> None:
    put_up("both", tags=["Maps", "Images"])
    put_up("maps", tags=["Maps"], closes=11)
    client = cast.client("visitor")
    page = client.get("/challenges/?tag=maps&tag=images")
    assert found_titles(page) == [("running", ["Both", "Maps"])]
    assert page.context["listing"].count == 2
    assert found_titles(client.get("/challenges/?tag=images")) == [("running", ["Both"])]


def test_kinds_narrow_the_list(cast: Cast, put_up: PutUp) -> None:
    put_up("agents", kinds=["agent"])
    client = cast.client("visitor")
    assert found_titles(client.get("/challenges/?kind=agent")) == [("running", ["Agents"])]
    assert found_titles(client.get("/challenges/?kind=predictions")) == [("running", ["Forest"])]
    assert "You send" in text(client.get("/challenges/"))


def test_a_choice_of_one_kind_is_not_offered(cast: Cast) -> None:
    assert "You send" not in text(cast.client("visitor").get("/challenges/"))


def test_what_one_may_not_see_leaves_no_trace(cast: Cast, put_up: PutUp) -> None:
    put_up("plan", title="Secret plan", visibility="draft", tags=["Hidden"], kinds=["code"])
    for name in ("visitor", "ada", "grace"):
        shown = text(cast.client(name).get("/challenges/"))
        assert "Secret" not in shown
        assert "Hidden" not in shown
        assert "You send" not in shown
        assert "Harbour" not in shown
    assert "Harbour" in text(cast.client("dara").get("/challenges/"))
    heidis = text(cast.client("heidi").get("/challenges/"))
    assert "Secret plan" in heidis
    assert "Draft" in heidis


def test_the_list_says_where_the_reader_takes_part_and_what_they_host(cast: Cast) -> None:
    assert "You take part" in text(cast.client("ada").get("/challenges/"))
    assert "You host it" in text(cast.client("grace").get("/challenges/"))
    assert "You " not in text(cast.client("vera").get("/challenges/"))


def test_a_person_with_several_versions_accepted_sees_a_challenge_once(cast: Cast) -> None:
    from podium.challenges.services import challenge_join, rules_publish

    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    challenge_join(cast.forest, user=cast.ada)
    assert found_titles(cast.client("ada").get("/challenges/")) == [("running", ["Forest"])]


def test_teams_of_people_are_counted_and_phases_do_not_multiply_them(cast: Cast) -> None:
    from datetime import timedelta

    from podium.challenges.models import Phase
    from podium.teams.models import Team

    last = cast.forest.phases.get()
    Phase.objects.create(
        challenge=cast.forest, slug="two", name="Two", opens=last.closes, closes=last.closes + timedelta(days=1)
    )
    Team.objects.create(challenge=cast.forest, name="A baseline", kind=Team.Kind.BASELINE)
    assert "2 teams" in text(cast.client("visitor").get("/challenges/"))


def test_sections_are_paged_one_by_one(cast: Cast, put_up: PutUp) -> None:
    for number in range(12):
        put_up(f"old-{number}", opens=-90, closes=-number - 1)
    client = cast.client("visitor")
    first, second = client.get("/challenges/"), client.get("/challenges/?ended=2&q=old")
    assert len(dict(found_titles(first))["ended"]) == 10
    assert dict(found_titles(second))["ended"] == ["Old-10", "Old-11"]
    assert "ended=2" in first.content.decode()
    assert "q=old&amp;ended=1" in second.content.decode() or "ended=1&amp;q=old" in second.content.decode()
    assert dict(found_titles(client.get("/challenges/?ended=99")))["ended"] == ["Old-10", "Old-11"]


def test_an_empty_site_says_so(db: None) -> None:
    assert "No challenge yet" in text(Client().get("/challenges/"))
    assert Client().get("/").status_code == 200


def test_searching_as_one_types_keeps_a_short_address(cast: Cast) -> None:
    client = cast.client("visitor")
    page = client.get("/challenges/?q=forest&sort=", headers={"HX-Request": "true"})
    assert page["HX-Push-Url"] == "/challenges/?q=forest"
    assert client.get("/challenges/?q=&sort=", headers={"HX-Request": "true"})["HX-Push-Url"] == "/challenges/"
    assert "HX-Push-Url" not in client.get("/challenges/?q=forest")


@pytest.mark.parametrize("address", ["/challenges/", "/challenges/?q=a&tag=maps&kind=predictions&sort=teams", "/"])
def test_the_number_of_queries_does_not_grow_with_challenges(cast: Cast, put_up: PutUp, address: str) -> None:
    client = cast.client("ada")
    client.get(address)  # what is kept between requests is there now

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    def put_up_one_of_each(number: int) -> None:
        for name, opens, closes in [("a-run", -2, 9), ("a-soon", 3, 9), ("a-over", -9, -2)]:
            put_up(f"{name}-{number}", opens=opens, closes=closes, tags=["Maps", f"T{number}"])

    put_up_one_of_each(1)
    few = asked()
    for number in range(2, 11):
        put_up_one_of_each(number)
    assert asked() <= few
    assert few <= 20
