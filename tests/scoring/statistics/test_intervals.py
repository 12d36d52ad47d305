"""Intervals are what their sources say, cover, stay in the range, and are never ±0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.statistics.intervals import Kind, by_cluster, clopper_pearson, interval, plus_minus, standard_error, wilson

quick = settings(max_examples=40, deadline=None)
SHARE = {"kind": "proportion", "low": 0.0, "high": 1.0, "greater_is_better": True}


def test_standard_errors_of_three_metrics_are_the_known_ones() -> None:
    random = np.random.default_rng(3)
    y = random.integers(0, 2, 4000)
    p = np.where(random.random(4000) < 0.8, y, 1 - y)
    truth = random.normal(size=4000)
    guess = truth + 0.5 * random.normal(size=4000)
    tp, fp, fn = (y * p).astype(float), ((1 - y) * p).astype(float), (y * (1 - p)).astype(float)
    pooled = 2 * tp.mean() + fp.mean() + fn.mean()
    f1 = 2 * tp.mean() / pooled
    assert standard_error((2 * tp - f1 * (2 * tp + fp + fn)) / pooled) == pytest.approx(0.0070644173205863985, abs=1e-9)
    squared = (truth - guess) ** 2
    rmse = math.sqrt(squared.mean())
    assert standard_error((squared - rmse**2) / (2 * rmse)) == pytest.approx(0.005339405063301836, abs=1e-9)
    spread = truth.var()
    r2 = 1 - squared.mean() / spread
    psi = -(squared - (1 - r2) * (truth - truth.mean()) ** 2) / spread
    assert standard_error(psi) == pytest.approx(0.0075778850936341294, abs=1e-9)


def test_one_unit_says_nothing_about_its_spread() -> None:
    assert math.isnan(standard_error([0.0]))
    assert interval(0.3, [0.0], **{**SHARE, "kind": "wald"}).se is None


def test_the_cluster_robust_error_is_the_formula() -> None:
    psi = np.array([1.0, -2.0, 0.5, 0.5, 1.0, -1.0])
    clusters = ["a", "a", "b", "c", "c", "c"]
    sums = np.array([-1.0, 0.5, 0.5])
    assert standard_error(psi, clusters=clusters) == pytest.approx(math.sqrt(3 / 2 * (sums**2).sum()) / 6)
    assert by_cluster(psi, clusters) == pytest.approx(sums * 3 / 6)
    assert standard_error(psi, clusters=range(6)) == pytest.approx(standard_error(psi))
    with pytest.raises(ValueError, match="cluster labels"):
        by_cluster(psi, ["a"])


@quick
@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_of_shares_are_those_of_scipy(n: int, share: float, level: float) -> None:
    successes = round(n * share)
    exact = stats.binomtest(successes, n)
    expected = exact.proportion_ci(level, method="wilson")
    assert wilson(successes / n, n, level=level) == pytest.approx((expected.low, expected.high), abs=1e-12)
    expected = exact.proportion_ci(level, method="exact")
    assert clopper_pearson(successes, n, level=level) == pytest.approx((expected.low, expected.high), abs=1e-12)
    above = stats.binomtest(successes, n, alternative="greater").proportion_ci(level, method="exact").low
    below = stats.binomtest(successes, n, alternative="less").proportion_ci(level, method="exact").high
    assert clopper_pearson(successes, n, level=level, side="low") == pytest.approx((above, 1.0), abs=1e-12)
    assert clopper_pearson(successes, n, level=level, side="high") == pytest.approx((0.0, below), abs=1e-12)


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.2, 10), (-0.1, 10)])
def test_a_share_that_does_not_exist_is_refused(share: float, n: int) -> None:
    with pytest.raises(ValueError, match="share"):
        wilson(share, n)


def test_a_level_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        wilson(0.5, 10, level=95)


@quick
@given(st.integers(2, 200), st.data())
def test_a_proportion_from_influence_values_is_wilsons(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(1, n - 1))
    right = np.arange(n) < successes
    got = interval(successes / n, right - successes / n, **SHARE)
    assert (got.low, got.high) == pytest.approx(wilson(successes / n, n), abs=1e-12)
    assert got.method == "wilson"


def test_a_perfect_proportion_gets_its_exact_bound_and_no_error() -> None:
    got = interval(1.0, np.zeros(50), **SHARE)
    assert (got.low, got.high, got.se) == (pytest.approx(0.05 ** (1 / 50)), 1.0, None)
    assert (got.method, got.edge) == ("exact", "perfect")
    wrong = interval(0.0, np.zeros(50), **SHARE)
    assert (wrong.low, wrong.high, wrong.edge) == (0.0, pytest.approx(1 - 0.05 ** (1 / 50)), "worst")
    loss = interval(0.0, np.zeros(50), **{**SHARE, "greater_is_better": False})
    assert (loss.low, loss.edge) == (0.0, "perfect")


@pytest.mark.parametrize("kind", ["wald", "logit"])
@pytest.mark.parametrize(("value", "edge"), [(1.0, "perfect"), (0.0, "worst"), (0.5, "constant")])
def test_any_other_score_without_spread_has_an_unknown_interval(kind: str, value: float, edge: str) -> None:
    got = interval(value, np.zeros(50), **{**SHARE, "kind": kind})
    assert (got.low, got.high, got.se, got.method, got.edge) == (None, None, None, "unknown", edge)


def test_rounding_is_not_spread() -> None:
    got = interval(0.3, np.full(50, 1e-17) * np.arange(50), **{**SHARE, "kind": "wald"})
    assert got.method == "unknown"


def test_an_undefined_value_has_an_unknown_interval() -> None:
    assert interval(math.nan, np.ones(5), **SHARE).low is None
    assert interval(0.5, np.array([1.0, math.nan]), **SHARE).low is None


@quick
@given(st.floats(0.01, 0.99), st.floats(0.001, 30), st.sampled_from(["wald", "logit"]))
def test_intervals_hold_the_value_and_stay_in_the_range(share: float, spread: float, kind: Kind) -> None:
    value = -2 + 5 * share
    got = interval(value, np.array([spread, -spread] * 20), kind=kind, low=-2.0, high=3.0, greater_is_better=True)
    assert got.low is not None
    assert got.high is not None
    assert -2 <= got.low < value < got.high <= 3


def test_the_logit_interval_is_the_textbooks() -> None:
    psi = np.array([0.1, -0.1] * 50)
    se = standard_error(psi)
    got = interval(0.9, psi, **{**SHARE, "kind": "logit"})
    centre, half = math.log(9), 1.959963984540054 * se / 0.09
    assert got.low == pytest.approx(1 / (1 + math.exp(half - centre)), abs=1e-12)
    assert got.high == pytest.approx(1 / (1 + math.exp(-half - centre)), abs=1e-12)
    assert got.se == se


def test_wilson_covers_where_wald_would_not() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for successes in random.binomial(40, 0.97, 2000):
        low, high = wilson(successes / 40, 40)
        covered += low <= 0.97 <= high
    assert covered / 2000 > 0.93


@pytest.mark.parametrize(
    ("value", "low", "high", "decimals", "expected"),
    [
        (0.85, 0.83, 0.87, 2, 0.02),
        (0.85, 0.8311, 0.8688, 3, 0.019),
        (0.85, 0.8311, 0.8688, 4, None),
        (0.99, 0.97, 1.0, 2, None),
        (0.85, 0.84999, 0.85001, 3, None),
        (0.85, None, 0.9, 2, None),
        (0.85, None, None, 2, None),
        (0.5, 0.5 - 0.0125, 0.5 + 0.0125, 3, 0.013),
    ],
)
def test_plus_minus_is_written_only_where_it_is_true(
    value: float, low: float | None, high: float | None, decimals: int, expected: float | None
) -> None:
    got = plus_minus(value, low, high, decimals)
    assert got == pytest.approx(expected, abs=0.0011) if expected is not None else got is None
