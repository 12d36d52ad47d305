"""Metrics of boxes in images. What they take is told by :func:`scoring.metrics.containers.as_boxes`.

Boxes are left, top, width and height in pixels, and the overlap of two is that of real areas: a box from 0 to 10 is 10
wide, other than in PASCAL VOC's own program, which adds 1. A class counts where the truth holds a box of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scoring.metrics.coco import AREAS, coco_detections, coco_evaluation, coco_precision
from scoring.metrics.containers import Boxes, as_boxes
from scoring.metrics.hits import Detections
from scoring.metrics.registry import Array, Param, UndefinedMetricError, metric

NO_BOXES = "The truth holds no box that counts."


def _coco_influence(y_true: Any, y_pred: Any, *, iou: float | None = None, area: str = "all") -> Array:
    """As for all recalls: the 101 at which COCO reads precision are near enough for a standard error."""
    run = coco_evaluation(*as_boxes(y_true, y_pred), iou=iou, area=area)
    influence = [each.influence() for each in coco_detections(run)]
    if not influence:
        raise UndefinedMetricError(NO_BOXES)
    return np.asarray(np.mean(influence, axis=0))


@metric(
    label="COCO mean average precision",
    family="detection",
    greater_is_better=True,
    takes="boxes",
    params=(
        Param(
            name="iou",
            kind="number",
            default=None,
            low=0.01,
            high=1.0,
            help="The overlap from which a box counts as found; none: the mean over 0.50, 0.55, …, 0.95.",
        ),
        Param(
            name="area",
            kind="choice",
            default="all",
            choices=AREAS,
            help="Which true boxes count: small below 32² pixels, large from 96², medium between.",
        ),
    ),
    aliases={
        "coco_map": {},
        "coco_ap": {},
        "ap@[.5:.95]": {},
        "map50_95": {},
        "coco_ap50": {"iou": 0.5},
        "coco_ap75": {"iou": 0.75},
        "ap50": {"iou": 0.5},
        "ap75": {"iou": 0.75},
        "map50": {"iou": 0.5},
        "map75": {"iou": 0.75},
        "coco_ap@{iou}": {},
    },
    influence=_coco_influence,
    units="groups",
    extra="detection",
)
def coco_average_precision_score(y_true: Any, y_pred: Any, *, iou: float | None = None, area: str = "all") -> float:
    """Mean over classes and overlaps of the area under precision by recall, as COCO has it.

    Precision is read at 101 recalls; the 100 surest boxes of an image and class count; boxes on crowd regions count
    neither way. A class without a true box (of that area) is left out.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_boxes``; ``iou``; ``area``.
    Returns: 0 to 1, 1 is best. Undefined where the truth holds no box that counts. Needs the extra ``detection``.
    Source: Lin et al., "Microsoft COCO: common objects in context", 2014; pycocotools, ``COCOeval``.

    >>> truth = [{"boxes": [[0, 0, 10, 10]], "labels": [1]}]
    >>> pred = [{"boxes": [[0, 0, 10, 8]], "labels": [1], "scores": [0.9]}]
    >>> round(coco_average_precision_score(truth, pred), 6)
    0.7
    """
    precision = coco_precision(coco_evaluation(*as_boxes(y_true, y_pred), iou=iou, area=area))
    if len(precision) == 0:
        raise UndefinedMetricError(NO_BOXES)
    return float(np.mean(precision))


def _class_influence(y_true: Any, y_pred: Any, *, iou: float = 0.5) -> Array:
    return np.asarray(np.mean([each.influence() for each in _classes(y_true, y_pred, iou=iou)], axis=0))


@metric(
    label="Mean average precision of boxes",
    family="detection",
    greater_is_better=True,
    takes="boxes",
    params=(
        Param(
            name="iou",
            kind="number",
            default=0.5,
            low=0.01,
            high=1.0,
            help="The overlap from which a box counts as found.",
        ),
    ),
    aliases={"voc_map": {}, "voc_ap": {}, "box_map": {}, "voc_map@{iou}": {}, "box_map@{iou}": {}},
    influence=_class_influence,
    units="groups",
)
def box_average_precision_score(y_true: Any, y_pred: Any, *, iou: float = 0.5) -> float:
    """Mean over classes of the area under precision by recall at one overlap, as PASCAL VOC has it since 2010.

    From the surest down, over all images, a box is compared with the true box of its image and class that it overlaps
    most: a hit where the overlap (shared area by joint area) is at least ``iou`` and no surer box hit the same, else
    a miss. Precision at a recall is the best at this recall or a greater one. Boxes on crowd regions (VOC calls them
    difficult) count neither way. Of equal scores the box that stands first leads.

    Parameters: ``y_true`` and ``y_pred`` as for ``as_boxes``; ``iou``.
    Returns: 0 to 1, 1 is best. Undefined where the truth holds no box that counts.
    Source: Everingham et al., "The PASCAL visual object classes challenge: a retrospective", 2015.

    >>> truth = [{"boxes": [[0, 0, 10, 10], [20, 0, 10, 10]], "labels": [1, 1]}]
    >>> box_average_precision_score(truth, [{"boxes": [[0, 0, 10, 9]], "labels": [1], "scores": [0.9]}])
    0.5
    """
    return float(np.mean([each.area() for each in _classes(y_true, y_pred, iou=iou)]))


def _classes(y_true: Any, y_pred: Any, *, iou: float) -> list[Detections]:
    """Return the detections of each class that the truth holds. Raises UndefinedMetricError where it holds none."""
    true, pred = as_boxes(y_true, y_pred)
    crowd = np.zeros(len(true.boxes), np.bool_) if true.crowd is None else true.crowd.astype(np.bool_)
    classes = np.unique(true.labels[~crowd])
    if len(classes) == 0:
        raise UndefinedMetricError(NO_BOXES)
    order, hit = _surest_first(true, pred, crowd=crowd, iou=iou)
    image, label = pred.groups[order], pred.labels[order]
    return [
        Detections(
            hit[label == each],
            image[label == each],
            np.bincount(true.groups[~crowd & (true.labels == each)], minlength=len(true)),
        )
        for each in classes
    ]


def _surest_first(true: Boxes, pred: Boxes, *, crowd: Array, iou: float) -> tuple[Array, Array]:
    """Return the positions of the predicted boxes that count, surest first, and whether each is a hit."""
    order = np.argsort(-(np.zeros(len(pred.boxes)) if pred.scores is None else pred.scores), kind="stable")
    nearest, overlap = _nearest(true, pred)
    nearest, near = nearest[order], overlap[order] >= iou
    on_crowd = near.copy()
    on_crowd[near] = crowd[nearest[near]]
    hit = np.zeros(len(order), dtype=np.bool_)
    places = np.flatnonzero(near)
    hit[places[np.unique(nearest[places], return_index=True)[1]]] = True
    return order[~on_crowd], hit[~on_crowd]


def _nearest(true: Boxes, pred: Boxes) -> tuple[Array, Array]:
    """Return for each predicted box which true box of its image and class it overlaps most, and by how much."""
    classes, label = np.unique(np.concatenate([true.labels, pred.labels]), return_inverse=True)
    key = label + np.concatenate([true.groups, pred.groups]) * len(classes)
    wanted, given = key[: len(true.boxes)], key[len(true.boxes) :]
    order = np.argsort(wanted, kind="stable")
    first = np.searchsorted(wanted[order], given, side="left")
    count = np.searchsorted(wanted[order], given, side="right") - first
    some = np.flatnonzero(count)
    # Every predicted box with some is paired with each of its true boxes, one pair after the other.
    begin = np.cumsum(count[some]) - count[some]
    offset = np.arange(count.sum()) - np.repeat(begin, count[some])
    target = order[np.repeat(first[some], count[some]) + offset]
    overlap = _ious(true.boxes[target], pred.boxes[np.repeat(some, count[some])])
    nearest, best = np.zeros(len(given), dtype=np.int64), np.zeros(len(given))
    if len(some):
        best[some] = np.maximum.reduceat(overlap, begin)
        places = np.flatnonzero(overlap == np.repeat(best[some], count[some]))
        box, at = np.unique(np.repeat(some, count[some])[places], return_index=True)
        nearest[box] = target[places[at]]
    return nearest, best


def _ious(left: Array, right: Array) -> Array:
    low = np.maximum(left[:, :2], right[:, :2])
    high = np.minimum(left[:, :2] + left[:, 2:], right[:, :2] + right[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    joint = np.prod(left[:, 2:], axis=1) + np.prod(right[:, 2:], axis=1) - shared
    return np.asarray(np.divide(shared, joint, out=np.zeros(len(shared)), where=joint > 0))
