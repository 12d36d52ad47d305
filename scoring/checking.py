"""Checking a submission against the sample submission alone: columns, ids, and what kind of cell stands where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from scoring.archives import Limits
from scoring.cells import flags, read_numbers, report
from scoring.columns import check_columns
from scoring.errors import Findings, HostError, Mistake, SubmissionError, fail, listed, many, shown
from scoring.ids import align, units_in
from scoring.keys import as_hosts, keys_of, open_hosts, pick_id
from scoring.reading import RowLimit, Table, open_table
from scoring.reference import Reference

SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file in which nothing is wrong."""

    rows: int
    id_column: str
    columns: tuple[str, ...]
    """The columns beside the id, in the sample's order."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the sample says: ids, columns, which of these hold numbers, and which have no empty cell."""

    keys: Reference
    repeated: bool
    """Whether ids occur several times, so that a submission may have any number of rows an id."""
    id_column: str
    columns: tuple[str, ...]
    numbers: frozenset[str]
    filled: frozenset[str]


def check(path: Path, *, sample: Path, id_column: str | None = None) -> Checked:
    """Check the file in ``path``. Raises SubmissionError with its mistakes, HostError where the sample is at fault."""
    expected = _read_sample(sample, id_column=id_column)
    if not path.is_file():
        raise fail("file_missing", f"There is no file {shown(path)}.")
    wanted = [expected.id_column, *expected.columns]
    limits = Limits()
    limits = replace(limits, max_columns=max(limits.max_columns, 2 * len(wanted)))
    row_limit = None if expected.repeated else _row_limit(expected.keys.rows)
    table = open_table(path, filename=path.name, limits=limits, row_limit=row_limit)
    check_columns(table, wanted=wanted)
    _check_cells(table, expected=expected)
    return Checked(table.rows, expected.id_column, expected.columns)


def _read_sample(path: Path, *, id_column: str | None) -> _Sample:
    table = open_hosts(path, called=SAMPLE)
    chosen = pick_id(table.names, id_column, called=SAMPLE)
    columns = tuple(name for name in table.names if name != chosen)
    if not columns:
        raise HostError("sample_columns", f"The sample has no column beside the id; it has {listed(table.names)}.")
    try:
        table.load(text=[chosen], numbers=columns)
    except SubmissionError as error:
        raise as_hosts(error, called=SAMPLE) from error
    ids = table.text(chosen)
    different = ids.unique()
    keys = keys_of(table, different, id_column=chosen, called=SAMPLE)
    numbers = frozenset(name for name in columns if _is_numeric(table, name))
    texts = [name for name in columns if name not in numbers]
    filled = frozenset(name for name in texts if pc.index(table.text(name), "").as_py() < 0)
    return _Sample(keys, len(different) < len(ids), chosen, columns, numbers, filled)


def _is_numeric(table: Table, name: str) -> bool:
    return read_numbers(table, name, expected="a number", findings=Findings()) is not None


def _row_limit(rows: int) -> RowLimit:
    # A few rows too many are read, so that the ids which are doubled or unknown can be named.
    return RowLimit(2 * rows + 1000, f"{rows:,}: one for each id")


def _check_cells(table: Table, *, expected: _Sample) -> None:
    texts = [name for name in expected.columns if name not in expected.numbers]
    table.load(text=[expected.id_column, *texts], numbers=_ordered(expected.columns, expected.numbers))
    findings = Findings()
    _check_ids(table, expected=expected, findings=findings)
    for name in _ordered(expected.columns, expected.numbers):
        read_numbers(table, name, expected="a number, as in the sample", findings=findings)
    for name in _ordered(expected.columns, expected.filled):
        _check_filled(table, name, findings=findings)
    findings.raise_any()


def _check_ids(table: Table, *, expected: _Sample, findings: Findings) -> None:
    name, keys, ids = expected.id_column, expected.keys, table.text(expected.id_column)
    if not expected.repeated:
        align(table, ids, column=name, reference=keys, findings=findings)
        return
    units_in(table, column=name, reference=keys, findings=findings)
    missing = keys.ids.filter(pc.invert(pc.is_in(keys.ids, value_set=ids.unique())))
    if len(missing):
        names = listed(missing[:6].to_pylist(), total=len(missing))
        message = f"Column {shown(name)}: {many(len(missing), 'id is', 'ids are')} missing: {names}."
        findings.add(Mistake(code="id_missing", message=message, column=name))


def _ordered(columns: Sequence[str], chosen: frozenset[str]) -> list[str]:
    return [name for name in columns if name in chosen]


def _check_filled(table: Table, name: str, *, findings: Findings) -> None:
    text = table.text(name)
    bad = flags(pc.equal(text, ""))
    if bad.any():
        report(
            table,
            name,
            bad=bad,
            text=text,
            findings=findings,
            say=lambda _: ("empty_cell", "the cell is empty, expected a text."),
        )
