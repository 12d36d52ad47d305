"""Boards as people see them: through HTTP."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from podium.challenges.models import Phase
from podium.leaderboards.models import Board
from podium.leaderboards.selectors import board_page, rank_of, search
from podium.leaderboards.services import board_rebuild, board_snapshot, boards_snapshot_due
from podium.teams.models import Membership, Team
from podium.teams.services import team_rename
from tests.leaderboards.made import board, scored, submission, team

TODAY = datetime(2026, 3, 4, tzinfo=UTC).date()


@pytest.fixture
def forty(cast):
    """Forty teams from best to worst, and Held Out between the 30th and the 31st."""
    for number in range(1, 41):
        submission(team(cast.forest, f"Team {number:02}"), {"public": 1 - number / 100, "private": number / 100})
    scored(cast.held_out, 0.695, 0.99)
    for one in cast.forest.boards.all():
        board_rebuild(one)
    return cast


def get(cast, path="", who="visitor", **query):
    answer = cast.client(who).get(f"/challenges/forest/leaderboard/{path}", query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows_of(html):
    """Return a page's rows as their words."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.S)[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def test_a_visitor_sees_rank_team_score_and_entries(forty):
    first = rows_of(get(forty))[0]
    assert first.startswith("1 Team 01")
    assert "0.9900" in first


def test_the_people_of_a_team_are_named(forty):
    assert 'aria-label="ada"' in get(forty)
    assert 'aria-label="ben"' in get(forty)


def test_my_row_is_marked_for_me_alone(forty):
    html = get(forty, who="ben")
    assert html.count('class="is-you"') == 1
    assert "31" in rows_of(html)[30]
    assert "is-you" not in get(forty, who="chen")
    assert "is-you" not in get(forty)


def test_on_another_page_my_row_stands_above_the_others(forty):
    for number in range(41, 90):
        submission(team(forty.forest, f"Team {number}"), {"public": 0.9})
    board_rebuild(board(forty.forest))
    first, *others = rows_of(get(forty, who="ada"))
    assert first.startswith("80 Held Out")
    assert len(others) == 50
    assert not any("Held Out" in row for row in others)
    assert rows_of(get(forty))[0].startswith("1 Team 01")


def test_a_page_beyond_the_last_is_the_last(forty):
    assert rows_of(get(forty, page="999")) == rows_of(get(forty, page="1")) == rows_of(get(forty, page="²x"))


def test_a_baseline_has_no_rank_and_takes_none_away(forty):
    scored(team(forty.forest, "The Mean", baseline=True), 0.985)
    rows = rows_of(get(forty))
    assert rows[1].startswith("– not ranked The Mean baseline")
    assert rows[2].startswith("2 Team 02")


def test_pages_ranks_and_own_ranks_agree(forty):
    scored(team(forty.forest, "The Mean", baseline=True), 0.7)
    public = board(forty.forest)
    whole = [(row.team.name, row.rank) for row in board_page(public, per_page=100).rows]
    assert [rank for _, rank in whole if rank] == list(range(1, 42))
    for per_page in (1, 7, 21, 42):
        pages = [board_page(public, number=n, per_page=per_page) for n in range(1, -(-42 // per_page) + 1)]
        assert [(row.team.name, row.rank) for page in pages for row in page.rows] == whole
    for entry in public.entries.filter(ranked=True):
        assert (entry.team.name, rank_of(entry)) in whole


def test_movement_is_against_yesterday(forty):
    public = board(forty.forest)
    assert "since yesterday" not in get(forty)
    board_snapshot(public, TODAY)
    scored(Team.objects.get(name="Team 03"), 0.999)
    scored(team(forty.forest, "Arrived"), 0.5)
    rows = {row.team.name: row for row in board_page(public).rows}
    assert [rows[f"Team 0{n}"].movement for n in (1, 2, 3, 4)] == [-1, -1, 2, 0]
    assert rows["Arrived"].is_new
    html = get(forty)
    assert "2 up since yesterday" in rows_of(html)[0]
    assert "1 down since yesterday" in rows_of(html)[1]
    assert "unchanged since yesterday" in rows_of(html)[3]
    assert "new" in rows_of(html)[-1]


def test_a_snapshot_is_taken_once_a_day(forty):
    public = board(forty.forest)
    assert board_snapshot(public, TODAY)
    scored(Team.objects.get(name="Team 40"), 1.0)
    assert not board_snapshot(public, TODAY)
    assert public.entries.get(team__name="Team 40").rank_before == 41
    assert board_snapshot(public, TODAY + timedelta(days=1))
    assert public.entries.get(team__name="Team 40").rank_before == 1


def test_the_daily_task_takes_what_is_due(forty):
    assert boards_snapshot_due() == 2  # the public boards of both challenges
    assert boards_snapshot_due() == 0
    Board.objects.update(snapshot_day=timezone.now().date() - timedelta(days=1))
    assert boards_snapshot_due() == 2


def test_a_search_finds_teams_and_people_whatever_case_and_accents(forty):
    scored(team(forty.forest, "Kappa Café"), 0.7)
    assert [row.split()[:3] for row in rows_of(get(forty, q="CAFE"))] == [["31", "Kappa", "Café"]]
    assert [row.split()[:3] for row in rows_of(get(forty, q="Ben"))] == [["32", "Held", "Out"]]
    assert len(rows_of(get(forty, q="team 1"))) == 10


@pytest.mark.parametrize("text", ["zzz", "%", "_", "'", '"', "\\", "a\0b", "<script>alert(1)</script>", "x" * 5000])
def test_a_search_takes_any_text_as_text(forty, text):
    html = get(forty, q=text)
    assert "Nobody of this name is on the board." in html
    assert "<script>alert" not in html


def test_a_search_keeps_true_ranks_on_all_its_pages(forty):
    public = board(forty.forest)
    found = [board_page(public, number=n, per_page=3, text="team").rows for n in (1, 7, 14)]
    assert [[row.rank for row in rows] for rows in found] == [[1, 2, 3], [19, 20, 21], [41]]


def test_a_search_of_nothing_but_blanks_shows_the_board(forty):
    assert len(rows_of(get(forty, q="   "))) == 41


def test_who_is_renamed_is_found_by_the_new_name(forty):
    public = board(forty.forest)
    team_rename(forty.held_out, name="Ålesund", actor=forty.ada)
    forty.ben.name = "Benedikt Ørn"
    forty.ben.save()
    assert len(search(public, "alesund")) == len(search(public, "benedikt")) == len(search(public, "ørn")) == 1
    assert search(public, "held out") == []


def test_who_leaves_or_is_deleted_is_not_found_any_more(forty):
    public = board(forty.forest)
    assert len(search(public, "ben")) == 1
    Membership.objects.get(user=forty.ben).delete()
    assert search(public, "ben") == []


def test_an_empty_board_says_so(cast):
    assert "Nobody has submitted yet." in get(cast)
    assert "Submit the first" in get(cast, who="ada")
    assert "Submit the first" not in get(cast, who="grace")


def test_a_challenge_without_boards_says_so(cast):
    cast.forest.boards.all().delete()
    assert "no board yet" in get(cast)


def test_before_the_release_the_private_board_is_announced(cast):
    html = get(cast, who="ada")
    assert 'aria-disabled="true"' in html
    assert "Private, from" in html
    assert "/leaderboard/private/" not in html


def release(challenge):
    now = timezone.now()
    Phase.objects.filter(challenge=challenge).update(
        opens=now - timedelta(days=9), closes=now - timedelta(days=2), private_release=now - timedelta(days=1)
    )


def test_after_the_release_the_private_board_comes_first_with_its_shake_up(forty):
    release(forty.forest)
    html = get(forty, who="ada")
    assert "Private leaderboard" in html
    assert rows_of(html)[0].startswith("1 30 up from the board “Public” Held Out")
    assert "Of those shown, Team 40 rose most, from 41 to 2. Team 02 fell most, from 2 to 40." in html
    assert "Public leaderboard" in get(forty, "public/")


def test_the_plot_names_leader_you_and_baseline(forty):
    scored(team(forty.forest, "The Mean", baseline=True), 0.4)
    html = get(forty, who="ada")
    assert "Team 01 leads with 0.9900. Yours is 0.6950. The dashed line is the best baseline, 0.4000." in html


def test_the_board_says_on_which_share_it_is_scored(forty):
    Board.objects.filter(slug="public").update(rows_share=0.3)
    assert "Scored on 30 % of the test rows." in get(forty)


def read_csv(cast, who="visitor", board="public"):
    answer = cast.client(who).get(f"/challenges/forest/leaderboard/{board}/board.csv")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="forest-{board}.csv"'
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_csv_holds_the_whole_board(forty):
    scored(team(forty.forest, "The Mean", baseline=True), 0.985)
    rows = read_csv(forty)
    assert [row["rank"] for row in rows] == ["1", "", *map(str, range(2, 42))]
    own = next(row for row in rows if row["team"] == "Held Out")
    assert (own["members"], own["accuracy"], own["entries"], own["is_baseline"]) == ("ada; ben", "0.6950", "1", "")
    assert rows[1]["is_baseline"] == "yes"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_cannot_be_a_formula(cast, name):
    scored(team(cast.forest, name), 0.5)
    assert read_csv(cast)[0]["team"] == f"'{name}"


def test_values_are_rounded_in_the_csv_too(cast):
    scored(cast.held_out, 0.123456789, 0.987654321)
    release(cast.forest)
    assert read_csv(cast)[0]["accuracy"] == "0.1235"
    assert read_csv(cast, board="private")[0]["accuracy"] == "0.9877"


@pytest.mark.parametrize("path", ["", "?q=team", "?page=2", "private/"])
@pytest.mark.parametrize("who", ["ada", "visitor"])
def test_more_teams_need_no_more_queries(cast, path, who):
    release(cast.forest)
    scored(cast.held_out, 0.5)
    scored(team(cast.forest, "The Mean", baseline=True), 0.4)

    def fill(start, stop):
        for number in range(start, stop):
            submission(team(cast.forest, f"Team {number}"), {"public": number / 1000, "private": number / 999})
        for one in cast.forest.boards.all():
            board_rebuild(one)

    fill(0, 5)
    few = queries(cast, path, who)
    fill(5, 200)
    assert queries(cast, path, who) == few


def queries(cast, path, who):
    client = cast.client(who)
    client.get(f"/challenges/forest/leaderboard/{path}")
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/challenges/forest/leaderboard/{path}")
    return len(asked)
