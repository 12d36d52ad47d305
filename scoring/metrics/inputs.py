"""What several families share: checks of the arrays they are given, labels, weighted means."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import numpy as np

from scoring.metrics.registry import Array, MetricError, MetricInputError, UndefinedMetricError


def extra_module(name: str, *, extra: str, metric: str) -> ModuleType:
    """Return the module ``name`` that ``metric`` needs. Raises MetricError with what to install where it is missing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MetricError(f"`{metric}` needs the extra `{extra}`: pip install 'podium[{extra}]'.") from error


def numbers(values: Any, *, name: str) -> Array:
    """Return ``values`` as float64, refusing what is no number or not finite."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricInputError(f"{name} {_no_numbers(values)}") from error
    if not np.isfinite(array).all():
        raise MetricInputError(f"{name} holds NaN or infinite values.")
    return array


def _no_numbers(values: Any) -> str:
    """Say what in ``values`` is no number: the first cell or row that is none, or their lengths."""
    for cell in values if hasattr(values, "__len__") else [values]:
        try:
            np.asarray(cell, dtype=np.float64)
        except (TypeError, ValueError):
            return f"holds `{str(cell)[:40]}`, expected numbers."
    return "has rows of different lengths."


def even(values: Any, *, name: str) -> Array:
    """Return ``values`` as an array of what they are, refusing rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise MetricInputError(f"{name} has rows of different lengths.") from error


def same_length(y_true: Array, y_pred: Array) -> None:
    """Refuse arrays of different length, and empty ones."""
    if len(y_true) != len(y_pred):
        raise MetricInputError(f"y_true has {len(y_true)} rows and y_pred has {len(y_pred)}.")
    if len(y_true) == 0:
        raise UndefinedMetricError("There are no rows.")


def weight_of(sample_weight: Any, *, rows: int) -> Array | None:
    """Return weights as float64 of shape (rows,), or None."""
    if sample_weight is None:
        return None
    weight = numbers(sample_weight, name="sample_weight")
    if weight.shape != (rows,):
        raise MetricInputError(f"sample_weight has shape {weight.shape}, expected ({rows},).")
    if (weight < 0).any() or not weight.sum() > 0:
        raise MetricInputError("sample_weight must not be negative and not all zero.")
    return weight


def label_pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return two label arrays of shape (rows,), refusing NaN, and text beside numbers."""
    true, pred = label_column(y_true, name="y_true"), label_column(y_pred, name="y_pred")
    same_length(true, pred)
    if (true.dtype.kind in "US") != (pred.dtype.kind in "US"):
        raise MetricInputError("One of y_true and y_pred holds text, the other numbers.")
    return true, pred


def label_column(values: Any, *, name: str) -> Array:
    """Return labels of shape (rows,), refusing NaN; whole numbers as integers."""
    array = even(values, name=name)
    if array.ndim != 1:
        raise MetricInputError(f"{name} has shape {array.shape}, expected one column of labels.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise MetricInputError(f"{name} holds NaN or infinite values.")
    return _whole(array)


def _whole(labels: Array) -> Array:
    """Return labels such as 2.0 and True as integers, which are much faster to count."""
    if labels.dtype.kind == "b":
        return labels.astype(np.int8)
    if labels.dtype.kind != "f" or not len(labels) or np.abs(labels).max() > 2**53:
        return labels
    whole = labels.astype(np.int64)
    return whole if (whole == labels).all() else labels


def text_pair(y_true: Any, y_pred: Any) -> tuple[list[str], list[str]]:
    """Return two lists of texts of one length, refusing what is not text."""
    pair = list(y_true), list(y_pred)
    for values, name in zip(pair, ("y_true", "y_pred"), strict=True):
        wrong = [value for value in values if not isinstance(value, str)]
        if wrong:
            raise MetricInputError(f"{name} holds `{str(wrong[0])[:40]}`, expected text.")
    if len(pair[0]) != len(pair[1]):
        raise MetricInputError(f"y_true has {len(pair[0])} rows and y_pred has {len(pair[1])}.")
    if not pair[0]:
        raise UndefinedMetricError("There are no rows.")
    return pair


def encode(y_true: Array, y_pred: Array) -> tuple[Array, Array, Array]:
    """Return the sorted labels of both arrays together, and both arrays as positions in it."""
    if y_true.dtype.kind in "iu" and y_pred.dtype.kind in "iu":
        low, high = int(min(y_true.min(), y_pred.min())), int(max(y_true.max(), y_pred.max()))
        if high - low < 65_536:
            return _encode_small(y_true, y_pred, low=low, width=high - low + 1)
    labels, codes = np.unique(np.concatenate([y_true, y_pred]), return_inverse=True)
    return labels, codes[: len(y_true)], codes[len(y_true) :]


def _encode_small(y_true: Array, y_pred: Array, *, low: int, width: int) -> tuple[Array, Array, Array]:
    # Counting is some twenty times as fast as sorting, and class labels nearly always lie close together.
    true, pred = y_true.astype(np.int64) - low, y_pred.astype(np.int64) - low
    present = np.bincount(true, minlength=width) + np.bincount(pred, minlength=width) > 0
    labels = np.flatnonzero(present) + low
    if len(labels) == width:
        return labels, true, pred
    position = np.cumsum(present) - 1
    return labels, position[true], position[pred]


def mean(values: Array, *, weight: Array | None) -> float:
    """Return the weighted mean over rows, then the plain mean over outputs."""
    return float(np.mean(np.average(values, axis=0, weights=weight)))
