"""The ids and splits of a solution or a sample, where its other columns are not for us to understand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.errors import Findings, HostError, SubmissionError, listed, many, shown
from scoring.id_index import index_of
from scoring.ids import align
from scoring.metrics.registry import Array
from scoring.reading import Table, open_table, values_of
from scoring.reference import IGNORED, LIMITS, WHOLE, Reference

SPLIT_NAMES = {"usage", "split"}


def open_hosts(path: Path, *, called: str) -> Table:
    """Open the hosts' table in ``path``, which a message calls ``called`` ("solution"). Raises HostError."""
    if not path.is_file():
        raise HostError("file_missing", f"There is no file {shown(path)}.")
    try:
        return open_table(path, filename=path.name, limits=LIMITS)
    except SubmissionError as error:
        raise as_hosts(error, called=called) from error


def as_hosts(error: SubmissionError, *, called: str) -> HostError:
    """Return what is wrong with a file as the hosts' matter."""
    first = error.first
    message = f"In the {called}: {error.message}"
    return HostError(f"{called}_{first.code}", message, row=first.row, column=first.column)


def pick_id(names: Sequence[str], wanted: str | None, *, called: str) -> str:
    """Return the id column: the one ``wanted``, else the one called id, else the first."""
    return _existing(names, wanted or usual_id(names), called=called)


def pick_split(names: Sequence[str], wanted: str | None, *, called: str, but: str) -> str | None:
    """Return the split column: the one ``wanted``, else the one called Usage or split, else None."""
    name = wanted or usual_split(names, but=but)
    return None if name is None else _existing(names, name, called=called)


def usual_id(names: Sequence[str]) -> str:
    """Return the column that holds the ids where nobody says so: the one called id, else the first."""
    return next((name for name in names if name.casefold() == "id"), names[0])


def usual_split(names: Sequence[str], *, but: str) -> str | None:
    """Return the column that says public or private where nobody says so, one that is not ``but``; None without one."""
    return next((name for name in names if name.casefold() in SPLIT_NAMES and name != but), None)


def _existing(names: Sequence[str], name: str, *, called: str) -> str:
    if names.count(name) != 1:
        found = listed(names) if name not in names else "it twice"
        raise HostError(f"{called}_columns", f"The {called} needs one column {shown(name)}; it has {found}.")
    return name


def keys_of(table: Table, ids: pa.Array, *, id_column: str, split_column: str | None = None, called: str) -> Reference:
    """Return a reference without truth: the ids, and the splits out of a loaded table. Raises HostError."""
    if (empty := pc.index(table.text(id_column), "").as_py()) >= 0:
        row = table.line(empty)
        raise HostError(f"{called}_ids", f"In the {called}, an id is empty.", row=row, column=id_column)
    return Reference(
        rows=len(ids),
        ids=ids,
        index=index_of(ids),
        truth=np.empty(0),
        texts=None,
        labels=None,
        splits={WHOLE: None} if split_column is None else _splits(table, split_column, called=called),
    )


def check_once(ids: pa.Array, *, column: str, called: str) -> None:
    """Raise HostError for ids that occur more than once."""
    counts = pc.value_counts(ids)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(doubled):
        names = listed(doubled[:6].to_pylist(), total=len(doubled))
        words = many(len(doubled), "id occurs", "ids occur")
        raise HostError(f"{called}_ids", f"In the {called}, {words} twice: {names}.", column=column)


def _splits(table: Table, column: str, *, called: str) -> dict[str, Array | None]:
    encoded = pc.utf8_lower(pc.utf8_trim_whitespace(table.text(column))).dictionary_encode()
    names, codes = encoded.dictionary.to_pylist(), values_of(encoded.indices, dtype=np.dtype(np.int32))
    if "" in names:
        row = table.line(int(np.flatnonzero(codes == names.index(""))[0]))
        raise HostError(f"{called}_split", f"In the {called}, a split is empty.", row=row, column=column)
    found = {name: np.flatnonzero(codes == code) for code, name in enumerate(names) if name != IGNORED}
    if not found:
        raise HostError(f"{called}_split", f"In the {called}, every row is ignored.", column=column)
    return dict(found)


def order_of(table: Table, *, column: str, keys: Reference) -> Array:
    """Return for each row of ``keys`` the row of the loaded ``table``. Raises SubmissionError."""
    findings = Findings()
    order = align(table, table.text(column), column=column, reference=keys, findings=findings)
    findings.raise_any()
    return np.arange(keys.rows) if order is None else order
