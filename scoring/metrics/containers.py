"""Truth and predictions that are not one cell a row: ranked lists of items, and boxes in images.

Both are ragged: the values of group ``i`` (a query, an image) stand at ``starts[i]`` to ``starts[i + 1]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.registry import Array, MetricInputError


@dataclass(frozen=True, slots=True)
class Lists:
    """Items a group: those that are relevant, with how much, or those that were predicted, best first.

    ``starts`` has shape (groups + 1,); ``items``, whole numbers that name items in truth and predictions alike, and
    ``relevance``, 0 or more, have shape (items,). Predictions have no relevance; a truth without has 1 for each item.
    """

    starts: Array
    items: Array
    relevance: Array | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes a group (an image). ``boxes`` of shape (boxes, 4): left, top, width, height, in pixels.

    ``labels`` (class of each box, whole numbers) and ``scores`` (how sure, predictions only) have shape (boxes,).
    ``crowd`` (truth only) marks regions that hold many objects, as in COCO.
    """

    starts: Array
    boxes: Array
    labels: Array
    scores: Array | None = None
    crowd: Array | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Masks:
    """Masks of images. ``texts`` (run lengths) has shape (masks,); ``shapes`` (masks, 2): height and width."""

    texts: Array
    shapes: Array

    def __len__(self) -> int:
        return len(self.texts)


def as_lists(y_true: Any, y_pred: Any) -> tuple[Lists, Lists]:
    """Return truth and predictions as lists of the same groups.

    Takes lists; mappings ``{query: {item: relevance}}`` (or ``{query: [item, …]}``) and ``{query: [item, …]}``, best
    first; sequences of such; or two arrays of shape (queries, documents), relevance and scores, as scikit-learn's
    ``ndcg_score`` does (of equal scores the document that stands first leads). A query without predictions has none.
    """
    if isinstance(y_true, Lists) and isinstance(y_pred, Lists):
        if len(y_true) != len(y_pred):
            raise MetricInputError(f"The truth has {len(y_true)} groups and the predictions have {len(y_pred)}.")
        return y_true, y_pred
    if isinstance(y_true, Mapping):
        unknown = [query for query in y_pred if query not in y_true]
        if unknown:
            raise MetricInputError(f"The truth has no query `{unknown[0]}`.")
        return _coded(list(y_true.values()), [y_pred.get(query, ()) for query in y_true])
    if isinstance(y_true, np.ndarray) and y_true.ndim == 2:
        return _dense(y_true, np.asarray(y_pred, dtype=np.float64))
    if len(y_true) != len(y_pred):
        raise MetricInputError(f"y_true has {len(y_true)} rows and y_pred has {len(y_pred)}.")
    return _coded(list(y_true), list(y_pred))


def _coded(truth: Sequence[Any], predicted: Sequence[Any]) -> tuple[Lists, Lists]:
    codes: dict[Any, int] = {}

    def flat(rows: Sequence[Any]) -> tuple[Array, Array]:
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        items = [codes.setdefault(item, len(codes)) for row in rows for item in row]
        return starts, np.array(items, dtype=np.int64)

    starts, items = flat(truth)
    graded = [list(row.values()) if isinstance(row, Mapping) else [1.0] * len(row) for row in truth]
    relevance = np.array([value for row in graded for value in row], dtype=np.float64)
    return Lists(starts, items, relevance), Lists(*flat(predicted))


def _dense(relevance: Array, scores: Array) -> tuple[Lists, Lists]:
    if relevance.shape != scores.shape:
        raise MetricInputError(f"y_true has shape {relevance.shape} and y_pred has shape {scores.shape}.")
    if not np.isfinite(scores).all():
        raise MetricInputError("y_pred holds NaN or infinite values.")
    rows, columns = relevance.shape
    starts = np.arange(rows + 1, dtype=np.int64) * columns
    items = np.tile(np.arange(columns), rows)
    order = np.argsort(-scores, axis=1, kind="stable")
    return Lists(starts, items, relevance.astype(np.float64).ravel()), Lists(starts, order.ravel())
