"""Metrics of ranked lists: one list of items a query (a user, a session), best first, each a mean over queries.

What they take is told by :func:`scoring.metrics.containers.as_lists`. An item is relevant where its relevance is above
0. An item that a list names again takes up its rank and is no hit. A query without relevant items counts 0, so that
nothing depends on which queries somebody answers; TREC leaves such queries out. A query without predictions counts 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.judged import Hits, judge
from scoring.metrics.registry import Array, MetricInputError, Param, metric
from scoring.metrics.units import influence_of_mean, mean_over_units

K = Param(name="k", kind="number", default=None, low=1, high=1_000_000, whole=True, help="The last rank that counts.")
GREATEST_EXPONENT = 500  # 2 to the power of relevance, summed over a list, must stay far from the end of float64


def _average_precisions(y_true: Any, y_pred: Any, *, k: int | None = None, divide_by: str = "possible") -> Array:
    judged = judge(y_true, y_pred, k=k)
    total = judged.total(judged.hits.position() / judged.hits.rank)
    relevant = judged.relevant()
    return _share(total, relevant if k is None or divide_by == "relevant" else np.minimum(relevant, k))


@metric(
    label="Mean average precision of ranked lists",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(
        K,
        Param(
            name="divide_by",
            kind="choice",
            default="possible",
            choices=("possible", "relevant"),
            help="possible: by min(k, relevant items), Kaggle's version; relevant: by all relevant items, TREC's.",
        ),
    ),
    aliases={
        "map": {},
        "map@{k}": {},
        "map_kaggle": {},
        "map_kaggle@{k}": {},
        "kaggle_map@{k}": {},
        "mapk": {},
        "mapk@{k}": {},
        "mean_average_precision": {},
        "mean_average_precision@{k}": {},
        "map_trec": {"divide_by": "relevant"},
        "map_trec@{k}": {"divide_by": "relevant"},
    },
    influence=influence_of_mean(_average_precisions),
    units="groups",
)
def mean_average_precision_score(
    y_true: Any, y_pred: Any, *, k: int | None = None, divide_by: str = "possible"
) -> float:
    """Mean over queries of the precision at the rank of each hit.

    Per query ``sum(precision@r over the ranks r ≤ k of hits) / d``, where d is ``min(k, relevant)`` in Kaggle's
    version and ``relevant`` in TREC's. Without ``k`` both are the same.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts; ``divide_by``.
    Returns: 0 to 1, 1 is best (for TREC's version only where ``k`` is not below the number of relevant items).
    Source: Kaggle, "Mean Average Precision @ K"; Buckley & Voorhees, "Evaluating evaluation measure stability", 2000.

    >>> mean_average_precision_score([["a", "b"], ["c"]], [["a", "x", "b"], ["y", "c"]], k=1)
    0.5
    """
    return mean_over_units(_average_precisions(y_true, y_pred, k=k, divide_by=divide_by))


def _ndcgs(y_true: Any, y_pred: Any, *, k: int | None = None, gain: str = "linear") -> Array:
    judged = judge(y_true, y_pred, k=k)
    ideal = judged.ideal()
    return _share(
        judged.total(_discounted(judged.hits, gain)), ideal.sums(_discounted(ideal, gain), queries=len(judged))
    )


@metric(
    label="Normalised discounted cumulative gain",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(
        K,
        Param(
            name="gain",
            kind="choice",
            default="linear",
            choices=("linear", "exponential"),
            help="What an item is worth: its relevance, or 2 to the power of its relevance, less 1.",
        ),
    ),
    aliases={
        "ndcg": {},
        "ndcg@{k}": {},
        "ndcg_{k}": {},
        "normalized_discounted_cumulative_gain": {},
        "ndcg_linear": {},
        "ndcg_linear@{k}": {},
        "ndcg_exp": {"gain": "exponential"},
        "ndcg_exp@{k}": {"gain": "exponential"},
    },
    influence=influence_of_mean(_ndcgs),
    units="groups",
)
def ndcg_score(y_true: Any, y_pred: Any, *, k: int | None = None, gain: str = "linear") -> float:
    """Mean over queries of the discounted gain, divided by that of the best order.

    Per query ``sum(g(relevance) / log2(rank + 1))`` over the ranks up to ``k``, with g(r) = r or 2^r - 1, divided by
    the same sum in the best order. Equal scores are not averaged, other than in scikit-learn: the order given counts,
    and in arrays of scores the document that stands first leads.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts; ``gain``.
    Returns: 0 to 1, 1 is best.
    Source: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002 (linear); Burges et al.,
    "Learning to rank using gradient descent", 2005 (exponential).

    >>> round(ndcg_score([{"a": 3, "b": 2}], [["b", "a"]]), 6)
    0.913402
    """
    return mean_over_units(_ndcgs(y_true, y_pred, k=k, gain=gain))


def _recalls(y_true: Any, y_pred: Any, *, k: int | None = None) -> Array:
    judged = judge(y_true, y_pred, k=k)
    return _share(judged.total(), judged.relevant())


@metric(
    label="Recall of ranked lists",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(K,),
    aliases={"recall@{k}": {}, "recall_at_k": {}},
    influence=influence_of_mean(_recalls),
    units="groups",
)
def recall_at_k_score(y_true: Any, y_pred: Any, *, k: int | None = None) -> float:
    """Mean over queries of the share of relevant items that are among the first ``k``.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts.
    Returns: 0 to 1, 1 is best.
    Source: Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, chapter 8.

    >>> recall_at_k_score([["a", "b"]], [["a", "x", "b"]], k=2)
    0.5
    """
    return mean_over_units(_recalls(y_true, y_pred, k=k))


def _precisions(y_true: Any, y_pred: Any, *, k: int | None = None) -> Array:
    judged = judge(y_true, y_pred, k=k)
    return _share(judged.total(), judged.shown if k is None else np.full(len(judged), k))


@metric(
    label="Precision of ranked lists",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(K,),
    aliases={"precision@{k}": {}, "precision_at_k": {}},
    influence=influence_of_mean(_precisions),
    units="groups",
)
def precision_at_k_score(y_true: Any, y_pred: Any, *, k: int | None = None) -> float:
    """Mean over queries of the share of the first ``k`` items that are relevant.

    A list shorter than ``k`` is divided by ``k`` all the same, as in TREC; without ``k``, by its length.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts.
    Returns: 0 to 1, 1 is best (out of reach for a query with fewer than ``k`` relevant items).
    Source: Manning, Raghavan & Schütze, "Introduction to Information Retrieval", 2008, chapter 8.

    >>> precision_at_k_score([["a", "b"]], [["a", "x", "b"]], k=2)
    0.5
    """
    return mean_over_units(_precisions(y_true, y_pred, k=k))


def _any_hits(y_true: Any, y_pred: Any, *, k: int | None = None) -> Array:
    return (judge(y_true, y_pred, k=k).total() > 0).astype(np.float64)


@metric(
    label="Hit rate",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(K,),
    aliases={"hit_rate": {}, "hit_rate@{k}": {}, "hit@{k}": {}, "hits@{k}": {}, "hr@{k}": {}},
    influence=influence_of_mean(_any_hits),
    units="groups",
    interval="proportion",
)
def hit_rate_score(y_true: Any, y_pred: Any, *, k: int | None = None) -> float:
    """Share of queries with a relevant item among the first ``k``.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts.
    Returns: 0 to 1, 1 is best.
    Source: Deshpande & Karypis, "Item-based top-N recommendation algorithms", 2004.

    >>> hit_rate_score([["a", "b"], ["c"]], [["x", "b"], ["y", "z"]])
    0.5
    """
    return mean_over_units(_any_hits(y_true, y_pred, k=k))


def _reciprocal_ranks(y_true: Any, y_pred: Any, *, k: int | None = None) -> Array:
    judged = judge(y_true, y_pred, k=k)
    return judged.total((judged.hits.position() == 1) / judged.hits.rank)


@metric(
    label="Mean reciprocal rank",
    family="ranking",
    greater_is_better=True,
    takes="lists",
    params=(K,),
    aliases={"mrr": {}, "mrr@{k}": {}, "mean_reciprocal_rank": {}, "reciprocal_rank": {}},
    influence=influence_of_mean(_reciprocal_ranks),
    units="groups",
)
def mean_reciprocal_rank_score(y_true: Any, y_pred: Any, *, k: int | None = None) -> float:
    """Mean over queries of one over the rank of the first relevant item, 0 where none is among the first ``k``.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_lists``; ``k``, the last rank that counts.
    Returns: 0 to 1, 1 is best.
    Source: Voorhees, "The TREC-8 question answering track report", 1999.

    >>> mean_reciprocal_rank_score([["a", "b"], ["c"]], [["x", "b"], ["c", "z"]])
    0.75
    """
    return mean_over_units(_reciprocal_ranks(y_true, y_pred, k=k))


def _discounted(hits: Hits, gain: str) -> Array:
    if gain == "exponential" and hits.gain.max(initial=0) > GREATEST_EXPONENT:
        raise MetricInputError(f"A relevance is above {GREATEST_EXPONENT}, too much for an exponential gain.")
    worth = hits.gain if gain == "linear" else np.exp2(hits.gain) - 1
    return np.asarray(worth / np.log2(hits.rank + 1))


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
