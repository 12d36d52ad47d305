"""The reference of a task, read and checked once for each dataset version, then mapped into memory.

:func:`prepare` keeps it in a folder whose name is a hash of the reference and of what the spec says about reading it.
Nobody waits for a lock: two workers that prepare at once write two folders, and one of them becomes the real one.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.archives import Limits
from scoring.cells import read_numbers
from scoring.errors import Findings, HostError, SubmissionError, listed, many, shown
from scoring.metrics.registry import Array
from scoring.reading import Table, open_table, values_of
from scoring.spec import ScorerSpec, digest

LAYOUT = 1
IGNORED = "ignored"
WHOLE = "all"
LIMITS = Limits(max_bytes=4 << 30)


@dataclass(frozen=True, slots=True)
class Reference:
    """A prepared reference. Arrays stand in the order of its file and are mapped, not read."""

    rows: int
    ids: pa.Array
    dense: Array | None
    """Where ids are whole numbers close together: the position of each, from ``low`` on, and -1 in the gaps."""
    low: int
    truth: Array
    """Shape (rows,) or (rows, targets): numbers, whole-number labels, or positions in ``texts``."""
    texts: tuple[str, ...] | None
    """The labels where they are text, sorted."""
    labels: tuple[int, ...] | None
    """The labels where they are whole numbers and at most a thousand, sorted."""
    splits: dict[str, Array | None]
    """The rows of each split; None means all rows."""


def prepare(path: Path, *, key: str, folder: Path, spec: ScorerSpec) -> Reference:
    """Return the reference, from ``folder`` if it was prepared before. ``key`` is its SHA-256. Raises HostError."""
    home = folder / _name(key, spec)
    if not (home / "about.json").exists():
        _write(_read(path, spec=spec), home=home)
    return _load(home)


def read_reference(path: Path, *, spec: ScorerSpec) -> Reference:
    """Return the reference without keeping it. Raises HostError."""
    return _read(path, spec=spec)


def _name(key: str, spec: ScorerSpec) -> str:
    about = spec.to_dict()
    asked = {name: about[name] for name in ("id", "split", "target", "classes")}
    return digest([LAYOUT, key, asked, spec.wants_labels])[:40]


def _read(path: Path, *, spec: ScorerSpec) -> Reference:
    try:
        table = open_table(path, filename=path.name, limits=LIMITS)
        columns = [spec.id, *spec.target, *([spec.split] if spec.split else [])]
        _check_columns(table, columns)
        table.load(text=[spec.id, *([spec.split] if spec.split else [])], numbers=spec.target)
        return _build(table, spec=spec)
    except SubmissionError as error:
        first = error.first
        raise HostError(
            f"reference_{first.code}", f"In the reference: {error.message}", row=first.row, column=first.column
        ) from error


def _check_columns(table: Table, wanted: list[str]) -> None:
    for name in wanted:
        if table.names.count(name) != 1:
            found = listed(table.names) if table.names.count(name) == 0 else "it twice"
            raise HostError(
                "reference_columns", f"The reference needs one column {shown(name)}; found {found}.", column=name
            )


def _build(table: Table, *, spec: ScorerSpec) -> Reference:
    ids = table.text(spec.id)
    _check_ids(table, ids, spec=spec)
    splits = _splits(table, spec=spec)
    truth, texts, labels = _truth(table, spec=spec)
    dense, low = _dense(ids)
    return Reference(len(ids), ids, dense, low, truth, texts, labels, splits)


def _check_ids(table: Table, ids: pa.Array, *, spec: ScorerSpec) -> None:
    counts = pc.value_counts(ids)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(doubled):
        names = listed((item.as_py() for item in doubled.field("values")[:6]), total=len(doubled))
        raise HostError(
            "reference_ids", f"In the reference, {many(len(doubled), 'id occurs', 'ids occur')} twice: {names}."
        )
    empty = pc.index(ids, "").as_py()
    if empty >= 0:
        raise HostError("reference_ids", "In the reference, an id is empty.", row=table.line(empty), column=spec.id)


def _splits(table: Table, *, spec: ScorerSpec) -> dict[str, Array | None]:
    if spec.split is None:
        return {WHOLE: None}
    column = pc.utf8_lower(pc.utf8_trim_whitespace(table.text(spec.split))).dictionary_encode()
    names, codes = column.dictionary.to_pylist(), values_of(column.indices, dtype=np.dtype(np.int32))
    if "" in names:
        row = table.line(int(np.flatnonzero(codes == names.index(""))[0]))
        raise HostError("reference_split", "In the reference, a split is empty.", row=row, column=spec.split)
    if len(names) > 100:
        raise HostError("reference_split", f"The reference has {len(names):,} splits; 100 are the most.")
    splits: dict[str, Array | None] = {
        name: np.flatnonzero(codes == code) for code, name in enumerate(names) if name != IGNORED
    }
    if not splits:
        raise HostError("reference_split", "In the reference, every row is ignored.", column=spec.split)
    return splits


def _truth(table: Table, *, spec: ScorerSpec) -> tuple[Array, tuple[str, ...] | None, tuple[int, ...] | None]:
    columns = [table.numbers(name) for name in spec.target]
    if spec.wants_labels and len(columns) == 1:
        return _labels(table, columns[0], spec=spec)
    findings = Findings()
    for name in spec.target:
        read_numbers(table, name, expected="a number", findings=findings)
    findings.raise_any()
    values = [column for column in columns if column is not None]
    return (values[0] if len(values) == 1 else np.stack(values, axis=1)), None, None


def _labels(
    table: Table, column: Array | None, *, spec: ScorerSpec
) -> tuple[Array, tuple[str, ...] | None, tuple[int, ...] | None]:
    numeric = spec.classes is None or isinstance(spec.classes[0], int)
    if column is not None and numeric and (column == np.floor(column)).all() and np.abs(column).max() < 2**53:
        whole = column.astype(np.int64)
        known = np.unique(whole)
        _check_classes(known.tolist(), spec=spec)
        return whole, None, tuple(known.tolist()) if len(known) <= 1000 else None
    text = table.text(spec.target[0])
    empty = pc.index(text, "").as_py()
    if empty >= 0:
        raise HostError(
            "reference_target", "In the reference, a label is empty.", row=table.line(empty), column=spec.target[0]
        )
    return _text_labels(text, spec=spec)


def _text_labels(text: pa.Array, *, spec: ScorerSpec) -> tuple[Array, tuple[str, ...], None]:
    encoded = text.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    _check_classes(names, spec=spec)
    every = sorted({*names, *map(str, spec.classes or ())})
    position = np.array([every.index(name) for name in names]) if len(names) < 1000 else _positions(names, every)
    return position[values_of(encoded.indices, dtype=np.dtype(np.int32))], tuple(every), None


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


def _dense(ids: pa.Array) -> tuple[Array | None, int]:
    """Return a table from id to position where ids are whole numbers, written plainly, and lie close together."""
    if not pc.all(pc.match_substring_regex(ids, r"^(0|-?[1-9][0-9]{0,17})$")).as_py():
        return None, 0
    values = values_of(ids.cast(pa.int64()), dtype=np.dtype(np.int64))
    low, high = int(values.min()), int(values.max())
    if high - low > 4 * len(values) + 1_000_000:
        return None, 0
    dense = np.full(high - low + 1, -1, dtype=np.int32)
    dense[values - low] = np.arange(len(values), dtype=np.int32)
    return dense, low


def _write(reference: Reference, *, home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=home.parent))
    try:
        with pa.OSFile(str(draft / "ids.arrow"), "wb") as sink, pa.ipc.new_file(sink, _schema()) as writer:
            writer.write_batch(pa.record_batch([reference.ids], schema=_schema()))
        np.save(draft / "truth.npy", reference.truth)
        if reference.dense is not None:
            np.save(draft / "dense.npy", reference.dense)
        for number, rows in enumerate(reference.splits.values()):
            if rows is not None:
                np.save(draft / f"split_{number}.npy", rows)
        about = {"rows": reference.rows, "low": reference.low, "texts": reference.texts, "labels": reference.labels}
        (draft / "about.json").write_text(json.dumps({**about, "splits": list(reference.splits)}))
        _publish(draft, home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, home: Path) -> None:
    try:
        os.replace(draft, home)  # noqa: PTH105 - a folder, and the target may exist
    except OSError:
        if not (home / "about.json").exists():
            raise


def _schema() -> pa.Schema:
    return pa.schema([("id", pa.string())])


def _load(home: Path) -> Reference:
    about = json.loads((home / "about.json").read_text())
    with pa.memory_map(str(home / "ids.arrow")) as source:
        ids = pa.ipc.open_file(source).get_batch(0).column(0)
    splits: dict[str, Array | None] = {
        name: _mapped(home / f"split_{number}.npy") for number, name in enumerate(about["splits"])
    }
    texts, labels = (None if about[name] is None else tuple(about[name]) for name in ("texts", "labels"))
    truth = _mapped(home / "truth.npy")
    if truth is None:
        raise HostError("reference_lost", "The prepared reference is damaged.")
    return Reference(about["rows"], ids, _mapped(home / "dense.npy"), about["low"], truth, texts, labels, splits)


def _mapped(path: Path) -> Array | None:
    return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None
