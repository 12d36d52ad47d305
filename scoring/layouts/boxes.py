"""Boxes in images: a row for each box; for an image without a box, a row whose other cells are empty."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.cells import flags, read_numbers
from scoring.errors import Findings, Mistake, listed, place, shown
from scoring.layouts.units import starts_of
from scoring.metrics.containers import Boxes
from scoring.metrics.registry import Array
from scoring.reading import Table, arrow_of, values_of
from scoring.spec import BOX, ScorerSpec


def true_boxes(
    table: Table, *, spec: ScorerSpec, codes: Array, units: int, findings: Findings
) -> tuple[Boxes, tuple[str, ...]]:
    """Return the reference's boxes and the names of the labels, whose positions are the labels' numbers."""
    full = _full(table, spec.target)
    labels = _labels(table, spec.target[0])
    known = tuple(sorted({*labels.filter(arrow_of(full)).unique().to_pylist(), *map(str, spec.classes or ())}))
    _check_labels(table, spec.target[0], labels, known=known, spec=spec, full=full, findings=findings)
    boxes = _numbers(table, spec.target[1:BOX], full=full, findings=findings)
    crowd = _numbers(table, spec.target[BOX:], full=full, findings=findings)
    starts, order = starts_of(codes[full], units=units)
    coded = _coded(labels, known=known)[full][order]
    flagged = crowd[full][order, 0] != 0 if crowd.shape[1] else None
    return Boxes(starts=starts, boxes=boxes[full][order], labels=coded, crowd=flagged), known


def predicted_boxes(
    table: Table, *, spec: ScorerSpec, codes: Array, units: int, known: tuple[str, ...], findings: Findings
) -> Boxes | None:
    """Return a submission's boxes, or None with what is wrong in ``findings``. ``codes``: the unit of each row."""
    full = _full(table, spec.predictions)
    labels = _labels(table, spec.predictions[0])
    _check_labels(table, spec.predictions[0], labels, known=known, spec=spec, full=full, findings=findings)
    numbers = _numbers(table, spec.predictions[1:], full=full, findings=findings)
    if findings.mistakes:
        return None
    starts, order = starts_of(codes[full], units=units)
    numbers, coded = numbers[full][order], _coded(labels, known=known)[full][order]
    return Boxes(starts=starts, boxes=numbers[:, :-1], labels=coded, scores=numbers[:, -1])


def _full(table: Table, columns: tuple[str, ...]) -> Array:
    """Return which rows hold a box: those where some cell is not empty."""
    if all(table.numbers(name) is not None for name in columns[1:]):
        return np.ones(table.rows, dtype=bool)
    full = np.zeros(table.rows, dtype=bool)
    for name in columns:
        full |= flags(pc.not_equal(pc.utf8_trim_whitespace(table.text(name)), ""))
    return full


def _labels(table: Table, column: str) -> pa.Array:
    # A column with an empty cell makes pandas write 1.0 for 1.
    text = pc.utf8_trim_whitespace(table.text(column))
    return pc.replace_substring_regex(text, r"^(-?[0-9]+)\.0+$", r"\1")


def _check_labels(
    table: Table,
    column: str,
    labels: pa.Array,
    *,
    known: tuple[str, ...],
    spec: ScorerSpec,
    full: Array,
    findings: Findings,
) -> None:
    expected = "a label" if spec.classes is None else f"one of {listed(spec.classes)}"
    bad = flags(pc.equal(labels, "")) & full
    if spec.classes is not None:
        bad = ~flags(pc.is_in(labels, value_set=pa.array([str(label) for label in spec.classes]))) & full
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        row, cell = table.line(first), labels[first].as_py()
        found = f"found {shown(cell)}" if cell else "the cell is empty"
        message = f"{place(row, column)}: {found}, expected {expected}."
        code = "not_a_class" if cell else "empty_cell"
        findings.add(Mistake(code=code, message=message, row=row, column=column, count=int(bad.sum())))


def _numbers(table: Table, columns: tuple[str, ...], *, full: Array, findings: Findings) -> Array:
    """Return columns of numbers, shape (rows, columns); what stands in empty rows is 0."""
    read = [read_numbers(table, name, expected="a number", findings=findings, only=full) for name in columns]
    if not read or any(column is None for column in read):
        return np.zeros((table.rows, len(columns)))
    values = np.stack([column for column in read if column is not None], axis=1)
    for name, column in list(zip(columns, values.T, strict=True))[2:4]:
        _check_size(table, name, column, full=full, findings=findings)
    return values


def _check_size(table: Table, name: str, values: Array, *, full: Array, findings: Findings) -> None:
    bad = np.flatnonzero(full & (values < 0))
    if len(bad):
        row = table.line(int(bad[0]))
        message = f"{place(row, name)}: found {values[bad[0]]:g}, expected a size of 0 or more pixels."
        findings.add(Mistake(code="out_of_range", message=message, row=row, column=name, count=len(bad)))


def _coded(labels: pa.Array, *, known: tuple[str, ...]) -> Array:
    """Return each label's position in ``known``, or a number beyond for those that the reference does not hold."""
    found = values_of(
        pc.fill_null(pc.index_in(labels, value_set=pa.array(known, pa.string())), -1), dtype=np.dtype(np.int32)
    )
    others = values_of(labels.dictionary_encode().indices, dtype=np.dtype(np.int32)) + len(known)
    return np.where(found < 0, others, found).astype(np.int64)
