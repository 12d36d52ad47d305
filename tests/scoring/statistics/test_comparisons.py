"""Teams are compared on the units that they share, in bounded memory, and corrected for how often one looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.statistics import comparisons
from tests.scoring.statistics.cases import RANK_COVARIANCE, RANK_SCORES

quick = settings(max_examples=30, deadline=None)


def test_the_covariance_is_that_of_the_means_of_influence_values() -> None:
    evidence = np.random.default_rng(1).normal(size=(4, 300))
    assert comparisons.covariance(list(evidence)) == pytest.approx(np.cov(evidence) / 300, rel=1e-12)


def test_blocks_and_memory_maps_of_float32_change_nothing(tmp_path: Path) -> None:
    evidence = np.random.default_rng(2).normal(3.0, 1.0, size=(3, 1001)).astype(np.float32)
    maps = []
    for team, values in enumerate(evidence):
        np.save(tmp_path / f"{team}.npy", values)
        maps.append(np.load(tmp_path / f"{team}.npy", mmap_mode="r"))
    got = comparisons.covariance(maps, block_bytes=8 * 3 * 64)
    assert got == pytest.approx(np.cov(evidence.astype(np.float64)) / 1001, rel=1e-12)


def test_missing_evidence_is_unknown_and_leaves_the_others_alone() -> None:
    evidence = np.random.default_rng(3).normal(size=(2, 50))
    got = comparisons.covariance([evidence[0], None, evidence[1]])
    assert np.isnan(got[1]).all()
    assert got[np.ix_([0, 2], [0, 2])] == pytest.approx(np.cov(evidence) / 50)
    assert np.isnan(comparisons.covariance([None])).all()


def test_evidence_of_different_length_is_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        comparisons.covariance([np.zeros(3), np.zeros(4)])


def test_replicates_vary_as_they_are() -> None:
    replicates = np.random.default_rng(4).normal(100, 1, size=(3, 200))
    assert comparisons.covariance_of_replicates(list(replicates)) == pytest.approx(np.cov(replicates), rel=1e-10)


def test_p_values_and_holm_of_a_known_board() -> None:
    p = comparisons.p_matrix(RANK_SCORES, np.array(RANK_COVARIANCE))
    assert np.diag(p).tolist() == [1.0] * 5
    assert p[0, 1:] == pytest.approx([0.1622504998472315, 1.2301875434558379e-06, 0, 0], abs=1e-12)
    assert p[3, 4] == pytest.approx(0.835530606678088, abs=1e-12)
    adjusted = comparisons.holm_pairs(p)
    assert adjusted[0, 1] == pytest.approx(0.324500999694463, abs=1e-12)
    assert adjusted[2, 0] == pytest.approx(7.381125260735027e-06, abs=1e-12)
    assert adjusted[2, 4] == pytest.approx(0.0001067659921272487, abs=1e-12)
    assert adjusted[4, 3] == pytest.approx(0.835530606678088, abs=1e-12)


@quick
@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=12), st.floats(0.01, 0.2))
def test_holm_rejects_as_its_step_down_definition(p_values: list[float], alpha: float) -> None:
    adjusted = comparisons.holm(p_values)
    tests = sorted(p for p in p_values if p == p)
    rejected = 0
    while rejected < len(tests) and tests[rejected] * (len(tests) - rejected) <= alpha:
        rejected += 1
    assert int((adjusted <= alpha).sum()) == rejected
    assert np.isnan(adjusted).tolist() == [p != p for p in p_values]


@quick
@given(st.integers(0, 2**32 - 1))
def test_one_pair_is_compared_the_same_by_every_way(seed: int) -> None:
    random = np.random.default_rng(seed)
    evidence, scores = random.normal(size=(3, 40)), random.normal(size=3) / 10
    cov = comparisons.covariance(list(evidence))
    p = comparisons.p_matrix(scores, cov)
    direct = comparisons.paired(scores[0], scores[2], evidence[0], evidence[2])
    assert direct.p == pytest.approx(p[0, 2], rel=1e-9)
    assert direct.low < direct.difference < direct.high
    assert direct.z == pytest.approx(direct.difference / (np.std(evidence[0] - evidence[2], ddof=1) / np.sqrt(40)))
    assert comparisons.p_function(scores, cov=cov)(0, 2) == pytest.approx(p[0, 2], rel=1e-9)
    assert comparisons.p_function(scores, evidence=list(evidence))(2, 0) == pytest.approx(p[0, 2], rel=1e-9)


def test_identical_predictions_cannot_be_told_apart() -> None:
    psi = np.random.default_rng(5).normal(size=500).astype(np.float32)
    cov = comparisons.covariance([psi, psi.copy(), psi * 2])
    p = comparisons.p_matrix([0.7, 0.7, 0.7], cov)
    assert p[0, 1] == 1.0
    assert comparisons.paired(0.7, 0.7 + 1e-16, psi, psi).p == 1.0
    assert comparisons.paired(0.7, 0.7, psi, psi).z == 0.0


def test_a_difference_that_no_unit_denies_is_as_sure_as_so_many_units_can_make_it() -> None:
    psi = np.array([1.0, -1.0, 0.5, -0.5])
    assert comparisons.paired(0.8, 0.7, psi, psi).p == 2.0**-3
    cov = comparisons.covariance([psi, psi])
    assert comparisons.p_matrix([0.8, 0.7], cov, units=4)[0, 1] == 2.0**-3
    assert comparisons.p_matrix([0.8, 0.7], cov)[0, 1] == 0.0


def test_a_missing_score_gives_no_p_value() -> None:
    p = comparisons.p_matrix([0.9, None, 0.8], np.eye(3) * 1e-4)
    assert np.isnan(p[0, 1])
    assert np.isnan(p[1, 2])
    assert p[0, 2] < 1e-5
    assert np.isnan(comparisons.compare(0.9, float("nan"), 0.0).p)


def test_pairs_of_clustered_rows_are_compared_by_cluster() -> None:
    random = np.random.default_rng(6)
    clusters = np.repeat(np.arange(30), 10)
    shared = np.repeat(random.normal(size=30), 10)
    psi = shared - shared.mean()
    ignoring = comparisons.paired(0.1, 0.0, psi, np.zeros(300))
    heeding = comparisons.paired(0.1, 0.0, psi, np.zeros(300), clusters=clusters)
    assert heeding.se == pytest.approx(ignoring.se * np.sqrt(10 * 299 / 300 * 30 / 29), rel=1e-9)
