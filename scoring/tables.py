"""From a file to arrays: read a submission, check every cell, and put it in the order of the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.archives import Limits
from scoring.cells import flags, nearest, read_numbers, report
from scoring.columns import check_columns
from scoring.errors import Findings, Mistake, listed, place, shown
from scoring.ids import align
from scoring.metrics.registry import Array
from scoring.reading import RowLimit, Table, open_table, values_of
from scoring.reference import Reference
from scoring.spec import ScorerSpec

SUM_TOLERANCE = 1e-3
EXACT_SUM = 1e-9


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was predicted, in the order of the reference."""

    rows: int
    values: Array
    """Shape (rows,) or (rows, columns): numbers, probabilities, whole-number labels, or positions in ``texts``."""
    texts: tuple[str, ...] | None = None
    """The labels where they are text: those of the reference and all others that were predicted, sorted."""


def read_submission(
    path: Path, *, filename: str, spec: ScorerSpec, reference: Reference, limits: Limits | None = None
) -> Predictions:
    """Read the submission in ``path``. Raises SubmissionError with all the mistakes that one pass can find."""
    wanted = [spec.id, *spec.predictions]
    limits = limits or Limits()
    limits = replace(limits, max_columns=max(limits.max_columns, 2 * len(wanted)))
    table = open_table(path, filename=filename, limits=limits, row_limit=_row_limit(spec, reference))
    check_columns(table, wanted=wanted)
    textual = spec.kind == "labels" and reference.texts is not None
    table.load(
        text=[spec.id, *(spec.predictions if textual else ())], numbers=() if textual else list(spec.predictions)
    )
    findings = Findings()
    order = align(table, column=spec.id, reference=reference, findings=findings)
    read = _text_labels if textual else _numbers
    predictions = read(table, spec=spec, reference=reference, findings=findings)
    findings.raise_any()
    if predictions is None:
        raise RuntimeError("a column could not be read, and no mistake was found")
    values = predictions.values if order is None else predictions.values[order]
    return Predictions(predictions.rows, values, predictions.texts)


def _row_limit(spec: ScorerSpec, reference: Reference) -> RowLimit:
    if spec.max_rows is not None:
        return RowLimit(spec.max_rows, f"at most {spec.max_rows:,}")
    # A few rows too many are read, so that the ids which are doubled or unknown can be named.
    return RowLimit(2 * reference.rows + 1000, f"{reference.rows:,}: one for each id")


def _numbers(table: Table, *, spec: ScorerSpec, reference: Reference, findings: Findings) -> Predictions | None:
    expected = _expected(spec)
    columns = [read_numbers(table, name, expected=expected, findings=findings) for name in spec.predictions]
    for name, column in zip(spec.predictions, columns, strict=True):
        if column is not None:
            _check_range(table, name, column, spec=spec, expected=expected, findings=findings)
    read = [column for column in columns if column is not None]
    if len(read) < len(columns) or findings.mistakes:
        return None
    values = read[0] if len(read) == 1 else np.stack(read, axis=1)
    if (spec.kind == "probabilities" and spec.classes is not None and len(read) > 1) or _one_hot(spec):
        values = _check_sums(table, values, spec=spec, findings=findings)
    if spec.kind == "labels":
        values = values.astype(np.int64)
    return Predictions(table.rows, values)


def _one_hot(spec: ScorerSpec) -> bool:
    return spec.kind == "probabilities" and len(spec.target) > 1


def _expected(spec: ScorerSpec) -> str:
    """Return in words what a cell must hold; made of public knowledge alone."""
    if spec.kind == "probabilities":
        return "a probability from 0 to 1"
    if spec.kind == "labels":
        return _expected_label(spec)
    return "a number" if spec.above is None else f"a number greater than {spec.above:g}".replace("-", "−")


def _expected_label(spec: ScorerSpec) -> str:
    if spec.classes is None:
        return "a whole number"
    numbers = [label for label in spec.classes if isinstance(label, int)]
    if len(numbers) == len(spec.classes) and max(numbers) - min(numbers) == len(numbers) - 1 > 1:
        return f"a whole number from {min(numbers)} to {max(numbers)}"
    if len(spec.classes) == 2:
        return f"{shown(spec.classes[0])} or {shown(spec.classes[1])}"
    return f"one of {listed(spec.classes)}"


def _check_range(
    table: Table, name: str, column: Array, *, spec: ScorerSpec, expected: str, findings: Findings
) -> None:
    code, bad = _outside(column, spec=spec)
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
    if spec.kind == "numbers":
        return "out_of_range", np.zeros(len(column), bool) if spec.above is None else column <= spec.above
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
