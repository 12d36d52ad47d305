"""Steps, ranks that a team could have, and whiskers: what of a board is luck, said to everybody."""

import re

import numpy as np
import pytest

from podium.leaderboards import comparing
from podium.leaderboards.comparing import board_compare, boards_compare
from podium.leaderboards.intervals import Interval, interval
from podium.leaderboards.models import Board
from podium.leaderboards.selectors import board_page
from podium.leaderboards.services import board_rebuild, entries_refresh
from podium.submissions.models import Run
from tests.leaderboards.made import board, measured, rerun, scored, select, submission, team
from tests.leaderboards.test_pages import get, queries, read_csv, release, rows_of


@pytest.fixture
def six(cast):
    """Six teams: three near 0.9, two near 0.8, and Held Out at 0.7, with intervals of ±0.02 and their own mistakes."""
    for number, value in enumerate([0.902, 0.9, 0.899, 0.801, 0.8], start=1):
        measured(scored(team(cast.forest, f"Team {number}"), value, 1 - value))
    measured(scored(cast.held_out, 0.7, 0.3))
    boards_compare()
    return cast


def steps_of(html):
    """Return the teams of each step."""
    bodies = re.findall(r'<tbody class="tie at-(\d)">(.*?)</tbody>', html, re.S)
    return [(int(stair), re.findall(r'class="name">([^<]*)<', body)) for stair, body in bodies]


def standing(challenge):
    entries = board(challenge).entries.filter(ranked=True).order_by("place")
    return [(entry.step, entry.best_rank, entry.worst_rank) for entry in entries]


def test_teams_that_cannot_be_told_apart_stand_on_one_step(six):
    assert steps_of(get(six)) == [
        (0, ["Team 1", "Team 2", "Team 3"]),
        (1, ["Team 4", "Team 5"]),
        (2, ["Held Out"]),
    ]


def test_each_team_is_told_which_ranks_it_could_have(six):
    assert standing(six.forest) == [(1, 1, 3), (1, 1, 3), (1, 1, 3), (2, 4, 5), (2, 4, 5), (3, 6, 6)]
    html = get(six)
    assert '<td class="range">1–3</td>' in html
    assert '<td class="range">6</td>' in html
    assert "could be 4–5" in html


def test_a_score_has_its_interval_in_figures_and_as_a_whisker_on_one_axis(six):
    html = get(six)
    assert "<small>±0.0200</small>" in html
    assert "0.8820 to 0.9220" in html
    grids = {
        tuple(re.findall(r'class="grid" x1="([\d.]+)%"', svg))
        for svg in re.findall(r"<svg class=.whisker.*?</svg>", html)
        if "grid" in svg
    }
    assert len(grids) == 1


def test_it_is_explained_to_those_who_know_no_statistics(six):
    html = get(six)
    assert "rows that happened to be chosen" in html
    assert "Teams on one step are no further from its first than chance explains" in html
    assert "“Could be” lists all ranks that a team might truly hold" in html


def test_without_intervals_a_board_is_as_it_was(cast):
    scored(cast.held_out, 0.5)
    html = get(cast)
    for word in ("whisker", "stair", "Could be", "happened to be chosen"):
        assert word not in html


def test_a_baseline_stands_in_its_place_on_the_step_above_it(six):
    measured(scored(team(six.forest, "The Mean", baseline=True), 0.85))
    boards_compare()
    html = get(six)
    assert steps_of(html)[0] == (0, ["Team 1", "Team 2", "Team 3", "The Mean"])
    assert standing(six.forest)[0] == (1, 1, 3)
    assert rows_of(html)[3].startswith("– – not ranked The Mean")


def test_a_team_that_moved_stands_with_those_above_it_until_it_is_compared(six):
    row = scored(six.held_out, 0.9005)
    html = get(six)
    assert steps_of(html)[0] == (0, ["Team 1", "Held Out", "Team 2", "Team 3"])
    assert html.count("unplaced") == 1
    assert "Steps as of" in html
    boards_compare()  # not measured yet
    assert standing(six.forest)[1][0] is None
    measured(row)
    boards_compare()
    html = get(six)
    assert "unplaced" not in html
    assert "Steps as of" not in html
    assert standing(six.forest)[1] == (1, 1, 4)


def test_ranks_from_before_others_moved_are_not_shown(six):
    for number in range(4):
        scored(team(six.forest, f"New {number}"), 0.99)
    row = next(row for row in board_page(board(six.forest)).rows if row.team.name == "Team 1")
    assert (row.rank, row.could_be) == (5, "")


def test_what_changes_nothing_has_nothing_compared_anew(six):
    assert boards_compare() == 0
    scored(six.held_out, 0.1)  # worse than its best
    assert [one.slug for one in comparing.boards_to_compare()] == ["private"]  # where two count without a choice
    boards_compare()
    entries_refresh(six.forest.phases.get(), six.held_out)
    assert boards_compare() == 0
    board_rebuild(board(six.forest))  # for another reason than before, perhaps: another column, other scores
    assert boards_compare() == 1


def test_what_moved_while_it_was_compared_keeps_nothing_of_it(six, monkeypatch):
    public = board(six.forest)
    found = comparing._compared

    def and_meanwhile(one):
        result = list(found(one))
        scored(six.held_out, 0.95)
        return result

    measured(scored(team(six.forest, "Team 6"), 0.6))
    with monkeypatch.context() as patch:
        patch.setattr(comparing, "_compared", and_meanwhile)
        assert board_compare(public.pk)
    assert standing(six.forest)[0] == (None, None, None)
    public.refresh_from_db()
    assert public.is_being_compared
    assert public.compared_at is not None


def test_one_compares_a_board_at_a_time(six):
    measured(scored(six.held_out, 0.95))
    Board.objects.update(comparing_until="2999-01-01T00:00Z")
    assert boards_compare() == 0
    assert not board_compare(board(six.forest).pk)


def test_a_run_whose_evidence_is_gone_is_measured_again(six):
    run = Run.objects.filter(submissions__team=six.held_out).get()
    from podium.submissions import evidence

    (evidence.folder() / str(run.pk) / "1" / "public.npy").unlink()
    measured(scored(team(six.forest, "Team 6"), 0.6))
    boards_compare()
    run.refresh_from_db()
    assert (run.measured_at, run.measure_attempt) == (None, 0)


def test_evidence_of_another_reference_is_not_compared(six):
    row = submission(team(six.forest, "Other rows"), {"public": 0.95})
    measured(row, influence=np.ones(7))
    board_rebuild(board(six.forest))
    boards_compare()
    assert standing(six.forest)[0] == (1, 1, 7)
    assert standing(six.forest)[1][0] == 2


def test_above_the_limit_each_is_compared_with_the_first_of_its_step_alone(six, monkeypatch):
    monkeypatch.setattr(comparing, "ALL_PAIRS", 3)
    measured(scored(team(six.forest, "Team 6"), 0.6))
    boards_compare()
    assert [step for step, *_ in standing(six.forest)] == [1, 1, 1, 2, 2, 3, 4]
    assert {best for _, best, _ in standing(six.forest)} == {None}
    html = get(six)
    assert "Could be" not in html
    assert "too many to compare every two of them" in html


def test_a_step_goes_on_from_one_page_to_the_next(cast):
    for number in range(60):
        value = 0.9 if number < 40 else 0.5
        row = submission(team(cast.forest, f"Team {number:02}"), {"public": value})
        measured(row)
    board_rebuild(board(cast.forest))
    boards_compare()
    pages = [board_page(Board.objects.get(slug="public", challenge=cast.forest), number=n).steps for n in (1, 2)]
    assert [[(step.number, len(step.rows)) for step in steps] for steps in pages] == [[(1, 40), (2, 10)], [(2, 10)]]
    assert pages[1][0].continues
    assert [stair for stair, _ in steps_of(get(cast, page="2"))] == [1]


def test_what_a_search_finds_stands_on_no_steps(six):
    html = get(six, q="Team")
    assert "tie" not in re.findall(r"<tbody[^>]*>", html)[0]
    assert "±0.0200" in html


def test_my_row_elsewhere_shows_its_ranks_too(six):
    for number in range(60):
        measured(submission(team(six.forest, f"Many {number:02}"), {"public": 0.95}))
    board_rebuild(board(six.forest))
    boards_compare()
    html = get(six, who="ada")
    assert rows_of(html)[0].split()[0] == "66" or "66" in rows_of(html)[0]
    assert re.search(r'<tbody><tr class="is-you">', html)


def test_the_private_board_says_how_sure_it_is_after_the_release_alone(six):
    for who in ("visitor", "ada"):
        assert six.client(who).get("/challenges/forest/leaderboard/private/").status_code == 404
    select(board(six.forest).entries.get(team=six.held_out).submission)
    boards_compare()
    release(six.forest)
    assert len(steps_of(get(six, "private/"))) == 3


def test_the_newer_run_counts_measured_or_not(six):
    row = board(six.forest).entries.get(team=six.held_out).submission
    rerun(row, {"public": 0.71, "private": 0.3})
    board_rebuild(board(six.forest))
    entry = board(six.forest).entries.get(team=six.held_out)
    assert (entry.values, entry.intervals) == ({"accuracy": 0.71}, {})


def test_the_csv_file_has_it_too(six):
    first, *_, last = read_csv(six)
    assert (first["accuracy_low"], first["accuracy_high"]) == ("0.8820", "0.9220")
    assert (first["step"], first["could_be_best"], first["could_be_worst"]) == ("1", "1", "3")
    assert (last["step"], last["could_be_best"]) == ("3", "6")


def test_programs_get_the_ends_of_the_interval_rounded_and_hosts_in_full(six):
    row = board(six.forest).entries.get(team=six.held_out).submission
    from podium.submissions.models import Score

    Score.objects.filter(seat__submission=row, split="public").update(value=0.700012345, low=0.68, high=0.71)

    def asked(who):
        scores = six.client(who).get(f"/api/v1/submissions/{row.pk}/").json()["scores"]
        return next((one["value"], one["ci_low"], one["ci_high"]) for one in scores if one["split"] == "public")

    assert asked("ada") == (0.7, 0.68, 0.71)
    assert asked("grace") == pytest.approx((0.700012345, 0.68, 0.71), abs=1e-12)
    place = six.client("visitor").get("/api/v1/challenges/forest/leaderboards/public/").json()["results"][-1]
    assert place["scores"][0]["ci_low"] == 0.68


@pytest.mark.parametrize("path", ["", "?page=2", "?q=team"])
def test_more_teams_that_are_compared_need_no_more_queries(six, path):
    def fill(start, stop):
        for number in range(start, stop):
            measured(submission(team(six.forest, f"Team X{number}"), {"public": number / 1000}))
        board_rebuild(board(six.forest))
        boards_compare()

    fill(0, 60)
    few = queries(six, path, "ada")
    fill(60, 120)
    assert queries(six, path, "ada") == few


# In words


@pytest.mark.parametrize(
    ("value", "arms", "short", "sentence"),
    [
        (0.936, (0.0087, 0.0087), "±0.0087", "±0.0087, so between 0.9273 and 0.9447"),
        (0.99, (0.04, 0.008), "0.9500–0.9980", "between 0.9500 and 0.9980"),
        (1.0, (0.02, 0.0), "0.9800–1.0000", "between 0.9800 and 1.0000"),
        (1.0, (0.02, None), "at least 0.9800", "at least 0.9800"),
        (0.0, (None, 0.02), "at most 0.0200", "at most 0.0200"),
        (0.5, (0.00001, 0.00001), "±less than 0.0001", "±less than 0.0001"),
        (-3.25, (1.5, 1.5), "±1.5000", "±1.5000, so between −4.7500 and −1.7500"),
    ],
)
def test_an_interval_in_words(value, arms, short, sentence):
    shown = interval(value, arms, decimals=4)
    assert (shown.short, shown.sentence) == (short, sentence)


@pytest.mark.parametrize(("value", "arms"), [(None, (0.1, 0.1)), (0.5, None), (0.5, (None, None))])
def test_where_nothing_is_known_there_is_no_interval(value, arms):
    assert interval(value, arms, decimals=4) is None


def test_no_more_digits_are_shown_than_the_score_has():
    assert interval(0.94, (0.012345, 0.012345), decimals=2) == Interval(0.94, 0.93, 0.95, 2)
