"""The Ladder: what a team sees of its scores moves only where it is better by more than chance; hosts see them all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from podium.challenges.models import Phase
from podium.leaderboards.ladder import error_of_difference
from podium.leaderboards.models import Column
from podium.leaderboards.shown import scores_shown
from podium.submissions.evidence import attempt_folder
from podium.submissions.measuring import runs_to_measure
from podium.submissions.models import Score, Submission
from podium.teams.models import Team
from tests.cast import Cast, predictions
from tests.hosts.forms import errors, fill
from tests.leaderboards.made import board, finish, measured, submission, team
from tests.submissions.sending import send

pytestmark = pytest.mark.django_db
ROWS = 400


@pytest.fixture
def forest(cast: Cast) -> Cast:
    """The cast; Forest's phase uses the Ladder."""
    Phase.objects.filter(challenge=cast.forest).update(ladder=True)
    return cast


def sent(of: Team, right: int, **fields: object) -> Submission:
    """Score a submission that has the first `right` of 400 public rows right, with its evidence."""
    hits = np.zeros(ROWS)
    hits[:right] = 1
    row = submission(of, {"public": right / ROWS, "private": right / ROWS}, **fields)
    for score in Score.objects.filter(seat__submission=row):
        name = f"{score.split}.npy"
        np.save(attempt_folder(score.seat.run_id, 1) / name, (hits - hits.mean()).astype(np.float32))
        score.se, score.method, score.evidence = hits.std(ddof=1) / ROWS**0.5, "influence", f"1/{name}"
        score.save()
    return row


def seen(cast: Cast, by: str, row: Submission) -> dict[str, float | None]:
    """Return what a person sees of a submission, by split."""
    return {score.split: score.value for score in scores_shown(getattr(cast, by), [row])[row.pk]}


def test_what_is_no_better_than_chance_shows_the_best_so_far(forest: Cast) -> None:
    first, better = finish(sent(forest.held_out, 300)), finish(sent(forest.held_out, 300))
    # one row more: a gain of 1/400 is one standard error of the difference, and must be more
    hardly = finish(sent(forest.held_out, 301))
    clearly = finish(sent(forest.held_out, 310))
    assert [seen(forest, "ada", row)["public"] for row in (first, better, hardly, clearly)] == [0.75, 0.75, 0.75, 0.775]


def test_a_score_is_measured_at_once_and_a_perfect_one_is_seen(forest: Cast, work: Callable[[], None]) -> None:
    for right in (8, 20):
        send(forest.client("ada"), predictions(right))
        work()
    rows = list(Submission.objects.order_by("pk"))
    assert [seen(forest, "ada", row) for row in rows] == [{"public": 0.4}, {"public": 1.0}]
    assert board(forest.forest).entries.get().submission == rows[1]
    assert not runs_to_measure().exists()


def test_what_was_not_known_well_enough_is_seen_when_it_is(forest: Cast) -> None:
    """The phase took up the Ladder after scores had come in that nobody had measured yet."""
    first, second = (submission(forest.held_out, {"public": value}) for value in (0.5, 0.9))
    finish(second)
    assert seen(forest, "ada", second) == {"public": 0.5}
    for row in (second, first):
        measured(row)
    assert seen(forest, "ada", second) == {"public": 0.9}
    assert board(forest.forest).entries.get().submission == second


def test_hosts_see_the_full_scores(forest: Cast) -> None:
    finish(sent(forest.held_out, 300))
    hardly = finish(sent(forest.held_out, 301))
    assert seen(forest, "ada", hardly) == {"public": 0.75}
    assert seen(forest, "grace", hardly) == {"public": 0.7525, "private": 0.7525}
    assert seen(forest, "jude", hardly) == {"public": 0.7525, "private": 0.7525}
    assert seen(forest, "chen", hardly) == {}


def test_a_worse_score_is_not_seen(forest: Cast) -> None:
    finish(sent(forest.held_out, 300))
    assert seen(forest, "ada", finish(sent(forest.held_out, 100))) == {"public": 0.75}


def test_the_public_board_shows_released_values_and_the_private_one_full_ones(forest: Cast) -> None:
    first = finish(sent(forest.held_out, 300))
    finish(sent(forest.held_out, 301))
    public, private = board(forest.forest).entries.get(), board(forest.forest, "private").entries.get()
    assert (public.values, public.submission) == ({"accuracy": 0.75}, first)
    assert private.values == {"accuracy": 0.7525}


def test_whatever_the_order_in_which_they_finish_the_order_of_receipt_decides(forest: Cast) -> None:
    first, second, third = (sent(forest.held_out, right) for right in (320, 300, 330))
    for row in (third, second, first):
        finish(row)
    assert [seen(forest, "ada", row)["public"] for row in (first, second, third)] == [0.8, 0.8, 0.825]


def test_finishing_again_changes_nothing(forest: Cast) -> None:
    rows = [finish(sent(forest.held_out, right)) for right in (300, 301, 310, 311)]
    before = list(Score.objects.order_by("pk").values_list("pk", "released"))
    for row in reversed(rows):
        finish(row)
    assert list(Score.objects.order_by("pk").values_list("pk", "released")) == before


def test_a_late_submission_climbs_the_ladder_too(forest: Cast) -> None:
    finish(sent(forest.held_out, 300))
    assert seen(forest, "ada", finish(sent(forest.held_out, 301, ranked=False))) == {"public": 0.75}


def test_each_team_has_a_ladder_of_its_own(forest: Cast) -> None:
    finish(sent(forest.held_out, 300))
    chen = forest.forest.teams.get(memberships__user=forest.chen)
    assert seen(forest, "chen", finish(sent(chen, 200))) == {"public": 0.5}


def test_a_score_that_was_not_measured_is_not_released_on_a_guess(forest: Cast) -> None:
    finish(sent(forest.held_out, 300))
    bare = finish(submission(forest.held_out, {"public": 0.99, "private": 0.99}))
    assert seen(forest, "ada", bare) == {"public": 0.75}


def test_where_lower_is_better_lower_is_better(forest: Cast) -> None:
    task = forest.forest.tasks.get()
    task.scorer["spec"] |= {"kind": "numbers", "metrics": [{"key": "accuracy", "metric": "root_mean_squared_error"}]}
    task.save()
    Column.objects.filter(task=task).update(direction="lower")
    finish(sent(forest.held_out, 300))
    assert seen(forest, "ada", finish(sent(forest.held_out, 310))) == {"public": 0.75}
    assert seen(forest, "ada", finish(sent(forest.held_out, 200))) == {"public": 0.5}


def test_without_evidence_the_difference_counts_as_unpaired(forest: Cast) -> None:
    rows = sent(forest.held_out, 300), sent(forest.held_out, 310)
    one, other = (Score.objects.select_related("seat__run").get(seat__submission=row, split="public") for row in rows)
    paired = error_of_difference(one, other)
    Score.objects.update(evidence="")
    one, other = (Score.objects.select_related("seat__run").get(seat__submission=row, split="public") for row in rows)
    assert paired < error_of_difference(one, other) == pytest.approx(np.hypot(one.se, other.se))


def test_baselines_and_phases_without_the_ladder_are_left_alone(forest: Cast) -> None:
    zeros = team(forest.forest, "Zeros", baseline=True)
    for right in (300, 301):
        finish(sent(zeros, right))
    assert board(forest.forest).entries.get(team=zeros).values == {"accuracy": 0.7525}
    Phase.objects.update(ladder=False)
    for right in (300, 301):
        finish(sent(forest.held_out, right))
    assert not Score.objects.exclude(released=None).exists()


def test_it_works_from_the_upload_to_the_board(forest: Cast, work: Callable[[], None]) -> None:
    for right in (12, 12, 18):
        assert send(forest.client("ada"), predictions(right)).status_code == 302
        work()
    scores = Score.objects.filter(split="public").order_by("pk")
    assert all(score.se is not None and score.evidence for score in scores)
    first, second, third = scores
    assert (first.released, second.released) == (None, first)
    page = forest.client("ada").get("/challenges/forest/submit/").content.decode()
    assert "The Ladder is on" in page
    address = f"/submissions/{Submission.objects.latest('pk').pk}/"
    assert "Otherwise this is your best." in forest.client("ada").get(address).content.decode()
    assert "you see the score as it is" in forest.client("grace").get(address).content.decode()
    assert third.value is not None


def test_it_is_decided_before_teams_submit(forest: Cast) -> None:
    submission(forest.held_out, {"public": 0.5})
    phase = forest.forest.phases.get()
    answer = fill(forest.client("grace"), f"/host/challenges/phase/{phase.pk}/change/", ladder="")
    assert "Teams have submitted already" in " ".join(errors(answer))


def test_evidence_lies_where_no_address_leads(forest: Cast) -> None:
    folder: Path = attempt_folder(1, 1)
    assert folder.stat().st_mode & 0o077 == 0
