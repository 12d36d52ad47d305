"""Masks of images: Kaggle's run-length code, and pairs of truth and prediction however they are given.

A run-length code is text: ``start length start length …``, where pixels are numbered from 1 down the first column, then
down the second. Runs stand in order and do not overlap; an empty text is an empty mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.containers import Masks, same_groups
from scoring.metrics.registry import Array, MetricInputError, UndefinedMetricError

DIGITS = 18  # what an int64 holds for certain


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of all images on one line, on which image ``i`` begins where the ones before it end.

    ``image``, ``begin`` and ``end`` (from 0, the end not included) have shape (runs,); ``sizes`` of shape (images,) are
    the pixels of each image.
    """

    image: Array
    begin: Array
    end: Array
    sizes: Array

    def pixels(self) -> Array:
        """Return how many pixels of each image are set."""
        return np.bincount(self.image, weights=self.end - self.begin, minlength=len(self.sizes))

    def shared(self, other: Runs) -> Array:
        """Return how many pixels of each image are set in both, without looking at a pixel."""
        shared = other.set_before(self.end) - other.set_before(self.begin)
        return np.bincount(self.image, weights=shared, minlength=len(self.sizes))

    def set_before(self, places: Array) -> Array:
        """Return how many pixels of the whole line are set before each place."""
        if len(self.begin) == 0:
            return np.zeros(len(places), dtype=np.int64)
        lengths = np.cumsum(self.end - self.begin)
        run = np.searchsorted(self.begin, places, side="right") - 1
        # What lies behind a place in the last run that begins before it does not count.
        return np.where(run < 0, 0, lengths[run] - np.maximum(self.end[run] - places, 0))


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pixels set in the truth, in the prediction and in both, and all pixels; each of shape (images,)."""

    true: Array
    pred: Array
    both: Array
    size: Array


def rle_decode(text: str, shape: Sequence[int]) -> Array:
    """Return the mask of this shape as booleans. Raises MetricInputError that names the wrong number or run.

    >>> rle_decode("1 2 6 1", (2, 3)).astype(int)
    array([[1, 0, 0],
           [1, 0, 1]])
    """
    runs = runs_of([text], np.array([np.prod(shape, dtype=np.int64)]))
    change = np.zeros(int(runs.sizes[0]) + 1, dtype=np.int8)
    change[runs.begin] += 1
    change[runs.end] -= 1  # where a run ends and the next begins, both cancel out
    return np.cumsum(change[:-1]).astype(np.bool_).reshape(tuple(shape), order="F")


def rle_encode(mask: Any) -> str:
    """Return the run-length code of a mask of booleans, or of 0 and 1.

    >>> rle_encode([[1, 0, 0], [1, 0, 1]])
    '1 2 6 1'
    """
    flat = as_binary(np.asarray(mask), name="mask").ravel(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8)))
    begin, end = edges[::2], edges[1::2]
    return " ".join(map(str, np.column_stack([begin + 1, end - begin]).ravel().tolist()))


def runs_of(texts: Sequence[str], sizes: Array) -> Runs:
    """Return the runs of masks with so many pixels. Raises MetricInputError for the first that is wrong."""
    values, counts = _numbers(texts)
    odd = np.flatnonzero(counts % 2)
    if len(odd):
        _refuse(odd[0], f"holds {counts[odd[0]]} numbers, expected pairs of start and length", texts)
    image = np.repeat(np.arange(len(texts)), counts // 2)
    start, length = values[::2], values[1::2]
    room = sizes[image] if len(image) else length
    first = np.append(True, image[1:] != image[:-1])[: len(image)]
    _check_runs(start, length, room=room, first=first, image=image, texts=texts)
    begin = start - 1 + (np.cumsum(sizes) - sizes)[image]
    return Runs(image, begin, begin + length, sizes)


def overlaps(y_true: Any, y_pred: Any) -> Overlaps:
    """Return how the masks of each image overlap. Raises UndefinedMetricError where there are no images.

    Takes sequences of masks, one an image (arrays of booleans or of 0 and 1, of any shape), a pair of arrays of two
    dimensions for a single image, or of class Masks; two of class Masks are compared without decoding them.
    """
    if isinstance(y_true, Masks) and isinstance(y_pred, Masks):
        return _overlaps_of_runs(y_true, y_pred)
    counts = [
        (np.count_nonzero(true), np.count_nonzero(pred), np.count_nonzero(true & pred), true.size)
        for true, pred in binary_pairs(y_true, y_pred)
    ]
    return Overlaps(*np.array(counts, dtype=np.float64).T)


def binary_pairs(y_true: Any, y_pred: Any) -> Iterator[tuple[Array, Array]]:
    """Yield truth and prediction of one image after the other as booleans; takes what :func:`overlaps` takes."""
    for image, (true, pred) in enumerate(label_pairs(y_true, y_pred)):
        yield as_binary(true, name=f"y_true, image {image},"), as_binary(pred, name=f"y_pred, image {image},")


def label_pairs(y_true: Any, y_pred: Any) -> Iterator[tuple[Array, Array]]:
    """Yield truth and prediction of one image after the other, as they are; their shapes agree."""
    pair = _images(y_true), _images(y_pred)
    same_groups(*pair)
    if len(pair[0]) == 0:
        raise UndefinedMetricError("There are no images.")
    for image in range(len(pair[0])):
        true, pred = _image(pair[0], image), _image(pair[1], image)
        if true.shape != pred.shape:
            raise MetricInputError(f"Image {image} has shape {true.shape} in y_true and {pred.shape} in y_pred.")
        if any(array.dtype.kind not in "biu" and not _finite(array) for array in (true, pred)):
            raise MetricInputError(f"Image {image} holds NaN, infinite values, or no numbers.")
        yield true, pred


def as_binary(mask: Array, *, name: str) -> Array:
    """Return a mask as booleans, refusing values other than 0 and 1."""
    if mask.dtype == np.bool_:
        return mask
    if mask.dtype.kind not in "iuf" or not ((mask == 0) | (mask == 1)).all():
        raise MetricInputError(f"{name} holds values other than 0 and 1.")
    return mask.astype(np.bool_)


def _overlaps_of_runs(y_true: Masks, y_pred: Masks) -> Overlaps:
    same_groups(y_true, y_pred)
    if len(y_true) == 0:
        raise UndefinedMetricError("There are no images.")
    different = np.flatnonzero((y_true.shapes != y_pred.shapes).any(axis=1))
    if len(different):
        raise MetricInputError(f"Image {different[0]} does not have the same shape in y_true and y_pred.")
    sizes = y_true.shapes.astype(np.int64).prod(axis=1)
    true, pred = (runs_of(masks.texts.tolist(), sizes) for masks in (y_true, y_pred))
    return Overlaps(true.pixels(), pred.pixels(), true.shared(pred), sizes.astype(np.float64))


def _images(values: Any) -> Masks | Sequence[Any]:
    if isinstance(values, Masks):
        return values
    images = list(values)
    one = len(images) > 0 and np.ndim(images[0]) == 1
    return [values] if one else images


def _image(images: Masks | Sequence[Any], image: int) -> Array:
    if isinstance(images, Masks):
        return rle_decode(images.texts[image], images.shapes[image].tolist())
    return np.asarray(images[image])


def _finite(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all())


def _numbers(texts: Sequence[str]) -> tuple[Array, Array]:
    """Return all numbers of all texts, and how many each text holds."""
    if not _plain(texts):
        texts = [_tidied(text, place=place, texts=texts) for place, text in enumerate(texts)]
    counts = np.array([text.count(" ") + 1 if text else 0 for text in texts], dtype=np.int64)
    joined = " ".join(filter(None, texts))
    values = np.fromstring(joined, dtype=np.int64, sep=" ") if joined else np.zeros(0, dtype=np.int64)
    return values, counts


def _plain(texts: Sequence[str]) -> bool:
    """Return whether all texts are whole numbers with one space between them, as nearly all files have them."""
    joined = " ".join(filter(None, texts))
    if not joined.isascii():
        return False
    letters = np.frombuffer(f" {joined} ".encode() if joined else b"", dtype=np.uint8)
    space = letters == ord(" ")
    if not (space | ((letters >= ord("0")) & (letters <= ord("9")))).all():
        return False
    apart = np.diff(np.flatnonzero(space))
    return bool(((apart > 1) & (apart <= DIGITS + 1)).all())


def _tidied(text: str, *, place: int, texts: Sequence[str]) -> str:
    words = text.split()
    for word in words:
        if not (word.isascii() and word.isdigit()) or len(word) > DIGITS:
            _refuse(place, f"holds `{word[:40]}`, expected a whole number of at least 1", texts)
    return " ".join(words)


def _check_runs(start: Array, length: Array, *, room: Array, first: Array, image: Array, texts: Sequence[str]) -> None:
    before = np.concatenate([[1], (start + length)[:-1]])[: len(start)]
    wrong = (start < 1) | (length < 1) | (start > room) | (length > room - start + 1) | (~first & (start < before))
    if not wrong.any():
        return
    run = int(np.flatnonzero(wrong)[0])
    number = run - int(np.flatnonzero(first[: run + 1])[-1]) + 1
    what = f"run {number} (`{start[run]} {length[run]}`)"
    if start[run] < 1 or length[run] < 1:
        _refuse(image[run], f"{what} must have a start and a length of at least 1", texts)
    if start[run] > room[run] or length[run] > room[run] - start[run] + 1:
        _refuse(image[run], f"{what} ends after the last pixel, {room[run]}", texts)
    _refuse(image[run], f"{what} begins before the run before it has ended, at {before[run] - 1}", texts)


def _refuse(place: int, what: str, texts: Sequence[str]) -> None:
    raise MetricInputError(f"{f'Mask {place}' if len(texts) > 1 else 'The mask'}: {what}.")
