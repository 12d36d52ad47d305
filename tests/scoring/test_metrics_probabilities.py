"""Metrics of probabilities and scores: known values, scikit-learn on random input, DeLong, and decided edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from scoring.metrics import MetricInputError, UndefinedMetricError, find

Array = NDArray[Any]
few = settings(max_examples=20, deadline=None)
TRUE, SCORE = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0], [0.1, 0.4, 0.35, 0.8, 0.4, 0.7, 0.05, 0.9, 0.4, 0.6]
KNOWN = {
    "roc_auc": 0.8,
    "gini_normalized": 0.6,
    "average_precision": 0.8392857142857143,
    "pr_auc_trapezoid": 0.8517857142857143,
    "log_loss": 0.4745887656735115,
    "brier": 0.1615,
    "partial_auc_fpr_0.4_mcclish": 0.765625,
    "ks": 0.6,
    "ece_5_equal_width": 0.16,
    "best_f1_over_thresholds": 0.7692307692307693,
}


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


def influence(name: str, *arrays: Any, **options: Any) -> Array:
    entry, params = find(name)
    return entry.influence_values(*arrays, **{**params, **options})


def trapezoid(true: Array, score: Array, **options: Any) -> float:
    precision, recall, _ = oracle.precision_recall_curve(true, score, **options)
    return float(oracle.auc(recall, precision))


def greatest_f1(true: Array, score: Array, **options: Any) -> float:
    precision, recall, _ = oracle.precision_recall_curve(true, score, **options)
    total = precision + recall
    return float(np.max(2 * precision * recall / np.where(total > 0, total, 1)))


def greatest_gap(true: Array, score: Array, **options: Any) -> float:
    fpr, tpr, _ = oracle.roc_curve(true, score, **options)
    return float(np.abs(tpr - fpr).max())


def gini(true: Array, score: Array, **options: Any) -> float:
    return float(2 * oracle.roc_auc_score(true, score, **options) - 1)


def part(true: Array, score: Array, **options: Any) -> float:
    return float(oracle.roc_auc_score(true, score, max_fpr=0.3, **options))


ONE_SCORE = [
    ("gini", gini),
    ("partial_auc_0.3", part),
    ("pr_auc", trapezoid),
    ("best_f1", greatest_f1),
    ("ks", greatest_gap),
    ("kaggle_gini", gini),
]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, int, int]:
    """A generator, a number of rows and a number of classes."""
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(2, 60)), draw(st.integers(3, 6))


def simplex(random: np.random.Generator, rows: int, classes: int) -> Array:
    raw = random.integers(1, 6, (rows, classes)).astype(float)  # few values, so that there are ties
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(("name", "expected"), KNOWN.items(), ids=KNOWN)
def test_a_metric_of_scores_has_its_known_value(name: str, expected: float) -> None:
    assert ours(name, TRUE, SCORE) == pytest.approx(expected, abs=1e-12)


def test_kaggle_s_gini_of_amounts_has_its_known_value() -> None:
    value = ours("kaggle_gini_normalized_continuous", [3.0, 0.0, 7.0, 1.0, 5.0], [2.5, 0.3, 5.5, 3.0, 5.9])
    assert value == pytest.approx(0.7777777777777777, abs=1e-12)


@pytest.mark.parametrize(("name", "theirs"), ONE_SCORE, ids=[case[0] for case in ONE_SCORE])
@few
@given(world=worlds())
def test_one_score_a_row(name: str, theirs: Any, world: Any) -> None:
    random, rows, _ = world
    true, score = random.integers(0, 2, rows), random.integers(0, 10, rows) / 7 - 0.5
    true[:2] = 0, 1
    weight = random.integers(1, 5, rows) / 2 if random.random() < 0.5 else None
    expected = theirs(true, score, sample_weight=weight)
    assert ours(name, true, score, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@few
@given(world=worlds())
def test_ks_is_the_statistic_of_two_samples(world: Any) -> None:
    random, rows, _ = world
    true, score = np.append([0, 1], random.integers(0, 2, rows)), random.random(rows + 2)
    expected = stats.ks_2samp(score[true == 1], score[true == 0]).statistic
    assert ours("ks", true, score) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@few
@given(world=worlds())
def test_each_class_against_each_other(average: str, world: Any) -> None:
    random, rows, classes = world
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    proba = simplex(random, len(true), classes)
    expected = oracle.roc_auc_score(true, proba, multi_class="ovo", average=average)
    assert ours("roc_auc_ovo", true, proba, average=average) == pytest.approx(expected, rel=1e-9)


@few
@given(world=worlds())
def test_all_columns_as_one(world: Any) -> None:
    random, rows, classes = world
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    proba = simplex(random, len(true), classes)
    area = oracle.roc_auc_score(true, proba, multi_class="ovr", average="micro")
    precision = oracle.average_precision_score(np.eye(classes)[true], proba, average="micro")
    assert ours("roc_auc_micro", true, proba) == pytest.approx(area, rel=1e-9)
    assert ours("average_precision_micro", true, proba) == pytest.approx(precision, rel=1e-9)


@few
@given(world=worlds(), k=st.integers(1, 4))
def test_top_k(world: Any, k: int) -> None:
    random, rows, classes = world
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    score = random.random((len(true), classes))
    expected = oracle.top_k_accuracy_score(true, score, k=min(k, classes - 1))
    assert ours("top_k", true, score, k=min(k, classes - 1)) == pytest.approx(expected, rel=1e-12)


def test_a_class_that_ties_for_the_last_places_counts_by_its_chance() -> None:
    assert ours("top_2", [0, 1, 2, 3], np.zeros((4, 4))) == 0.5
    assert ours("top_1", [0, 1], [[0.5, 0.5], [0.1, 0.9]]) == 0.75
    assert ours("top_3", [0, 1, 2], np.zeros((3, 3))) == 1.0


def test_kaggle_clips_elsewhere() -> None:
    assert ours("kaggle_log_loss", [0, 1], [0.0, 0.0]) == pytest.approx(-math.log(1e-15) / 2)
    assert ours("log_loss", [0, 1], [0.0, 0.0], clip=0.01) == pytest.approx(-(math.log(0.01) + math.log(0.99)) / 2)


def test_the_standard_error_of_auc_is_delong_s() -> None:
    true = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    first = [0.1, 0.35, 0.4, 0.4, 0.6, 0.2, 0.4, 0.55, 0.8, 0.9, 0.7]
    second = [0.3, 0.2, 0.5, 0.1, 0.65, 0.45, 0.35, 0.6, 0.5, 0.85, 0.4]
    psi = np.stack([influence("auc", true, score) for score in (first, second)])
    expected = [[0.008444444444444445, 0.009305555555555556], [0.009305555555555556, 0.028388888888888887]]
    assert np.cov(psi) / len(true) == pytest.approx(np.array(expected), abs=1e-12)


def test_the_standard_error_of_auc_needs_two_rows_of_each_class() -> None:
    assert ours("auc", [0, 0, 1], [0.1, 0.2, 0.3]) == 1.0
    with pytest.raises(UndefinedMetricError, match="two rows of each class"):
        influence("auc", [0, 0, 1], [0.1, 0.2, 0.3])


def moved(entry: Any, true: Array, score: Array, weight: Array, row: int, **params: Any) -> float:
    """The derivative of the value by the row's weight, by finite differences."""
    step, shift = 1e-5, np.eye(len(weight))[row]
    up = entry(true, score, sample_weight=weight * (1 + step * shift), **params)
    return float((up - entry(true, score, sample_weight=weight * (1 - step * shift), **params)) / (2 * step))


@pytest.mark.parametrize(
    "name",
    [
        "auc",
        "roc_auc_weighted",
        "roc_auc_micro",
        "roc_auc_ovo",
        "roc_auc_ovo_weighted",
        "average_precision_micro",
        "average_precision_weighted",
        "pr_auc",
        "gini",
        "log_loss",
        "brier",
    ],
)
@pytest.mark.parametrize("ties", [True, False])
def test_influence_values_of_several_classes_are_derivatives(name: str, ties: bool) -> None:
    random = np.random.default_rng(8)
    true, rows = np.append([0, 1, 2], random.integers(0, 3, 117)), 120
    proba = simplex(random, rows, 3) if ties else random.dirichlet([1, 1, 1], rows)
    weight = random.uniform(0.5, 2, rows)
    entry, params = find(name)
    psi = entry.influence_values(true, proba, sample_weight=weight, **params)
    assert abs(psi.mean()) < 1e-9
    for row in range(0, rows, 9):
        derivative = rows * moved(entry, true, proba, weight, row, **params)
        assert psi[row] == pytest.approx(derivative, rel=0.03, abs=0.03 * psi.std())


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("name", ["partial_auc_0.2", "partial_auc_0.55", "ap", "pr_auc", "auc", "kaggle_gini"])
def test_influence_values_of_parts_and_ties_are_derivatives(name: str, ties: bool) -> None:
    random, rows = np.random.default_rng(9), 100
    true = np.append([0, 1], random.integers(0, 2, rows - 2))
    score = (random.integers(0, 8, rows) if ties else random.random(rows)) + 0.5 * true
    weight = random.uniform(0.5, 2, rows)
    entry, params = find(name)
    psi = entry.influence_values(true, score, sample_weight=weight, **params)
    for row in range(0, rows, 7):
        derivative = rows * moved(entry, true, score, weight, row, **params)
        assert psi[row] == pytest.approx(derivative, rel=0.03, abs=0.03 * psi.std())


@pytest.mark.parametrize("name", ["partial_auc_0.2", "ap", "pr_auc", "best_f1"])
def test_standard_errors_agree_with_a_bootstrap_where_positives_are_rare(name: str) -> None:
    random, rows = np.random.default_rng(1), 1500
    true = (random.random(rows) < 0.15).astype(int)
    score = random.normal(size=rows) + 1.2 * true
    psi = influence(name, true, score)
    drawn = [ours(name, true[index], score[index]) for index in random.integers(0, rows, (300, rows))]
    assert psi.std(ddof=1) / math.sqrt(rows) == pytest.approx(np.std(drawn), rel=0.15)


@few
@given(world=worlds())
def test_kaggle_s_gini_of_amounts_is_the_one_by_its_definition(world: Any) -> None:
    random, rows, _ = world
    true, pred = random.exponential(3, rows), random.random(rows)

    def area(order: Array) -> float:
        gathered = np.cumsum(true[np.argsort(-order)]) / true.sum()
        return float((gathered.sum() - (rows + 1) / 2) / rows)

    assert ours("kaggle_gini", true, pred) == pytest.approx(area(pred) / area(true), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("bins", [1, 5, 15])
@few
@given(world=worlds())
def test_calibration_is_the_one_by_its_definition(bins: int, world: Any) -> None:
    random, rows, classes = world
    true = np.append(np.arange(classes), random.integers(0, classes, rows))
    proba = random.dirichlet(np.ones(classes), len(true))
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == true
    expected = 0.0
    for low in np.arange(bins):
        inside = (sure * bins >= low) & ((sure * bins < low + 1) | (low == bins - 1))
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert ours("ece", true, proba, bins=bins) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_adaptive_bins_hold_as_many_rows_each_and_equal_predictions_stand_together() -> None:
    true, proba = [0, 0, 1, 1, 0, 1], [0.01, 0.02, 0.03, 0.9, 0.95, 0.99]
    by_hand = (abs(0 - 0.015) + abs(1 - 0.465) + abs(0.5 - 0.97)) / 3
    assert ours("ece_3_adaptive", true, proba) == pytest.approx(by_hand)
    assert ours("adaptive_ece", [0, 1, 1, 0], [0.5, 0.5, 0.5, 0.5]) == 0.0


@pytest.mark.parametrize(
    ("name", "true", "score"),
    [
        ("gini", [1, 1], [0.1, 0.2]),
        ("ks", [0, 0], [0.1, 0.2]),
        ("ks", [1, 1], [0.1, 0.2]),
        ("best_f1", [0, 0], [0.1, 0.2]),
        ("pr_auc", [0, 0], [0.1, 0.2]),
        ("kaggle_gini", [2.0, 2.0], [0.1, 0.2]),
        ("roc_auc_ovo", [0, 1], [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]),
        ("top_2", [0, 1], [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]),
        ("ece", [1, 1], [0.2, 0.3]),
    ],
)
def test_where_there_is_no_value_a_typed_error_says_so(name: str, true: list[float], score: list[Any]) -> None:
    with pytest.raises(UndefinedMetricError):
        ours(name, true, score)


@pytest.mark.parametrize(
    ("name", "true", "score", "options", "words"),
    [
        ("kaggle_gini", [-1.0, 2.0], [0.1, 0.2], {}, "below 0"),
        ("top_2", [0, 1], [0.1, 0.2], {}, "one for each class"),
        ("ks", [0, 1], [[0.1, 0.9], [0.2, 0.8]], {}, "one score a row"),
        ("ks", [0, 1, 2], [0.1, 0.9, 0.3], {}, "more than two classes"),
        ("ece", [0, 1], [0.1, 1.2], {}, "outside 0 to 1"),
        ("roc_auc_ovo", [0, 1, 2], np.eye(3), {"max_fpr": 0.2}, "pairs of classes"),
        ("roc_auc_ovo", [0, 1, 2], np.eye(3), {"average": "micro"}, "no micro average"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    name: str, true: list[float], score: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(MetricInputError, match=words):
        ours(name, true, score, **options)
    entry, params = find(name)
    if entry.influence:
        with pytest.raises(MetricInputError, match=words):
            entry.influence_values(true, score, **{**params, **options})


def test_scores_that_are_all_equal_are_chance() -> None:
    true, score = [0, 1, 0, 1], [0.3] * 4
    assert ours("auc", true, score) == 0.5
    assert ours("partial_auc_0.5", true, score) == 0.5
    assert ours("gini", true, score) == 0.0
    assert ours("ks", true, score) == 0.0
    assert ours("ap", true, score) == 0.5
    assert ours("kaggle_gini", [1.0, 5.0, 0.0, 2.0], score) == 0.0
