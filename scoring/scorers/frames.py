"""Solution and submission as pandas DataFrames, the submission in the solution's order."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.archives import Limits, open_content
from scoring.errors import SubmissionError, fail, listed, shown
from scoring.keys import as_hosts, check_once, keys_of, open_hosts, order_of, pick_id, pick_split
from scoring.metrics.registry import Array
from scoring.reading import Table, open_table
from scoring.reference import LIMITS, Reference

Frame = Any
"""A pandas.DataFrame: pandas is an extra, and comes without types."""
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution as its file says it, without the split column, and its ids and splits."""

    frame: Frame
    id_column: str
    keys: Reference


def read_solution(path: Path, *, id_column: str | None, split_column: str | None) -> Solution:
    """Read the solution. Raises HostError."""
    table = open_hosts(path, called="solution")
    chosen = pick_id(table.names, id_column, called="solution")
    split = pick_split(table.names, split_column, called="solution", but=chosen)
    try:
        table.load(text=[chosen, *([split] if split else [])], numbers=[])
        frame = _frame(path, table, filename=path.name, limits=LIMITS)
    except SubmissionError as error:
        raise as_hosts(error, called="solution") from error
    ids = table.text(chosen)
    check_once(ids, column=chosen, called="solution")
    keys = keys_of(table, ids, id_column=chosen, split_column=split, called="solution")
    return Solution(frame.drop(columns=[split] if split else []), chosen, keys)


def read_aligned(path: Path, *, filename: str, solution: Solution) -> Frame:
    """Read the submission, in the solution's order. Raises SubmissionError."""
    table = open_table(path, filename=filename, limits=Limits())
    name = solution.id_column
    if table.names.count(name) != 1:
        message = f"Expected one column {shown(name)} with the ids; the file has {listed(table.names)}."
        raise fail("column_missing", message, column=name)
    table.load(text=[name], numbers=[])
    order = order_of(table, column=name, keys=solution.keys)
    frame = _frame(path, table, filename=filename, limits=Limits())
    return frame.iloc[order].reset_index(drop=True)


def splits(solution: Solution, submission: Frame) -> Iterator[tuple[str, Frame, Frame]]:
    """Yield name, solution and submission of each split, as copies that a metric may change."""
    for name, rows in solution.keys.splits.items():
        yield name, _rows(solution.frame, rows), _rows(submission, rows)


def _rows(frame: Frame, rows: Array | None) -> Frame:
    return frame.copy() if rows is None else frame.iloc[rows].reset_index(drop=True)


def _frame(path: Path, table: Table, *, filename: str, limits: Limits) -> Frame:
    """Return all columns as pandas itself reads them, for that is what the function was written against."""
    frame = _by_pandas(path, table, filename=filename, limits=limits)
    if len(frame) != table.rows or len(frame.columns) != len(table.names):
        raise fail("ragged_row", "The rows cannot be told apart. Check the quotation marks.")
    return frame


def _by_pandas(path: Path, table: Table, *, filename: str, limits: Limits) -> Frame:
    pd = importlib.import_module("pandas")
    separator = getattr(table, "separator", None)
    data = open_content(path, filename=filename, limits=limits).data
    if separator is not None:
        encoding = BYTE_ORDER_MARKS.get(bytes(data[:2]), "utf-8-sig")
        options: dict[str, Any] = {"sep": separator, "encoding": encoding, "index_col": False, "low_memory": False}
        return pd.read_csv(io.BytesIO(data), **options)
    if bytes(data[:4]) == b"PAR1":
        return pd.read_parquet(io.BytesIO(data))
    table.load(text=table.names, numbers=[])
    text = pd.DataFrame({name: table.text(name).to_pylist() for name in table.names})
    return pd.read_csv(io.StringIO(text.to_csv(index=False)), low_memory=False)
