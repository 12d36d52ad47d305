"""What holds for every metric there is, and for every one that will be added."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import pkgutil
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import scoring.metrics
from scoring.metrics import Metric, MetricError, MetricParameterError, UnknownMetricError, find, registry
from tests.scoring.examples import HELPERS, PROMISED, Example, example_of, helper, promise, take

Array = NDArray[Any]
ROWS = 40
EVERY = [pytest.param(entry, id=entry.name) for entry in registry]
REACHABLE = [pytest.param(entry, id=entry.name) for entry in registry if example_of(entry).perfect is not None]
NUMERIC = [
    pytest.param(entry, id=entry.name)
    for entry in registry
    if isinstance(made := example_of(entry).pred, np.ndarray) and made.dtype.kind in "iuf"
]
CLASSES = [pytest.param(entry, id=entry.name) for entry in registry if entry.columns == "classes"]
OUTPUTS = [pytest.param(entry, id=entry.name) for entry in registry if entry.columns == "outputs" and not entry.needs]
LABELS = [pytest.param(entry, id=entry.name) for entry in registry if entry.columns == "labels"]
SMOOTH = [pytest.param(entry, id=entry.name) for entry in registry if entry.influence]
VARIANTS = [
    pytest.param(entry, params, id=alias)
    for entry in registry
    for alias, params in {entry.name: {}, **entry.aliases}.items()
    if entry.influence and "{" not in alias and (params or alias == entry.name)
]
WEIGHTED = [case for case in VARIANTS if case.values[0].weights and case.values[0].units == "rows"]
helper("loading")
promise(
    "mean_absolute_error", "r2_score", "root_mean_squared_error", "root_mean_squared_log_error", "spearman_score"
)  # fmt: skip


def value_of(entry: Metric, made: Example, **options: Any) -> float:
    return entry(made.truth, made.pred, **made.keywords, **options)


def influence_of(entry: Metric, made: Example, **options: Any) -> Array:
    return entry.influence_values(made.truth, made.pred, **made.keywords, **options)


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
    made = example_of(entry)
    order = np.random.default_rng(1).permutation(len(made))
    assert value_of(entry, made.rows(order)) == pytest.approx(value_of(entry, made), rel=1e-12)


@pytest.mark.parametrize("entry", REACHABLE)
def test_perfect_predictions_have_the_best_value_and_others_lie_on_the_worse_side(entry: Metric) -> None:
    made = example_of(entry)
    best, value = entry(made.truth, made.perfect, **made.keywords), value_of(entry, made)
    assert best == pytest.approx(entry.high if entry.greater_is_better else entry.low, abs=1e-12)
    assert value < best if entry.greater_is_better else value > best


@pytest.mark.parametrize("entry", EVERY)
def test_values_stay_in_the_range(entry: Metric) -> None:
    made = example_of(entry)
    source = made.pred if made.perfect is None else made.perfect
    for seed in range(20):
        shuffled = take(source, np.random.default_rng(seed).permutation(len(made)))
        low, high = entry.range
        assert low - 1e-12 <= entry(made.truth, shuffled, **made.keywords) <= high + 1e-12


@pytest.mark.parametrize("entry", NUMERIC)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(entry: Metric, bad: float) -> None:
    made = example_of(entry)
    broken = made.pred.astype(float)
    broken[3] = bad
    with pytest.raises(MetricError):
        entry(made.truth, broken, **made.keywords)


@pytest.mark.parametrize("entry", EVERY)
def test_arrays_of_different_length_are_refused(entry: Metric) -> None:
    made = example_of(entry)
    with pytest.raises(MetricError, match=r"rows|groups"):
        entry(made.truth, take(made.pred, np.arange(len(made) - 1)), **made.keywords)


@pytest.mark.parametrize("entry", EVERY)
def test_weights_of_one_change_nothing_and_a_weight_of_two_is_a_row_twice(entry: Metric) -> None:
    made = example_of(entry)
    ones = np.ones(len(made))
    if not entry.weights:
        with pytest.raises(MetricParameterError, match="no sample weights"):
            value_of(entry, made, sample_weight=ones)
        return
    assert value_of(entry, made, sample_weight=ones) == pytest.approx(value_of(entry, made), rel=1e-12)
    weight = np.append(2.0, ones[1:])
    twice = value_of(entry, made.rows(np.append(0, np.arange(len(made)))))
    assert value_of(entry, made, sample_weight=weight) == pytest.approx(twice, rel=1e-12)


@pytest.mark.parametrize(("entry", "params"), VARIANTS)
def test_influence_values_have_mean_0_and_weights_of_one_do_not_change_them(
    entry: Metric, params: dict[str, Any]
) -> None:
    made = example_of(entry)
    psi = influence_of(entry, made, **params)
    units = len(made) if entry.units == "rows" else len(np.unique(made.keywords.get("group", np.arange(len(made)))))
    assert psi.shape == (units,)
    assert abs(psi.mean()) <= 1e-9 * max(1.0, np.abs(psi).max())
    assert psi.std() > 0
    if entry.weights:
        assert influence_of(entry, made, sample_weight=np.ones(len(made)), **params) == pytest.approx(psi, rel=1e-9)


@pytest.mark.parametrize(("entry", "params"), WEIGHTED)
def test_influence_values_say_how_far_the_value_moves_when_a_row_counts_more(
    entry: Metric, params: dict[str, Any]
) -> None:
    made = example_of(entry)
    weight, step = np.random.default_rng(2).uniform(0.5, 2, len(made)), 1e-5
    psi = influence_of(entry, made, sample_weight=weight, **params)
    for row in range(0, len(made), 4):
        more, less = weight.copy(), weight.copy()
        more[row] *= 1 + step
        less[row] *= 1 - step
        moved = value_of(entry, made, sample_weight=more, **params)
        moved -= value_of(entry, made, sample_weight=less, **params)
        # Corrections for small samples, such as DeLong's, may differ a little.
        assert psi[row] == pytest.approx(len(made) * moved / (2 * step), rel=0.03, abs=0.03 * psi.std())


@pytest.mark.parametrize("entry", SMOOTH)
def test_standard_errors_agree_with_a_bootstrap(entry: Metric) -> None:
    made, random = example_of(entry, rows=1000), np.random.default_rng(11)
    psi = influence_of(entry, made)
    drawn = [value_of(entry, made.resampled(random, units=entry.units)) for _ in range(300)]
    assert psi.std(ddof=1) / math.sqrt(len(psi)) == pytest.approx(np.std(drawn, ddof=1), rel=0.15)


@pytest.mark.parametrize("entry", CLASSES)
def test_the_order_of_class_columns_does_not_matter_when_it_is_told(entry: Metric) -> None:
    random = np.random.default_rng(3)
    truth, proba = np.arange(ROWS) % 3, random.dirichlet([1, 1, 1], ROWS)
    assert entry(truth, proba[:, [2, 0, 1]], labels=[2, 0, 1]) == pytest.approx(entry(truth, proba), rel=1e-12)


@pytest.mark.parametrize("entry", LABELS)
def test_the_order_of_label_columns_does_not_matter(entry: Metric) -> None:
    made = example_of(entry)
    assert entry(made.truth[:, ::-1], made.pred[:, ::-1]) == pytest.approx(entry(made.truth, made.pred), rel=1e-12)


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
    assert entry.name.endswith(("_score", "_error", "_loss", "_corrcoef", "_deviance"))
    assert entry.greater_is_better == entry.name.endswith(("_score", "_corrcoef"))
    assert {param.name for param in entry.params} <= set(inspect.signature(entry.function).parameters)


@pytest.mark.parametrize("entry", EVERY)
def test_defaults_of_parameters_are_the_function_s_own_and_keep_their_constraints(entry: Metric) -> None:
    signature = inspect.signature(entry.function).parameters
    for param in entry.params:
        assert signature[param.name].default == param.default
        param.check(param.default)
    for alias, params in entry.aliases.items():
        if "{" not in alias:
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


@pytest.mark.parametrize(
    ("name", "needless"), [("auc", "ranking"), ("map@5", "regression"), ("pinball_0.9", "ranking"), ("dice", "text")]
)
def test_a_metric_is_found_without_importing_all_others(name: str, needless: str) -> None:
    program = (
        "import sys; from scoring.metrics import find; find(sys.argv[1]);"
        "print(f'scoring.metrics.{sys.argv[2]}' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, name, needless], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_every_name_leads_to_the_same_metric_whatever_was_imported_before() -> None:
    plain = [alias for entry in registry for alias in (entry.name, *entry.aliases) if "{" not in alias]
    braces = [alias for entry in registry for alias in entry.aliases if "{" in alias]
    asked = plain + [re.sub(r"{\w+}", number, alias) for alias in braces for number in ("5", "0.5")]
    for order in (asked, asked[::-1]):
        command = [sys.executable, "-c", FINDS, json.dumps(order)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == {name: name_of(name) for name in order}


def name_of(name: str) -> str:
    try:
        return find(name)[0].name
    except MetricError as error:
        return str(error)


FINDS = f"""
import json, sys
from scoring.metrics import MetricError, find
{inspect.getsource(name_of)}
print(json.dumps({{name: name_of(name) for name in json.loads(sys.argv[1])}}))
"""
