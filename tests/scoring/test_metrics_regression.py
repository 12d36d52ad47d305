"""Regression and correlation: known values, scikit-learn and scipy as the oracle, and edges as they are documented."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from scoring.metrics import MetricInputError, MetricParameterError, UndefinedMetricError, find
from scoring.metrics.dominance import dense_ranks, dominated, lower_in_group

Array = NDArray[Any]
quick = settings(max_examples=30, deadline=None)
PAIR = ([3.0, 0.5, 2.0, 7.0, 4.2, 10.0], [2.5, 0.4, 2.0, 8.0, 4.8, 8.5])
KNOWN = {
    "mae": 0.6166666666666666,
    "mse": 0.6449999999999999,
    "rmse": 0.8031189202104505,
    "medae": 0.5499999999999998,
    "max_error": 1.5,
    "r2": 0.9366352844862873,
    "explained_variance": 0.9373175057988812,
    "rmsle": 0.1079201530696621,
    "msle": 0.0116467594385793,
    "mape": 0.13373015873015873,
    "smape": 13.88115388115388,
    "smape_percent_0_200": 13.88115388115388,
    "smape_fraction": 0.1388115388115388,
    "wmape": 0.13857677902621723,
    "pinball_0_9": 0.3416666666666666,
    "pinball_0.9": 0.3416666666666666,
    "huber_delta1": 0.30166666666666664,
    "log_cosh": 0.26407708067580554,
    "pearson": 0.9682974571341527,
    "spearman": 1.0,
    "kendall_tau_b": 0.9999999999999999,
    "d2_absolute": 0.7643312101910829,
    "poisson_deviance": 0.09605804787402172,
    "gamma_deviance": 0.02518311195946669,
    "tweedie_1_5": 0.043363091574025146,
    "ccc_lin": 0.9667554333820121,
}


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, int]:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(2, 60))


def weights(random: np.random.Generator, rows: int) -> Array | None:
    return random.integers(1, 5, rows) / 2 if random.random() < 0.5 else None


@pytest.mark.parametrize(("name", "expected"), KNOWN.items())
def test_a_metric_has_its_known_value(name: str, expected: float) -> None:
    assert ours(name, *PAIR) == pytest.approx(expected, abs=1e-12)


def test_columnwise_rmse_is_the_mean_of_the_columns_roots() -> None:
    truth, pred = [[1.0, 2.0], [3.0, 4.0], [5.0, 1.0]], [[1.1, 1.5], [2.7, 4.4], [5.5, 1.2]]
    assert ours("mcrmse", truth, pred) == pytest.approx(0.3644316800763642, abs=1e-12)


THEIRS = [
    ("mae", oracle.mean_absolute_error, {}),
    ("mse", oracle.mean_squared_error, {}),
    ("msle", oracle.mean_squared_log_error, {}),
    ("medae", oracle.median_absolute_error, {}),
    ("mape", oracle.mean_absolute_percentage_error, {}),
    ("explained_variance", oracle.explained_variance_score, {}),
    ("pinball", oracle.mean_pinball_loss, {"alpha": 0.3}),
    ("d2_pinball", oracle.d2_pinball_score, {"alpha": 0.3}),
    ("d2_absolute", oracle.d2_absolute_error_score, {}),
]
DEVIANCES = [
    ("poisson_deviance", oracle.mean_poisson_deviance, {}),
    ("gamma_deviance", oracle.mean_gamma_deviance, {}),
    ("tweedie", oracle.mean_tweedie_deviance, {"power": 1.7}),
    ("tweedie", oracle.mean_tweedie_deviance, {"power": 3}),
    ("d2_tweedie", oracle.d2_tweedie_score, {"power": 1.5}),
    ("d2_poisson", oracle.d2_tweedie_score, {"power": 1}),
]


@pytest.mark.parametrize(("name", "theirs", "options"), THEIRS, ids=[case[0] for case in THEIRS])
@pytest.mark.parametrize("outputs", [None, 3])
@quick
@given(world=worlds())
def test_metrics_are_what_scikit_learn_says(
    name: str, theirs: Any, options: dict[str, float], outputs: int | None, world: Any
) -> None:
    random, rows = world
    shape = (rows,) if outputs is None else (rows, outputs)
    true, pred, weight = random.exponential(3, shape), random.exponential(3, shape), weights(random, rows)
    expected = theirs(true, pred, sample_weight=weight, **options)
    assert ours(name, true, pred, sample_weight=weight, **options) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "theirs", "options"), DEVIANCES, ids=[f"{case[0]}{case[2]}" for case in DEVIANCES])
@quick
@given(world=worlds())
def test_deviances_are_what_scikit_learn_says(name: str, theirs: Any, options: dict[str, float], world: Any) -> None:
    random, rows = world
    true, pred, weight = random.exponential(3, rows), random.exponential(3, rows), weights(random, rows)
    if "gamma" not in name and options.get("power", 1) < 2:
        true[0] = 0
    expected = theirs(true, pred, sample_weight=weight, **options)
    assert ours(name, true, pred, sample_weight=weight, **options) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@quick
@given(world=worlds())
def test_huber_and_log_cosh_are_what_scipy_says(world: Any) -> None:
    random, rows = world
    true, pred = random.normal(0, 3, rows), random.normal(0, 3, rows)
    assert ours("huber", true, pred, delta=1.5) == pytest.approx(special.huber(1.5, true - pred).mean())
    assert ours("log_cosh", true, pred) == pytest.approx(np.log(np.cosh(true - pred)).mean(), rel=1e-9)
    assert ours("max_error", true, pred) == oracle.max_error(true, pred)


@pytest.mark.parametrize("ties", [True, False])
@quick
@given(world=worlds())
def test_correlations_are_what_scipy_says(ties: bool, world: Any) -> None:
    random, rows = world
    true = random.integers(0, 5, rows).astype(float) if ties else random.random(rows)
    pred = random.integers(0, 3, rows).astype(float) if ties else true + random.random(rows)
    true[:2], pred[:2] = (0, 1), (0, 1)  # neither is constant
    assert ours("pearson", true, pred) == pytest.approx(stats.pearsonr(true, pred).statistic, rel=1e-9, abs=1e-12)
    assert ours("spearman", true, pred) == pytest.approx(stats.spearmanr(true, pred).statistic, rel=1e-9, abs=1e-12)
    assert ours("kendall", true, pred) == pytest.approx(stats.kendalltau(true, pred).statistic, rel=1e-9, abs=1e-12)
    somers = stats.somersd(true, pred).statistic
    assert ours("concordance", true, pred) == pytest.approx((somers + 1) / 2, rel=1e-9, abs=1e-12)


def test_weights_count_in_the_correlations_of_values() -> None:
    random = np.random.default_rng(4)
    true, pred, times = random.random(50), random.random(50), random.integers(1, 4, 50)
    for name in ("pearson", "ccc"):
        repeated = ours(name, np.repeat(true, times), np.repeat(pred, times))
        assert ours(name, true, pred, sample_weight=times) == pytest.approx(repeated, rel=1e-12)


def test_columns_are_correlated_one_by_one() -> None:
    random = np.random.default_rng(4)
    true, pred = random.random((50, 2)), random.random((50, 2))
    for name in ("pearson", "spearman", "kendall", "ccc", "concordance"):
        one_by_one = [ours(name, true[:, column], pred[:, column]) for column in (0, 1)]
        assert ours(name, true, pred) == pytest.approx(np.mean(one_by_one), rel=1e-12)


@pytest.mark.parametrize("values", [3, 1000])
@quick
@given(world=worlds())
def test_pairs_are_counted_as_comparing_all_of_them_would(values: int, world: Any) -> None:
    random, rows = world
    left, right = (dense_ranks(random.integers(0, values, rows)) for _ in range(2))
    counted = random.random(rows) < 0.5
    lower = (left[None] < left[:, None]) & (right[None] < right[:, None])
    beside = (left[None] == left[:, None]) & (right[None] < right[:, None])
    assert (dominated(left, right) == lower.sum(axis=1)).all()
    assert (dominated(left, right, counted=counted) == (lower & counted).sum(axis=1)).all()
    assert (lower_in_group(left, right) == beside.sum(axis=1)).all()
    assert (lower_in_group(left, right, counted=counted) == (beside & counted).sum(axis=1)).all()


@pytest.mark.parametrize(
    ("name", "true", "pred", "expected"),
    [
        ("smape", [0.0, 1.0], [0.0, 1.0], 0.0),
        ("smape", [0.0, 1.0], [5.0, -1.0], 200.0),
        ("mape", [0.0, 1.0], [0.0, 1.0], 0.0),
        ("log_cosh", [1000.0], [-1000.0], 2000 - math.log(2)),
        ("explained_variance", [0.1, 0.1, 0.1], [0.3, 0.3, 0.3], 1.0),
        ("explained_variance", [0.1, 0.1, 0.1], [0.3, 0.3, 0.4], 0.0),
        ("r2", [0.1, 0.1, 0.1], [0.1, 0.1, 0.2], 0.0),
        ("d2_absolute", [2.0, 2.0], [2.0, 2.0], 1.0),
        ("d2_absolute", [2.0, 2.0], [2.0, 3.0], 0.0),
        ("d2_poisson", [0.0, 0.0], [1.0, 2.0], 0.0),
        ("ccc", [1.0, 2.0], [3.0, 3.0], 0.0),
    ],
)
def test_edges_are_decided(name: str, true: list[float], pred: list[float], expected: float) -> None:
    assert ours(name, true, pred) == expected


@pytest.mark.parametrize(
    ("name", "true", "pred"),
    [
        ("wmape", [0.0, 0.0], [1.0, 2.0]),
        ("explained_variance", [1.0], [1.0]),
        ("d2_absolute", [1.0], [1.0]),
        ("pearson", [0.1, 0.1, 0.1], [1.0, 2.0, 4.0]),
        ("pearson", [1.0], [1.0]),
        ("spearman", [1.0, 2.0], [3.0, 3.0]),
        ("kendall", [1.0, 2.0], [3.0, 3.0]),
        ("kendall", [1.0], [3.0]),
        ("concordance", [3.0, 3.0], [1.0, 2.0]),
        ("ccc", [3.0, 3.0], [3.0, 3.0]),
        ("medae", [], []),
    ],
)
def test_where_there_is_no_value_a_typed_error_says_so(name: str, true: list[float], pred: list[float]) -> None:
    with pytest.raises(UndefinedMetricError):
        ours(name, true, pred)


@pytest.mark.parametrize(
    ("name", "true", "pred"),
    [
        ("msle", [1.0, 2.0], [1.0, -1.0]),
        ("poisson_deviance", [1.0, 2.0], [1.0, 0.0]),
        ("poisson_deviance", [-1.0, 2.0], [1.0, 1.0]),
        ("gamma_deviance", [0.0, 2.0], [1.0, 1.0]),
        ("tweedie_2.5", [0.0, 2.0], [1.0, 1.0]),
        ("mae", [[1.0, 2.0]], [1.0]),
    ],
)
def test_values_for_which_there_is_no_formula_are_refused(name: str, true: Any, pred: list[float]) -> None:
    with pytest.raises(MetricInputError):
        ours(name, true, pred)


@pytest.mark.parametrize(
    ("true", "pred", "words"),
    [
        (["a"], [1], "y_true holds `a`, expected numbers."),
        ([1, 2], [0.5, "0,7"], "y_pred holds `0,7`, expected numbers."),
        ([object], [1], "y_true holds `<class 'object'>`, expected numbers."),
        ([1 + 1j], [1], "y_true holds `(1+1j)`, expected numbers."),
        ([1, 2], [[1], [1, 2]], "y_pred has rows of different lengths."),
    ],
)
@pytest.mark.parametrize("name", ["rmse", "spearman"])
def test_what_is_no_number_is_named(name: str, true: Any, pred: Any, words: str) -> None:
    with pytest.raises(MetricInputError) as error:
        ours(name, true, pred)
    assert str(error.value) == words


def test_a_power_below_one_is_refused() -> None:
    with pytest.raises(MetricParameterError, match=r"`power` is 0\.5"):
        find("tweedie_0.5")


def test_standard_errors_of_r2_and_rmse_have_their_known_values() -> None:
    random, rows = np.random.default_rng(3), 4000
    random.integers(0, 2, rows), random.random(rows)  # the draws of another metric's case come first
    true = random.normal(size=rows)
    pred = true + 0.5 * random.normal(size=rows)
    for name, value, error in (
        ("r2", 0.7557480471349343, 0.0075778850936341294),
        ("rmse", 0.4960615907348847, 0.005339405063301836),
    ):
        psi = find(name)[0].influence_values(true, pred)
        assert ours(name, true, pred) == pytest.approx(value, abs=1e-9)
        assert psi.mean() == pytest.approx(0, abs=1e-12)
        assert psi.std(ddof=1) / math.sqrt(rows) == pytest.approx(error, abs=1e-9)


def test_a_perfect_score_has_influence_values_of_0() -> None:
    true = np.arange(1.0, 9.0)
    for name in ("rmse", "r2", "mape", "smape", "pearson", "d2_absolute", "poisson_deviance", "huber"):
        assert find(name)[0].influence_values(true, true) == pytest.approx(np.zeros(8), abs=1e-12)
    assert find("r2")[0].influence_values(np.ones(3), np.arange(3.0)) == pytest.approx(np.zeros(3))


@pytest.mark.parametrize("name", ["spearman", "kendall", "concordance"])
@pytest.mark.parametrize("ties", [True, False])
def test_standard_errors_of_rank_correlations_agree_with_a_bootstrap(name: str, ties: bool) -> None:
    random, rows = np.random.default_rng(7), 1000
    true = random.normal(size=rows)
    pred = true + random.normal(size=rows)
    if ties:
        true, pred = true.round(), pred.round()
    drawn = [ours(name, true[kept], pred[kept]) for kept in random.integers(0, rows, (300, rows))]
    psi = find(name)[0].influence_values(true, pred)
    assert psi.mean() == pytest.approx(0, abs=1e-10)
    # Pairs of a row with itself, which a bootstrap draws, are ties: it is a little off by itself.
    assert psi.std(ddof=1) / math.sqrt(rows) == pytest.approx(np.std(drawn, ddof=1), rel=0.15)


def test_standard_errors_with_weights_agree_with_a_bootstrap() -> None:
    random, rows = np.random.default_rng(8), 1000
    true, weight = random.gamma(4, 1, rows), random.uniform(0.2, 3, rows)
    pred = true * random.uniform(0.5, 1.5, rows)
    draws = random.integers(0, rows, (300, rows))
    for name in ("r2", "rmse", "wmape", "ccc", "d2_poisson"):
        drawn = [ours(name, true[kept], pred[kept], sample_weight=weight[kept]) for kept in draws]
        psi = find(name)[0].influence_values(true, pred, sample_weight=weight)
        assert psi.std(ddof=1) / math.sqrt(rows) == pytest.approx(np.std(drawn, ddof=1), rel=0.15)
