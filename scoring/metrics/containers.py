"""Truth and predictions that are not one cell a row: ranked lists of items, boxes in images, masks as text.

Lists and boxes are ragged: the values of group ``i`` (a query, an image) stand at ``starts[i]`` to ``starts[i + 1]``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
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

    @property
    def groups(self) -> Array:
        """The group of each item, of shape (items,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


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

    @property
    def groups(self) -> Array:
        """The image of each box, of shape (boxes,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


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
    first (or ``{query: {item: score}}``); sequences of such, without the queries' names; or two arrays of shape
    (queries, documents), relevance and scores, as scikit-learn's ``ndcg_score`` does. Of equal scores the item that
    stands first leads. A query without predictions has none.
    """
    if isinstance(y_true, Mapping) and isinstance(y_pred, Mapping):
        unknown = [query for query in y_pred if query not in y_true]
        if unknown:
            raise MetricInputError(f"The truth has no query `{unknown[0]}`.")
        return _coded(list(y_true.values()), [y_pred.get(query, ()) for query in y_true])
    if isinstance(y_true, Mapping) or isinstance(y_pred, Mapping):
        raise MetricInputError("One of y_true and y_pred names its queries, the other does not.")
    same_groups(y_true, y_pred)
    if isinstance(y_true, Lists) and isinstance(y_pred, Lists):
        return y_true, y_pred
    if isinstance(y_true, Lists) or isinstance(y_pred, Lists):
        raise MetricInputError("One of y_true and y_pred is of class Lists, the other is not.")
    if is_dense(y_true):
        return _dense(*dense_pair(y_true, y_pred))
    return _coded(list(y_true), list(y_pred))


def is_dense(y_true: Any) -> bool:
    """Return whether the truth is an array of shape (queries, documents)."""
    return isinstance(y_true, np.ndarray) and y_true.ndim == 2


def dense_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return relevance and scores as numbers of one shape (queries, documents), refusing scores that are not finite."""
    try:
        relevance = y_true if y_true.dtype.kind in "iuf" else np.asarray(y_true, dtype=np.float64)
        scores = np.asarray(y_pred, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricInputError("y_true is an array of relevance, so y_pred must be one of scores.") from error
    if relevance.shape != scores.shape:
        raise MetricInputError(f"y_true has rows of shape {relevance.shape} and y_pred of shape {scores.shape}.")
    if not np.isfinite(scores).all():
        raise MetricInputError("y_pred holds NaN or infinite values.")
    return relevance, scores


def as_boxes(y_true: Any, y_pred: Any) -> tuple[Boxes, Boxes]:
    """Return truth and predictions as boxes of the same images.

    Takes boxes, or sequences of one mapping an image: ``{"boxes": (n, 4), "labels": (n,)}``, with ``"scores"`` in
    predictions and, if there are any, ``"crowd"`` in the truth. Labels are whole numbers.
    """
    same_groups(y_true, y_pred)
    true, pred = (
        values if isinstance(values, Boxes) else _boxes(list(values), name=name)
        for values, name in ((y_true, "y_true"), (y_pred, "y_pred"))
    )
    if pred.scores is None and len(pred.boxes):
        raise MetricInputError("y_pred has boxes without scores.")
    for values, name in ((true.boxes, "y_true"), (pred.boxes, "y_pred"), (pred.scores, "The scores of y_pred")):
        if values is not None and not np.isfinite(values).all():
            raise MetricInputError(f"{name} holds NaN or infinite values.")
    for boxes, name in ((true.boxes, "y_true"), (pred.boxes, "y_pred")):
        if (boxes[:, 2:] < 0).any():
            raise MetricInputError(f"{name} holds a box of negative width or height.")
    return true, pred


def same_groups(y_true: Any, y_pred: Any) -> None:
    """Refuse truth and predictions of different length."""
    if len(y_true) != len(y_pred):
        raise MetricInputError(f"y_true has {len(y_true)} rows and y_pred has {len(y_pred)}.")


def _coded(truth: Sequence[Any], predicted: Sequence[Any]) -> tuple[Lists, Lists]:
    codes: dict[Any, int] = {}

    def coded(rows: Sequence[Sequence[Any]]) -> tuple[Array, Array]:
        items = [codes.setdefault(item, len(codes)) for row in rows for item in row]
        return _starts([len(row) for row in rows]), np.array(items, dtype=np.int64)

    starts, items = coded([_items(row, name="y_true") for row in truth])
    graded = [list(row.values()) if isinstance(row, Mapping) else [1.0] * len(row) for row in truth]
    try:
        relevance = np.array([value for row in graded for value in row], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricInputError("y_true holds a relevance that is not a number.") from error
    pair = Lists(starts, items, relevance), Lists(*coded([_best_first(row) for row in predicted]))
    if any(isinstance(item, float) and not math.isfinite(item) for item in codes):
        raise MetricInputError("An item is NaN or infinite.")
    return pair


def _items(row: Any, *, name: str) -> list[Any]:
    if isinstance(row, str) or not isinstance(row, Iterable):
        raise MetricInputError(f"{name} holds `{str(row)[:40]}`, expected a list of items.")
    return list(row.tolist() if isinstance(row, np.ndarray) else row)


def _best_first(row: Any) -> list[Any]:
    """Return the items of one prediction; of equal scores the item that stands first leads."""
    if not isinstance(row, Mapping):
        return _items(row, name="y_pred")
    for score in row.values():
        if not isinstance(score, Real) or not math.isfinite(score):
            raise MetricInputError(f"y_pred holds the score `{score}`, expected a number.")
    return sorted(row, key=lambda item: -row[item])


def _dense(relevance: Array, scores: Array) -> tuple[Lists, Lists]:
    rows, columns = relevance.shape
    starts = np.arange(rows + 1, dtype=np.int64) * columns
    items = np.tile(np.arange(columns), rows)
    order = np.argsort(-scores, axis=1, kind="stable")
    return Lists(starts, items, relevance.astype(np.float64).ravel()), Lists(starts, order.ravel())


def _boxes(images: Sequence[Mapping[str, Any]], *, name: str) -> Boxes:
    boxes = [np.asarray(image["boxes"], dtype=np.float64).reshape(-1, 4) for image in images]
    lengths = [len(each) for each in boxes]

    def column(key: str, kind: type, default: Any) -> Array:
        values = [np.asarray(image.get(key, np.full(n, default))) for image, n in zip(images, lengths, strict=True)]
        wrong = [i for i, n in enumerate(lengths) if values[i].shape != (n,)]
        if wrong:
            raise MetricInputError(f"{name}: image {wrong[0]} has {lengths[wrong[0]]} boxes and not as many {key}.")
        return np.concatenate([np.empty(0, kind), *(each.astype(kind) for each in values)])

    return Boxes(
        _starts(lengths),
        np.concatenate([np.empty((0, 4)), *boxes]),
        column("labels", np.int64, 0),
        scores=column("scores", np.float64, np.nan) if any("scores" in image for image in images) else None,
        crowd=column("crowd", np.bool_, False) if any("crowd" in image for image in images) else None,
    )


def _starts(lengths: Sequence[int]) -> Array:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
