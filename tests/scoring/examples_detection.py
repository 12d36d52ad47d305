"""Examples of boxes in images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoring.metrics.containers import Boxes
from tests.scoring.examples import Example, example, helper, promise

promise("box_average_precision_score", "coco_average_precision_score")
helper("coco", "hits")
MOST = 60  # images: COCO's program on thousands, hundreds of times, would take minutes


@example(takes="boxes")
def boxes(random: np.random.Generator, rows: int) -> Example:
    """One to four boxes an image, of two classes; every fourth prediction is far off."""
    images = min(rows, MOST)
    counts = random.integers(1, 5, images)
    starts, total = np.concatenate([[0], np.cumsum(counts)]), int(counts.sum())
    places = np.column_stack([random.uniform(0, 80, (total, 2)), random.uniform(10, 20, (total, 2))])
    truth = Boxes(starts, places, random.integers(0, 2, total))
    off = np.where(random.random((total, 1)) < 0.25, 100.0, random.normal(0, 1, (total, 4)))
    scores = random.random(total)
    pred = replace(truth, boxes=np.maximum(places + off, 1), scores=scores)
    return Example(truth, pred, replace(truth, scores=scores))
