"""The truth of a reference: what its target columns hold, by the kind of the spec, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.cells import read_numbers
from scoring.errors import Findings, HostError, listed, shown
from scoring.layouts.beside import numbers_beside
from scoring.layouts.boxes import true_boxes
from scoring.layouts.lists import relevances, true_lists
from scoring.layouts.masks import check_masks, read_masks
from scoring.layouts.units import Units
from scoring.metrics.containers import Boxes, Lists, Masks
from scoring.metrics.registry import Array
from scoring.reading import Table, first_empty, values_of
from scoring.spec import ScorerSpec
from scoring.spec_fields import MOST_PIXELS

CONTAINERS: dict[str, Any] = {kind.__name__: kind for kind in (Lists, Boxes, Masks)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth of all units, and the vocabulary of what it holds: see the fields of the same name of a reference."""

    values: Any
    texts: tuple[str, ...] | None = None
    labels: tuple[int, ...] | None = None
    items: pa.Array | None = None


def columns_of_truth(spec: ScorerSpec) -> tuple[list[str], list[str]]:
    """Return the target columns that are read as text, and those that are read as numbers where they can be."""
    if spec.kind in {"text", "masks"} or (spec.kind == "lists" and spec.layout == "rows" and not spec.graded):
        return list(spec.target), []
    if spec.kind == "boxes":
        return [spec.target[0]], list(spec.target[1:])
    return [], list(spec.target)


def read_truth(table: Table, *, spec: ScorerSpec, units: Units) -> Truth:
    """Return the truth. Raises HostError, or SubmissionError about a cell of the reference."""
    if spec.kind == "text":
        return Truth(values=objects(table.text(spec.target[0])))
    if spec.kind == "masks":
        return _masks(table, spec=spec, units=units)
    if spec.graded:
        return _relevances(table, spec=spec)
    if spec.kind in {"lists", "boxes"}:
        return _containers(table, spec=spec, units=units)
    return _plain(table, spec=spec)


def objects(text: pa.Array) -> Array:
    """Return texts as an array of Python's."""
    values = np.empty(len(text), dtype=object)
    values[:] = text.to_pylist()
    return values


def pack(truth: Any) -> tuple[str, dict[str, Array | None], dict[str, pa.Array]]:
    """Return what a truth is, and its arrays and columns of text by name."""
    if not is_dataclass(truth):
        if truth.dtype.kind == "O":
            return "texts", {}, {"truth": pa.array(truth.tolist(), pa.string())}
        return "array", {"truth": truth}, {}
    parts = {f"truth_{item.name}": getattr(truth, item.name) for item in fields(truth)}
    texts = {name: pa.array(part.tolist(), pa.string()) for name, part in parts.items() if _is_text(part)}
    return type(truth).__name__, {name: part for name, part in parts.items() if name not in texts}, texts


def unpack(what: str, *, arrays: Mapping[str, Array], texts: Mapping[str, pa.Array]) -> Any:
    """Return the truth that :func:`pack` took apart."""
    if what == "array":
        return arrays["truth"]
    if what == "texts":
        return objects(texts["truth"])
    kind = CONTAINERS[what]
    parts = {item.name: arrays.get(f"truth_{item.name}") for item in fields(kind)}
    return kind(**parts | {name: objects(texts[f"truth_{name}"]) for name in parts if f"truth_{name}" in texts})


def _is_text(part: Any) -> bool:
    return part is not None and part.dtype.kind == "O"


def _masks(table: Table, *, spec: ScorerSpec, units: Units) -> Truth:
    findings = Findings()
    whole = _shapes(table, spec=spec, units=units)
    text = read_masks(table, spec.target[0], findings=findings)
    if not findings.mistakes:
        check_masks(table, spec.target[0], text, whole.prod(axis=1), findings=findings)
    findings.raise_any()
    return Truth(values=Masks(objects(text), whole))


def _shapes(table: Table, *, spec: ScorerSpec, units: Units) -> Array:
    """Return height and width of each image; of all the most that there may be where the spec does not tell."""
    names = [name for name in spec.shape or () if isinstance(name, str)]
    if not names:
        return np.tile(np.array(spec.shape or (MOST_PIXELS, MOST_PIXELS), dtype=np.int64), (len(units), 1))
    shapes = np.stack([numbers_beside(table, name, units=units) for name in names], axis=1)
    wrong = np.flatnonzero(((shapes < 1) | (shapes != np.floor(shapes)) | (shapes > MOST_PIXELS)).any(axis=1))
    if len(wrong):
        message = f"In the reference, height and width must be whole numbers of 1 to {MOST_PIXELS:,} pixels."
        raise HostError("reference_shape", message, row=table.line(int(wrong[0])), column=names[0])
    return shapes.astype(np.int64)


def _containers(table: Table, *, spec: ScorerSpec, units: Units) -> Truth:
    findings = Findings()
    if spec.kind == "lists":
        lists, items = true_lists(table, spec=spec, codes=units.codes, units=len(units), findings=findings)
        findings.raise_any()
        return Truth(values=lists, items=items)
    if units.codes is None:
        raise RuntimeError("boxes have a layout of several rows for each id")
    boxes, known = true_boxes(table, spec=spec, codes=units.codes, units=len(units), findings=findings)
    findings.raise_any()
    return Truth(values=boxes, texts=known)


def _relevances(table: Table, *, spec: ScorerSpec) -> Truth:
    findings = Findings()
    values = relevances(table, spec.target[0], findings=findings)
    findings.raise_any()
    return Truth(values=values)


def _plain(table: Table, *, spec: ScorerSpec) -> Truth:
    if spec.wants_labels and len(spec.target) == 1:
        return _labels(table, table.numbers(spec.target[0]), spec=spec)
    findings = Findings()
    read = [read_numbers(table, name, expected="a number", findings=findings) for name in spec.target]
    findings.raise_any()
    values = [column for column in read if column is not None]
    stacked = values[0] if len(values) == 1 else np.stack(values, axis=1)
    if spec.multilabel:
        return Truth(values=_zeros_and_ones(table, stacked, spec=spec))
    return Truth(values=stacked)


def _zeros_and_ones(table: Table, values: Array, *, spec: ScorerSpec) -> Array:
    wrong = np.argwhere((values != 0) & (values != 1))
    if len(wrong):
        row, column = table.line(int(wrong[0][0])), spec.target[int(wrong[0][1])]
        message = f"In the reference, column {shown(column)} must hold 1 where a row has the label, and 0 else."
        raise HostError("reference_target", message, row=row, column=column)
    return values.astype(np.int64)


def _labels(table: Table, column: Array | None, *, spec: ScorerSpec) -> Truth:
    numeric = spec.classes is None or isinstance(spec.classes[0], int)
    if column is not None and numeric and (column == np.floor(column)).all() and np.abs(column).max() < 2**53:
        whole = column.astype(np.int64)
        known = distinct(whole)
        _check_classes(known.tolist(), spec=spec)
        return Truth(values=whole, labels=tuple(known.tolist()) if len(known) <= 1000 else None)
    text = table.text(spec.target[0])
    empty = first_empty(text)
    if empty >= 0:
        raise HostError(
            "reference_target", "In the reference, a label is empty.", row=table.line(empty), column=spec.target[0]
        )
    return _text_labels(text, spec=spec)


def distinct(values: Array) -> Array:
    """Return the different whole numbers among ``values``, sorted."""
    low, high = int(values.min()), int(values.max())
    # Counting is some twenty times as fast as sorting, and class labels nearly always lie close together.
    if high - low > 65_536:
        return np.unique(values)
    return np.flatnonzero(np.bincount(values - low)) + low


def _text_labels(text: pa.Array, *, spec: ScorerSpec) -> Truth:
    encoded = text.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    _check_classes(names, spec=spec)
    every = sorted({*names, *map(str, spec.classes or ())})
    position = np.array([every.index(name) for name in names]) if len(names) < 1000 else _positions(names, every)
    return Truth(values=position[values_of(encoded.indices, dtype=np.dtype(np.int32))], texts=tuple(every))


def _positions(names: list[str], every: list[str]) -> Array:
    place = {name: index for index, name in enumerate(every)}
    return np.array([place[name] for name in names])


def _check_classes(found: list[Any], *, spec: ScorerSpec) -> None:
    unknown = [] if spec.classes is None else [label for label in found if label not in spec.classes]
    if unknown:
        raise HostError(
            "reference_classes",
            f"The reference holds {listed(unknown)}, which the spec's `classes` do not list.",
            column=spec.target[0],
        )
