"""What holds for every metric there is, and for every one that will be added."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import scoring.metrics
from scoring.metrics import Metric, MetricError, MetricParameterError, UnknownMetricError, find, registry

Array = NDArray[Any]
ROWS = 40
EVERY = [pytest.param(entry, id=entry.name) for entry in registry]
CLASSES = [pytest.param(entry, id=entry.name) for entry in registry if entry.columns == "classes"]
OUTPUTS = [pytest.param(entry, id=entry.name) for entry in registry if entry.columns == "outputs"]
HELPERS = {"containers", "inputs", "registry"}  # modules without a metric
PROMISED = {
    "accuracy_score", "average_precision_score", "balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score",
    "f1_score", "log_loss", "matthews_corrcoef", "mean_absolute_error", "r2_score", "roc_auc_score",
    "root_mean_squared_error", "root_mean_squared_log_error", "spearman_score",
}  # fmt: skip


def example(entry: Metric) -> tuple[Array, Array]:
    """Truth and imperfect predictions in the shape that the metric takes."""
    random = np.random.default_rng(5)
    if entry.takes == "numbers":
        return random.exponential(2, ROWS), random.exponential(2, ROWS)
    truth = np.append([0, 1], random.integers(0, 2, ROWS - 2))
    return (truth, random.integers(0, 2, ROWS)) if entry.takes == "labels" else (truth, random.random(ROWS))


def perfect(truth: Array, entry: Metric) -> Array:
    return truth.astype(float) if entry.takes in {"scores", "probabilities"} else truth


def test_no_metric_was_forgotten() -> None:
    families = [name for _, name, _ in pkgutil.iter_modules(scoring.metrics.__path__) if name not in HELPERS]
    written = {
        name
        for family in families
        for name, thing in vars(importlib.import_module(f"scoring.metrics.{family}")).items()
        if inspect.isfunction(thing) and thing.__module__ == f"scoring.metrics.{family}" and not name.startswith("_")
    }
    assert written == {entry.name for entry in registry}
    assert written >= PROMISED


@pytest.mark.parametrize("entry", EVERY)
def test_the_order_of_rows_does_not_matter(entry: Metric) -> None:
    truth, pred = example(entry)
    order = np.random.default_rng(1).permutation(ROWS)
    assert entry(truth[order], pred[order]) == pytest.approx(entry(truth, pred), rel=1e-12)


@pytest.mark.parametrize("entry", EVERY)
def test_perfect_predictions_have_the_best_value_and_others_lie_on_the_worse_side(entry: Metric) -> None:
    truth, pred = example(entry)
    best, value = entry(truth, perfect(truth, entry)), entry(truth, pred)
    assert best == pytest.approx(entry.high if entry.greater_is_better else entry.low, abs=1e-12)
    assert value < best if entry.greater_is_better else value > best


@pytest.mark.parametrize("entry", EVERY)
def test_values_stay_in_the_range(entry: Metric) -> None:
    truth, _ = example(entry)
    for seed in range(20):
        shuffled = perfect(np.random.default_rng(seed).permutation(truth), entry)
        low, high = entry.range
        assert low - 1e-12 <= entry(truth, shuffled) <= high + 1e-12


@pytest.mark.parametrize("entry", EVERY)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(entry: Metric, bad: float) -> None:
    truth, pred = example(entry)
    broken = pred.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError):
        entry(truth, broken)


@pytest.mark.parametrize("entry", EVERY)
def test_arrays_of_different_length_are_refused(entry: Metric) -> None:
    truth, pred = example(entry)
    with pytest.raises(MetricError, match="rows"):
        entry(truth, pred[:-1])


@pytest.mark.parametrize("entry", EVERY)
def test_weights_of_one_change_nothing_and_a_weight_of_two_is_a_row_twice(entry: Metric) -> None:
    truth, pred = example(entry)
    if not entry.weights:
        with pytest.raises(MetricParameterError, match="no sample weights"):
            entry(truth, pred, sample_weight=np.ones(ROWS))
        return
    assert entry(truth, pred, sample_weight=np.ones(ROWS)) == pytest.approx(entry(truth, pred), rel=1e-12)
    weight = np.append(2.0, np.ones(ROWS - 1))
    twice = entry(np.append(truth[0], truth), np.append(pred[0], pred))
    assert entry(truth, pred, sample_weight=weight) == pytest.approx(twice, rel=1e-12)


@pytest.mark.parametrize("entry", CLASSES)
def test_the_order_of_class_columns_does_not_matter_when_it_is_told(entry: Metric) -> None:
    random = np.random.default_rng(3)
    truth, proba = np.arange(ROWS) % 3, random.dirichlet([1, 1, 1], ROWS)
    assert entry(truth, proba[:, [2, 0, 1]], labels=[2, 0, 1]) == pytest.approx(entry(truth, proba), rel=1e-12)


@pytest.mark.parametrize("entry", OUTPUTS)
def test_the_order_of_output_columns_does_not_matter(entry: Metric) -> None:
    random = np.random.default_rng(3)
    truth, pred = random.random((ROWS, 3)), random.random((ROWS, 3))
    assert entry(truth[:, ::-1], pred[:, ::-1]) == pytest.approx(entry(truth, pred), rel=1e-12)


@pytest.mark.parametrize("entry", EVERY)
def test_a_metric_says_what_it_is(entry: Metric) -> None:
    text = inspect.getdoc(entry.function) or ""
    assert all(word in text for word in ("Returns:", "Source:", ">>>"))
    assert entry.label
    assert entry.summary.endswith((".", "``."))
    assert entry.name.endswith(("_score", "_error", "_loss", "_corrcoef"))
    assert entry.greater_is_better == entry.name.endswith(("_score", "_corrcoef"))
    assert {param.name for param in entry.params} <= set(inspect.signature(entry.function).parameters)


@pytest.mark.parametrize("entry", EVERY)
def test_defaults_of_parameters_are_the_function_s_own_and_keep_their_constraints(entry: Metric) -> None:
    signature = inspect.signature(entry.function).parameters
    for param in entry.params:
        assert signature[param.name].default == param.default
        param.check(param.default)
    for alias, params in entry.aliases.items():
        assert find(alias) == (entry, params)
        entry.check_params(params)


def test_a_parameter_outside_its_constraints_is_refused_by_name() -> None:
    f1, _ = find("f1")
    with pytest.raises(MetricParameterError, match=r"`average` is `mean`, expected one of: binary, macro"):
        f1([0, 1], [0, 1], average="mean")
    with pytest.raises(MetricParameterError, match="`f1_score` has no parameter `beta`"):
        f1([0, 1], [0, 1], beta=2)


def test_a_name_with_a_typing_mistake_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownMetricError, match=r"No metric is called `acuracy`. Did you mean `accuracy`\?"):
        find("acuracy")
    assert find("F1-Macro") == find("f1_macro")


def test_the_registry_needs_numpy_and_nothing_heavier() -> None:
    program = (
        "import sys, scoring.metrics; print([m for m in ('scipy', 'sklearn', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
