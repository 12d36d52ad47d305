"""Metrics of labels: known values, scikit-learn on random input, and edges that were decided."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.metrics import MetricInputError, UndefinedMetricError, find

few = settings(max_examples=20, deadline=None)
TRUE, PRED = [0, 1, 2, 2, 1, 0, 2, 1, 0, 2], [0, 2, 2, 2, 1, 0, 1, 1, 1, 2]
KNOWN = {
    "accuracy": 0.7,
    "balanced_accuracy": 0.6944444444444443,
    "f1_macro": 0.7071428571428572,
    "precision_macro": 0.75,
    "recall_macro": 0.6944444444444443,
    "f1_micro": 0.7,
    "precision_micro": 0.7,
    "recall_micro": 0.7,
    "f1_weighted": 0.7114285714285715,
    "precision_weighted": 0.75,
    "recall_weighted": 0.7,
    "fbeta2_macro": 0.6964285714285715,
    "jaccard_macro": 0.5555555555555555,
    "mcc": 0.5539117094069973,
    "cohen_kappa": 0.5454545454545454,
    "qwk": 0.7619047619047619,
    "linear_kappa": 0.6511627906976745,
    "hamming_loss": 0.3,
    "zero_one_loss": 0.3,
}
AVERAGED = [
    ("f1", oracle.f1_score, {}),
    ("fbeta", oracle.fbeta_score, {"beta": 0.5}),
    ("fbeta", oracle.fbeta_score, {"beta": 3.0}),
    ("precision", oracle.precision_score, {}),
    ("recall", oracle.recall_score, {}),
    ("jaccard", oracle.jaccard_score, {}),
]


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, int, int]:
    """A generator, a number of rows and a number of classes."""
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(2, 60)), draw(st.integers(2, 6))


@pytest.mark.parametrize(("name", "expected"), KNOWN.items(), ids=KNOWN)
def test_a_metric_of_labels_has_its_known_value(name: str, expected: float) -> None:
    assert ours(name, TRUE, PRED) == pytest.approx(expected, abs=1e-12)
    assert ours(name, [f"c{label}" for label in TRUE], [f"c{label}" for label in PRED]) == pytest.approx(expected)
    assert ours(name, np.array(TRUE, dtype=float), PRED) == pytest.approx(expected)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize(("name", "theirs", "options"), AVERAGED)
@few
@given(world=worlds())
def test_averages_over_classes(name: str, theirs: Any, options: dict[str, Any], average: str, world: Any) -> None:
    random, rows, classes = world
    true, pred = random.integers(-1, classes, rows), random.integers(-1, classes, rows)
    weight = random.integers(1, 5, rows) / 2 if random.random() < 0.5 else None
    given_to_both = {**options, "average": average, "sample_weight": weight}
    expected = theirs(true, pred, zero_division=0.0, **given_to_both)
    assert ours(name, true, pred, **given_to_both) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "theirs", "options"), AVERAGED)
@few
@given(world=worlds(), positive=st.sampled_from([0, 1]))
def test_one_class(name: str, theirs: Any, options: dict[str, Any], world: Any, positive: int) -> None:
    random, rows, _ = world
    true, pred = random.integers(0, 2, rows), random.integers(0, 2, rows)
    true[:2] = 0, 1
    expected = theirs(true, pred, pos_label=positive, zero_division=0.0, **options)
    assert ours(name, true, pred, pos_label=positive, **options) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@few
@given(world=worlds())
def test_specificity_is_the_recall_of_the_other_class(world: Any) -> None:
    random, rows, _ = world
    true, pred = random.integers(0, 2, rows), random.integers(0, 2, rows)
    true[:2] = 0, 1
    expected = oracle.recall_score(true, pred, pos_label=0, zero_division=0.0)
    assert ours("specificity", true, pred) == pytest.approx(expected, rel=1e-12)


@few
@given(world=worlds())
def test_labels_that_are_more_than_a_table_holds_are_counted_alike(world: Any) -> None:
    random, rows, classes = world
    true, pred = random.integers(0, classes, rows), random.integers(0, classes, rows)
    true[:2], weight = (0, 1), random.random(rows) + 0.5
    many = np.arange(300)  # right rows of other labels
    for name in ("f1_macro", "mcc", "kappa", "qwk", "balanced_accuracy"):
        long = (np.append(true, many + 10), np.append(pred, many + 10))
        theirs = {"f1_macro": oracle.f1_score, "mcc": oracle.matthews_corrcoef}.get(name)
        if theirs:
            options = {"average": "macro"} if name == "f1_macro" else {}
            assert ours(name, *long) == pytest.approx(theirs(*long, **options), rel=1e-9)
        entry, params = find(name)
        psi = entry.influence_values(*long, sample_weight=np.append(weight, np.ones(300)), **params)
        assert abs(psi.mean()) < 1e-9


@few
@given(world=worlds())
def test_adjusted_balanced_accuracy(world: Any) -> None:
    random, rows, classes = world
    true = np.append([0, 1], random.integers(0, classes, rows))
    pred = random.choice(true, len(true))
    expected = oracle.balanced_accuracy_score(true, pred, adjusted=True)
    assert ours("adjusted_balanced_accuracy", true, pred) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_kaggle_s_quadratic_kappa_goes_over_every_rating_between_the_least_and_the_greatest() -> None:
    true, pred = np.array([1, 5, 5, 1, 4]), np.array([1, 5, 4, 4, 4])
    every = oracle.cohen_kappa_score(true, pred, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert ours("kaggle_qwk", true, pred) == pytest.approx(every, rel=1e-12)
    assert ours("qwk", true, pred) == pytest.approx(oracle.cohen_kappa_score(true, pred, weights="quadratic"))
    assert ours("qwk", true, pred) != pytest.approx(every, rel=1e-3)
    with pytest.raises(MetricInputError, match="text, which has no distance"):
        ours("kaggle_qwk", ["a", "b"], ["a", "a"])


def test_a_row_without_weight_counts_nothing() -> None:
    weight = [1, 1, 1, 1, 0]
    for name in ("accuracy", "balanced_accuracy", "mcc", "kappa", "f1_micro", "recall"):
        with_it = ours(name, [0, 1, 1, 0, 0], [0, 1, 0, 0, 1], sample_weight=weight)
        assert with_it == pytest.approx(ours(name, [0, 1, 1, 0], [0, 1, 0, 0]))


@pytest.mark.parametrize(
    ("name", "true", "pred", "expected"),
    [
        ("precision", [0, 1], [0, 0], 0.0),
        ("recall", [0, 0], [0, 1], 0.0),
        ("specificity", [1, 1], [0, 1], 0.0),
        ("specificity", [0, 0], [0, 0], 1.0),
        ("jaccard", [0, 0], [0, 0], 0.0),
        ("f2", [0, 0], [0, 0], 0.0),
        ("mcc", [0, 0], [0, 0], 0.0),
        ("kappa", [0, 0], [1, 1], 0.0),
        ("accuracy", [True, False], [True, True], 0.5),
    ],
)
def test_edges_are_decided(name: str, true: list[int], pred: list[int], expected: float) -> None:
    assert ours(name, true, pred) == expected


def test_where_chance_is_always_right_nothing_can_be_adjusted_for_it() -> None:
    with pytest.raises(UndefinedMetricError):
        ours("adjusted_balanced_accuracy", [1, 1], [1, 0])


def test_a_third_class_asks_for_an_average() -> None:
    for name in ("f1", "precision", "recall", "jaccard", "f2", "specificity"):
        with pytest.raises(MetricInputError, match="set `average`"):
            ours(name, [0, 1, 2], [0, 1, 1])


@pytest.mark.parametrize("name", ["f1_macro", "mcc", "ari", "roc_auc", "log_loss"])
def test_rows_of_different_lengths_are_no_labels(name: str) -> None:
    with pytest.raises(MetricInputError, match="y_true has rows of different lengths"):
        ours(name, [[1], [2, 3]], [1, 2])


def test_the_standard_error_of_f1_is_the_known_one() -> None:
    random = np.random.default_rng(3)
    true = random.integers(0, 2, 4000)
    pred = np.where(random.random(4000) < 0.8, true, 1 - true)
    f1, _ = find("f1")
    psi = f1.influence_values(true, pred)
    assert f1(true, pred) == pytest.approx(0.7955182072829132, abs=1e-9)
    assert psi.std(ddof=1) / math.sqrt(4000) == pytest.approx(0.0070644173205863985, abs=1e-9)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
def test_labels_may_be_any_kind_of_integer(kind: type) -> None:
    shift = {np.int8: -100, np.int16: -30_000, np.int64: 2**61}.get(kind, 0)
    true, pred = (np.array([*labels, 120]).astype(np.int64) + shift for labels in (TRUE, PRED))
    for name in ("f1_macro", "qwk", "mcc", "ari"):
        expected = ours(name, [*TRUE, 120], [*PRED, 120])
        assert ours(name, true.astype(kind), pred.astype(kind)) == pytest.approx(expected, rel=1e-12)


def test_a_class_that_does_not_occur_cannot_be_moved() -> None:
    f1, _ = find("f1")
    assert f1.influence_values([0, 0], [0, 0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("alias", "beta"), [("fbeta2_macro", 2), ("fbeta0.5_macro", 0.5), ("fbeta_0_5", 0.5), ("f2", 2.0), ("f2_micro", 2)]
)
def test_a_number_in_the_name_is_beta(alias: str, beta: float) -> None:
    entry, params = find(alias)
    assert (entry.name, params["beta"]) == ("fbeta_score", beta)
