"""What a host is told before launch: what the board gives away, how few rows are public, how lucky who leads is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.hosts.foresight import Foresight, foresee
from podium.hosts.launch import missing
from podium.leaderboards.models import Board, Column
from podium.submissions.models import Score
from scoring.metrics import find
from scoring.spec import MetricSpec
from tests.cast import Cast
from tests.hosts.forms import fill, saved
from tests.leaderboards.made import submission, team

pytestmark = pytest.mark.django_db
PROBABILITIES = {"kind": "probabilities", "metrics": [{"key": "accuracy", "metric": "log_loss"}]}


@pytest.fixture
def share_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metric is a share of rows, and says so."""
    entry = replace(find("accuracy_score")[0], interval="proportion")
    monkeypatch.setattr(MetricSpec, "entry", property(lambda _: entry))


def said(foresight: Foresight) -> dict[str, str]:
    """Return the findings by their titles."""
    return {finding.title: finding.text for finding in foresight.findings}


def warned(foresight: Foresight) -> set[str]:
    """Return the titles of what wants a decision."""
    return {finding.title for finding in foresight.warnings}


def phase_with(cast: Cast, *, decimals: int = 4, spec: Mapping[str, object] | None = None, **fields: object) -> Phase:
    """Return Forest's phase with these settings."""
    phase = cast.forest.phases.get()
    Column.objects.filter(board__phase=phase).update(decimals=decimals)
    Phase.objects.filter(pk=phase.pk).update(**fields)
    task = phase.tasks.get()
    task.scorer["spec"].update(spec or {})
    task.save()
    return Phase.objects.get(pk=phase.pk)


def test_a_phase_without_boards_has_nothing_to_say_yet(cast: Cast) -> None:
    Board.objects.filter(challenge=cast.forest).delete()
    assert set(said(foresee(cast.forest.phases.get()))) == {"Nothing to say yet"}


def test_log_loss_is_told_as_whitehill_counts_it(cast: Cast) -> None:
    told = foresee(phase_with(cast, spec=PROBABILITIES, daily_limit=1))
    # 1 + floor(log2(36.04 / (10 rows * 10^-4))) = 16, of which 10 are all there are
    assert (
        "at most 10 labels from each submission: at 1 a day, all 10 public labels in 1 day"
        in (said(told)["What the board gives away"])
    )
    assert "What the board gives away" in warned(told)
    assert (told.bars[0].decimals, told.bars[0].labels) == (2, 9)


@pytest.mark.usefixtures("share_of_rows")
def test_a_share_of_rows_gives_away_no_more_than_its_values_hold(cast: Cast) -> None:
    told = foresee(phase_with(cast, daily_limit=5))
    assert "at most 3 labels from each submission" in said(told)["What the board gives away"]  # log2(11)
    assert "the attacks that are known on this metric read far less" in said(told)["What the board gives away"]
    assert "What the board gives away" not in warned(told)  # a bound alone wants no decision


def test_numbers_are_no_labels(cast: Cast) -> None:
    spec = {"kind": "numbers", "metrics": [{"key": "accuracy", "metric": "root_mean_squared_error"}]}
    told = foresee(phase_with(cast, spec=spec))
    assert "The hidden values are numbers." in said(told)["What the board gives away"]
    assert told.bars == []


def test_no_limit_is_said_to_be_none(cast: Cast) -> None:
    told = foresee(phase_with(cast, daily_limit=0, total_limit=0))
    assert "there is no limit" in said(told)["What the board gives away"]


def test_the_ladder_takes_the_warning_away(cast: Cast) -> None:
    told = foresee(phase_with(cast, spec=PROBABILITIES, ladder=True))
    assert "The Ladder is on" in said(told)["What the board gives away"]
    assert "What the board gives away" not in warned(told)


def test_five_decimals_are_one_too_many(cast: Cast) -> None:
    assert "Decimals" not in warned(foresee(phase_with(cast, decimals=4)))
    assert "Decimals" in warned(foresee(phase_with(cast, decimals=5)))


def test_half_of_the_rows_is_too_public(cast: Cast) -> None:
    told = foresee(cast.forest.phases.get())
    assert said(told)["Public rows"].startswith("10 of 20 rows are public, 50 %.")
    assert "Public rows" in warned(told)


def test_a_board_over_all_rows_holds_nothing_back(cast: Cast) -> None:
    phase = phase_with(cast, spec={"split": None})
    Column.objects.filter(board__phase=phase).update(split="all")
    assert "Nothing is held back" in warned(foresee(phase))


@pytest.mark.usefixtures("share_of_rows")
def test_the_leaders_luck_is_bounded_before_there_is_a_score(cast: Cast) -> None:
    # 2.249 * 0.5 / sqrt(10) = 0.3556
    assert "at most 0.3556 too good" in said(foresee(cast.forest.phases.get()))["The leader’s luck"]


def test_the_leaders_luck_is_told_from_a_baseline_where_one_was_measured(cast: Cast) -> None:
    submission(team(cast.forest, "Zeros", baseline=True), {"public": 0.5})
    Score.objects.update(se=0.004)
    assert "about 0.0090 too good" in said(foresee(cast.forest.phases.get()))["The leader’s luck"]


def test_a_solution_that_cannot_be_read_is_said_to_be_one(cast: Cast) -> None:
    phase = phase_with(cast, spec={"target": ["nothing"]})
    assert "The solution cannot be read" in warned(foresee(phase))


def test_what_wants_a_decision_is_said_again_when_it_is_launched(cast: Cast) -> None:
    Challenge.objects.filter(pk=cast.forest.pk).update(visibility="private")
    grace = cast.client("grace")
    assert saved(fill(grace, f"/host/challenges/challenge/{cast.forest.pk}/change/", visibility="public"))
    said_then = grace.get("/host/").content.decode()
    assert "Main phase, public rows: 10 of 20 rows are public, 50 %." in said_then


def test_a_phase_that_is_over_wants_no_decision(cast: Cast) -> None:
    Phase.objects.filter(challenge=cast.forest).update(closes=timezone.now() - timedelta(days=1), private_release=None)
    assert not [sentence for sentence in missing(cast.forest) if "public rows" in sentence]


def test_boards_that_make_themselves_say_on_which_share_of_the_rows_they_are_scored(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    Board.objects.filter(challenge=cast.forest).delete()
    assert saved(fill(cast.client("grace"), f"/host/challenges/phase/{phase.pk}/change/"))
    assert {each.slug: each.rows_share for each in phase.boards.all()} == {"public": 0.5, "private": 0.5}


def test_hosts_read_it_on_the_phase_and_on_the_challenge_and_nobody_else_does(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    for address in (f"challenges/phase/{phase.pk}", f"challenges/challenge/{cast.forest.pk}"):
        page = cast.client("grace").get(f"/host/{address}/change/").content.decode()
        assert "10 of 20 rows are public, 50 %." in page
        assert "wants a decision" in page
        assert "10 of 20 rows" in cast.client("jude").get(f"/host/{address}/change/").content.decode()
        assert cast.client("heidi").get(f"/host/{address}/change/").status_code == 404
