"""Boxes: cases worked out by hand, the rules written out as loops, pycocotools' own summary, and the edges."""

from __future__ import annotations

import contextlib
import io
import math
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scoring.metrics import MetricError, MetricInputError, UndefinedMetricError, find
from scoring.metrics.containers import Boxes, as_boxes

quick = settings(max_examples=25, deadline=None)
TRUTH = [{"boxes": [[0, 0, 10, 10], [20, 0, 10, 10]], "labels": [1, 1]}, {"boxes": [[5, 5, 10, 10]], "labels": [2]}]
PRED = [
    {"boxes": [[0, 0, 10, 9], [0, 0, 10, 10], [50, 0, 9, 9]], "labels": [1, 1, 1], "scores": [0.9, 0.8, 0.7]},
    {"boxes": [[5, 5, 10, 6]], "labels": [2], "scores": [0.5]},
]


def score(name: str, truth: Any, pred: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(truth, pred, **{**params, **options})


def scene(random: np.random.Generator, images: int, *, classes: int = 2, crowd: bool = False) -> tuple[Boxes, Boxes]:
    """Boxes that overlap one another, found with a shift or missed, found twice or invented."""
    counts = random.integers(0, 5, images)
    counts[0] = 2
    total = int(counts.sum())
    places = np.column_stack([random.uniform(0, 200, (total, 2)), random.uniform(8, 120, (total, 2))])
    labels = random.integers(0, classes, total)
    many = random.random(total) < 0.2 if crowd else np.zeros(total, dtype=bool)
    many[0] = False
    truth = Boxes(np.concatenate([[0], np.cumsum(counts)]), places, labels, crowd=many)
    image, source = np.concatenate([truth.groups] * 2), np.concatenate([np.arange(total)] * 2)
    kept = np.sort(random.permutation(2 * total)[: int(1.4 * total)])
    kept = kept[np.argsort(image[kept], kind="stable")]
    moved = places[source[kept]] + random.normal(0, random.choice([1, 10, 60], len(kept)), (4, len(kept))).T
    starts = np.concatenate([[0], np.cumsum(np.bincount(image[kept], minlength=images))])
    noise = np.where(random.random(len(kept)) < 0.1, 1 - labels[source[kept]], labels[source[kept]])
    pred = Boxes(starts, np.maximum(moved, 1), np.maximum(noise, 0), scores=random.permutation(len(kept)) / len(kept))
    return truth, pred


def test_boxes_worked_out_by_hand() -> None:
    # Class 1: hit at precision 1, the same box again is a miss, another miss; one of two found: 0.5. Class 2: 1.
    assert score("voc_map", TRUTH, PRED) == pytest.approx(0.75)
    # The overlap of 90 and 100 is 0.9, that of 60 and 100 is 0.6.
    assert score("voc_map@0.6", TRUTH, PRED) == pytest.approx(0.75)
    assert score("voc_map@0.61", TRUTH, PRED) == pytest.approx(0.25)
    # At 0.95 the first is a miss and the second a hit, at precision 1/2.
    assert score("voc_map@0.95", TRUTH, PRED) == pytest.approx(0.5 * 0.5 / 2)


def test_a_hit_behind_a_miss_lifts_the_precision_before_it() -> None:
    truth = [{"boxes": [[0, 0, 1, 1], [5, 0, 1, 1], [9, 0, 1, 1]], "labels": [0, 0, 0]}]
    boxes = [[0, 0, 1, 1], [50, 0, 1, 1], [5, 0, 1, 1], [9, 0, 1, 1]]
    pred = [{"boxes": boxes, "labels": [0] * 4, "scores": [0.9, 0.8, 0.7, 0.6]}]
    assert score("voc_map", truth, pred) == pytest.approx((1 + 0.75 + 0.75) / 3)


def iou(left: Any, right: Any) -> float:
    wide = min(left[0] + left[2], right[0] + right[2]) - max(left[0], right[0])
    high = min(left[1] + left[3], right[1] + right[3]) - max(left[1], right[1])
    shared = max(wide, 0) * max(high, 0)
    return float(shared / (left[2] * left[3] + right[2] * right[3] - shared))


def by_the_rules(truth: Boxes, pred: Boxes, least: float) -> float:
    areas = []
    for label in sorted(set(truth.labels[~truth.crowd].tolist())):
        taken: set[int] = set()
        outcomes = []
        for box in np.argsort(-pred.scores, kind="stable"):
            if pred.labels[box] != label:
                continue
            rivals = np.flatnonzero((truth.groups == pred.groups[box]) & (truth.labels == label)).tolist()
            overlaps = [iou(truth.boxes[rival], pred.boxes[box]) for rival in rivals]
            best = rivals[int(np.argmax(overlaps))] if rivals else -1
            if not rivals or max(overlaps) < least:
                outcomes.append(0)
            elif not truth.crowd[best]:
                outcomes.append(int(best not in taken))
                taken.add(best)
        precisions = [sum(outcomes[: n + 1]) / (n + 1) for n in range(len(outcomes))]
        gains = [max(precisions[n:]) for n, hit in enumerate(outcomes) if hit]
        areas.append(sum(gains) / np.count_nonzero((truth.labels == label) & ~truth.crowd))
    return float(np.mean(areas))


@quick
@given(seed=st.integers(0, 2**32 - 1), least=st.sampled_from([0.3, 0.5, 0.75]), crowd=st.booleans())
def test_boxes_are_matched_by_pascal_voc_s_rules(seed: int, least: float, crowd: bool) -> None:
    truth, pred = scene(np.random.default_rng(seed), 6, crowd=crowd)
    assert score("voc_map", truth, pred, iou=least) == pytest.approx(by_the_rules(truth, pred, least), abs=1e-12)


def summary(truth: Boxes, pred: Boxes) -> list[float]:
    """What pycocotools says when it is used the way its own program uses it."""
    gold = COCO()
    columns = zip(truth.groups, truth.labels, truth.boxes, truth.crowd, strict=True)
    gold.dataset = {
        "images": [{"id": image} for image in range(len(truth))],
        "categories": [{"id": label} for label in range(2)],
        "annotations": [
            {"id": n + 1, "image_id": i, "category_id": c, "bbox": b, "area": b[2] * b[3], "iscrowd": int(m)}
            for n, (i, c, b, m) in enumerate(columns)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        gold.createIndex()
        mine = gold.loadRes(np.column_stack([pred.groups, pred.boxes, pred.scores, pred.labels]))
        run = COCOeval(gold, mine, "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return [float(value) for value in run.stats[:6]]


@pytest.mark.parametrize("crowd", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_coco_s_values_are_those_of_its_own_program(seed: int, crowd: bool, capsys: pytest.CaptureFixture[str]) -> None:
    truth, pred = scene(np.random.default_rng(seed), 30, crowd=crowd)
    found = [score(name, truth, pred) for name in ("coco_map", "ap50", "ap75")]
    found += [score("coco_map", truth, pred, area=area) for area in ("small", "medium", "large")]
    assert capsys.readouterr().out == ""
    assert found == pytest.approx(summary(truth, pred), abs=1e-12)


def test_both_ways_agree_where_boxes_lie_apart() -> None:
    random = np.random.default_rng(5)
    images, places = 300, np.array([[0.0, 0, 20, 20], [50, 0, 20, 20], [0, 50, 20, 20]])
    truth = Boxes(np.arange(images + 1) * 3, np.tile(places, (images, 1)), np.zeros(images * 3, dtype=int))
    moved = truth.boxes + random.normal(0, 4, truth.boxes.shape)
    pred = replace(truth, boxes=moved, scores=random.random(images * 3))
    assert score("voc_map", truth, pred) == pytest.approx(score("ap50", truth, pred), abs=0.005)


def test_mappings_are_boxes() -> None:
    truth, pred = as_boxes(TRUTH, PRED)
    assert truth.starts.tolist() == [0, 2, 3]
    assert truth.scores is None
    assert pred.labels.tolist() == [1, 1, 1, 2]
    for name in ("voc_map", "ap50"):
        assert score(name, truth, pred) == score(name, TRUTH, PRED)


@pytest.mark.parametrize("name", ["voc_map", "coco_map"])
def test_edges_of_boxes_are_decided(name: str) -> None:
    none = {"boxes": [], "labels": [], "scores": []}
    assert score(name, TRUTH, [none, none]) == 0.0
    assert score(name, TRUTH, [none, PRED[1]]) > 0.0
    alone = [{"boxes": [[0, 0, 5, 5]], "labels": [7]}, none]
    only_there = [{"boxes": [[0, 0, 5, 5]], "labels": [8], "scores": [0.5]}, none]
    assert score(name, alone, only_there) == 0.0  # a class that is only predicted does not count
    assert score(name, alone, [{**only_there[0], "labels": [7]}, none]) == pytest.approx(1.0)
    entry, params = find(name)
    assert entry.influence_values(TRUTH, [none, none], **params).tolist() == [0.0, 0.0]
    for truth in ([none, none], [{**alone[0], "crowd": [1]}, none], []):
        with pytest.raises(UndefinedMetricError, match="no box that counts"):
            score(name, truth, [none] * len(truth))
        with pytest.raises(UndefinedMetricError, match="no box that counts"):
            entry.influence_values(truth, [none] * len(truth), **params)


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        ([PRED[0]], "y_true has 2 rows and y_pred has 1"),
        (TRUTH, "y_pred has boxes without scores"),
        ([{**PRED[0], "scores": [0.1, math.nan, 0.2]}, PRED[1]], "scores of y_pred holds NaN"),
        ([PRED[0], {**PRED[1], "boxes": [[0, 0, math.inf, 1]]}], "y_pred holds NaN or infinite"),
        ([PRED[0], {**PRED[1], "boxes": [[0, 0, -1, 1]]}], "negative width or height"),
        ([PRED[0], {**PRED[1], "labels": [1, 2]}], "image 1 has 1 boxes and not as many labels"),
    ],
)
def test_what_are_no_boxes_is_refused(pred: Any, message: str) -> None:
    with pytest.raises(MetricInputError, match=message):
        score("voc_map", TRUTH, pred)


def test_without_pycocotools_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    with pytest.raises(MetricError, match=r"needs the extra `detection`: pip install 'podium\[detection\]'"):
        score("coco_map", TRUTH, PRED)
    assert score("voc_map", TRUTH, PRED) == 0.75


def test_standard_errors_of_boxes_agree_with_a_bootstrap_over_images() -> None:
    random = np.random.default_rng(9)
    truth, pred = scene(random, 400)
    entry, _ = find("voc_map")
    psi = entry.influence_values(truth, pred)
    assert psi.shape == (400,)
    assert psi.mean() == pytest.approx(0, abs=1e-12)

    def drawn(boxes: Boxes, images: Any) -> Boxes:
        rows = [np.arange(boxes.starts[image], boxes.starts[image + 1]) for image in images]
        parts = {name: getattr(boxes, name) for name in ("boxes", "labels", "scores", "crowd")}
        inside = np.concatenate(rows)
        starts = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
        return Boxes(starts, **{name: None if part is None else part[inside] for name, part in parts.items()})

    draws = [random.integers(0, 400, 400) for _ in range(200)]
    spread = np.std([entry(drawn(truth, images), drawn(pred, images)) for images in draws], ddof=1)
    assert psi.std(ddof=1) / 20 == pytest.approx(spread, rel=0.15)
    ap50, params = find("ap50")
    near = ap50.influence_values(truth, pred, **params)
    assert near.mean() == pytest.approx(0, abs=1e-12)
    assert near.std() == pytest.approx(psi.std(), rel=0.1)
