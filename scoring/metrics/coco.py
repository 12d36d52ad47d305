"""Boxes compared by pycocotools, without files and without its printing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from scoring.metrics.containers import Boxes
from scoring.metrics.hits import Detections
from scoring.metrics.inputs import extra_module
from scoring.metrics.registry import Array

AREAS = ("all", "small", "medium", "large")
MOST = 100  # detections of an image and class that count


def coco_evaluation(true: Boxes, pred: Boxes, *, iou: float | None, area: str) -> Any:
    """Return a COCOeval that has compared the boxes of each image; ``iou`` None stands for COCO's ten overlaps."""
    coco = extra_module("pycocotools.coco", extra="detection", metric="coco_average_precision_score").COCO
    evaluation = extra_module("pycocotools.cocoeval", extra="detection", metric="coco_average_precision_score")
    classes = np.unique(np.concatenate([true.labels, pred.labels])).tolist()
    with _without_printing():
        indexes = [coco(), coco()]
        for index, boxes in zip(indexes, (true, pred), strict=True):
            index.dataset = _dataset(boxes, classes=classes)
            index.createIndex()
        run = evaluation.COCOeval(*indexes, iouType="bbox")
        run.params.maxDets = [MOST]
        run.params.areaRng = [run.params.areaRng[AREAS.index(area)]]
        run.params.areaRngLbl = [area]
        if iou is not None:
            run.params.iouThrs = np.array([iou])
        run.evaluate()
    return run


def coco_precision(run: Any) -> Array:
    """Return the precision at each overlap, recall and class that the truth holds, in one dimension."""
    with _without_printing():
        run.accumulate()
    precision = np.asarray(run.eval["precision"])
    return np.asarray(precision[precision > -1])


def coco_detections(run: Any) -> Iterator[Detections]:
    """Yield the detections of each class that the truth holds, at each overlap."""
    images = max(len(run.params.imgIds), 1)
    for first in range(0, len(run.evalImgs), images):
        compared = [each for each in run.evalImgs[first : first + images] if each is not None]
        wanted = np.zeros(images)
        for each in compared:
            wanted[each["image_id"]] = np.count_nonzero(np.asarray(each["gtIgnore"]) == 0)
        if not wanted.any():
            continue
        order = np.argsort(-np.concatenate([each["dtScores"] for each in compared]), kind="stable")
        image = np.repeat([each["image_id"] for each in compared], [len(each["dtScores"]) for each in compared])[order]
        matches, ignored = (
            np.concatenate([np.asarray(each[name]) for each in compared], axis=1)[:, order].astype(np.bool_)
            for name in ("dtMatches", "dtIgnore")
        )
        for hit, out in zip(matches, ignored, strict=True):
            yield Detections(hit[~out], image[~out], wanted)


def _dataset(boxes: Boxes, *, classes: list[int]) -> dict[str, Any]:
    nothing = np.zeros(len(boxes.boxes))
    crowd = nothing if boxes.crowd is None else boxes.crowd
    scores = nothing if boxes.scores is None else boxes.scores
    columns = (boxes.groups, boxes.labels, boxes.boxes, crowd, scores)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    annotations = [
        {
            "id": number,  # from 1 on: 0 means no match
            "image_id": image,
            "category_id": label,
            "bbox": box,
            "area": box[2] * box[3],
            "iscrowd": int(many),
            "score": score,
        }
        for number, (image, label, box, many, score) in enumerate(rows, start=1)
    ]
    images = [{"id": image} for image in range(len(boxes))]
    return {"images": images, "annotations": annotations, "categories": [{"id": label} for label in classes]}


def _without_printing() -> contextlib.AbstractContextManager[Any]:
    return contextlib.redirect_stdout(io.StringIO())
