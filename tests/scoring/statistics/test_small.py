"""Exact tests on few units are exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.statistics import small
from scoring.statistics.steps import steps
from tests.scoring.statistics.cases import LOSS_A, LOSS_B

DIFFERENCES = np.array(LOSS_A) - np.array(LOSS_B)
quick = settings(max_examples=30, deadline=None)


def test_a_known_pair_of_teams() -> None:
    assert small.sign_flip(DIFFERENCES) == pytest.approx(0.021484375, abs=1e-12)
    assert small.paired_t(DIFFERENCES) == pytest.approx(0.01812492577885457, abs=1e-12)
    assert small.wilcoxon(DIFFERENCES) == pytest.approx(0.02734375, abs=1e-12)
    assert small.cohen_dz(DIFFERENCES) == pytest.approx(-0.9113036250749225, abs=1e-12)


def test_known_disagreements() -> None:
    assert small.mcnemar_exact(12, 3) == pytest.approx(0.03515625, abs=1e-12)
    assert small.mcnemar_chi2(12, 3) == pytest.approx((4.266666666666667, 0.03886710381241731), abs=1e-12)
    assert small.disagreements([1, 1, 0, 0], [1, 0, 1, 0]) == (1, 1)
    with pytest.raises(ValueError, match="paired"):
        small.disagreements([1], [1, 0])


def test_teams_that_never_disagree_are_equal() -> None:
    assert small.mcnemar_exact(0, 0) == 1.0
    assert small.mcnemar_chi2(0, 0) == (0.0, 1.0)
    assert small.mcnemar_exact(4, 4) == 1.0
    assert small.mcnemar_chi2(4, 4) == (0.0, 1.0)


@quick
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_binomial_test(b: int, c: int) -> None:
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert small.mcnemar_exact(b, c) == pytest.approx(expected, abs=1e-10)


@quick
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9))
def test_sign_flips_are_gone_through_one_by_one(differences: list[int]) -> None:
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(differences))).reshape(len(differences), -1)
    sums = np.abs(np.array(differences) @ signs)
    assert small.sign_flip(differences) == pytest.approx((sums >= abs(sum(differences))).mean())


def test_many_units_are_flipped_by_draws_that_repeat_and_never_give_zero() -> None:
    random = np.random.default_rng(1)
    weak = random.normal(0.2, 1, 100)
    assert small.sign_flip(weak, seed=4) == small.sign_flip(weak, seed=4)
    assert small.sign_flip(weak) == pytest.approx(small.paired_t(weak), abs=0.02)
    assert small.sign_flip(np.ones(60), draws=999) == 0.001


@quick
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.booleans())
def test_wilcoxon_and_t_are_those_of_scipy(seed: int, units: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    differences = random.integers(1, 5, units) * random.choice([-1, 1], units) if ties else random.normal(size=units)
    assert small.wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, abs=1e-10)
    if np.std(differences) > 0:
        assert small.paired_t(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=1e-12)


def test_many_ranks_are_added_up_by_the_normal_distribution() -> None:
    differences = np.random.default_rng(2).normal(0.05, 1, 800)
    expected = stats.wilcoxon(differences, method="asymptotic").pvalue
    assert small.wilcoxon(differences) == pytest.approx(expected, abs=1e-9)


def test_the_edges_are_decided() -> None:
    assert small.wilcoxon([0.0, 0.0]) == 1.0
    assert small.sign_flip([0.0, 0.0]) == 1.0
    assert math.isnan(small.paired_t([1.0]))
    assert small.cohen_dz([0.5, 0.5]) == math.inf
    assert small.paired_t([0.5, 0.5]) == 0.0
    assert small.cohen_dz([0.0, 0.0]) == 0.0
    assert small.paired_t([0.0, 0.0]) == 1.0
    with pytest.raises(ValueError, match="NaN"):
        small.sign_flip([math.nan])


def test_steps_of_a_small_board_use_exact_tests() -> None:
    losses = [np.zeros(10), np.eye(10)[0], np.ones(10)]
    for binary in (True, False):
        p = small.exact_p([1 - loss for loss in losses] if binary else losses, binary=binary)
        assert steps([1.0, 0.9, 0.0], p, higher_is_better=True) == [1, 1, 2]
