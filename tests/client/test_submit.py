"""Sending files in and reading what came of it."""

import pytest

from podium.challenges.models import Challenge
from podium.challenges.services import rules_publish
from podium.submissions.models import Submission
from podium.teams.models import Team
from tests.api.asking import BY_ITSELF
from tests.cast import predictions
from tests.client.breaking import breaking


@pytest.fixture
def mine(home):
    """A file of predictions."""
    path = home / "mine.csv"
    path.write_bytes(predictions(15))
    return str(path)


def test_a_file_is_sent_and_its_scores_are_waited_for(site, podium, mine, quick):
    site.sign_in("ada")
    answer = podium("submit", "forest", mine, "--description", "First", "--phase", "main", "--json")
    assert answer.status == 0
    assert (answer.json["state"], answer.json["description"]) == ("scored", "First")
    assert answer.json["scores"][0]["value"] == 0.8
    listed = podium("submissions", "forest", "--json").json["results"]
    assert listed == [{name: value for name, value in answer.json.items() if name not in BY_ITSELF}]


def test_people_read_the_scores(site, podium, mine, quick):
    site.sign_in("ada")
    answer = podium("submit", "forest", mine)
    assert "scored" in answer.out
    assert "accuracy\tpublic\t0.8" in answer.out
    assert "0.8" in podium("submissions", "forest").out


def test_a_rejected_file_ends_with_two(site, podium, home, quick):
    site.sign_in("ada")
    (home / "bad.csv").write_text("id,label\nrow-1,x\n")
    answer = podium("submit", "forest", str(home / "bad.csv"), "--json")
    assert answer.status == 2
    assert answer.json["state"] == "rejected"
    assert podium("submit", "forest", str(home / "bad.csv")).out.strip().endswith(answer.json["error"]["message"])


def test_what_is_refused_at_the_door_ends_with_one(site, podium, mine, home):
    site.sign_in("vera")
    answer = podium("submit", "forest", mine, "--json")
    assert (answer.status, answer.json["error"]["code"]) == (1, "not_joined")
    site.sign_in("ada")
    (home / "mine.exe").write_bytes(b"x")
    assert podium("submit", "forest", str(home / "mine.exe"), "--json").json["error"]["code"] == "wrong_type"


def test_nobody_has_to_wait(site, podium, mine):
    site.sign_in("ada")
    answer = podium("submit", "forest", mine, "--no-wait", "--json")
    assert (answer.status, answer.json["scores"]) == (0, [])


def test_an_answer_that_is_lost_makes_no_second_submission(site, podium, mine, quick):
    with breaking(site.url, [0, 20]) as way:
        site.sign_in("ada", way)
        answer = podium("submit", "forest", mine, "--no-wait")
    assert answer.status == 0
    assert "Trying again" in answer.err
    assert Submission.objects.count() == 1


def test_joining_asks_for_the_rules_to_be_accepted(site, podium):
    site.sign_in("vera")
    rules_publish(site.cast.forest, body="Be fairer.", actor=site.cast.grace)
    answer = podium("join", "forest", "--json")
    assert answer.status == 1
    assert "version 2" in answer.json["error"]["message"]
    assert "/challenges/forest/rules/" in answer.json["error"]["message"]
    joined = podium("join", "forest", "--yes", "--json").json
    assert (joined["challenge"], joined["rules"]) == ("forest", 2)
    assert podium("join", "forest", "--json").json == joined


def test_challenges_are_listed_and_found(site, podium):
    site.sign_in("dara")
    assert [one["slug"] for one in podium("challenges", "--json").json["results"]] == ["harbour", "forest"]
    assert podium("challenges", "--search", "harbour", "--state", "running").out.splitlines()[1].startswith("harbour\t")
    assert podium("challenges", "--state", "ended", "--json").json == {"results": []}


def test_a_board_by_page_and_whole(site, podium, mine, quick):
    for name in ("ada", "chen"):
        site.sign_in(name)
        podium("submit", "forest", mine)
    answer = podium("leaderboard", "forest", "--json").json
    assert answer["board"] == "public"
    assert [(row["rank"], row["team"]) for row in answer["results"]] == [(1, "Held Out"), (2, "chen")]
    assert podium("leaderboard", "forest", "--page", "2", "--json").json["results"] == []
    assert podium("leaderboard", "forest", "--all", "--board", "public", "--json").json == answer
    lines = podium("leaderboard", "forest").out.splitlines()
    assert lines[0] == "rank\tteam\tAccuracy\tentries\tlast"
    assert lines[1].startswith("1\tHeld Out\t0.8000\t1\t")
    error = podium("leaderboard", "forest", "--board", "private", "--json").json["error"]
    assert error["code"] == "no_such_board"


def test_names_cannot_steer_a_terminal(site, podium, mine, quick):
    site.sign_in("ada")
    podium("submit", "forest", mine)
    Team.objects.filter(pk=site.cast.held_out.pk).update(name="\x1b[2J[red]Held\u202e Out")
    lines = podium("leaderboard", "forest").out.splitlines()
    assert "\x1b" not in lines[1]
    assert "\u202e" not in lines[1]
    assert "[red]Held" in lines[1]


def test_more_challenges_than_one_page_holds(site, podium):
    rows = (Challenge(slug=f"c{n}", title="C", summary="", organiser="", visibility="public") for n in range(205))
    Challenge.objects.bulk_create(rows)
    site.sign_in("vera")
    assert len(podium("challenges", "--json").json["results"]) == 206
