"""Plots and timelines: every position worked out, whatever the data."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.template.loader import render_to_string

from podium.core.plots import (
    MOST_PAIRS,
    MOST_SERIES,
    EntryPoint,
    Milestone,
    Plot,
    Series,
    Shift,
    Text,
    entries_plot,
    running_best,
    shakeup_plot,
    spread,
    steps_plot,
    ticks,
    timeline,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = datetime(2026, 10, 5, tzinfo=UTC)


def steps(series: list[Series]) -> Plot:
    return steps_plot(series, start=START, end=NOW, title="Best public score over time", sentence="One sentence.")


def entries(values: list[float | None], *, this: int = -1, higher_is_better: bool = True) -> Plot:
    points = [EntryPoint(START + timedelta(days=at), value, at == this) for at, value in enumerate(values)]
    return entries_plot(
        points, higher_is_better=higher_is_better, decimals=4, title="Your entries", sentence="One sentence."
    )


def shakeup(shifts: list[Shift]) -> Plot:
    return shakeup_plot(shifts, title="Shake-up", sentence="One sentence.", before="public", after="private")


def drawn(plot: Plot, kind: str = "steps") -> str:
    return render_to_string(f"includes/plots/{kind}.html", {"plot": plot})


def coordinates(plot: Plot) -> list[float]:
    """Return the heights that the paths of a plot pass through."""
    return [float(number) for path in plot.paths for number in re.findall(r"(?:V|M\d+ |L\d+ )([\d.]+)", path.d)]


def test_you_are_green_the_leader_dark_and_the_others_grey_and_unnamed() -> None:
    plot = steps(
        [
            Series("Kestrel", [(START, 0.8), (NOW, 0.9)]),
            Series("Timberline", [(START, 0.85), (NOW, 0.95)], "lead"),
            Series("Held Out", [(START, 0.7), (NOW, 0.93)], "you"),
            Series("Forest", [(START, 0.75)], "baseline"),
        ]
    )
    assert [path.role for path in plot.paths] == ["other", "baseline", "lead", "you"]
    assert {label.text for label in plot.labels} == {"Timberline", "Held Out", "Forest"}
    html = drawn(plot)
    assert '<path class="you"' in html
    assert 'class="dash"' in html
    assert "style=" not in html


def test_a_best_score_is_a_step_and_never_a_slope() -> None:
    plot = steps([Series("Held Out", [(START, 0.5), (START + timedelta(days=10), 0.6), (NOW, 0.7)], "you")])
    assert re.fullmatch(r"M\d+ [\d.]+(H\d+V[\d.]+)+H1000", plot.paths[0].d)


def test_labels_at_the_ends_of_lines_do_not_cover_each_other() -> None:
    height = 260
    labels = spread([Text(100, 50.0 + each / 100, str(each)) for each in range(5)], height)
    gaps = [(after.y - before.y) * height / 100 for before, after in pairwise(labels)]
    assert min(gaps) > 15


def test_labels_at_the_bottom_are_pushed_up_and_not_out() -> None:
    labels = spread([Text(100, 99.0 + each / 10, str(each)) for each in range(4)], 260)
    assert max(label.y for label in labels) <= 100
    assert [label.text for label in labels] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.91, 0.957), (0.9999, 1.0), (12, 3400), (-5, 5), (1e-9, 2e-9), (-0.004, 0.001), (1e6, 9e9)],
)
def test_a_scale_has_three_to_six_round_marks_inside(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert 3 <= len(marks) <= 6
    assert all(low - 1e-12 <= value <= high * (1 + 1e-12) + 1e-12 for value, _ in marks)
    assert len({text for _, text in marks}) == len(marks)


def test_marks_say_their_value() -> None:
    assert [text for _, text in ticks(0.79, 0.96)] == ["0.80", "0.85", "0.90", "0.95"]
    assert [text for _, text in ticks(0.84, 0.94)] == ["0.84", "0.86", "0.88", "0.90", "0.92", "0.94"]
    assert [text for _, text in ticks(-1, 1)] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]


def test_nothing_to_draw_says_so() -> None:
    for plot, kind in ((steps([]), "steps"), (entries([None, None]), "entries"), (shakeup([]), "shakeup")):
        assert plot.empty
        html = drawn(plot, kind)
        assert "<svg" not in html
        assert "no score to draw yet" in html


def test_one_entry_is_a_dot_in_the_middle() -> None:
    plot = entries([0.9])
    assert [(dot.x, dot.y) for dot in plot.dots] == [(50.0, 50.0)]
    assert plot.paths == []


@pytest.mark.parametrize("value", [0.0, 0.9, -3.0, 1e12])
def test_equal_entries_lie_on_one_line(value: float) -> None:
    plot = entries([value] * 5)
    assert {dot.y for dot in plot.dots} == {50.0}


def test_the_entry_of_the_page_is_the_green_one_and_drawn_last() -> None:
    plot = entries([0.8, 0.9, 0.85, None], this=1)
    assert [dot.role for dot in plot.dots] == ["", "", "you"]
    assert [label.text for label in plot.labels] == ["0.9000"]


def test_the_best_so_far_follows_the_direction_of_the_score() -> None:
    values = [3.0, None, 5.0, 2.0, 4.0]
    assert running_best(values, higher_is_better=True) == [3, 3, 5, 5, 5]
    assert running_best(values, higher_is_better=False) == [3, 3, 3, 2, 2]
    assert running_best([None, 1.0], higher_is_better=True) == [None, 1]


def test_one_wild_entry_does_not_flatten_the_others_and_is_mentioned() -> None:
    plot = entries([1e9, *(1 + each / 100 for each in range(20))], higher_is_better=False)
    assert "Off the scale: 1 above." in plot.note
    assert max(dot.y for dot in plot.dots) - min(dot.y for dot in plot.dots if dot.y > 0) > 50


def test_a_leader_far_ahead_stays_on_the_scale() -> None:
    crowd = [Series(f"team {each}", [(START, 0.5 + each / 1000), (NOW, 0.51 + each / 1000)]) for each in range(9)]
    plot = steps([*crowd, Series("Timberline", [(START, 0.5), (NOW, 0.99)], "lead")])
    assert plot.note == ""
    (label,) = plot.labels
    assert 0 < label.y < 20


def test_a_hundred_thousand_entries_make_a_small_page() -> None:
    plot = entries([0.5 + each / 1e6 for each in range(100_000)], this=77)
    assert len(plot.dots) <= 301
    assert len(drawn(plot, "entries")) < 60_000
    assert any(dot.role == "you" for dot in plot.dots)


def test_of_a_thousand_teams_twelve_lines_are_drawn_and_yours_is_one() -> None:
    many = [Series(f"team {each}", [(START, each / 1000)]) for each in range(1000)]
    plot = steps([*many, Series("Held Out", [(START, 0.1)], "you")])
    assert len(plot.paths) == MOST_SERIES
    assert plot.paths[-1].role == "you"


def test_points_before_the_start_and_after_the_end_stay_inside() -> None:
    early, late = START - timedelta(days=400), NOW + timedelta(days=400)
    plot = steps([Series("Held Out", [(early, 0.5), (NOW, 0.6), (late, 0.7)], "you")])
    assert [int(x) for x in re.findall(r"[MH](\d+)", plot.paths[0].d)] == [0, 1000, 1000, 1000]
    assert all(0 <= y <= plot.height for y in coordinates(plot))


@pytest.mark.parametrize("span", [0, 60, 3600, 86_400, 10 * 86_400, 400 * 86_400, 20_000 * 86_400])
def test_dates_below_a_plot_are_few_and_in_order(span: int) -> None:
    plot = steps_plot(
        [Series("a", [(NOW - timedelta(seconds=span), 1.0)], "you")],
        start=NOW - timedelta(seconds=span),
        end=NOW,
        title="t",
        sentence="s",
    )
    places = [text.x for text in plot.axis]
    assert places == sorted(places)
    assert 1 <= len(places) <= 6
    assert plot.axis[-1].text == "today"


def test_a_shake_up_links_a_teams_two_ranks_and_shows_yours_wherever_it_is() -> None:
    plot = shakeup([Shift(f"team {each}", 101 - each, each, each == 90) for each in range(1, 101)])
    assert len(plot.paths) == MOST_PAIRS + 1
    assert plot.paths[-1].role == "you"
    assert "Shown: 41 of 100 teams." in plot.note
    assert {"90 team 90", "11"} <= {label.text for label in plot.labels if label.role == "you"}


def test_names_of_teams_are_cut_for_the_screen_and_escaped() -> None:
    html = drawn(steps([Series("<b>Nearest Neighbours Anonymous", [(START, 0.5)], "you")]))
    assert "&lt;b&gt;" in html
    assert "<b>Nearest" not in html
    assert "…" in html


MILESTONES = [
    Milestone("Start", START),
    Milestone("Private board", datetime(2026, 12, 21, 12, tzinfo=UTC)),
    Milestone("Submissions close", datetime(2026, 12, 14, 23, 59, tzinfo=UTC)),
    Milestone("Teams final", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
]


def test_a_timeline_has_past_now_and_next_in_order() -> None:
    shown = timeline(MILESTONES, NOW)
    assert [(item.what, item.kind) for item in shown.items] == [
        ("Start", "past"),
        ("Now, day 50 of 78", "here"),
        ("Teams final", "next"),
        ("Submissions close", "next"),
        ("Private board", "next"),
    ]
    assert shown.items[2].relative == "in 7 days"
    assert not shown.crowded
    html = render_to_string("includes/timeline.html", {"timeline": shown})
    assert '<time datetime="2026-12-14T23:59:00Z">Mon 14 Dec 2026, 23:59 UTC</time>, in 21 days' in html
    assert 'class="now"' in html


@pytest.mark.parametrize(("now", "here"), [(START - timedelta(days=3), 0), (START + timedelta(days=300), 4)])
def test_before_the_start_and_after_the_end_there_is_no_needle(now: datetime, here: int) -> None:
    shown = timeline(MILESTONES, now)
    assert shown.now is None
    assert shown.items[here].what == "Now"
    assert shown.gone == (0 if here == 0 else 100)


def test_what_happens_at_once_is_told_together() -> None:
    shown = timeline(
        [Milestone("Start", START), Milestone("Teams final", NOW), Milestone("Submissions close", NOW)], START
    )
    assert [mark.what for mark in shown.marks] == ["Start", "Teams final and submissions close"]


def test_labels_that_find_no_room_make_it_a_list() -> None:
    close = [Milestone(f"Something number {each}", NOW + timedelta(hours=each)) for each in range(9)]
    shown = timeline([Milestone("Start", START), *close], NOW)
    assert shown.crowded
    html = render_to_string("includes/timeline.html", {"timeline": shown})
    assert "is-list" in html
    assert "<svg" not in html


def test_a_timeline_of_one_moment_or_none_is_a_list() -> None:
    assert timeline([Milestone("Start", START)], NOW).crowded
    assert timeline([], NOW).items == ()


def test_times_on_a_timeline_are_those_of_the_challenges_zone() -> None:
    html = render_to_string("includes/timeline.html", {"timeline": timeline(MILESTONES, NOW, zone="Europe/Zurich")})
    assert "Tue 15 Dec 2026, 00:59 CET" in html
    assert "Tue 15 Dec, 00:59 CET" in html
