"""Finding challenges and joining them."""

import pytest
from django.utils import timezone

from podium.challenges.models import Challenge
from podium.challenges.services import rules_publish
from tests.api.asking import error_of


def slugs(answer):
    return [one["slug"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("visitor", {"forest"}),
        ("vera", {"forest"}),
        ("ada", {"forest"}),
        ("grace", {"forest"}),
        ("dara", {"forest", "harbour"}),
        ("heidi", {"forest", "harbour"}),
        ("root", {"forest", "harbour"}),
    ],
)
def test_everybody_lists_the_challenges_that_they_may_see(ask, name, seen):
    answer = ask(name).get("challenges/")
    assert set(slugs(answer)) == seen
    assert set(answer.json()) == {"results", "next", "previous"}
    for slug in ("forest", "harbour"):
        assert ask(name).get(f"challenges/{slug}/").status_code == (200 if slug in seen else 404)


def test_a_challenge_has_exactly_these_keys_in_a_list(ask):
    assert set(ask("visitor").get("challenges/").json()["results"][0]) == {"slug", "title", "state", "opens", "closes"}


def test_a_challenge_in_full_names_its_phases_and_rules(ask):
    full = ask("ada").get("challenges/forest/").json()
    assert (full["slug"], full["title"], full["state"]) == ("forest", "Forest", "running")
    assert full["rules"]["version"] == full["rules"]["accepted"] == 1
    assert full["rules"]["url"].endswith("/challenges/forest/rules/")
    assert [phase["slug"] for phase in full["phases"]] == ["main"]
    assert full["phases"][0]["total_limit"] is None
    assert ask("visitor").get("challenges/forest/").json()["rules"]["accepted"] is None


def test_states_filter_and_words_search(ask):
    vera = ask("vera")
    assert slugs(vera.get("challenges/", state="running")) == ["forest"]
    assert slugs(vera.get("challenges/", state="ended")) == []
    assert slugs(vera.get("challenges/", search="FOREST about")) == ["forest"]
    assert slugs(vera.get("challenges/", search="sea")) == []
    assert error_of(vera.get("challenges/", state="odd"), 400)["field"] == "state"
    assert error_of(vera.get("challenges/", search="\x00"), 400)["field"] == "search"
    assert error_of(vera.get("challenges/", search="x" * 101), 400)["field"] == "search"


def test_pages_follow_each_other_without_a_gap(ask):
    for number in range(5):
        Challenge.objects.create(slug=f"c{number}", title="C", summary="", organiser="", visibility="public")
    seen, visitor = [], ask("visitor")
    answer = visitor.get("challenges/", page_size=2)
    seen += slugs(answer)
    while answer.json()["next"]:
        answer = visitor.get(answer.json()["next"])
        seen += slugs(answer)
    assert seen == ["c4", "c3", "c2", "c1", "c0", "forest"]
    assert slugs(visitor.get(answer.json()["previous"])) == ["c2", "c1"]


def test_joining_twice_answers_the_same(cast, ask):
    vera = ask("vera")
    first, second = vera.post("challenges/forest/join/", {}), vera.post("challenges/forest/join/")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert set(first.json()) == {"challenge", "rules", "accepted_at"}
    assert cast.vera.memberships.filter(challenge=cast.forest).count() == 1


def test_rules_that_are_no_longer_current_are_not_accepted(cast, ask):
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    vera = ask("vera")
    error = error_of(vera.post("challenges/forest/join/", {"rules": 1}), 409)
    assert error["code"] == "rules_changed"
    assert not cast.vera.acceptances.exists()
    assert vera.post("challenges/forest/join/", {"rules": 2}).json()["rules"] == 2


def test_who_may_join(cast, ask):
    assert error_of(ask("visitor").post("challenges/forest/join/", {}), 401)
    assert error_of(ask("vera").post("challenges/harbour/join/", {}), 404)
    assert error_of(ask("grace").post("challenges/forest/join/", {}), 403)["code"] == "is_host"
    cast.forest.phases.update(opens=timezone.now().replace(year=2020), closes=timezone.now().replace(year=2021))
    assert error_of(ask("vera").post("challenges/forest/join/", {}), 409)["code"] == "join_closed"
