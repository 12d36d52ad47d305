"""AUC and its covariance are DeLong's, to the last digits, with ties and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.statistics.delong import auc_covariance, auc_interval, compare_aucs, placements, wald
from tests.scoring.statistics.cases import AUC_COVARIANCE, AUC_SCORES, AUC_TRUTH

quick = settings(max_examples=30, deadline=None)


def by_definition(truth: Any, scores: Any) -> tuple[list[float], np.ndarray]:
    """All pairs of a positive and a negative row: won, tied or lost."""
    kernels = []
    for score in scores:
        a, b = score[truth == 1][:, None], score[truth == 0]
        kernels.append((a > b) + 0.5 * (a == b))
    v10 = np.atleast_2d(np.cov([kernel.mean(axis=1) for kernel in kernels]))
    v01 = np.atleast_2d(np.cov([kernel.mean(axis=0) for kernel in kernels]))
    return [kernel.mean() for kernel in kernels], v10 / len(kernels[0]) + v01 / len(kernels[0].T)


def test_a_known_board() -> None:
    aucs, cov = auc_covariance(AUC_TRUTH, AUC_SCORES)
    assert aucs == pytest.approx([0.9, 0.7166666666666667, 0.5833333333333334], abs=1e-12)
    assert cov == pytest.approx(np.array(AUC_COVARIANCE), abs=1e-12)
    test = compare_aucs(AUC_TRUTH, AUC_SCORES[0], AUC_SCORES[1])
    assert (test.z, test.p) == pytest.approx((1.358128195393186, 0.17442300990680237), abs=1e-12)
    ends = [wald(auc, variance**0.5) for auc, variance in zip(aucs, np.diag(cov), strict=True)]
    assert ends[0] == pytest.approx((0.7198917392317259, 1.0801082607682742), abs=1e-12)
    assert ends[2] == pytest.approx((0.21680318241143354, 0.9498634842552331), abs=1e-12)


@quick
@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.booleans())
def test_it_is_the_definition_over_all_pairs(seed: int, rows: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    truth = np.arange(rows) % 2
    random.shuffle(truth)
    scores = random.integers(0, 5, (3, rows)).astype(float) if ties else random.normal(size=(3, rows))
    aucs, cov = auc_covariance(truth, list(scores))
    expected, expected_cov = by_definition(truth, scores)
    assert aucs == pytest.approx(expected, abs=1e-12)
    assert cov == pytest.approx(expected_cov, abs=1e-12)


def test_wald_is_clipped_and_logit_needs_no_clipping() -> None:
    assert auc_interval(AUC_TRUTH, AUC_SCORES[0], kind="wald").high == 1.0
    got = auc_interval(AUC_TRUTH, AUC_SCORES[0])
    assert got.low is not None
    assert got.high is not None
    assert got.low < 0.72 < 0.9 < got.high < 1


def test_a_perfect_or_constant_ranking_has_no_known_interval() -> None:
    assert auc_interval([0, 0, 1, 1], [0, 1, 2, 3]).edge == "perfect"
    assert auc_interval([0, 0, 1, 1], [1, 1, 1, 1]).edge == "constant"
    assert auc_interval([0, 0, 1], [0, 1, 0.5]).method == "unknown"


@pytest.mark.parametrize(
    ("truth", "score", "match"),
    [
        ([0, 0], [1, 2], "both classes"),
        ([1, 1], [1, 2], "both classes"),
        ([0, 2], [1, 2], "0 and 1"),
        ([0, 1], [1, np.nan], "numbers"),
        ([0, 1], [1, 2, 3], "one a row"),
    ],
)
def test_what_has_no_auc_is_refused(truth: list[int], score: list[float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        placements(truth, score)
