"""Forecasts: scoringrules as the oracle, definitions, and edges as they are documented."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.metrics import MetricError, MetricInputError, MetricParameterError, find

Array = NDArray[Any]
quick = settings(max_examples=30, deadline=None)


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, int]:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, 40))


def scaled(
    random: np.random.Generator, rows: int, *, naive: Any
) -> tuple[Array, Array, dict[str, Array], list[tuple[Array, float]]]:
    """Forecasts of three series, shuffled, and the errors and the past scale of each series by itself."""
    lengths = random.integers(1, 6, 3)
    group = np.repeat(np.array(["b", "a", "c"]), lengths)
    past = {name: naive(np.diff(random.normal(size=rows + 2))) for name in "abc"}
    true, pred = random.normal(size=len(group)), random.normal(size=len(group))
    one_by_one = [((true - pred)[group == name], past[name]) for name in "abc"]
    order = random.permutation(len(group))
    keywords = {"group": group[order], "scale": np.array([past[name] for name in group])[order]}
    return true[order], pred[order], keywords, one_by_one


@quick
@given(world=worlds())
def test_mase_is_the_mean_over_series_of_errors_in_units_of_the_naive_one(world: Any) -> None:
    true, pred, keywords, series = scaled(*world, naive=lambda steps: np.abs(steps).mean())
    assert ours("mase", true, pred, **keywords) == pytest.approx(np.mean([abs(e).mean() / s for e, s in series]))


@quick
@given(world=worlds())
def test_rmsse_and_wrmsse_divide_roots_by_roots(world: Any) -> None:
    true, pred, keywords, series = scaled(*world, naive=lambda steps: math.sqrt((steps**2).mean()))
    expected = [math.sqrt((error**2).mean() / scale**2) for error, scale in series]
    assert ours("rmsse", true, pred, **keywords) == pytest.approx(np.mean(expected))
    importance = np.array([{"a": 3.0, "b": 0.0, "c": 1.0}[name] for name in keywords["group"]])
    weighted = (3 * expected[0] + expected[2]) / 4
    assert ours("wrmsse", true, pred, **keywords, importance=importance) == pytest.approx(weighted)


def test_series_are_named_by_texts_or_by_any_numbers() -> None:
    true, pred, scale = [1.0, 2.0, 3.0], [2.0, 2.0, 5.0], [1.0, 1.0, 1.0]
    for group in (["x", "x", "y"], [0, 0, 1], [-7, -7, 10**12], [0.5, 0.5, 2.0]):
        assert ours("mase", true, pred, group=group, scale=scale) == 1.25


def test_a_scale_of_0_or_weights_of_0_are_refused() -> None:
    with pytest.raises(MetricInputError, match="scale is 0"):
        ours("mase", [1.0], [1.0], group=[1], scale=[0.0])
    with pytest.raises(MetricInputError, match="not all zero"):
        ours("wrmsse", [1.0], [1.0], group=[1], scale=[1.0], importance=[0.0])
    with pytest.raises(MetricInputError, match="needs `group`"):
        ours("rmsse", [1.0], [1.0], scale=[1.0])


@quick
@given(world=worlds(), alpha=st.sampled_from([0.05, 0.1, 0.5]))
def test_interval_scores_are_what_scoringrules_says(world: Any, alpha: float) -> None:
    random, rows = world
    true, bounds = random.normal(size=rows), np.sort(random.normal(size=(rows, 2)), axis=1)
    expected = scoringrules.interval_score(true, bounds[:, 0], bounds[:, 1], alpha)
    assert ours("winkler", true, bounds, alpha=alpha) == pytest.approx(expected.mean())
    covered = ((bounds[:, 0] <= true) & (true <= bounds[:, 1])).mean()
    assert ours("interval_coverage", true, bounds) == pytest.approx(covered)


def test_bounds_that_cross_cover_nothing_and_cost_more_than_their_distance() -> None:
    assert ours("interval_coverage", [1.0], [[2.0, 0.0]]) == 0
    assert ours("winkler_0.5", [1.0], [[2.0, 0.0]]) == 4 * 2 - 2


@quick
@given(world=worlds(), members=st.integers(2, 9))
def test_the_crps_of_an_ensemble_is_what_scoringrules_says(world: Any, members: int) -> None:
    random, rows = world
    true, pred = random.normal(size=rows), random.normal(size=(rows, members)).round(1) + 1e6
    true += 1e6  # far from 0 nothing is lost
    plain = scoringrules.crps_ensemble(true, pred, estimator="nrg").mean()
    fair = scoringrules.crps_ensemble(true, pred, estimator="fair").mean()
    assert ours("crps", true, pred) == pytest.approx(plain, abs=1e-8)
    assert ours("crps_fair", true, pred) == pytest.approx(fair, abs=1e-8)


def test_one_member_is_a_point_and_has_no_fair_score() -> None:
    assert ours("crps", [1.0, 2.0], [[3.0], [2.0]]) == 1
    with pytest.raises(MetricInputError, match="two members"):
        ours("crps_fair", [1.0, 2.0], [[3.0], [2.0]])


@quick
@given(world=worlds())
def test_scores_of_distributions_are_what_scoringrules_says(world: Any) -> None:
    random, rows = world
    true, mean, sd = random.exponential(2, rows) + 0.1, random.exponential(2, rows) + 0.1, random.uniform(1, 3, rows)
    pred = np.column_stack([mean, sd])
    assert ours("crps_normal", true, pred) == pytest.approx(scoringrules.crps_normal(true, mean, sd).mean())
    assert ours("normal_log_score", true, pred) == pytest.approx(scoringrules.logs_normal(true, mean, sd).mean())


@pytest.mark.parametrize("name", ["crps_logistic", "crps_laplace", "crps_lognormal", "crps_gamma"])
def test_the_crps_of_a_distribution_is_that_of_a_large_ensemble_with_its_mean_and_deviation(name: str) -> None:
    random, mean, sd = np.random.default_rng(2), 3.0, 1.2
    log_sd = math.sqrt(math.log1p((sd / mean) ** 2))
    members = {
        "crps_logistic": random.logistic(mean, sd * math.sqrt(3) / math.pi, 200_000),
        "crps_laplace": random.laplace(mean, sd / math.sqrt(2), 200_000),
        "crps_lognormal": random.lognormal(math.log(mean) - log_sd**2 / 2, log_sd, 200_000),
        "crps_gamma": random.gamma((mean / sd) ** 2, sd**2 / mean, 200_000),
    }[name]
    for true in (1.0, 2.5, 7.0):
        assert ours(name, [true], [[mean, sd]]) == pytest.approx(ours("crps", [true], members[None]), rel=0.02)


def test_a_normal_without_spread_is_a_point() -> None:
    assert ours("crps_normal", [1.0, 2.0], [[3.0, 0.0], [2.0, 0.0]]) == 1
    assert ours("crps_normal", [1e300], [[0.0, 1e-300]]) == pytest.approx(1e300)
    with pytest.raises(MetricInputError, match="0 or less"):
        ours("normal_log_score", [1.0], [[1.0, 0.0]])
    with pytest.raises(MetricInputError, match="negative"):
        ours("crps_normal", [1.0], [[1.0, -1.0]])


@quick
@given(world=worlds())
def test_a_loss_over_quantiles_is_the_mean_of_the_pinball_losses(world: Any) -> None:
    random, rows = world
    true, pred = random.normal(size=rows), random.normal(size=(rows, 3))
    one_by_one = [ours("pinball", true, pred[:, place], alpha=level) for place, level in enumerate((0.1, 0.5, 0.9))]
    assert ours("mean_quantiles_loss", true, pred, levels="0.1, 0.5 0.9") == pytest.approx(np.mean(one_by_one))
    even = [ours("pinball", true, pred[:, place], alpha=level) for place, level in enumerate((0.25, 0.5, 0.75))]
    assert ours("mean_quantiles_loss", true, pred) == pytest.approx(np.mean(even))


@pytest.mark.parametrize("levels", ["a b c", "0.1 0.5 1.5"])
def test_levels_that_are_none_are_refused(levels: str) -> None:
    with pytest.raises(MetricParameterError, match="numbers from 0 to 1"):
        ours("mean_quantiles_loss", [1.0], [[1.0, 2.0, 3.0]], levels=levels)
    with pytest.raises(MetricInputError, match="3 columns of predictions and 2 levels"):
        ours("mean_quantiles_loss", [1.0], [[1.0, 2.0, 3.0]], levels="0.1 0.9")


@pytest.mark.parametrize("name", ["crps", "crps_normal", "winkler"])
def test_predictions_of_the_wrong_shape_are_refused(name: str) -> None:
    with pytest.raises(MetricError, match="expected"):
        ours(name, [1.0, 2.0], [1.0, 2.0])


def test_influence_values_stand_for_series_in_the_order_of_their_names() -> None:
    true, pred = np.zeros(4), np.array([1.0, 3.0, 5.0, 5.0])
    keywords = {"group": np.array(["b", "b", "a", "a"]), "scale": np.ones(4)}
    assert find("mase")[0].influence_values(true, pred, **keywords) == pytest.approx([1.5, -1.5])
    psi = find("wrmsse")[0].influence_values(true, pred, **keywords, importance=np.array([1.0, 1.0, 3.0, 3.0]))
    assert psi.mean() == pytest.approx(0, abs=1e-12)
