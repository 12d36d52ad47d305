"""Replicates are pairs: every team gets the same weights in the same draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from scoring.statistics.bootstrap import Draws, bca_interval, jackknife, percentile_interval, replicates, weights
from scoring.statistics.comparisons import covariance, covariance_of_replicates

ROWS = np.random.default_rng(1).normal(10, 2, size=(2, 400))


def mean_of(values: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda counts: float(np.average(values, weights=counts))


def test_weights_depend_on_seed_and_draw_alone() -> None:
    assert weights(50, draw=3, seed=1).tolist() == weights(50, draw=3, seed=1).tolist()
    assert weights(50, draw=3, seed=1).tolist() != weights(50, draw=4, seed=1).tolist()
    assert weights(50, draw=3, seed=1).tolist() != weights(50, draw=3, seed=2).tolist()
    assert weights(50, draw=0, seed=0).sum() == 50
    assert weights(5000, draw=0, seed=0, kind="poisson").mean() == pytest.approx(1, abs=0.1)
    assert weights(0, draw=0, seed=0).tolist() == []


@pytest.mark.parametrize("kind", ["multinomial", "poisson"])
def test_the_covariance_of_replicates_is_that_of_influence_values(kind: Draws) -> None:
    drawn = [replicates(mean_of(row), 400, draws=1000, seed=5, kind=kind) for row in (ROWS[0], ROWS[0] + ROWS[1])]
    from_influence = covariance([ROWS[0], ROWS[0] + ROWS[1]])
    assert covariance_of_replicates(drawn) == pytest.approx(from_influence, rel=0.15)


def test_clusters_are_drawn_whole() -> None:
    clusters = np.repeat(["a", "b", "c"], 4)
    seen: list[np.ndarray] = []

    def noted(counts: np.ndarray) -> float:
        seen.append(counts)
        return 0.0

    replicates(noted, 12, draws=5, clusters=clusters)
    assert all(len(set(counts[start : start + 4])) == 1 for counts in seen for start in (0, 4, 8))
    with pytest.raises(ValueError, match="cluster labels"):
        replicates(noted, 11, clusters=clusters)


def test_a_draw_without_a_value_is_nan_and_too_many_make_the_interval_unknown() -> None:
    def undefined(counts: np.ndarray) -> float:
        if counts[0] == 0:
            raise ZeroDivisionError
        return float(counts[0])

    drawn = replicates(undefined, 20, draws=50, undefined=(ZeroDivisionError,))
    assert 0 < np.isnan(drawn).sum() < 50
    assert percentile_interval(drawn).method == "unknown"
    with pytest.raises(ZeroDivisionError):
        replicates(undefined, 20, draws=50)


def test_intervals_of_a_mean_are_the_usual_ones() -> None:
    drawn = replicates(mean_of(ROWS[0]), 400, draws=2000, seed=3)
    mean, se = ROWS[0].mean(), ROWS[0].std(ddof=1) / 20
    plain, corrected = percentile_interval(drawn), bca_interval(mean, drawn, ROWS[0] - mean)
    for got in (plain, corrected):
        assert (got.low, got.high) == pytest.approx((mean - 1.96 * se, mean + 1.96 * se), abs=0.15 * se)
        assert got.se == pytest.approx(se, rel=0.07)
        assert got.method == "bootstrap"


def test_bca_leans_with_the_skew() -> None:
    rows = np.random.default_rng(4).exponential(size=60)
    drawn = replicates(mean_of(rows), 60, draws=3000)
    plain, corrected = percentile_interval(drawn), bca_interval(rows.mean(), drawn, rows - rows.mean())
    assert plain.low is not None
    assert corrected.low is not None
    assert corrected.low > plain.low


def test_replicates_that_are_all_the_same_give_no_interval() -> None:
    assert percentile_interval(np.ones(100)).low is None
    assert bca_interval(1.0, np.ones(100), np.zeros(10)).low is None
    assert percentile_interval([]).low is None


def test_the_jackknife_of_a_mean_is_its_influence() -> None:
    assert jackknife(mean_of(ROWS[0]), 400) == pytest.approx(ROWS[0] - ROWS[0].mean(), abs=1e-9)
