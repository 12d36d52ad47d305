"""Metrics of rows that have several labels are what scikit-learn says they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.metrics import MetricInputError, find

Array = NDArray[Any]
few = settings(max_examples=20, deadline=None)


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, Array, Array | None]:
    """A generator, a truth of shape (rows, labels), and weights or none."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, labels = draw(st.integers(1, 40)), draw(st.integers(2, 6))
    weight = random.integers(1, 5, rows) / 2 if draw(st.booleans()) else None
    return random, random.integers(0, 2, (rows, labels)), weight


@pytest.mark.parametrize("average", ["samples", "macro", "micro", "weighted"])
@pytest.mark.parametrize("name", ["f1", "jaccard"])
@few
@given(world=worlds())
def test_ratios(name: str, average: str, world: Any) -> None:
    random, true, weight = world
    pred = random.integers(0, 2, true.shape)
    theirs = {"f1": oracle.f1_score, "jaccard": oracle.jaccard_score}[name]
    expected = theirs(true, pred, average=average, sample_weight=weight, zero_division=0.0)
    value = ours(f"multilabel_{name}", true, pred, average=average, sample_weight=weight)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@few
@given(world=worlds())
def test_shares_of_cells_and_of_rows(world: Any) -> None:
    random, true, weight = world
    pred = np.where(random.random(true.shape) < 0.2, 1 - true, true)
    for name, theirs in (
        ("multilabel_hamming", oracle.hamming_loss),
        ("subset_accuracy", oracle.accuracy_score),
    ):
        expected = theirs(true, pred, sample_weight=weight)
        assert ours(name, true, pred, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("lrap", oracle.label_ranking_average_precision_score),
        ("coverage_error", oracle.coverage_error),
        ("ranking_loss", oracle.label_ranking_loss),
    ],
)
@few
@given(world=worlds(), ties=st.booleans())
def test_orders_of_labels(name: str, theirs: Any, world: Any, ties: bool) -> None:
    random, true, weight = world
    score = random.integers(0, 4, true.shape) / 3 if ties else random.random(true.shape)
    expected = theirs(true, score, sample_weight=weight)
    assert ours(name, true, score, sample_weight=weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@few
@given(world=worlds())
def test_mean_column_wise_auc(world: Any) -> None:
    random, true, _ = world
    true = np.concatenate([np.zeros((1, true.shape[1]), dtype=int), true, np.ones((1, true.shape[1]), dtype=int)])
    score = random.random(true.shape)
    for average in ("macro", "weighted", "micro"):
        expected = oracle.roc_auc_score(true, score, average=average)
        assert ours("mean_columnwise_auc", true, score, average=average) == pytest.approx(expected, rel=1e-9)


@few
@given(world=worlds())
def test_mean_column_wise_log_loss_and_average_precision(world: Any) -> None:
    random, true, weight = world
    true[0], proba = 1, random.random(true.shape)
    columns = [
        oracle.log_loss(true[:, k], proba[:, k], labels=[0, 1], sample_weight=weight) for k in range(true.shape[1])
    ]
    assert ours("columnwise_log_loss", true, proba, sample_weight=weight) == pytest.approx(np.mean(columns), rel=1e-9)
    expected = oracle.average_precision_score(true, proba, sample_weight=weight)
    assert ours("cmap", true, proba, sample_weight=weight) == pytest.approx(expected, rel=1e-9)


def test_rows_without_labels_are_decided_as_scikit_learn_decides_them() -> None:
    empty, full, score = [[0, 0]], [[1, 1]], [[0.3, 0.4]]
    assert ours("multilabel_f1", empty, empty) == 0.0
    assert ours("subset_accuracy", empty, empty) == 1.0
    assert ours("lrap", empty, score) == 1.0
    assert ours("coverage_error", empty, score) == 0.0
    assert ours("ranking_loss", full, score) == 0.0


@pytest.mark.parametrize("name", ["multilabel_f1", "multilabel_hamming", "subset_accuracy"])
def test_only_zeros_and_ones_are_labels(name: str) -> None:
    with pytest.raises(MetricInputError, match="something else than 0 and 1"):
        ours(name, [[0, 1]], [[0, 0.5]])
    with pytest.raises(MetricInputError, match="shape"):
        ours(name, [[0, 1]], [[0, 1, 1]])
    with pytest.raises(MetricInputError, match="something else than 0 and 1"):
        ours("lrap", [[0, 2]], [[0.1, 0.5]])


def test_one_label_alone_may_be_one_column() -> None:
    assert ours("multilabel_hamming", [0, 1, 1], [0, 1, 0]) == pytest.approx(1 / 3)
    assert ours("mean_columnwise_auc", [[0], [1]], [[0.1], [0.2]]) == 1.0
