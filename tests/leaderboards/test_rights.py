"""Who sees which board and which score, over both challenges. Private stays private, whatever is asked."""

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from podium.challenges.models import Phase
from podium.core.errors import Conflict, Forbidden
from podium.core.events import history
from podium.leaderboards.models import Board
from podium.leaderboards.services import private_release
from podium.leaderboards.shown import scores_shown
from tests.leaderboards.made import board, scored, team

EVERYBODY = ["visitor", "vera", "ada", "ben", "chen", "dara", "grace", "jude", "heidi", "root"]
HOSTS = {"forest": {"grace", "jude", "root"}, "harbour": {"heidi", "root"}}
INSIDERS = {"forest": set(EVERYBODY), "harbour": {"dara", "heidi", "root"}}
SECRET = 0.70719


@pytest.fixture
def both(cast):
    """Both challenges with a submission whose private score nobody may know yet."""
    scored(cast.held_out, 0.61, SECRET)
    scored(team(cast.forest, "Rival"), 0.62, 0.1)
    scored(cast.harbour.teams.get(), 0.63, SECRET)
    return cast


def release(*, released=True):
    now = timezone.now()
    closes = now - timedelta(days=3)
    Phase.objects.update(
        opens=now - timedelta(days=9), closes=closes, private_release=now - timedelta(days=1) if released else None
    )


def status(cast, who, path):
    answer = cast.client(who).get(path)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("slug", ["forest", "harbour"])
@pytest.mark.parametrize("ending", ["", "board.csv"])
def test_who_sees_which_board(both, who, slug, ending):
    def code(board):
        return status(both, who, f"/challenges/{slug}/leaderboard/{board}/{ending}")

    sees, hosts = who in INSIDERS[slug], who in HOSTS[slug]
    assert code("public") == (200 if sees else 404)
    assert code("private") == (200 if hosts else 404)
    assert code("nothing") == 404
    Board.objects.filter(slug="private").update(audience="hosts")
    release()
    assert code("private") == (200 if hosts else 404)
    Board.objects.filter(slug="private").update(audience="released")
    assert code("private") == (200 if sees else 404)


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("slug", ["forest", "harbour"])
def test_the_tab_itself_follows_the_challenge(both, who, slug):
    assert status(both, who, f"/challenges/{slug}/leaderboard/") == (200 if who in INSIDERS[slug] else 404)


def test_a_board_of_another_challenge_is_not_found_by_its_name(both):
    Board.objects.filter(challenge=both.harbour, slug="public").update(slug="theirs")
    assert status(both, "ada", "/challenges/forest/leaderboard/theirs/") == 404


@pytest.mark.parametrize("who", ["visitor", "ada", "ben", "chen", "heidi"])
@pytest.mark.parametrize("path", ["", "?q=held", "?page=2", "?sort=private", "public/", "public/board.csv"])
def test_nothing_private_is_in_any_answer_before_the_release(both, who, path):
    answer = both.client(who).get(f"/challenges/forest/leaderboard/{path}")
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    assert str(SECRET).encode() not in content
    assert b"0.7072" not in content


def test_private_scores_do_not_move_the_public_board(both):
    def page():
        html = both.client("chen").get("/challenges/forest/leaderboard/").content.decode()
        return html[html.index("<tbody>") : html.rindex("</tbody>")]

    before = page()
    from podium.submissions.models import Score
    from tests.leaderboards.made import finish

    for score in Score.objects.filter(split="private").select_related("seat__submission"):
        Score.objects.filter(pk=score.pk).update(value=1 - SECRET)
        finish(score.seat.submission)
    assert page() == before


def test_what_hosts_see_early_is_not_what_others_see(both):
    host = both.client("grace").get("/challenges/forest/leaderboard/private/").content
    assert b"0.7072" in host
    assert status(both, "ada", "/challenges/forest/leaderboard/private/?page=1") == 404


def test_a_draft_is_for_hosts_only(both):
    both.forest.visibility = "draft"
    both.forest.save()
    for who in EVERYBODY:
        expected = 200 if who in HOSTS["forest"] else 404
        assert status(both, who, "/challenges/forest/leaderboard/public/") == expected


# Scores of submissions


def values(cast, who, submission):
    from django.contrib.auth.models import AnonymousUser

    user = AnonymousUser() if who == "visitor" else getattr(cast, who)
    return {score.split: score.value for score in scores_shown(user, [submission])[submission.pk]}


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_sees_which_score_of_a_submission(cast, who):
    row = scored(cast.held_out, 0.612345, SECRET)
    exact, rounded = {"public": 0.612345, "private": SECRET}, {"public": 0.6123}
    expected = exact if who in HOSTS["forest"] else rounded if who in {"ada", "ben"} else {}
    assert values(cast, who, row) == expected
    release()
    if who in {"ada", "ben"}:
        expected = {"public": 0.6123, "private": 0.7072}
    assert values(cast, who, row) == expected


def test_without_a_release_time_nothing_private_is_shown(cast):
    row = scored(cast.held_out, 0.6, SECRET)
    release(released=False)
    assert values(cast, "ada", row) == {"public": 0.6}
    assert values(cast, "grace", row) == {"public": 0.6, "private": SECRET}


def test_what_only_hosts_have_a_board_for_stays_theirs(cast):
    Board.objects.filter(slug="private").update(audience="hosts")
    row = scored(cast.held_out, 0.6, SECRET)
    release()
    assert values(cast, "ada", row) == {"public": 0.6}


def test_an_undefined_private_score_is_told_to_hosts_only(cast):
    row = scored(cast.held_out, 0.6, None)
    assert values(cast, "ada", row) == {"public": 0.6}
    assert values(cast, "grace", row) == {"public": 0.6, "private": None}


def test_who_left_the_team_sees_its_scores_no_more(cast):
    row = scored(cast.held_out, 0.6)
    cast.ben.memberships.all().delete()
    assert values(cast, "ben", row) == {}


def test_a_submission_that_is_not_scored_has_no_scores(cast):
    row = scored(cast.held_out, 0.6)
    row.state = "running"
    assert values(cast, "grace", row) == {}


def test_scores_of_many_submissions_take_as_many_queries_as_of_one(cast, django_assert_num_queries):
    rows = [scored(cast.held_out, 0.1 * number) for number in range(9)]
    rows += [scored(cast.harbour.teams.get(), 0.5)]
    for user in (cast.ada, cast.grace):
        with django_assert_num_queries(5):
            scores_shown(user, rows[:1])
        with django_assert_num_queries(5):
            assert len(scores_shown(user, rows)) == 10


# Releasing


def test_an_editor_releases_a_closed_phase_once(both):
    release(released=False)
    phase = both.forest.phases.get()
    private_release(phase, both.grace)
    at = Phase.objects.get(pk=phase.pk).private_release
    private_release(phase, both.grace)
    assert Phase.objects.get(pk=phase.pk).private_release == at
    assert [event.name for event in history(phase)] == ["private_release"]
    assert status(both, "visitor", "/challenges/forest/leaderboard/private/") == 200


@pytest.mark.parametrize("who", ["ada", "jude", "heidi", "vera"])
def test_nobody_else_releases(both, who):
    release(released=False)
    with pytest.raises(Forbidden):
        private_release(both.forest.phases.get(), getattr(both, who))


def test_an_open_phase_cannot_be_released(both):
    with pytest.raises(Conflict, match="when the phase is closed"):
        private_release(both.forest.phases.get(), both.grace)


# What other pages say of boards


def drawn(cast, tag, who):
    from django.contrib.auth.models import AnonymousUser

    user = AnonymousUser() if who == "visitor" else getattr(cast, who)
    context = Context({"challenge": cast.forest, "user": user})
    return Template(f"{{% load boards %}}{tag}").render(context)


def test_tags_show_what_the_reader_may_see(both):
    excerpt = "{% board_excerpt challenge %}"
    assert "0.6200" in drawn(both, excerpt, "visitor")
    assert "0.7072" not in drawn(both, excerpt, "visitor") + drawn(both, excerpt, "ada")
    assert drawn(both, "{% board_count challenge %}", "visitor") == "2"
    mine = "{% my_rank challenge as mine %}{{ mine.rank }}"
    assert [drawn(both, mine, who) for who in ("visitor", "ben", "chen", "grace")] == ["", "2", "", ""]
    release()
    assert "0.7072" in drawn(both, excerpt, "visitor")
    assert drawn(both, mine, "ben") == "1"


def test_operators_look_boards_up_and_change_nothing(both):
    one = board(both.forest)
    assert status(both, "root", "/admin/leaderboards/board/") == 200
    assert status(both, "root", f"/admin/leaderboards/board/{one.pk}/change/") == 200
    assert both.client("root").post(f"/admin/leaderboards/board/{one.pk}/change/", {"title": "x"}).status_code == 403
    assert both.client("grace").get("/admin/leaderboards/board/").status_code == 302
