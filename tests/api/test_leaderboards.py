"""Boards."""

from datetime import timedelta

from django.utils import timezone

from podium.challenges.models import Phase
from podium.leaderboards.models import Board
from tests.api.asking import SCORE_KEYS, error_of
from tests.cast import predictions

PLACE_KEYS = {"rank", "team", "scores", "entries", "last_at", "is_baseline"}


def test_a_board_says_who_leads(ask, work):
    ask("ada").send(predictions(20))
    ask("chen").send(predictions(10))
    work()
    answer = ask("visitor").get("challenges/forest/leaderboards/public/").json()
    assert set(answer) == {"results", "next", "previous"}
    assert [(row["rank"], row["team"], row["entries"]) for row in answer["results"]] == [
        (1, "Held Out", 1),
        (2, "chen", 1),
    ]
    for row in answer["results"]:
        assert set(row) == PLACE_KEYS
        assert [set(score) for score in row["scores"]] == [SCORE_KEYS]
    assert answer["results"][0]["scores"][0]["value"] == 1.0
    assert answer["results"][0]["is_baseline"] is False


def test_pages_of_a_board(ask, work):
    ask("ada").send(predictions(20))
    ask("chen").send(predictions(10))
    work()
    visitor = ask("visitor")
    first = visitor.get("challenges/forest/leaderboards/public/", page_size=1).json()
    assert first["previous"] is None
    second = visitor.get(first["next"]).json()
    assert [row["rank"] for row in second["results"]] == [2]
    assert second["next"] is None
    assert visitor.get(second["previous"]).json()["results"] == first["results"]
    assert visitor.get("challenges/forest/leaderboards/public/", page=9).json()["results"] == []


def boards(asker):
    return [board["board"] for board in asker.get("challenges/forest/leaderboards/").json()["results"]]


def test_the_private_board_is_the_hosts_until_its_release(cast, ask):
    assert boards(ask("grace")) == ["public", "private"]
    for name in ("ada", "visitor", "vera"):
        assert boards(ask(name)) == ["public"]
        assert error_of(ask(name).get("challenges/forest/leaderboards/private/"), 404)
    past = timezone.now() - timedelta(days=1)
    Phase.objects.filter(challenge=cast.forest).update(closes=past, private_release=past)
    assert boards(ask("ada")) == ["private", "public"]
    assert ask("ada").get("challenges/forest/leaderboards/private/").status_code == 200


def test_a_board_that_is_only_for_hosts(cast, ask):
    Board.objects.filter(challenge=cast.forest, slug="public").update(audience="hosts")
    assert boards(ask("ada")) == []
    assert error_of(ask("ada").get("challenges/forest/leaderboards/public/"), 404)


def test_strangers_find_no_board(ask):
    for name in ("ada", "visitor"):
        assert error_of(ask(name).get("challenges/harbour/leaderboards/"), 404)
        assert error_of(ask(name).get("challenges/harbour/leaderboards/public/"), 404)
    assert ask("dara").get("challenges/harbour/leaderboards/public/").json()["results"] == []


def test_a_board_describes_its_columns(ask):
    board = ask("visitor").get("challenges/forest/leaderboards/").json()["results"][0]
    assert board["columns"] == [
        {"key": "accuracy", "title": "Accuracy", "split": "public", "direction": "higher", "decimals": 4}
    ]
    assert board["url"].endswith("/api/v1/challenges/forest/leaderboards/public/")
