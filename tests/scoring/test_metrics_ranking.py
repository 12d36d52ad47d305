"""Ranked lists: known values, definitions written out, scikit-learn where nothing is tied, and the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.metrics import MetricInputError, MetricParameterError, UndefinedMetricError, find
from scoring.metrics.containers import Lists, as_lists

Array = NDArray[Any]
quick = settings(max_examples=30, deadline=None)
TRUTH = {"q1": {"a": 3, "b": 2, "c": 0, "d": 1}, "q2": {"x": 1, "y": 0, "z": 2}}
RUN = {"q1": ["b", "c", "a", "e", "d"], "q2": ["y", "z", "w", "x"]}
KNOWN = {
    "map_kaggle@1": 0.5,
    "map_trec@1": 0.16666666666666666,
    "ndcg_linear@1": 0.3333333333333333,
    "ndcg_exp@1": 0.21428571428571427,
    "recall@1": 0.16666666666666666,
    "precision@1": 0.5,
    "hit_rate@1": 0.5,
    "mrr@1": 0.5,
    "map_kaggle@3": 0.40277777777777773,
    "map_trec@3": 0.40277777777777773,
    "ndcg_linear@3": 0.6073159591375686,
    "ndcg_exp@3": 0.6066581194836089,
    "recall@3": 0.5833333333333333,
    "precision@3": 0.5,
    "hit_rate@3": 1.0,
    "mrr@3": 0.75,
    "map_kaggle@5": 0.6277777777777778,
    "map_trec@5": 0.6277777777777778,
    "ndcg_linear@5": 0.7297846275258921,
    "ndcg_exp@5": 0.6865578431251262,
    "recall@5": 1.0,
    "precision@5": 0.5,
    "hit_rate@5": 1.0,
    "mrr@5": 0.75,
}


def score(name: str, truth: Any, pred: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(truth, pred, **{**params, **options})


@pytest.mark.parametrize("name", KNOWN)
def test_a_ranking_metric_has_its_known_value(name: str) -> None:
    assert score(name, TRUTH, RUN) == pytest.approx(KNOWN[name], abs=1e-12)


def test_one_long_list_among_many_short_ones_changes_nothing() -> None:
    truth = [{"a": 1, "b": 3}] * 30 + [{item: item % 4 for item in range(200)}]
    pred = [["a", "b"]] * 30 + [list(range(200))]
    short, long = score("ndcg@10", truth[:1], pred[:1]), score("ndcg@10", truth[-1:], pred[-1:])
    assert score("ndcg@10", truth, pred) == pytest.approx((30 * short + long) / 31)


def test_predictions_may_be_scores_by_item() -> None:
    scored = {query: {item: -rank for rank, item in enumerate(items)} for query, items in RUN.items()}
    scored["q1"] = dict(sorted(scored["q1"].items()))
    assert score("ndcg", TRUTH, scored) == score("ndcg", TRUTH, RUN)
    assert score("mrr", [["b"]], [{"a": 0.5, "b": 0.5}]) == 0.5


def test_a_short_name_is_kaggle_s_map_and_the_linear_ndcg() -> None:
    assert find("map@5") == find("MAP_Kaggle@5") == find("map_at_5") == find("mapk@5")
    assert find("ndcg@10") == find("ndcg_linear@10")
    assert find("map@5")[1] == {"k": 5}
    with pytest.raises(MetricParameterError, match="`k` is 0, expected 1 to"):
        find("map@0")


def test_kaggle_divides_by_k_where_more_is_relevant_and_trec_does_not() -> None:
    truth, pred = [list("abcd")], [["a", "b"]]
    assert score("map_kaggle@2", truth, pred) == 1.0
    assert score("map_trec@2", truth, pred) == 0.5
    assert score("map", truth, pred) == score("map_trec", truth, pred) == 0.5


def test_an_item_that_is_named_again_counts_once_and_takes_up_its_rank() -> None:
    truth, pred = [["a", "b"]], [["a", "a", "b"]]
    assert score("map", truth, pred) == pytest.approx((1 + 2 / 3) / 2)
    assert score("recall@2", truth, pred) == 0.5
    assert score("precision@2", truth, pred) == 0.5


@pytest.mark.parametrize("name", ["map@3", "map_trec", "ndcg", "ndcg_exp@2", "recall@1", "precision@2", "mrr", "hit@1"])
def test_a_query_without_truth_or_without_predictions_counts_nothing(name: str) -> None:
    truth, pred = {1: ["a"], 2: [], 3: {"b": 0}, 4: ["c"]}, {1: ["a"], 2: ["a"], 3: ["b"]}
    alone = score(name, {1: ["a"]}, {1: ["a"]})
    assert score(name, truth, pred) == pytest.approx(alone / 4)
    assert score(name, [[], []], [[], []]) == 0.0


@pytest.mark.parametrize(
    ("truth", "pred", "message"),
    [
        ({1: ["a"]}, {2: ["a"]}, "The truth has no query `2`"),
        ([["a"], ["b"]], [["a"]], "y_true has 2 rows and y_pred has 1"),
        ([["a", "a"]], [["a"]], "names an item of a query twice"),
        ([{"a": -1}], [["a"]], "negative, NaN or infinite"),
        ([{"a": math.nan}], [["a"]], "negative, NaN or infinite"),
        ([{"a": "much"}], [["a"]], "not a number"),
        (["abc"], [["a"]], "y_true holds `abc`, expected a list of items"),
        ([["a"]], [3], "y_pred holds `3`, expected a list of items"),
        ([["a"]], [[math.nan]], "An item is NaN"),
        ([["a"]], [{"a": math.nan}], "holds the score `nan`, expected a number"),
        ({1: ["a"]}, [["a"]], "names its queries"),
        (np.ones((2, 3)), np.ones((2, 4)), "shape"),
        (np.ones((2, 3)), [[1, 2, math.nan], [1, 2, 3]], "y_pred holds NaN"),
        (-np.ones((2, 3)), np.ones((2, 3)), "negative, NaN or infinite"),
    ],
)
def test_what_is_no_ranking_is_refused(truth: Any, pred: Any, message: str) -> None:
    with pytest.raises(MetricInputError, match=message):
        score("ndcg@2", truth, pred)


def test_without_queries_there_is_no_value() -> None:
    with pytest.raises(UndefinedMetricError):
        score("map@3", [], [])
    with pytest.raises(MetricInputError, match="too much for an exponential gain"):
        score("ndcg_exp", [{"a": 501}], [["a"]])


@pytest.mark.parametrize("k", [None, 1, 4, 50])
@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_ndcg_is_scikit_learn_s_where_no_scores_are_tied(k: int | None, seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = int(random.integers(1, 8)), int(random.integers(2, 12))
    truth, pred = random.integers(0, 4, shape), random.random(shape)
    assert score("ndcg", truth, pred, k=k) == pytest.approx(oracle.ndcg_score(truth, pred, k=k), abs=1e-12)
    expected = oracle.ndcg_score(2.0**truth - 1, pred, k=k)
    assert score("ndcg_exp", truth, pred, k=k) == pytest.approx(expected, abs=1e-12)


@quick
@given(seed=st.integers(0, 2**32 - 1), k=st.sampled_from([None, 1, 2, 3, 7, 20]))
def test_arrays_of_scores_are_lists_in_which_the_first_of_equals_leads(seed: int, k: int | None) -> None:
    random = np.random.default_rng(seed)
    truth, pred = random.integers(0, 3, (6, 8)), random.integers(0, 4, (6, 8)).astype(float)
    listed = [sorted(range(8), key=lambda item: (-row[item], item)) for row in pred]
    graded = [dict(enumerate(row)) for row in truth.tolist()]
    for name in ("ndcg", "map", "map_trec", "recall@3", "precision@3", "mrr", "hit_rate"):
        options = {} if "@" in name else {"k": k}
        value = score(name, truth, pred, **options)
        assert value == pytest.approx(score(name, graded, listed, **options), abs=1e-12)
        assert value == pytest.approx(score(name, *as_lists(truth, pred), **options), abs=1e-12)


def by_definition(name: str, relevant: dict[int, int], items: list[int], k: int | None) -> float:
    cut = items if k is None else items[:k]
    wanted = {item for item, grade in relevant.items() if grade > 0}
    hits = [item in wanted and item not in cut[:rank] for rank, item in enumerate(cut)]
    precisions = [sum(hits[: rank + 1]) / (rank + 1) for rank, hit in enumerate(hits) if hit]
    found = {
        "map_kaggle": sum(precisions) / max(1, len(wanted) if k is None else min(k, len(wanted))),
        "map_trec": sum(precisions) / max(1, len(wanted)),
        "recall_at_k_score": sum(hits) / max(1, len(wanted)),
        "precision_at_k_score": sum(hits) / max(1, len(items) if k is None else k),
        "hit_rate": float(any(hits)),
        "mrr": 1 / (hits.index(True) + 1) if any(hits) else 0.0,
    }
    return found[name]


@pytest.mark.parametrize(
    "name", ["map_kaggle", "map_trec", "recall_at_k_score", "precision_at_k_score", "hit_rate", "mrr"]
)
@quick
@given(seed=st.integers(0, 2**32 - 1), k=st.sampled_from([None, 1, 3, 10]), far=st.booleans())
def test_ragged_lists_are_judged_by_the_definition(name: str, seed: int, k: int | None, far: bool) -> None:
    random = np.random.default_rng(seed)
    truth = [
        {int(item): int(random.integers(0, 3)) for item in random.permutation(9)[: random.integers(0, 6)]}
        for _ in range(7)
    ]
    pred = [random.integers(0, 9, random.integers(0, 8)).tolist() for _ in range(7)]
    expected = np.mean([by_definition(name, *pair, k) for pair in zip(truth, pred, strict=True)])
    assert score(name, truth, pred, k=k) == pytest.approx(expected, abs=1e-12)
    true, mine = as_lists(truth, pred)
    moved = 2**61 if far else -3  # numbers of items that are large or negative
    true = Lists(true.starts, true.items + moved, true.relevance)
    assert score(name, true, Lists(mine.starts, mine.items + moved), k=k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "name", ["map@5", "map_trec@5", "ndcg@10", "ndcg_exp", "recall@5", "precision@5", "mrr", "hit@3"]
)
def test_standard_errors_of_ranked_lists_agree_with_a_bootstrap_over_queries(name: str) -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 4, (400, 20)) * (random.random((400, 20)) < 0.3)
    pred = truth + random.normal(0, 2, truth.shape)
    entry, params = find(name)
    psi = entry.influence_values(truth, pred, **params)
    assert psi.shape == (400,)
    assert psi.mean() == pytest.approx(0, abs=1e-12)
    drawn = [random.integers(0, 400, 400) for _ in range(400)]
    spread = np.std([entry(truth[rows], pred[rows], **params) for rows in drawn], ddof=1)
    assert psi.std(ddof=1) / 20 == pytest.approx(spread, rel=0.15)
