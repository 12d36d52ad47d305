"""Luck on a board: how ranks would spread, the winner's curse, what leaks, and the shake-up at the end."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.statistics.leakage import bits_per_score, budget, log_loss_budget
from scoring.statistics.optimism import (
    expected_maximum,
    largest_se,
    mean_correlation,
    optimism,
    optimism_of_equals,
)
from scoring.statistics.rank_distribution import rank_distribution
from scoring.statistics.shakeup import shakeup
from tests.scoring.statistics.cases import RANK_COVARIANCE, RANK_SCORES


def test_ranks_spread_as_far_as_the_scores_do() -> None:
    got = rank_distribution(RANK_SCORES, np.array(RANK_COVARIANCE), higher_is_better=True, draws=4000)
    assert got.probability.sum(axis=1) == pytest.approx(np.ones(5))
    assert got.probability.sum(axis=0) == pytest.approx(np.ones(5))
    assert got.first == pytest.approx([1 - 0.1622504998 / 2, 0.1622504998 / 2, 0, 0, 0], abs=0.02)
    assert got.stability.tolist() == [[1, 2], [1, 2], [3, 3], [4, 5], [4, 5]]
    mirrored = rank_distribution([-s for s in RANK_SCORES], np.array(RANK_COVARIANCE), higher_is_better=False)
    assert mirrored.first == pytest.approx(got.first, abs=0.03)


def test_copies_are_ties_that_the_earlier_team_leads() -> None:
    cov = np.full((2, 2), 1e-4)
    assert rank_distribution([0.7, 0.7], cov, higher_is_better=True).first.tolist() == [1.0, 0.0]
    assert rank_distribution([0.7, 0.7], np.zeros((2, 2)), higher_is_better=True).first.tolist() == [1.0, 0.0]


def test_teams_without_score_or_evidence_have_no_distribution_of_their_own() -> None:
    cov = np.eye(3) * 1e-4
    cov[1], cov[:, 1] = math.nan, math.nan
    got = rank_distribution([0.9, 0.8, None], cov, higher_is_better=True)
    assert got.first[0] == 1.0
    assert np.isnan(got.probability[1:]).all()
    assert np.isnan(got.stability[1:]).all()


def test_the_winners_curse_of_equal_teams_is_the_known_one() -> None:
    assert optimism_of_equals(50, 0.004) == pytest.approx(0.009, abs=5e-5)
    assert optimism_of_equals(50, 0.004, correlation=0.9) == pytest.approx(0.0028, abs=5e-5)
    assert expected_maximum(1) == pytest.approx(0, abs=1e-12)
    assert expected_maximum(3) == pytest.approx(3 / (2 * math.sqrt(math.pi)), abs=1e-12)
    with pytest.raises(ValueError, match="teams"):
        expected_maximum(0)
    with pytest.raises(ValueError, match="correlation"):
        optimism_of_equals(3, 1.0, correlation=2)


def test_draws_give_the_same_for_equal_teams_and_nothing_for_a_clear_winner() -> None:
    cov = 0.004**2 * (np.full((50, 50), 0.9) + 0.1 * np.eye(50))
    assert optimism([0.8] * 50, cov, higher_is_better=True, draws=4000) == pytest.approx(0.0028, abs=3e-4)
    assert optimism([0.8] * 50, cov, higher_is_better=False, draws=4000) == pytest.approx(0.0028, abs=3e-4)
    assert optimism([0.9, 0.5], np.eye(2) * 1e-6, higher_is_better=True) == pytest.approx(0, abs=1e-4)
    assert optimism([0.9, None], np.eye(2), higher_is_better=True) == 0.0
    assert mean_correlation(cov) == pytest.approx(0.9)
    assert math.isnan(mean_correlation(np.eye(1)))


def test_before_launch_the_largest_error_is_known() -> None:
    assert largest_se(3600, low=0, high=1) == pytest.approx(0.5 / 60)


@pytest.mark.parametrize(
    ("rows", "decimals", "clip", "labels", "submissions"),
    [
        (3600, 5, 1e-15, 10, 360),
        (3600, 4, 1e-15, 7, 515),
        (3600, 5, 0.01, 7, 515),
        (3600, 4, 0.01, 4, 900),
        (100000, 5, 1e-15, 6, 16667),
    ],
)
def test_log_loss_leaks_what_whitehill_says(
    rows: int, decimals: int, clip: float, labels: int, submissions: int
) -> None:
    got = log_loss_budget(rows, decimals, clip, submissions=100)
    assert (got.labels_per_submission, got.submissions_to_reveal_all) == (labels, submissions)
    assert got.revealed == pytest.approx(min(1.0, 100 * labels / rows))


def test_few_decimals_over_many_rows_leak_nothing_and_few_rows_leak_all() -> None:
    assert log_loss_budget(10**6, 1, 0.1, submissions=5).submissions_to_reveal_all is None
    assert log_loss_budget(10**6, 1, 0.1, submissions=5).revealed == 0.0
    assert log_loss_budget(3, 9, 1e-15).labels_per_submission == 3
    with pytest.raises(ValueError, match="clip"):
        log_loss_budget(10, 4, 0.0)
    with pytest.raises(ValueError, match="rows"):
        log_loss_budget(0, 4, 0.1)


def test_the_leak_is_real() -> None:
    """One score, made for it, gives back ten labels of 3600."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 10)
    scale = 3600 * 1e-5 * 1.5
    logits = np.array([scale * 2**bit for bit in range(10)])
    chance = 1 / (1 + np.exp(-logits))
    loss = -np.where(labels == 1, np.log(chance), np.log(1 - chance)).sum() + 3590 * math.log(2)
    shown = round(loss / 3600, 5)
    # Each label adds its logit or nothing to what all ones would give.
    all_ones = -np.log(chance).sum() + 3590 * math.log(2)
    code = round((shown * 3600 - all_ones) / scale)
    assert [1 - (code >> bit & 1) for bit in range(10)] == labels.tolist()


def test_any_other_metric_leaks_at_most_the_bits_that_it_shows() -> None:
    assert bits_per_score(low=0, high=1, decimals=2) == pytest.approx(math.log2(101))
    assert bits_per_score(low=0, high=1, decimals=9, values=1001) == pytest.approx(math.log2(1001))
    got = budget(1000, bits_per_score(low=0, high=1, decimals=4, values=1001), submissions=50)
    assert got.submissions_to_reveal_all == math.ceil(1000 / math.log2(1001))
    assert got.revealed == pytest.approx(50 * math.log2(1001) / 1000)
    assert budget(1000, 10.0, classes=4).labels_per_submission == 5.0
    assert budget(1000, 0.0).submissions_to_reveal_all is None
    with pytest.raises(ValueError, match="without bounds"):
        bits_per_score(low=0, high=math.inf, decimals=3)
    with pytest.raises(ValueError, match="classes"):
        budget(10, 1.0, classes=1)


def test_a_shakeup_tells_luck_from_what_is_not() -> None:
    public = [0.95, 0.90, 0.89, 0.88, None]
    private = [0.80, 0.88, 0.871, 0.86, 0.5]
    got = shakeup(
        public, private, higher_is_better=True, public_se=[0.01] * 5, private_se=[0.005] * 5, expected_optimism=0.004
    )
    assert [move.public_rank for move in got.moves] == [1, 2, 3, 4, None]
    assert [move.private_rank for move in got.moves] == [4, 1, 2, 3, 5]
    assert [move.places for move in got.moves] == [-3, 1, 1, 1, None]
    assert [move.beyond_luck for move in got.moves] == [True, False, False, False, None]
    assert got.moves[0].z == pytest.approx(-0.15 / math.hypot(0.01, 0.005))
    assert got.field_gain == pytest.approx(-0.02)
    assert got.actual_optimism == pytest.approx(0.13)
    assert got.expected_optimism == 0.004
    assert got.tau == pytest.approx(0.0)


def test_a_shakeup_without_errors_says_who_moved_and_not_why() -> None:
    got = shakeup([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], higher_is_better=False)
    assert [move.places for move in got.moves] == [0, -1, 1]
    assert [move.gain for move in got.moves] == [0.0, -1.0, 1.0]
    assert [move.beyond_luck for move in got.moves] == [None] * 3
    assert got.tau == pytest.approx(1 / 3)
    empty = shakeup([None], [None], higher_is_better=True)
    assert empty.actual_optimism is None
    assert math.isnan(empty.tau)
