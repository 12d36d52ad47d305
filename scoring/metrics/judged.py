"""Ranked lists, judged: which predicted items are relevant, at which rank, and how the best order would look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.containers import Lists, as_lists, dense_pair, is_dense, same_groups
from scoring.metrics.registry import Array, MetricInputError

ROOM = 4  # cells an item up to which lists are sorted as rows of one array, several times as fast as one by one


@dataclass(frozen=True, slots=True)
class Hits:
    """Relevant items in order of query and rank. ``query``, ``rank`` (from 1) and ``gain`` have shape (hits,)."""

    query: Array
    rank: Array
    gain: Array

    def sums(self, values: Array | None, *, queries: int) -> Array:
        """Return the sum of ``values``, one a hit, over each query (their number, for None), shape (queries,)."""
        return np.bincount(self.query, weights=values, minlength=queries).astype(np.float64)

    def position(self) -> Array:
        """Return how many hits a query has down to this one, itself included, shape (hits,)."""
        if len(self.query) == 0:
            return np.zeros(0)
        first = np.flatnonzero(np.append(True, self.query[1:] != self.query[:-1]))
        length = np.diff(np.append(first, len(self.query)))
        return np.asarray(np.arange(len(self.query)) - np.repeat(first, length) + 1)


@dataclass(frozen=True, slots=True)
class Judged:
    """The hits of predictions that were cut at rank ``k`` (None: not at all), beside the truth.

    ``truth`` is an array of shape (queries, documents) where the metric was given one. ``shown`` of shape (queries,)
    says how many items were predicted, the cut aside. An item that is named again is no hit, but takes up its rank.
    """

    hits: Hits
    shown: Array
    truth: Lists | Array
    k: int | None

    def __len__(self) -> int:
        return len(self.truth)

    def total(self, values: Array | None = None) -> Array:
        """Return the sum of ``values``, one a hit, over each query (the number of hits, for None)."""
        return self.hits.sums(values, queries=len(self))

    def relevant(self) -> Array:
        """Return how many items are relevant (have a relevance above 0), shape (queries,)."""
        if isinstance(self.truth, Lists):
            wanted = self.truth.groups[_relevance(self.truth) > 0]
            return np.bincount(wanted, minlength=len(self)).astype(np.float64)
        return np.asarray(np.sum(self.truth > 0, axis=1, dtype=np.float64))

    def ideal(self) -> Hits:
        """Return the relevant items in their best order, cut at the same rank."""
        if isinstance(self.truth, Lists):
            return _ideal_of_lists(self.truth, k=self.k)
        # Sorting rows of 100 takes a third of the time of a partition, which has no fast way for short rows.
        return _hits_of_rows(np.sort(self.truth, axis=1)[:, ::-1][:, : self.k])


def judge(y_true: Any, y_pred: Any, *, k: int | None = None) -> Judged:
    """Return the judged predictions; arguments as for ``as_lists``, ``k`` the last rank that counts."""
    if is_dense(y_true) and not isinstance(y_pred, Lists):
        same_groups(y_true, y_pred)
        relevance, scores = dense_pair(y_true, y_pred)
        _check_relevance(relevance)
        gains = np.take_along_axis(relevance, _best_columns(scores, k=k), axis=1)
        return Judged(_hits_of_rows(gains), np.full(len(scores), scores.shape[1]), relevance, k)
    true, pred = as_lists(y_true, y_pred)
    _check_relevance(_relevance(true))
    return Judged(_hits_of_lists(true, pred, k=k), np.diff(pred.starts), true, k)


def _relevance(truth: Lists) -> Array:
    return np.ones(len(truth.items)) if truth.relevance is None else truth.relevance


def _check_relevance(relevance: Array) -> None:
    if not np.isfinite(relevance).all() or relevance.min(initial=0) < 0:
        raise MetricInputError("y_true holds a relevance that is negative, NaN or infinite.")


def _best_columns(scores: Array, *, k: int | None) -> Array:
    """Return the columns of the ``k`` greatest scores of each row, greatest first; of equal scores the first leads."""
    rows, columns = scores.shape
    if k is None or k >= columns:
        return np.argsort(-scores, axis=1, kind="stable")
    least = np.sort(scores, axis=1)[:, columns - k, None]
    chosen = scores >= least
    tied = np.count_nonzero(chosen, axis=1) > k
    if tied.any():
        full = np.argsort(-scores[tied], axis=1, kind="stable")
        chosen[tied] = False
        chosen[np.flatnonzero(tied)[:, None], full[:, :k]] = True
    top = (np.flatnonzero(chosen) % columns).reshape(rows, k)
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def _hits_of_rows(gains: Array) -> Hits:
    found = np.flatnonzero(gains > 0)
    query, rank = np.divmod(found, max(gains.shape[1], 1))
    return Hits(query, rank + 1, gains.ravel()[found].astype(np.float64))


def _hits_of_lists(true: Lists, pred: Lists, *, k: int | None) -> Hits:
    rank = _ranks(pred)
    shown = np.arange(len(rank)) if k is None else np.flatnonzero(rank <= k)
    wanted, given = _keys(true, pred)
    order = np.argsort(wanted, kind="stable")
    wanted = wanted[order]
    if (wanted[1:] == wanted[:-1]).any():
        raise MetricInputError("y_true names an item of a query twice.")
    if len(wanted) == 0:
        shown = shown[:0]
    place = np.searchsorted(wanted, given[shown]).clip(max=max(len(wanted) - 1, 0))
    gain = _relevance(true)[order][place]
    found = np.flatnonzero((wanted[place] == given[shown]) & (gain > 0))
    # Positions in the truth are unique, so the first of equal ones is the first time that the item is named.
    found = found[np.sort(np.unique(place[found], return_index=True)[1])]
    return Hits(pred.groups[shown[found]], rank[shown[found]], gain[found])


def _ranks(lists: Lists) -> Array:
    first = np.repeat(lists.starts[:-1], np.diff(lists.starts))
    return np.asarray(np.arange(len(lists.items)) - first + 1)


def _keys(true: Lists, pred: Lists) -> tuple[Array, Array]:
    """Return one whole number for each item of a query, in truth and predictions alike."""
    items = np.concatenate([true.items, pred.items]).astype(np.int64)
    low, high = (int(items.min()), int(items.max())) if len(items) else (0, 0)
    if low < 0 or (high + 1) * (len(true) + 1) > 2**62:
        items = np.unique(items, return_inverse=True)[1]
        high = len(items)
    keys = items + np.concatenate([true.groups, pred.groups]) * (high + 1)
    return keys[: len(true.items)], keys[len(true.items) :]


def _ideal_of_lists(truth: Lists, *, k: int | None) -> Hits:
    relevance, rank, query = _relevance(truth), _ranks(truth), truth.groups
    longest = int(rank.max(initial=0))
    if len(truth) * longest <= ROOM * len(relevance):
        rows = np.zeros((len(truth), longest))
        rows[query, rank - 1] = relevance
        return _hits_of_rows(np.sort(rows, axis=1)[:, ::-1][:, :k])
    gain = relevance[np.lexsort((-relevance, query))]
    kept = np.flatnonzero((gain > 0) if k is None else (gain > 0) & (rank <= k))
    return Hits(query[kept], rank[kept], gain[kept])
