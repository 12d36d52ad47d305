"""Masks: known values, surfaces by brute force, run lengths with their mistakes, and the edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from scoring.metrics import MetricInputError, MetricParameterError, UndefinedMetricError, find, overlap
from scoring.metrics.containers import Masks
from scoring.metrics.masks import rle_decode, rle_encode, runs_of

Array = NDArray[Any]
quick = settings(max_examples=30, deadline=None)
TRUTH = np.zeros((8, 8), dtype=int)
TRUTH[1:5, 1:5] = 1
PRED = np.zeros((8, 8), dtype=int)
PRED[2:6, 2:7] = 1
KNOWN = {
    "dice": 0.5,
    "iou": 0.3333333333333333,
    "pixel_accuracy": 0.71875,
    "relative_volume_difference": 0.25,
    "hausdorff": 2.23606797749979,
    "assd": 1.040942119317153,
    "nsd_tol1": 0.7692307692307693,
    "hd95": 2.0826237921249264,
}
EMPTY, FULL = np.zeros((3, 4), dtype=bool), np.ones((3, 4), dtype=bool)


def score(name: str, truth: Any, pred: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(truth, pred, **{**params, **options})


def as_texts(masks: list[Array]) -> Masks:
    return Masks(np.array([rle_encode(mask) for mask in masks], dtype=object), np.array([mask.shape for mask in masks]))


@pytest.mark.parametrize("name", KNOWN)
def test_a_mask_metric_has_its_known_value_for_one_image_and_for_sequences(name: str) -> None:
    for truth, pred in ((TRUTH, PRED), (TRUTH.tolist(), PRED.tolist()), ([TRUTH > 0], [PRED > 0])):
        assert score(name, truth, pred) == pytest.approx(KNOWN[name], abs=1e-9)
    assert score(name, as_texts([TRUTH]), as_texts([PRED])) == pytest.approx(KNOWN[name], abs=1e-9)
    assert score(name, np.array([TRUTH, TRUTH]), np.array([PRED, PRED])) == pytest.approx(KNOWN[name], abs=1e-9)


def test_run_lengths_count_from_1_down_the_columns() -> None:
    assert rle_encode(TRUTH) == "10 4 18 4 26 4 34 4"
    assert rle_encode(PRED) == "19 4 27 4 35 4 43 4 51 4"
    assert (rle_decode("10 4 18 4 26 4 34 4", (8, 8)) == TRUTH).all()
    assert rle_encode(EMPTY) == ""
    assert not rle_decode("", (3, 4)).any()
    assert rle_encode(FULL) == "1 12"
    assert rle_decode(" 1  5\n6 7 ", (3, 4)).all()


@quick
@given(seed=st.integers(0, 2**32 - 1), shape=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple))
def test_what_is_encoded_is_decoded_again(seed: int, shape: tuple[int, ...]) -> None:
    mask = np.random.default_rng(seed).random(shape) < 0.4
    assert (rle_decode(rle_encode(mask), shape) == mask).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3", r"The mask: holds 3 numbers, expected pairs"),
        ("1 x", r"holds `x`, expected a whole number"),
        ("1.5 2", r"holds `1.5`, expected a whole number"),
        ("-1 2", r"holds `-1`, expected a whole number"),
        ("1\N{ARABIC-INDIC DIGIT TWO} 2", r"expected a whole number"),
        (f"{'9' * 30} 1", r"holds `9+`, expected a whole number"),
        ("0 1", r"run 1 \(`0 1`\) must have a start and a length of at least 1"),
        ("1 0", r"run 1 \(`1 0`\) must have a start and a length of at least 1"),
        ("1 2 4 10", r"run 2 \(`4 10`\) ends after the last pixel, 12"),
        ("13 1", r"run 1 \(`13 1`\) ends after the last pixel, 12"),
        (f"{'9' * 18} {'9' * 18}", r"ends after the last pixel, 12"),
        ("1 3 3 1", r"run 2 \(`3 1`\) begins before the run before it has ended, at 3"),
        ("5 1 1 1", r"run 2 \(`1 1`\) begins before"),
    ],
)
def test_a_mistake_in_a_run_length_code_is_named(text: str, message: str) -> None:
    with pytest.raises(MetricInputError, match=message):
        rle_decode(text, (3, 4))
    with pytest.raises(MetricInputError, match="Mask 1: "):
        runs_of(["1 1 3 1", text], np.array([12, 12]))


@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_overlaps_of_runs_are_those_of_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    shapes = random.integers(1, 6, (5, 2))
    truth, pred = ([random.random(shape) < random.random() for shape in shapes] for _ in range(2))
    for name in ("dice", "iou", "pixel_accuracy"):
        value = score(name, as_texts(truth), as_texts(pred))
        assert value == pytest.approx(score(name, truth, pred), abs=1e-12)
        assert value == pytest.approx(score(name, truth, as_texts(pred)), abs=1e-12)


def surface(mask: Array) -> Array:
    """Pixels with a neighbour outside, looked at one by one."""
    found = []
    for place in np.argwhere(mask):
        for axis in range(mask.ndim):
            for step in (-1, 1):
                beside = place.copy()
                beside[axis] += step
                inside = 0 <= beside[axis] < mask.shape[axis]
                if not inside or not mask[tuple(beside)]:
                    found.append(tuple(place))
    return np.array(sorted(set(found)), dtype=float)


@pytest.mark.parametrize("axes", [2, 3])
@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_surfaces_are_as_far_apart_as_brute_force_finds(axes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    shape, steps = random.integers(2, 6, axes), random.uniform(0.5, 2, axes)
    truth, pred = (random.random(shape) < random.uniform(0.1, 0.9) for _ in range(2))
    truth[tuple(random.integers(0, shape))] = pred[tuple(random.integers(0, shape))] = True
    apart = cdist(surface(truth) * steps, surface(pred) * steps)
    there, back = apart.min(axis=1), apart.min(axis=0)
    both = np.concatenate([there, back])
    expected = {
        "hausdorff": both.max(),
        "hd95": max(np.percentile(there, 95), np.percentile(back, 95)),
        "hd50": max(np.percentile(there, 50), np.percentile(back, 50)),
        "assd": both.mean(),
        "nsd_tol0.7": (both <= 0.7).mean(),
    }
    for name, value in expected.items():
        assert score(name, [truth], [pred], spacing=steps.tolist()) == pytest.approx(value, abs=1e-9)


def test_spacing_is_a_number_a_text_or_a_sequence() -> None:
    for spacing in (2, "2", "2, 2", (2.0, 2.0)):
        assert score("hausdorff", TRUTH, PRED, spacing=spacing) == pytest.approx(2 * KNOWN["hausdorff"])
    for spacing in ("2, 2, 2", (1.0, 2.0, 3.0)):
        with pytest.raises(MetricParameterError, match="has 3 numbers, and an image has 2 axes"):
            score("assd", TRUTH, PRED, spacing=spacing)
    for wrong in (0, "x", "", (1, -1), True, {}):
        with pytest.raises(MetricParameterError, match="expected numbers above 0"):
            score("nsd", TRUTH, PRED, spacing=wrong)


@pytest.mark.parametrize(
    ("name", "both_empty", "missed", "invented"),
    [
        ("dice", 1.0, 0.0, 0.0),
        ("dice_both_empty", 1.0, 0.0, 0.0),
        ("iou", 1.0, 0.0, 0.0),
        ("pixel_accuracy", 1.0, 0.0, 0.0),
        ("nsd", 1.0, 0.0, 0.0),
        ("hausdorff", 0.0, 5.0, 5.0),
        ("hd95", 0.0, 5.0, 5.0),
        ("assd", 0.0, 5.0, 5.0),
        ("miou", 1.0, 0.0, 0.0),
    ],
)
def test_empty_masks_are_decided(name: str, both_empty: float, missed: float, invented: float) -> None:
    assert score(name, [EMPTY], [EMPTY]) == both_empty
    assert score(name, [FULL], [EMPTY]) == missed
    assert score(name, [EMPTY], [FULL]) == invented


def test_a_host_may_say_what_two_empty_masks_count() -> None:
    assert score("dice", [EMPTY, FULL], [EMPTY, FULL], empty=0.0) == 0.5
    assert score("iou", as_texts([EMPTY, FULL]), as_texts([EMPTY, FULL]), empty=0) == 0.5


def test_volumes_leave_out_images_without_truth() -> None:
    assert score("rvd", [EMPTY, FULL], [FULL, EMPTY]) == 1.0
    psi = find("rvd")[0].influence_values([EMPTY, FULL, FULL], [FULL, EMPTY, FULL])
    assert psi.tolist() == [0.0, 0.75, -0.75]
    with pytest.raises(UndefinedMetricError):
        score("rvd", [EMPTY], [FULL])


@quick
@given(seed=st.integers(0, 2**32 - 1))
def test_labels_of_pixels_are_counted_as_by_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth, pred = (random.integers(0, 5, (3, 4, 4)) * 7 for _ in range(2))
    expected = oracle.jaccard_score(truth.ravel(), pred.ravel(), average="macro")
    assert score("miou", truth, pred) == pytest.approx(expected, abs=1e-12)
    assert score("pixel_accuracy", truth, pred) == pytest.approx((truth == pred).mean(), abs=1e-12)
    kept = truth != 14
    expected = oracle.jaccard_score(truth[kept], pred[kept], average="macro")
    assert score("miou", truth, pred, ignore=14) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["dice", "iou", "hausdorff", "assd", "nsd", "rvd", "pixel_accuracy", "miou"])
def test_what_is_no_pair_of_masks_is_refused(name: str) -> None:
    with pytest.raises(MetricInputError, match="y_true has 2 rows and y_pred has 1"):
        score(name, [FULL, FULL], [FULL])
    with pytest.raises(MetricInputError, match=r"Image 0 has shape \(3, 4\) in y_true and \(4, 3\) in y_pred"):
        score(name, [FULL], [FULL.T])
    with pytest.raises(MetricInputError, match="Image 0 holds NaN"):
        score(name, [FULL], [np.where(FULL, math.nan, 0)])
    with pytest.raises(UndefinedMetricError):
        score(name, [], [])
    if name not in {"miou", "pixel_accuracy"}:
        with pytest.raises(MetricInputError, match="y_pred, image 1, holds values other than 0 and 1"):
            score(name, [FULL, FULL], [FULL, FULL * 2])


def test_masks_as_text_must_be_of_the_same_images() -> None:
    with pytest.raises(MetricInputError, match="Image 1 does not have the same shape"):
        score("dice", as_texts([FULL, FULL]), as_texts([FULL, FULL.T]))
    with pytest.raises(MetricInputError, match="rows"):
        score("dice", as_texts([FULL, FULL]), as_texts([FULL]))
    with pytest.raises(UndefinedMetricError):
        score("dice", as_texts([]), as_texts([]))


@pytest.mark.parametrize("name", ["dice", "iou", "pixel_accuracy", "rvd", "miou", "hd95", "nsd"])
def test_standard_errors_of_masks_agree_with_a_bootstrap_over_images(name: str) -> None:
    random = np.random.default_rng(8)
    images = 400 if name not in {"hd95", "nsd"} else 60
    truth = random.random((images, 6, 6)) < random.uniform(0.3, 0.7, (images, 1, 1))
    pred = truth ^ (random.random(truth.shape) < random.uniform(0.05, 0.4, (images, 1, 1)))
    entry, params = find(name)
    psi = entry.influence_values(truth, pred, **params)
    assert psi.mean() == pytest.approx(0, abs=1e-12)
    if name == "miou":
        shared, either = overlap._class_counts(truth, pred, ignore=None)
        drawn = random.multinomial(images, np.full(images, 1 / images), size=1000)
        values = ((drawn @ shared) / (drawn @ either)).mean(axis=1)
    else:
        each = np.array([score(name, [one], [other]) for one, other in zip(truth, pred, strict=True)])
        values = [each[random.integers(0, images, images)].mean() for _ in range(1000)]
    assert psi.std(ddof=1) / math.sqrt(images) == pytest.approx(np.std(values, ddof=1), rel=0.15)
