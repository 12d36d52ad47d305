"""Teams that the data cannot tell apart from the first of their step stand on it; rank ranges cover."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.statistics.comparisons import holm, p_function
from scoring.statistics.steps import neighbours, rank_ranges, steps
from tests.scoring.statistics.cases import RANK_COVARIANCE, RANK_SCORES

COV = np.array(RANK_COVARIANCE)
quick = settings(max_examples=40, deadline=None)


def by_gap(scores: list[float], *, width: float) -> np.ndarray:
    """A covariance of independent teams whose differences have the standard error ``width``."""
    return np.eye(len(scores)) * width**2 / 2


def test_a_known_board() -> None:
    assert steps(RANK_SCORES, COV, higher_is_better=True) == [1, 1, 2, 3, 3]
    assert rank_ranges(RANK_SCORES, COV, higher_is_better=True) == [(1, 2), (1, 2), (3, 3), (4, 5), (4, 5)]


def test_the_order_of_the_teams_and_the_sign_of_the_score_do_not_matter() -> None:
    order = [3, 0, 4, 2, 1]
    scores = [-RANK_SCORES[team] for team in order]
    cov = COV[np.ix_(order, order)]
    assert steps(scores, cov, higher_is_better=False) == [3, 1, 3, 2, 1]
    assert rank_ranges(scores, cov, higher_is_better=False) == [(4, 5), (1, 2), (4, 5), (3, 3), (1, 2)]


def test_a_step_is_measured_from_its_first_team_not_from_the_neighbour() -> None:
    scores = [10.0, 8.5, 7.0, 5.5]
    assert steps(scores, by_gap(scores, width=1), higher_is_better=True) == [1, 1, 2, 2]


def test_holm_lets_a_clear_board_split_where_bonferroni_would_not() -> None:
    scores = [30.0, 20.0, 10.0, 7.7]  # z 2.3, p 0.021: above 0.05 / 3, below 0.05 / 1
    assert steps(scores, by_gap(scores, width=1), higher_is_better=True) == [1, 2, 3, 4]
    assert steps([10.0, 9.9, 9.8, 7.7], by_gap(scores, width=1), higher_is_better=True) == [1, 1, 1, 1]


@quick
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_every_split_is_significant_under_holm_over_the_tests_made(seed: int, teams: int) -> None:
    random = np.random.default_rng(seed)
    scores = sorted(random.normal(size=teams) * 4, reverse=True)
    factor = random.normal(size=(teams, teams)) / 2
    cov = factor @ factor.T + np.eye(teams) / 10
    got = steps(scores, cov, higher_is_better=True)
    p, first, tests, splits = p_function(scores, cov=cov), 0, [], []
    for team in range(1, teams):
        tests.append(p(first, team))
        splits.append(got[team] != got[team - 1])
        first = team if splits[-1] else first
    assert got[0] == 1
    assert all(after - before in (0, 1) for before, after in itertools.pairwise(got))
    adjusted = holm(tests)
    assert all(adjusted[number] <= 0.05 for number, split in enumerate(splits) if split)


def test_with_holm_over_all_pairs_equal_teams_split_as_seldom_as_promised() -> None:
    random = np.random.default_rng(4)
    boards = random.normal(size=(200, 20))
    splits = [max(steps(board, np.eye(20), higher_is_better=True, family="pairs")) > 1 for board in boards]
    assert np.mean(splits) < 0.09
    assert steps(RANK_SCORES, COV, higher_is_better=True, family="pairs") == [1, 1, 2, 3, 3]


def test_a_team_without_a_score_stands_on_no_step_and_ranks_last() -> None:
    scores = [0.9, None, 0.5, math.nan]
    assert steps(scores, np.eye(4) * 1e-4, higher_is_better=True) == [1, 0, 2, 0]
    assert rank_ranges(scores, np.eye(4) * 1e-4, higher_is_better=True) == [(1, 1), (3, 4), (2, 2), (3, 4)]
    assert steps([None], np.eye(1), higher_is_better=True) == [0]
    assert steps([], np.empty((0, 0)), higher_is_better=True) == []


def test_a_team_without_evidence_stands_alone_unless_the_teams_around_it_are_tied() -> None:
    cov = np.eye(5) * 1e-4
    cov[1], cov[:, 1] = math.nan, math.nan
    assert steps([0.9, 0.895, 0.89, 0.5, 0.4], cov, higher_is_better=True) == [1, 1, 1, 2, 3]
    assert steps([0.9, 0.8, 0.5, 0.499, 0.4], cov, higher_is_better=True) == [1, 2, 3, 3, 4]
    ranges = rank_ranges([0.9, 0.8, 0.5, 0.499, 0.3], cov, higher_is_better=True)
    assert ranges == [(1, 2), (1, 5), (2, 4), (2, 4), (4, 5)]


def test_a_board_without_any_evidence_is_a_plain_board() -> None:
    cov = np.full((3, 3), math.nan)
    assert steps([0.3, 0.2, 0.1], cov, higher_is_better=True) == [1, 2, 3]
    assert rank_ranges([0.3, 0.2, 0.1], cov, higher_is_better=True) == [(1, 3)] * 3


def test_copies_share_a_step() -> None:
    psi = np.random.default_rng(1).normal(size=100)
    cov = np.cov(np.stack([psi, psi, psi])) / 100
    assert steps([0.7, 0.7, 0.7], cov, higher_is_better=True) == [1, 1, 1]
    assert rank_ranges([0.7, 0.7, 0.7], cov, higher_is_better=True) == [(1, 3)] * 3


def test_exact_tests_may_take_the_place_of_the_covariance() -> None:
    asked: list[tuple[int, int]] = []

    def p(first: int, second: int) -> float:
        asked.append((first, second))
        return 0.001 if abs(first - second) > 1 else 0.5

    assert steps([4.0, 3.0, 2.0, 1.0], p, higher_is_better=True) == [1, 1, 2, 2]
    assert len(asked) == len(set(asked))
    assert rank_ranges([4.0, 3.0, 2.0, 1.0], p, higher_is_better=True) == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert steps([4.0, 3.0], p, higher_is_better=True, known=[True, False]) == [1, 2]


def test_a_long_board_is_compared_with_the_leader_and_with_neighbours() -> None:
    p = p_function(RANK_SCORES, cov=COV)
    got = neighbours([*RANK_SCORES, None], p, higher_is_better=True)
    assert got[0].leader is None
    assert got[0].above is None
    assert got[0].below == pytest.approx(2 * 0.1622504998472315)
    assert got[1].leader == got[1].above == got[0].below
    assert got[4].below is None
    assert got[4].above == pytest.approx(0.835530606678088)
    assert (got[5].leader, got[5].above, got[5].below) == (None, None, None)
    assert neighbours([None], p, higher_is_better=True)[0].leader is None


def test_rank_ranges_cover_the_truth_of_all_teams_at_once() -> None:
    random = np.random.default_rng(8)
    truth = np.array([1.0, 1.0, 0.9, 0.5, 0.5, 0.4])
    cov = np.full((6, 6), 0.004) + np.eye(6) * 0.004
    tied = [(1, 2), (1, 2), (3, 3), (4, 5), (4, 5), (6, 6)]
    covered = 0
    for scores in random.multivariate_normal(truth, cov, size=300):
        got = rank_ranges(list(scores), cov, higher_is_better=True)
        covered += all(low <= first and last <= high for (low, high), (first, last) in zip(got, tied, strict=True))
    assert covered / 300 > 0.93
