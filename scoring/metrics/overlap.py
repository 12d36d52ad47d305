"""Metrics of how far masks overlap, or labels of pixels agree: each a mean over images, but for the mean over classes.

What they take is told by :func:`scoring.metrics.masks.overlaps`; masks may have two dimensions or three.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scoring.metrics.containers import Masks
from scoring.metrics.masks import label_pairs, overlaps
from scoring.metrics.registry import Array, Param, UndefinedMetricError, metric
from scoring.metrics.units import influence_of_mean, mean_over_units

EMPTY = Param(
    name="empty",
    kind="number",
    default=1.0,
    low=0.0,
    high=1.0,
    help="What an image counts in which neither truth nor prediction has a pixel.",
)


def _dices(y_true: Any, y_pred: Any, *, empty: float = 1.0) -> Array:
    found = overlaps(y_true, y_pred)
    return _share(2 * found.both, found.true + found.pred, otherwise=empty)


@metric(
    label="Dice",
    family="segmentation",
    greater_is_better=True,
    takes="masks",
    params=(EMPTY,),
    aliases={"dice": {}, "dsc": {}, "dice_coefficient": {}, "dice_both_empty": {"empty": 1.0}},
    influence=influence_of_mean(_dices),
    units="groups",
    sized=False,
)
def dice_score(y_true: Any, y_pred: Any, *, empty: float = 1.0) -> float:
    """Mean over images of twice the shared pixels, divided by the pixels of both masks.

    Per image ``2 |T ∩ P| / (|T| + |P|)``, and ``empty`` where both are empty.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks; ``empty``.
    Returns: 0 to 1, 1 is best.
    Source: Dice, "Measures of the amount of ecologic association between species", 1945.

    >>> dice_score([[[1, 1], [0, 0]]], [[[1, 0], [0, 0]]])
    0.6666666666666666
    """
    return mean_over_units(_dices(y_true, y_pred, empty=empty))


def _ious(y_true: Any, y_pred: Any, *, empty: float = 1.0) -> Array:
    found = overlaps(y_true, y_pred)
    return _share(found.both, found.true + found.pred - found.both, otherwise=empty)


@metric(
    label="Intersection over union",
    family="segmentation",
    greater_is_better=True,
    takes="masks",
    params=(EMPTY,),
    aliases={"iou": {}, "mask_iou": {}},
    influence=influence_of_mean(_ious),
    units="groups",
    sized=False,
)
def iou_score(y_true: Any, y_pred: Any, *, empty: float = 1.0) -> float:
    """Mean over images of the shared pixels, divided by the pixels of either mask.

    Per image ``|T ∩ P| / |T ∪ P|``, and ``empty`` where both are empty.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks; ``empty``.
    Returns: 0 to 1, 1 is best.
    Source: Jaccard, "The distribution of the flora in the alpine zone", 1912.

    >>> iou_score([[[1, 1], [0, 0]]], [[[1, 0], [0, 0]]])
    0.5
    """
    return mean_over_units(_ious(y_true, y_pred, empty=empty))


def _pixel_accuracies(y_true: Any, y_pred: Any) -> Array:
    if isinstance(y_true, Masks) and isinstance(y_pred, Masks):
        found = overlaps(y_true, y_pred)
        right, size = found.size - found.true - found.pred + 2 * found.both, found.size
    else:
        counts = [(np.count_nonzero(true == pred), true.size) for true, pred in label_pairs(y_true, y_pred)]
        right, size = np.array(counts, dtype=np.float64).T
    return _share(right, size, otherwise=math.nan)


@metric(
    label="Pixel accuracy",
    family="segmentation",
    greater_is_better=True,
    takes="masks",
    aliases={"pixel_accuracy": {}},
    influence=influence_of_mean(_pixel_accuracies),
    units="groups",
)
def pixel_accuracy_score(y_true: Any, y_pred: Any) -> float:
    """Mean over images of the share of pixels whose label is right.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks, or of images of labels (whole numbers).
    Returns: 0 to 1, 1 is best.
    Source: Long, Shelhamer & Darrell, "Fully convolutional networks for semantic segmentation", 2015.

    >>> pixel_accuracy_score([[[1, 1], [0, 0]]], [[[1, 0], [0, 0]]])
    0.75
    """
    return mean_over_units(_pixel_accuracies(y_true, y_pred))


def _mean_iou_influence(y_true: Any, y_pred: Any, *, ignore: int | None = None) -> Array:
    shared, either = _class_counts(y_true, y_pred, ignore=ignore)
    union = either.sum(axis=0)
    ratio = shared.sum(axis=0) / union
    return np.asarray(len(shared) * ((shared - ratio * either) / union).mean(axis=1))


@metric(
    label="Mean intersection over union of classes",
    family="segmentation",
    greater_is_better=True,
    takes="masks",
    params=(
        Param(
            name="ignore",
            kind="number",
            default=None,
            whole=True,
            help="Pixels whose true label is this one are left out.",
        ),
    ),
    aliases={"mean_iou": {}, "miou": {}},
    influence=_mean_iou_influence,
    units="groups",
)
def mean_iou_score(y_true: Any, y_pred: Any, *, ignore: int | None = None) -> float:
    """Mean over classes of the intersection over union, over the pixels of all images together.

    Classes are all labels that some pixel has in truth or prediction; in masks, 0 and 1.

    Parameters: ``y_true`` and ``y_pred``, sequences of images of labels (whole numbers); ``ignore``.
    Returns: 0 to 1, 1 is best. Undefined where every pixel is left out.
    Source: Everingham et al., "The PASCAL visual object classes challenge: a retrospective", 2015.

    >>> mean_iou_score([[[0, 1], [2, 2]]], [[[0, 1], [2, 1]]])
    0.6666666666666666
    """
    shared, either = _class_counts(y_true, y_pred, ignore=ignore)
    return float(np.mean(shared.sum(axis=0) / either.sum(axis=0)))


def _class_counts(y_true: Any, y_pred: Any, *, ignore: int | None) -> tuple[Array, Array]:
    """Return pixels of each class in both, and in either, of truth and prediction: shape (images, classes)."""
    pairs = [
        (true[kept], pred[kept])
        for true, pred in label_pairs(y_true, y_pred)
        for kept in [np.ones(true.shape, np.bool_) if ignore is None else true != ignore]
    ]
    tallies = [[_tally(labels) for labels in (true, pred, true[true == pred])] for true, pred in pairs]
    classes = np.unique(np.concatenate([labels for image in tallies for labels, _ in image]))
    if len(classes) == 0:
        raise UndefinedMetricError("There are no pixels.")
    counts = np.zeros((len(pairs), 3, len(classes)))
    for image, whats in enumerate(tallies):
        for what, (labels, pixels) in enumerate(whats):
            counts[image, what, np.searchsorted(classes, labels)] = pixels
    true_pixels, pred_pixels, shared = counts.transpose(1, 0, 2)
    return shared, true_pixels + pred_pixels - shared


def _tally(labels: Array) -> tuple[Array, Array]:
    """Return the labels that occur, and how often."""
    if labels.dtype.kind in "biu" and labels.size and labels.min() >= 0 and labels.max() < 65_536:
        pixels = np.bincount(labels.ravel())  # many times as fast as sorting
        present = np.flatnonzero(pixels)
        return present, pixels[present]
    return np.unique(labels, return_counts=True)


def _volume_differences(y_true: Any, y_pred: Any) -> Array:
    found = overlaps(y_true, y_pred)
    return _share(np.abs(found.pred - found.true), found.true, otherwise=math.nan)


@metric(
    label="Relative volume difference",
    family="segmentation",
    greater_is_better=False,
    takes="masks",
    high=math.inf,
    aliases={"relative_volume_difference": {}, "rvd": {}},
    influence=influence_of_mean(_volume_differences),
    units="groups",
    sized=False,
)
def relative_volume_error(y_true: Any, y_pred: Any) -> float:
    """Mean over images of the difference in volume, whichever is larger, divided by the true volume.

    Per image ``||P| - |T|| / |T|``. An image with an empty truth is left out.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks.
    Returns: 0 or more, 0 is best. Undefined where the truth of every image is empty.
    Source: Heimann et al., "Comparison and evaluation of methods for liver segmentation from CT datasets", 2009.

    >>> relative_volume_error([[[1, 1], [1, 1]]], [[[1, 1], [1, 0]]])
    0.25
    """
    return mean_over_units(_volume_differences(y_true, y_pred))


def _share(part: Array, whole: Array, *, otherwise: float) -> Array:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), float(otherwise)), where=whole > 0))
