"""Aligning a submission to the reference by id, and saying exactly which ids do not fit."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.errors import Findings, Mistake, listed, many, place, shown
from scoring.layouts.units import named
from scoring.metrics.registry import Array
from scoring.reading import Table, arrow_of, values_of
from scoring.reference import Reference

SPELLINGS_COMPARED = 10_000


def align(table: Table, ids: pa.Array, *, column: str, reference: Reference, findings: Findings) -> Array | None:
    """Return for each row of the reference the row of the submission, or None where they are the same.

    Adds to ``findings`` whatever keeps the ids from being exactly those of the reference; the result is then of no use.
    """
    if ids.equals(reference.ids):
        return None
    at = _found(ids, reference=reference)
    order = np.full(reference.rows, -1, dtype=np.int32)
    known = at >= 0
    if len(at) == reference.rows and known.all():
        order[at] = np.arange(len(at), dtype=np.int32)
        if (order >= 0).all():
            return order
    counts = np.bincount(at[known], minlength=reference.rows)
    _explain(table, ids, at, counts, column=column, reference=reference, findings=findings)
    return None


def units_in(table: Table, *, column: str, reference: Reference, findings: Findings) -> Array:
    """Return the unit of each row in layout "long", where ids come any number of times; -1 for those not known."""
    ids = table.text(column)
    at = _found(ids, reference=reference)
    unknown = np.flatnonzero(at < 0)
    if len(unknown):
        _report_unknown(table, ids, unknown, column=column, findings=findings)
    return at


def _found(ids: pa.Array, *, reference: Reference) -> Array:
    """Return the position of each id in the reference, -1 where it is unknown."""
    found = None if reference.index is None else reference.index.find(ids)
    if found is not None:
        return found
    return values_of(pc.fill_null(pc.index_in(ids, value_set=reference.ids), -1), dtype=np.dtype(np.int32))


def _explain(
    table: Table,
    ids: pa.Array,
    at: Array,
    counts: Array,
    *,
    column: str,
    reference: Reference,
    findings: Findings,
) -> None:
    unknown, missing = np.flatnonzero(at < 0), np.flatnonzero(counts == 0)
    _doubled(table, ids, at, column=column, findings=findings)
    if len(unknown) and len(missing):
        unknown, missing = _spelling(
            table, ids, unknown, missing, column=column, reference=reference, findings=findings
        )
    if len(unknown):
        _report_unknown(table, ids, unknown, column=column, findings=findings)
    if len(missing):
        verb = many(len(missing), "id is", "ids are")
        absent = listed(_first(reference.ids, missing), total=len(missing))
        message = (
            f"Column {shown(column)}: {verb} missing: {absent}. Expected one row for each of {reference.rows:,} ids."
        )
        findings.add(Mistake(code="id_missing", message=message, column=column))


def _report_unknown(table: Table, ids: pa.Array, unknown: Array, *, column: str, findings: Findings) -> None:
    names = _first(ids, unknown)
    row = table.line(int(unknown[0]))
    found = shown(names[0]) if names[0] else "an empty cell"
    some = f" {many(len(unknown), 'id')} of the file are unknown: {listed(names, total=len(unknown))}."
    message = f"{place(row, column)}: found {found}, which is not an id of this task.{some if len(unknown) > 1 else ''}"
    hint = " Take the ids from the sample submission."
    findings.add(Mistake(code="id_unknown", message=message + hint, row=row, column=column))


def _doubled(table: Table, ids: pa.Array, at: Array, *, column: str, findings: Findings) -> None:
    """Report known ids that occur more than once."""
    order = np.argsort(at, kind="stable")
    again = order[1:][(np.diff(at[order]) == 0) & (at[order][1:] >= 0)]
    if len(again) == 0:
        return
    second = int(again.min())
    first = int(np.flatnonzero(at == at[second])[0])
    rows = table.lines([first, second])
    distinct = np.unique(at[again])
    names = _first(ids, np.sort(np.array([np.flatnonzero(at == value)[0] for value in distinct[:5]])))
    some = f" {len(distinct):,} ids are doubled: {listed(names, total=len(distinct))}." if len(distinct) > 1 else ""
    message = (
        f"{place(rows[1], column)}: found {shown(named(ids[second].as_py()))} a second time, first in row {rows[0]:,}; "
        f"expected each id once.{some}"
    )
    findings.add(Mistake(code="id_doubled", message=message, row=rows[1], column=column))


def _spelling(
    table: Table,
    ids: pa.Array,
    unknown: Array,
    missing: Array,
    *,
    column: str,
    reference: Reference,
    findings: Findings,
) -> tuple[Array, Array]:
    """Report ids that are meant and differently written; return the unknown and missing ones that remain."""
    # Ten thousand are enough to see a pattern, and a file that is wrong throughout must not take long.
    some = missing[:SPELLINGS_COMPARED]
    texts = reference.ids.take(arrow_of(some)).to_pylist()
    plain = {_plain(text): int(at) for text, at in zip(texts, some, strict=True)}
    meant = {
        int(at): plain[key] for at in unknown[:SPELLINGS_COMPARED] if (key := _plain(ids[int(at)].as_py())) in plain
    }
    if not meant:
        return unknown, missing
    first, target = next(iter(meant.items()))
    found, expected = ids[first].as_py(), reference.ids[target].as_py()
    row = table.line(first)
    message = (
        f"{place(row, column)}: found {shown(named(found))}, expected {shown(named(expected))}. "
        f"{_difference(found, expected)} Ids are compared as text: keep them as they stand in the sample submission."
    )
    findings.add(Mistake(code="id_spelling", message=message, row=row, column=column, count=len(meant)))
    targets = np.array(list(meant.values()))
    return unknown[~np.isin(unknown, list(meant))], missing[~np.isin(missing, targets)]


def _plain(text: str) -> str:
    """Return what two spellings of one id have in common."""
    text = text.strip().strip("'\"").casefold()
    number = re.fullmatch(r"([+-]?)0*(\d+)(\.0*)?", text, re.ASCII)
    return f"{number[1].replace('+', '')}{number[2]}" if number else text


def _difference(found: str, expected: str) -> str:
    if found.strip() == expected.strip():
        return "There are blanks around it."
    if re.fullmatch(r"\d+\.0*", found, re.ASCII) and "." not in expected:
        return "A whole number was written as a decimal one."
    if found.lstrip("0") == expected.lstrip("0"):
        lost = len(expected) > len(found)
        return "Leading zeros were lost." if lost else "Leading zeros were added."
    return "It is spelt differently."


def _first(ids: pa.Array, at: Array) -> list[str]:
    return [named(ids[int(index)].as_py()) for index in at[:5]]
