"""Metrics of how far the surfaces of two masks lie apart, in two dimensions or three: each a mean over images.

The surface of a mask is every pixel of it with a neighbour outside, across an edge (in three dimensions, a face) or
across the border of the image. Distances are those between pixels' centres, in the unit of ``spacing``. Where one of
the two masks is empty, its surface counts as the diagonal of the image away: no distance can be longer, so leaving an
image empty never pays. Where both are empty they agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.masks import binary_pairs
from scoring.metrics.registry import Array, MetricParameterError, Param, metric
from scoring.metrics.units import influence_of_mean, mean_over_units

Spacing = str | float | Sequence[float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SpacingParam(Param):
    """A text such as "0.5, 0.5, 2", one number for all axes, or, in Python, a sequence of numbers."""

    def check(self, value: object) -> None:
        _steps(value)


SPACING = _SpacingParam(
    name="spacing",
    kind="label",
    default=None,
    help="How far pixels lie apart: one number, or one an axis with commas between them; none: 1.",
)


def _hausdorffs(y_true: Any, y_pred: Any, *, percentile: float = 100.0, spacing: Spacing = None) -> Array:
    def apart(there: Array, back: Array) -> float:
        return max(_percentile(there, percentile), _percentile(back, percentile))

    return _each_image(y_true, y_pred, spacing=spacing, measure=apart)


@metric(
    label="Hausdorff distance",
    family="segmentation",
    greater_is_better=False,
    takes="masks",
    high=math.inf,
    params=(
        Param(
            name="percentile",
            kind="number",
            default=100.0,
            low=0.0,
            high=100.0,
            help="Which percentile of the distances counts: 100 is the greatest, 95 gives HD95.",
        ),
        SPACING,
    ),
    aliases={
        "hausdorff": {},
        "hausdorff_distance": {},
        "hd": {},
        "hausdorff95": {"percentile": 95},
        "hd{percentile}": {},
    },
    influence=influence_of_mean(_hausdorffs),
    units="groups",
)
def hausdorff_error(y_true: Any, y_pred: Any, *, percentile: float = 100.0, spacing: Spacing = None) -> float:
    """Mean over images of how far a point of one surface may lie from the other surface.

    Per image the greater of the two directed distances: the percentile, over the pixels of one surface, of the
    distance to the nearest pixel of the other.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks; ``percentile``; ``spacing``.
    Returns: 0 or more, in the unit of ``spacing``; 0 is best. Where one mask is empty, the diagonal of the image.
    Source: Huttenlocher, Klanderman & Rucklidge, "Comparing images using the Hausdorff distance", 1993; Maier-Hein et
    al., "Metrics reloaded", 2024.

    >>> hausdorff_error([[[1, 0, 0, 0]]], [[[1, 0, 0, 1]]])
    3.0
    """
    return mean_over_units(_hausdorffs(y_true, y_pred, percentile=percentile, spacing=spacing))


def _mean_distances(y_true: Any, y_pred: Any, *, spacing: Spacing = None) -> Array:
    def apart(there: Array, back: Array) -> float:
        return float((there.sum() + back.sum()) / (len(there) + len(back)))

    return _each_image(y_true, y_pred, spacing=spacing, measure=apart)


@metric(
    label="Average symmetric surface distance",
    family="segmentation",
    greater_is_better=False,
    takes="masks",
    high=math.inf,
    params=(SPACING,),
    aliases={"assd": {}, "average_surface_distance": {}},
    influence=influence_of_mean(_mean_distances),
    units="groups",
)
def surface_distance_error(y_true: Any, y_pred: Any, *, spacing: Spacing = None) -> float:
    """Mean over images of the mean distance from each pixel of either surface to the other surface.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks; ``spacing``.
    Returns: 0 or more, in the unit of ``spacing``; 0 is best. Where one mask is empty, the diagonal of the image.
    Source: Heimann et al., "Comparison and evaluation of methods for liver segmentation from CT datasets", 2009.

    >>> surface_distance_error([[[1, 0, 0, 0]]], [[[1, 0, 0, 1]]])
    1.0
    """
    return mean_over_units(_mean_distances(y_true, y_pred, spacing=spacing))


def _surface_dices(y_true: Any, y_pred: Any, *, tolerance: float = 1.0, spacing: Spacing = None) -> Array:
    def near(there: Array, back: Array) -> float:
        return (np.count_nonzero(there <= tolerance) + np.count_nonzero(back <= tolerance)) / (len(there) + len(back))

    return _each_image(y_true, y_pred, spacing=spacing, measure=near, agree=1.0, missing=0.0)


@metric(
    label="Normalised surface Dice",
    family="segmentation",
    greater_is_better=True,
    takes="masks",
    params=(
        Param(
            name="tolerance",
            kind="number",
            default=1.0,
            low=0.0,
            help="How far surfaces may lie apart and count as the same, in the unit of `spacing`.",
        ),
        SPACING,
    ),
    aliases={"nsd": {}, "surface_dice": {}, "nsd_tol{tolerance}": {}, "nsd@{tolerance}": {}},
    influence=influence_of_mean(_surface_dices),
    units="groups",
)
def surface_dice_score(y_true: Any, y_pred: Any, *, tolerance: float = 1.0, spacing: Spacing = None) -> float:
    """Mean over images of the share of both surfaces that lies within a tolerance of the other.

    Parameters: ``y_true`` and ``y_pred``, sequences of masks; ``tolerance``; ``spacing``.
    Returns: 0 to 1, 1 is best. Where one mask is empty 0, where both are 1.
    Source: Nikolov et al., "Clinically applicable segmentation of head and neck anatomy", 2021 (there in areas, here
    in pixels).

    >>> surface_dice_score([[[1, 0, 0, 0]]], [[[0, 1, 0, 1]]])
    0.6666666666666666
    """
    return mean_over_units(_surface_dices(y_true, y_pred, tolerance=tolerance, spacing=spacing))


def _each_image(
    y_true: Any,
    y_pred: Any,
    *,
    spacing: Spacing,
    measure: Callable[[Array, Array], float],
    agree: float = 0.0,
    missing: float | None = None,
) -> Array:
    """Return ``measure`` of the distances there and back for each image.

    ``agree`` is the value where both masks are empty, ``missing`` (None: the image's diagonal) where one is.
    """
    values = []
    for true, pred in binary_pairs(y_true, y_pred):
        steps = _steps_of_axes(spacing, axes=true.ndim)
        if true.any() and pred.any():
            values.append(measure(*_distances(true, pred, steps=steps)))
        elif true.any() or pred.any():
            values.append(math.hypot(*(true.shape * steps)) if missing is None else missing)
        else:
            values.append(agree)
    return np.array(values, dtype=np.float64)


def _distances(true: Array, pred: Array, *, steps: Array) -> tuple[Array, Array]:
    """Return the distance of each surface pixel of the truth to the other surface, and the other way round."""
    from scipy import ndimage  # noqa: PLC0415 - takes longer to import than most metrics take

    # Nothing outside the box around both can be nearest, and most of an image often is outside.
    box = ndimage.find_objects((true | pred).astype(np.int8))[0]
    surfaces = [mask[box] & ~ndimage.binary_erosion(mask[box]) for mask in (true, pred)]
    to_true, to_pred = (ndimage.distance_transform_edt(~surface, sampling=steps) for surface in surfaces)
    return to_pred[surfaces[0]], to_true[surfaces[1]]


def _percentile(values: Array, percentile: float) -> float:
    """Return the percentile, interpolated linearly; np.percentile takes longer for this than finding the surfaces."""
    ordered = np.sort(values)
    place = (len(ordered) - 1) * percentile / 100
    below = math.floor(place)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return float(low + (high - low) * (place - below))


def _steps_of_axes(spacing: Spacing, *, axes: int) -> Array:
    steps = _steps(spacing)
    if len(steps) not in {1, axes}:
        raise MetricParameterError(f"`spacing` has {len(steps)} numbers, and an image has {axes} axes.")
    return np.broadcast_to(steps, axes)


def _steps(spacing: object) -> Array:
    if spacing is None:
        return np.ones(1)
    parts = spacing.replace(",", " ").split() if isinstance(spacing, str) else spacing
    try:
        steps = np.atleast_1d(np.asarray(parts, dtype=np.float64))
    except (TypeError, ValueError):
        steps = np.zeros(0)
    if isinstance(spacing, bool) or steps.ndim != 1 or len(steps) == 0 or not _all_positive(steps):
        raise MetricParameterError(f"`spacing` is `{spacing}`, expected numbers above 0, one for all axes or one each.")
    return steps


def _all_positive(steps: Array) -> bool:
    return bool((np.isfinite(steps) & (steps > 0)).all())
