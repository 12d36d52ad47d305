"""Ranked lists of items: one row for each item of a query, or one cell that holds them all, separated by blanks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.cells import flags, read_numbers
from scoring.errors import Findings, Mistake, place, shown
from scoring.layouts.units import starts_of
from scoring.metrics.containers import Lists
from scoring.metrics.registry import Array
from scoring.reading import Table, offsets_of, values_of
from scoring.spec import ScorerSpec


@dataclass(frozen=True, slots=True)
class _Items:
    """Items of all units in the order of the file, as text, with the row and the unit of each."""

    names: pa.Array
    rows: Array
    units: Array
    column: str


def true_lists(
    table: Table, *, spec: ScorerSpec, codes: Array | None, units: int, findings: Findings
) -> tuple[Lists, pa.Array]:
    """Return the reference's lists, and the names of the items, whose positions are the items' numbers."""
    items = _read(table, spec=spec, codes=codes, column=spec.target[0] if spec.layout == "rows" else spec.item)
    relevance = np.ones(len(items.names))
    if spec.layout == "long" and spec.target:
        relevance = relevances(table, spec.target[0], findings=findings)
    encoded = items.names.dictionary_encode()
    numbers = values_of(encoded.indices, dtype=np.dtype(np.int32)).astype(np.int64)
    _refuse_empty(table, items, findings=findings)
    _refuse_doubled(table, items, numbers, findings=findings)
    starts, order = starts_of(items.units, units=units)
    return Lists(starts, numbers[order], relevance[order]), encoded.dictionary


def relevances(table: Table, column: str, *, findings: Findings) -> Array:
    """Return a column of relevance, 1 where it cannot be read: then ``findings`` says why."""
    read = read_numbers(table, column, expected="a relevance of 0 or more", findings=findings)
    if read is None:
        return np.ones(table.rows)
    _refuse_negative(table, column, read, findings=findings)
    return read


def ranked(relevance: Array, scores: Array, *, groups: Array) -> tuple[Lists, Lists]:
    """Return the true and the predicted lists of items that stand one a row, of which ``groups`` tells the list.

    Of equal scores the least relevant leads: the order of the reference must not help who cannot tell items apart.
    """
    _, codes = np.unique(groups, return_inverse=True)
    starts, order = starts_of(codes, units=int(codes.max(initial=-1)) + 1)
    return Lists(starts, order, relevance[order]), Lists(starts, np.lexsort((relevance, -scores, codes)))


def predicted_lists(
    table: Table, *, spec: ScorerSpec, codes: Array | None, units: int, known: pa.Array, findings: Findings
) -> Lists | None:
    """Return a submission's lists, best first, or None with what is wrong in ``findings``.

    ``codes`` is the unit of each row, -1 where it is unknown, which is no matter here. ``known`` are the reference's
    items; others get numbers of their own: which items there are in the reference is not for participants to learn.
    """
    items = _read(table, spec=spec, codes=codes, column=spec.predictions[0] if spec.layout == "rows" else spec.item)
    ranking = _ranking(table, spec=spec, findings=findings)
    numbers = _numbered(items.names, known=known)
    _refuse_empty(table, items, findings=findings)
    _refuse_doubled(table, items, numbers, findings=findings)
    if findings.mistakes:
        return None
    if ranking is not None:
        by_rank = np.argsort(ranking, kind="stable")
        inner = np.argsort(items.units[by_rank], kind="stable")
        starts, _ = starts_of(items.units, units=units)
        return Lists(starts, numbers[by_rank[inner]])
    starts, order = starts_of(items.units, units=units)
    return Lists(starts, numbers[order])


def _ranking(table: Table, *, spec: ScorerSpec, findings: Findings) -> Array | None:
    """Return numbers of which the lowest comes first, or None where the file's order counts."""
    if spec.layout == "rows" or not spec.predictions:
        return None
    values = read_numbers(table, spec.predictions[0], expected="a number", findings=findings)
    return -values if values is not None and spec.order == "score" else values


def _read(table: Table, *, spec: ScorerSpec, codes: Array | None, column: str | None) -> _Items:
    if column is None:
        raise RuntimeError("lists in long layout have an item column")
    rows = np.arange(table.rows)
    units = rows if codes is None else codes
    if spec.layout == "long":
        return _Items(pc.utf8_trim_whitespace(table.text(column)), rows, units, column)
    names, counts = split_cells(table.text(column))
    return _Items(names, np.repeat(rows, counts), np.repeat(units, counts), column)


def split_cells(text: pa.Array) -> tuple[pa.Array, Array]:
    """Return the words of all cells one after the other, and how many each cell has."""
    lists = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(text))
    offsets = offsets_of(lists)
    words = lists.flatten()
    # A cell without a word is split into one empty text.
    full = flags(pc.not_equal(words, ""))
    counts = (
        np.add.reduceat(full, offsets[:-1] - offsets[0], dtype=np.int64) if len(full) else np.zeros(len(text), np.int64)
    )
    return words.filter(pc.not_equal(words, "")), counts


def _numbered(names: pa.Array, *, known: pa.Array) -> Array:
    """Return each item's position in ``known``, or a number of its own beyond."""
    found = pc.index_in(names, value_set=known)
    others = names.dictionary_encode()
    numbers = values_of(pc.fill_null(found, -1), dtype=np.dtype(np.int32)).astype(np.int64)
    own = values_of(others.indices, dtype=np.dtype(np.int32)) + len(known)
    return np.where(numbers < 0, own, numbers)


def _refuse_empty(table: Table, items: _Items, *, findings: Findings) -> None:
    empty = np.flatnonzero(flags(pc.equal(items.names, "")))
    if len(empty):
        row = table.line(int(items.rows[empty[0]]))
        message = f"{place(row, items.column)}: the cell is empty, expected an item."
        findings.add(Mistake(code="empty_cell", message=message, row=row, column=items.column, count=len(empty)))


def _refuse_doubled(table: Table, items: _Items, numbers: Array, *, findings: Findings) -> None:
    """Report items that stand twice in one list."""
    if not len(numbers):
        return
    pairs = (items.units.astype(np.int64) + 1) * (int(numbers.max()) + 1) + numbers
    order = np.argsort(pairs, kind="stable")
    again = order[1:][(pairs[order][1:] == pairs[order][:-1]) & (items.units[order][1:] >= 0)]
    if len(again):
        second = int(again.min())
        row = table.line(int(items.rows[second]))
        found = f"found {shown(items.names[second].as_py())} a second time"
        message = f"{place(row, items.column)}: {found} for the same id; expected each item once."
        findings.add(Mistake(code="item_doubled", message=message, row=row, column=items.column, count=len(again)))


def _refuse_negative(table: Table, column: str, values: Array, *, findings: Findings) -> None:
    bad = np.flatnonzero(values < 0)
    if len(bad):
        row = table.line(int(bad[0]))
        message = f"{place(row, column)}: found {values[bad[0]]:g}, expected a relevance of 0 or more."
        findings.add(Mistake(code="out_of_range", message=message, row=row, column=column, count=len(bad)))
