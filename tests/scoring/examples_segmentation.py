"""Examples of masks."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, helper, promise

promise(
    "dice_score", "hausdorff_error", "iou_score", "mean_iou_score", "pixel_accuracy_score", "relative_volume_error",
    "surface_dice_score", "surface_distance_error",
)  # fmt: skip
helper("masks")
SIDE = 10
MOST = 30  # images: surfaces of thousands, hundreds of times, would take minutes


@example(takes="masks")
def masks(random: np.random.Generator, rows: int) -> Example:
    truth, pred = [], []
    for _ in range(min(rows, MOST)):
        true, mine = np.zeros((2, SIDE, SIDE), dtype=bool)
        top, left = random.integers(1, 4, 2)
        true[top : top + 5, left : left + 4] = True
        up, along = random.integers(-1, 2, 2)
        mine[top + up : top + up + random.integers(3, 6), left + along : left + along + 4] = True
        truth.append(true)
        pred.append(mine)
    return Example(truth, pred, truth)
