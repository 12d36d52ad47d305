"""On random input, every metric is what scikit-learn and scipy say it is, with weights and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from scoring.metrics import UndefinedMetricError, find

Array = NDArray[Any]
quick = settings(max_examples=60, deadline=None)


@st.composite
def worlds(draw: st.DrawFn, *, least: int = 2) -> tuple[np.random.Generator, int, int]:
    """A generator, a number of rows and a number of classes."""
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed), draw(st.integers(least, 60)), draw(st.integers(2, 6))


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


def weights(random: np.random.Generator, rows: int) -> Array | None:
    return random.integers(1, 5, rows) / 2 if random.random() < 0.5 else None


def simplex(random: np.random.Generator, rows: int, classes: int) -> Array:
    raw = random.integers(1, 6, (rows, classes)).astype(float)  # few values, so that there are ties
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


LABEL_METRICS = [
    ("accuracy", oracle.accuracy_score, {}),
    ("f1_macro", oracle.f1_score, {"average": "macro", "zero_division": 0.0}),
    ("f1_micro", oracle.f1_score, {"average": "micro", "zero_division": 0.0}),
    ("f1_weighted", oracle.f1_score, {"average": "weighted", "zero_division": 0.0}),
    ("mcc", oracle.matthews_corrcoef, {}),
    ("kappa", oracle.cohen_kappa_score, {}),
    ("linear_kappa", oracle.cohen_kappa_score, {"weights": "linear"}),
    ("qwk", oracle.cohen_kappa_score, {"weights": "quadratic"}),
]


@pytest.mark.parametrize(("name", "theirs", "options"), LABEL_METRICS, ids=[case[0] for case in LABEL_METRICS])
@pytest.mark.parametrize("kind", ["numbers", "far apart", "text"])
@quick
@given(world=worlds())
def test_label_metrics(name: str, theirs: Any, options: dict[str, Any], kind: str, world: Any) -> None:
    random, rows, classes = world
    true, pred = random.integers(-1, classes, rows), random.integers(-1, classes, rows)
    true[0], pred[0] = 0, 1  # two labels at least
    if kind == "far apart":
        true, pred = true * 10**9, pred * 10**9
    if kind == "text":
        true, pred = true.astype(str), pred.astype(str)
    weight = weights(random, rows)
    expected = theirs(true, pred, sample_weight=weight, **options)
    assert ours(name, true, pred, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@quick
@given(world=worlds())
def test_balanced_accuracy(world: Any) -> None:
    random, rows, classes = world
    true = np.append([0, 1], random.integers(0, classes, rows))
    rows = len(true)
    pred = random.choice(true, rows)  # scikit-learn warns of labels that are only predicted
    weight = weights(random, rows)
    expected = oracle.balanced_accuracy_score(true, pred, sample_weight=weight)
    assert ours("balanced_accuracy", true, pred, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@quick
@given(world=worlds(), positive=st.sampled_from([0, 1]))
def test_f1_of_one_class(world: Any, positive: int) -> None:
    random, rows, _ = world
    true, pred = random.integers(0, 2, rows), random.integers(0, 2, rows)
    true[:2] = 0, 1
    weight = weights(random, rows)
    expected = oracle.f1_score(true, pred, pos_label=positive, sample_weight=weight, zero_division=0.0)
    assert ours("f1", true, pred, pos_label=positive, sample_weight=weight) == pytest.approx(
        expected, rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(
    ("name", "theirs"), [("auc", oracle.roc_auc_score), ("average_precision", oracle.average_precision_score)]
)
@quick
@given(world=worlds())
def test_scores_of_two_classes(name: str, theirs: Any, world: Any) -> None:
    random, rows, _ = world
    true, score = random.integers(0, 2, rows), random.integers(0, 10, rows) / 7 - 0.5
    true[:2] = 0, 1
    weight = weights(random, rows)
    expected = theirs(true, score, sample_weight=weight)
    assert ours(name, true, score, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@quick
@given(world=worlds(least=8))
def test_scores_of_several_classes(average: str, world: Any) -> None:
    random, rows, classes = world
    classes = max(classes, 3)
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    proba, weight = simplex(random, len(true), classes), weights(random, len(true))
    options = {"average": average, "sample_weight": weight}
    auc = oracle.roc_auc_score(true, proba, multi_class="ovr", **options)
    precision = oracle.average_precision_score(true, proba, **options)
    assert ours("auc", true, proba, **options) == pytest.approx(auc, rel=1e-9, abs=1e-12)
    assert ours("average_precision", true, proba, **options) == pytest.approx(precision, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "theirs"), [("auc", oracle.roc_auc_score), ("average_precision", oracle.average_precision_score)]
)
@quick
@given(world=worlds(least=3))
def test_scores_of_several_labels_at_once(name: str, theirs: Any, world: Any) -> None:
    random, rows, classes = world
    true, score = random.integers(0, 2, (rows, classes)), random.random((rows, classes))
    true[0], true[1] = 0, 1
    true[0, 0], true[1, 0] = 1, 0  # so that it is not taken for one label a row
    assert ours(name, true, score) == pytest.approx(theirs(true, score), rel=1e-9, abs=1e-12)


@quick
@given(world=worlds(), several=st.booleans())
def test_log_loss_and_brier(world: Any, several: bool) -> None:
    random, rows, classes = world
    classes = max(classes, 3) if several else 2
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    proba, weight = simplex(random, len(true), classes), weights(random, len(true))
    if not several:
        proba = proba[:, 1]
    loss = oracle.log_loss(true, proba, sample_weight=weight)
    brier = oracle.brier_score_loss(true, proba, sample_weight=weight)
    assert ours("log_loss", true, proba, sample_weight=weight) == pytest.approx(loss, rel=1e-9, abs=1e-12)
    assert ours("brier", true, proba, sample_weight=weight) == pytest.approx(brier, rel=1e-9, abs=1e-12)


@quick
@given(world=worlds())
def test_log_loss_where_the_truth_does_not_hold_every_class(world: Any) -> None:
    random, rows, classes = world
    true, proba = random.integers(0, classes - 1, rows), simplex(random, rows, classes)
    labels = np.arange(classes)
    expected = oracle.log_loss(true, proba, labels=labels)
    assert ours("log_loss", true, proba, labels=labels) == pytest.approx(expected, rel=1e-9, abs=1e-12)


REGRESSION = [
    ("rmse", oracle.root_mean_squared_error),
    ("mae", oracle.mean_absolute_error),
    ("rmsle", oracle.root_mean_squared_log_error),
    ("r2", oracle.r2_score),
]


@pytest.mark.parametrize(("name", "theirs"), REGRESSION, ids=[case[0] for case in REGRESSION])
@pytest.mark.parametrize("outputs", [None, 1, 3])
@quick
@given(world=worlds())
def test_regression(name: str, theirs: Any, outputs: int | None, world: Any) -> None:
    random, rows, _ = world
    shape = (rows,) if outputs is None else (rows, outputs)
    true, pred = random.exponential(3, shape), random.exponential(3, shape)
    weight = weights(random, rows)
    expected = theirs(true, pred, sample_weight=weight)
    assert ours(name, true, pred, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@quick
@given(world=worlds())
def test_spearman(world: Any) -> None:
    random, rows, _ = world
    true, pred = random.integers(0, 5, rows).astype(float), random.random(rows)
    if len(set(true)) == 1:
        with pytest.raises(UndefinedMetricError):
            ours("spearman", true, pred)
        return
    assert ours("spearman", true, pred) == pytest.approx(stats.spearmanr(true, pred).statistic, rel=1e-9, abs=1e-12)
