"""Metrics of clusters are what scikit-learn says they are, whatever the clusters are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.metrics import UndefinedMetricError, find

ORACLES = {
    "ari": oracle.adjusted_rand_score,
    "rand": oracle.rand_score,
    "nmi": oracle.normalized_mutual_info_score,
    "ami": oracle.adjusted_mutual_info_score,
    "homogeneity": oracle.homogeneity_score,
    "completeness": oracle.completeness_score,
    "v_measure": oracle.v_measure_score,
    "fowlkes_mallows": oracle.fowlkes_mallows_score,
}


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


@pytest.mark.parametrize(("name", "theirs"), ORACLES.items(), ids=ORACLES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 80), parts=st.integers(1, 12))
def test_random_partitions(name: str, theirs: Any, seed: int, rows: int, parts: int) -> None:
    random = np.random.default_rng(seed)
    true, pred = random.integers(0, parts, rows), random.integers(0, parts, rows)
    expected = theirs(true, pred)
    assert ours(name, true, pred) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert ours(name, true, [f"part {part}" for part in pred]) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert ours(name, true * 10**6, 7 - pred) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", ["arithmetic", "geometric", "min", "max"])
def test_means_of_entropies(method: str) -> None:
    random = np.random.default_rng(2)
    true = random.integers(0, 5, 200)
    pred = np.where(random.random(200) < 0.5, true, random.integers(0, 7, 200))
    for name in ("nmi", "ami"):
        expected = ORACLES[name](true, pred, average_method=method)
        assert ours(name, true, pred, average_method=method) == pytest.approx(expected, rel=1e-9)


def test_what_chance_gives_is_exact_for_many_rows_too() -> None:
    random = np.random.default_rng(2)
    true = random.integers(0, 30, 20_000)
    pred = np.where(random.random(20_000) < 0.1, true, random.integers(0, 30, 20_000))
    assert ours("ami", true, pred) == pytest.approx(oracle.adjusted_mutual_info_score(true, pred), rel=1e-8)


def test_v_measure_weighs_completeness() -> None:
    true, pred = [0, 0, 1, 1], [0, 0, 1, 2]
    assert ours("v_measure", true, pred, beta=0.5) == pytest.approx(oracle.v_measure_score(true, pred, beta=0.5))
    assert ours("v_measure", true, pred, beta=0.0) == pytest.approx(ours("homogeneity", true, pred))


def test_purity_counts_the_most_frequent_class_of_each_cluster() -> None:
    true = [0, 0, 0, 1, 1, 2]
    assert ours("purity", true, ["a", "a", "b", "b", "b", "b"]) == pytest.approx(4 / 6)
    assert ours("purity", true, [1, 2, 3, 4, 5, 6]) == 1.0


@pytest.mark.parametrize("name", [*ORACLES, "purity"])
def test_one_cluster_alone_and_the_same_again_agree(name: str) -> None:
    assert ours(name, [3, 3, 3], [8, 8, 8]) == 1.0


@pytest.mark.parametrize("name", ["ari", "nmi", "ami", "homogeneity", "v_measure"])
def test_one_cluster_tells_nothing_of_several(name: str) -> None:
    assert ours(name, [1, 1, 2, 2], [8, 8, 8, 8]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", ["ari", "nmi", "ami", "rand", "v_measure"])
def test_every_row_alone_agrees_with_itself(name: str) -> None:
    assert ours(name, [1, 2, 3], [3, 1, 2]) == 1.0


@pytest.mark.parametrize("name", [*ORACLES, "purity"])
def test_no_rows_have_no_value(name: str) -> None:
    with pytest.raises(UndefinedMetricError):
        ours(name, [], [])


def test_so_many_clusters_that_no_table_holds_them_are_counted_alike() -> None:
    random = np.random.default_rng(2)
    true, pred = random.integers(0, 3000, 6000), random.integers(0, 3000, 6000)
    for name in ("ari", "rand", "fowlkes_mallows", "homogeneity"):
        assert ours(name, true, pred) == pytest.approx(ORACLES[name](true, pred), rel=1e-9, abs=1e-12)
