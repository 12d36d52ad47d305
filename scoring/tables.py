"""From a file to arrays: read a submission, check every cell, and put it in the order of the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.archives import Limits
from scoring.arrow import pc
from scoring.canonical.orders import Opener, Order, open_here
from scoring.cells import flags, nearest, read_numbers, readable, report
from scoring.errors import TOO_LARGE, Findings, Mistake, fail, listed, place, shown
from scoring.ids import align, units_in
from scoring.layouts.boxes import predicted_boxes
from scoring.layouts.lists import predicted_lists
from scoring.layouts.masks import check_masks, read_masks
from scoring.layouts.units import key_of
from scoring.metrics.containers import Boxes, Lists, Masks
from scoring.metrics.registry import Array
from scoring.parts import take
from scoring.reading import RowLimit, Table, values_of
from scoring.reference import Reference
from scoring.spec import WHOLE_CELLS, ScorerSpec
from scoring.truths import objects

SUM_TOLERANCE = 1e-3
EXACT_SUM = 1e-9
MOST_LONG_ROWS = 1_000_000
MOST_ROWS_AN_ID = 1000


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was predicted, in the order of the reference."""

    rows: int
    values: Any
    """Shape (rows,) or (rows, columns): numbers, probabilities, whole-number labels, positions in ``texts``, or texts
    themselves; or lists, boxes, masks of all units of the reference."""
    texts: tuple[str, ...] | None = None
    """The labels where they are text: those of the reference and all others that were predicted, sorted."""


def read_submission(
    path: Path,
    *,
    filename: str,
    spec: ScorerSpec,
    reference: Reference,
    limits: Limits | None = None,
    opener: Opener = open_here,
) -> Predictions:
    """Read the submission in ``path``. Raises SubmissionError with all the mistakes that one pass can find.

    ``opener`` looks at the bytes: here, or where they can do no harm (:mod:`scoring.canonical`).
    """
    try:
        limits = limits or Limits()
        return _submission(path, filename=filename, spec=spec, reference=reference, limits=limits, opener=opener)
    except MemoryError as error:
        raise fail("too_large", TOO_LARGE) from error


def _submission(
    path: Path, *, filename: str, spec: ScorerSpec, reference: Reference, limits: Limits, opener: Opener
) -> Predictions:
    wanted = [spec.id, *([spec.item] if spec.item else []), *spec.predictions]
    limits = replace(limits, max_columns=max(limits.max_columns, 2 * len(wanted)))
    textual = _textual(spec, reference=reference)
    text = [name for name in wanted if name not in spec.predictions or name in textual]
    limit = _row_limit(spec, reference)
    order = Order(filename=filename, wanted=tuple(wanted), text=tuple(text), limits=limits, row_limit=limit)
    table = opener(path, order)
    findings = Findings()
    if spec.layout == "long":
        return _long(table, spec=spec, reference=reference, findings=findings)
    rows = align(table, key_of(table, spec=spec), column=spec.id, reference=reference, findings=findings)
    if spec.kind == "masks":
        return _masks(table, rows, spec=spec, reference=reference, findings=findings)
    predictions = _read(table, spec=spec, reference=reference, findings=findings)
    findings.raise_any()
    if predictions is None:
        raise RuntimeError("a column could not be read, and no mistake was found")
    return Predictions(predictions.rows, take(predictions.values, rows), predictions.texts)


def _textual(spec: ScorerSpec, *, reference: Reference) -> tuple[str, ...]:
    """Return the prediction columns that are read as text."""
    if spec.kind == "boxes":
        return spec.predictions[:1]
    whole = spec.kind in WHOLE_CELLS and spec.layout == "rows" and not spec.graded
    return spec.predictions if whole or (spec.kind == "labels" and reference.texts is not None) else ()


def _read(table: Table, *, spec: ScorerSpec, reference: Reference, findings: Findings) -> Predictions | None:
    """Return what a table of one row for each unit holds, in the order of the file."""
    if spec.kind == "text":
        return Predictions(table.rows, objects(table.text(spec.predictions[0])))
    if spec.kind == "lists" and not spec.graded:
        known = reference.items if reference.items is not None else pa.array([], pa.string())
        lists = predicted_lists(table, spec=spec, codes=None, units=table.rows, known=known, findings=findings)
        return None if lists is None else Predictions(table.rows, lists)
    if spec.kind == "labels" and reference.texts is not None:
        return _text_labels(table, spec=spec, reference=reference, findings=findings)
    return _numbers(table, spec=spec, findings=findings)


def _long(table: Table, *, spec: ScorerSpec, reference: Reference, findings: Findings) -> Predictions:
    """Return what a table with any number of rows for each unit holds."""
    codes = units_in(table, column=spec.id, reference=reference, findings=findings)
    values: Lists | Boxes | None
    if spec.kind == "boxes":
        values = predicted_boxes(
            table, spec=spec, codes=codes, units=reference.rows, known=reference.texts or (), findings=findings
        )
    else:
        known = reference.items if reference.items is not None else pa.array([], pa.string())
        values = predicted_lists(table, spec=spec, codes=codes, units=reference.rows, known=known, findings=findings)
    findings.raise_any()
    return Predictions(table.rows, values)


def _masks(
    table: Table, order: Array | None, *, spec: ScorerSpec, reference: Reference, findings: Findings
) -> Predictions:
    name = spec.predictions[0]
    text = read_masks(table, name, findings=findings)
    if not findings.mistakes:
        pixels = reference.truth.shapes.prod(axis=1)
        if order is not None:
            place_of = np.empty(len(order), dtype=np.int64)
            place_of[order] = np.arange(len(order))
            pixels = pixels[place_of]
        check_masks(table, name, text, pixels, findings=findings)
    findings.raise_any()
    return Predictions(table.rows, Masks(take(objects(text), order), reference.truth.shapes))


def _row_limit(spec: ScorerSpec, reference: Reference) -> RowLimit:
    if spec.max_rows is not None:
        return RowLimit(spec.max_rows, f"at most {spec.max_rows:,}")
    if spec.layout == "long":
        most = max(MOST_LONG_ROWS, MOST_ROWS_AN_ID * reference.rows)
        return RowLimit(most, f"at most {most:,}")
    # A few rows too many are read, so that the ids which are doubled or unknown can be named.
    return RowLimit(2 * reference.rows + 1000, f"{reference.rows:,}: one for each id")


def _numbers(table: Table, *, spec: ScorerSpec, findings: Findings) -> Predictions | None:
    expected = _expected(spec)
    columns = [read_numbers(table, name, expected=expected, findings=findings) for name in spec.predictions]
    for name, column in zip(spec.predictions, columns, strict=True):
        values, good = readable(table, name) if column is None else (column, None)
        _check_range(table, name, values, good=good, spec=spec, expected=expected, findings=findings)
    read = [column for column in columns if column is not None]
    if len(read) < len(columns) or findings.mistakes:
        return None
    values = read[0] if len(read) == 1 else np.stack(read, axis=1)
    if _sums_to_one(spec):
        values = _check_sums(table, values, spec=spec, findings=findings)
    _check_order(table, values, spec=spec, findings=findings)
    if spec.kind == "labels":
        values = values.astype(np.int64)
    return Predictions(table.rows, values)


def _sums_to_one(spec: ScorerSpec) -> bool:
    return spec.kind == "probabilities" and len(spec.predictions) > 1 and not spec.multilabel


def _expected(spec: ScorerSpec) -> str:
    """Return in words what a cell must hold; made of public knowledge alone."""
    if spec.kind == "probabilities":
        return "a probability from 0 to 1"
    if spec.kind == "labels":
        return _expected_label(spec)
    return "a number" if spec.above is None else f"a number greater than {spec.above:g}".replace("-", "−")


def _expected_label(spec: ScorerSpec) -> str:
    if spec.multilabel:
        return "1 where the row has the label, else 0"
    if spec.classes is None:
        return "a whole number"
    numbers = [label for label in spec.classes if isinstance(label, int)]
    if len(numbers) == len(spec.classes) and max(numbers) - min(numbers) == len(numbers) - 1 > 1:
        return f"a whole number from {min(numbers)} to {max(numbers)}"
    if len(spec.classes) == 2:
        return f"{shown(spec.classes[0])} or {shown(spec.classes[1])}"
    return f"one of {listed(spec.classes)}"


def _check_range(
    table: Table,
    name: str,
    column: Array,
    *,
    good: Array | None,
    spec: ScorerSpec,
    expected: str,
    findings: Findings,
) -> None:
    """Report numbers that may not stand there, among those that are ``good``: numbers at all."""
    code, bad = _outside(column, spec=spec)
    if good is not None:
        bad = bad & good
    if not bad.any():
        return
    text = table.text(name)
    report(
        table,
        name,
        bad=bad,
        text=text,
        findings=findings,
        say=lambda cell: (code, f"found {shown(cell)}, expected {expected}."),
    )


def _outside(column: Array, *, spec: ScorerSpec) -> tuple[str, Array]:
    if spec.kind == "probabilities":
        return "not_a_probability", (column < 0) | (column > 1)
    if spec.kind == "numbers" or spec.graded:
        return "out_of_range", np.zeros(len(column), bool) if spec.above is None else column <= spec.above
    if spec.multilabel:
        return "not_a_class", (column != 0) & (column != 1)
    whole = (column == np.floor(column)) & (np.abs(column) < 2**53)
    if spec.classes is not None:
        return "not_a_class", ~np.isin(column, np.array(spec.classes)) | ~whole
    return "not_a_whole_number", ~whole


def _check_sums(table: Table, values: Array, *, spec: ScorerSpec, findings: Findings) -> Array:
    """Refuse rows that do not sum to 1; divide rounded ones by their sum, so that nobody gains by rounding upwards."""
    sums = values.sum(axis=1)
    off = np.abs(sums - 1)
    bad = off > SUM_TOLERANCE
    if bad.any():
        _report_sums(table, sums, bad, spec=spec, findings=findings)
    elif (off > EXACT_SUM).any():
        return np.asarray(values / sums[:, None])
    return values


def _report_sums(table: Table, sums: Array, bad: Array, *, spec: ScorerSpec, findings: Findings) -> None:
    first = int(np.flatnonzero(bad)[0])
    row = table.line(first)
    message = (
        f"{place(row, None)}: the {len(spec.predictions)} probabilities sum to {sums[first]:.6g}, "
        f"expected 1 (within {SUM_TOLERANCE:g}). Divide each by the row's sum."
    )
    findings.add(Mistake(code="sum_not_one", message=message, row=row, count=int(bad.sum())))


def _check_order(table: Table, values: Array, *, spec: ScorerSpec, findings: Findings) -> None:
    """Refuse a lower bound above the upper one, and a negative standard deviation."""
    ways = {metric.entry.columns for metric in spec.metrics}
    if "bounds" in ways:
        bad, words = values[:, 0] > values[:, 1], f"the lower bound, {shown(spec.predictions[0])}, is above the upper"
    elif "moments" in ways:
        bad, words = values[:, 1] < 0, f"the standard deviation, {shown(spec.predictions[1])}, is negative"
    else:
        return
    if bad.any():
        row = table.line(int(np.flatnonzero(bad)[0]))
        message = f"{place(row, None)}: {words}. Check the order of the columns."
        findings.add(Mistake(code="out_of_order", message=message, row=row, count=int(bad.sum())))


def _text_labels(table: Table, *, spec: ScorerSpec, reference: Reference, findings: Findings) -> Predictions | None:
    name = spec.predictions[0]
    text = table.text(name)
    empty = flags(pc.equal(text, ""))
    expected = "a label" if spec.classes is None else _expected_label(spec)
    bad = empty if spec.classes is None else ~flags(pc.is_in(text, value_set=pa.array([str(c) for c in spec.classes])))
    if bad.any():
        report(table, name, bad=bad, text=text, findings=findings, say=lambda cell: _not_a_class(cell, spec, expected))
        return None
    encoded = text.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    every = sorted({*names, *(reference.texts or ())})
    position = {label: index for index, label in enumerate(every)}
    codes = np.array([position[label] for label in names], dtype=np.int64)
    return Predictions(table.rows, codes[values_of(encoded.indices, dtype=np.dtype(np.int32))], tuple(every))


def _not_a_class(cell: str, spec: ScorerSpec, expected: str) -> tuple[str, str]:
    if not cell:
        return "empty_cell", f"the cell is empty, expected {expected}."
    near = nearest(cell, [str(label) for label in spec.classes or ()])
    hint = f" Write {shown(near)}: upper and lower case and blanks count." if near is not None else ""
    return "not_a_class", f"found {shown(cell)}, expected {expected}.{hint}"
