"""The reference of a task, read and checked once for each dataset version, then mapped into memory.

:func:`prepare` keeps it in a folder whose name is a hash of the reference and of what the spec says about reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.archives import Limits
from scoring.arrow import pc
from scoring.errors import HostError, SubmissionError, listed, many, shown
from scoring.id_index import DigitIndex, IdIndex, index_of
from scoring.layouts.beside import Beside, columns_beside, read_beside
from scoring.layouts.units import Units, named, units_of
from scoring.metrics.registry import Array, Role
from scoring.reading import Table, first_empty, open_table
from scoring.spec import WHOLE_CELLS, ScorerSpec, digest
from scoring.store import Stored, is_stored, load, write
from scoring.truths import columns_of_truth, pack, read_truth, unpack

LAYOUT = 2
MOST_SPELLINGS = 10_000
IGNORED = "ignored"
LONGEST_SPLIT = 60
WHOLE = "all"
LIMITS = Limits(max_bytes=4 << 30)


@dataclass(frozen=True, slots=True)
class Reference:
    """A prepared reference. Arrays stand in the order of its units and are mapped, not read.

    A unit is what is scored: a row, or in layout "long" all rows of one id, in the order of their first rows.
    """

    rows: int
    """Units."""
    ids: pa.Array
    """What units are aligned by: ids, or in layout "rows" with an item, id and item together."""
    index: IdIndex | DigitIndex | None
    """Finds ids quickly; None where they are too long for it."""
    truth: Any
    """Shape (rows,) or (rows, targets): numbers, whole-number labels, positions in ``texts``, or texts themselves; or
    lists, boxes, masks of ``rows`` units."""
    texts: tuple[str, ...] | None
    """The labels where they are text (of boxes, always), sorted."""
    labels: tuple[int, ...] | None
    """The labels where they are whole numbers and at most a thousand, sorted."""
    splits: dict[str, Array | None]
    """The units of each split; None means all."""
    beside: Beside = field(default_factory=Beside)
    items: pa.Array | None = None
    """For lists: the items' names, whose positions are the items' numbers."""

    @property
    def roles(self) -> dict[Role, Array]:
        """Arrays of shape (rows,) that some metrics take: see the spec's ``roles``."""
        return self.beside.roles

    @property
    def weight(self) -> Array | None:
        """How much each unit counts, or None where all count the same."""
        return self.beside.weight

    @property
    def clusters(self) -> Array | None:
        """The cluster of each unit as a code from 0 on, or None where units are independent."""
        return self.beside.clusters

    @property
    def slices(self) -> dict[str, tuple[tuple[str, ...], Array]]:
        """For each slice column its groups' names, and the group of each unit as a position in them."""
        return self.beside.slices


def prepare(path: Path, *, key: str, folder: Path, spec: ScorerSpec) -> Reference:
    """Return the reference, from ``folder`` if it was prepared before. ``key`` is its SHA-256. Raises HostError."""
    home = folder / _name(key, spec)
    if not is_stored(home):
        write(_packed(_read(path, spec=spec)), home=home)
    return _unpacked(load(home))


def read_reference(path: Path, *, spec: ScorerSpec, meanwhile: Callable[[int], None] | None = None) -> Reference:
    """Return the reference without keeping it. Raises HostError.

    ``meanwhile`` is called with the number of units when the file is parsed: it may begin what goes on beside the rest.
    """
    reference = _read(path, spec=spec, meanwhile=meanwhile)
    # What parsing took is free by now; the allocator keeps it unless it is asked for.
    pa.default_memory_pool().release_unused()
    return reference


def _name(key: str, spec: ScorerSpec) -> str:
    about = spec.to_dict()
    asked = {name: about.get(name) for name in READ_BY}
    return digest([LAYOUT, key, asked, spec.wants_labels, spec.multilabel, _cells(spec)])[:40]


READ_BY = ("id", "split", "target", "classes", "roles", "weight", "cluster", "slices", "item", "layout", "shape")


def _cells(spec: ScorerSpec) -> str | None:
    """Return the kind where it decides how the reference is read: labels, probabilities and numbers share one."""
    return spec.kind if spec.kind in WHOLE_CELLS else None


def _read(path: Path, *, spec: ScorerSpec, meanwhile: Callable[[int], None] | None = None) -> Reference:
    try:
        table = open_table(path, filename=path.name, limits=LIMITS)
        text, numbers, groups = _columns(spec)
        _check_columns(table, [*text, *numbers, *groups])
        table.load(text=text, numbers=numbers, groups=groups)
        return _build(table, spec=spec, meanwhile=meanwhile)
    except SubmissionError as error:
        first = error.first
        raise HostError(
            f"reference_{first.code}", f"In the reference: {error.message}", row=first.row, column=first.column
        ) from error


def _columns(spec: ScorerSpec) -> tuple[list[str], list[str], list[str]]:
    """Return the columns that are read as text, as numbers where they can be, and as groups; each once."""
    beside, truth = columns_beside(spec), columns_of_truth(spec)
    text = [spec.id, *([spec.item] if spec.item else []), *truth[0]]
    groups = [*([spec.split] if spec.split else []), *beside[0]]
    taken = list(dict.fromkeys(text)), list(dict.fromkeys(groups)), list(dict.fromkeys([*beside[1], *truth[1]]))
    groups = [name for name in taken[1] if name not in text]
    return taken[0], [name for name in taken[2] if name not in {*text, *groups}], groups


def _check_columns(table: Table, wanted: list[str]) -> None:
    for name in wanted:
        if table.names.count(name) != 1:
            found = listed(table.names) if table.names.count(name) == 0 else "it twice"
            raise HostError(
                "reference_columns", f"The reference needs one column {shown(name)}; found {found}.", column=name
            )


def _build(table: Table, *, spec: ScorerSpec, meanwhile: Callable[[int], None] | None) -> Reference:
    units = units_of(table, spec=spec)
    if meanwhile is not None:
        meanwhile(len(units))
    index = index_of(units.keys)
    _check_ids(table, units, spec=spec, doubled=index is None)
    splits = _splits(table, units=units, spec=spec)
    truth = read_truth(table, spec=spec, units=units)
    beside = read_beside(table, spec=spec, units=units)
    return Reference(
        len(units), units.keys, index, truth.values, truth.texts, truth.labels, splits, beside, truth.items
    )


def _check_ids(table: Table, units: Units, *, spec: ScorerSpec, doubled: bool) -> None:
    if doubled and units.codes is None:
        _check_doubled(units.keys)
    for column in (spec.id, spec.item if spec.layout == "rows" else None):
        empty = -1 if column is None else first_empty(table.text(column))
        if empty >= 0:
            raise HostError("reference_ids", "In the reference, an id is empty.", row=table.line(empty), column=column)


def _check_doubled(keys: pa.Array) -> None:
    counts = pc.value_counts(keys)
    doubled = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(doubled):
        names = listed((named(item.as_py()) for item in doubled.field("values")[:6]), total=len(doubled))
        raise HostError(
            "reference_ids", f"In the reference, {many(len(doubled), 'id occurs', 'ids occur')} twice: {names}."
        )


def _splits(table: Table, *, units: Units, spec: ScorerSpec) -> dict[str, Array | None]:
    if spec.split is None:
        return {WHOLE: None}
    names, codes = _split_codes(table, spec.split)
    if "" in names:
        row = table.line(int(np.flatnonzero(codes == names.index(""))[0]))
        raise HostError("reference_split", "In the reference, a split is empty.", row=row, column=spec.split)
    codes = units.one_each(codes, table=table, column=spec.split)
    if len(names) > 100:
        raise HostError("reference_split", f"The reference has {len(names):,} splits; 100 are the most.")
    longest = max(names, key=len)
    if len(longest) > LONGEST_SPLIT:
        message = (
            f"The reference has a split {shown(longest)} of {len(longest):,} characters; {LONGEST_SPLIT} are the most."
        )
        raise HostError("reference_split", message, column=spec.split)
    splits: dict[str, Array | None] = {
        name: np.flatnonzero(codes == code) for code, name in enumerate(names) if name != IGNORED
    }
    if not splits:
        raise HostError("reference_split", "In the reference, every row is ignored.", column=spec.split)
    return splits


def _split_codes(table: Table, column: str) -> tuple[list[str], Array]:
    """Return the names of the splits in small letters, and the split of each row."""
    spellings, codes = table.groups(column)
    if len(spellings) > MOST_SPELLINGS:
        raise HostError("reference_split", f"The reference has more than {MOST_SPELLINGS:,} splits; 100 are the most.")
    names = list(dict.fromkeys(name.lower() for name in spellings))
    return names, np.array([names.index(name.lower()) for name in spellings], dtype=np.int32)[codes]


def _packed(reference: Reference) -> Stored:
    """Return the reference as arrays and columns of text by name."""
    about: dict[str, Any] = {name: getattr(reference, name) for name in ("rows", "texts", "labels")}
    arrays: dict[str, Any] = {"weight": reference.weight, "clusters": reference.clusters}
    about["low"], about["tables"] = None, 0
    if isinstance(reference.index, DigitIndex):
        about["low"], arrays["dense"] = reference.index.low, reference.index.dense
    elif reference.index is not None:
        about["tables"], arrays["words"] = len(reference.index.tables), reference.index.words
        arrays |= {f"table_{number}": table for number, table in enumerate(reference.index.tables)}
    texts = {"ids": reference.ids, "items": reference.items}
    about["truth"], true_arrays, true_texts = pack(reference.truth)
    arrays |= true_arrays
    about["splits"] = list(reference.splits)
    arrays |= {f"split_{number}": rows for number, rows in enumerate(reference.splits.values())}
    about["roles"] = list(reference.roles)
    arrays |= {f"role_{role}": values for role, values in reference.roles.items()}
    about["slices"] = [[column, names] for column, (names, _) in reference.slices.items()]
    arrays |= {f"slice_{number}": codes for number, (_, codes) in enumerate(reference.slices.values())}
    return Stored(
        about,
        {name: array for name, array in arrays.items() if array is not None},
        {name: column for name, column in (texts | true_texts).items() if column is not None},
    )


def _unpacked(stored: Stored) -> Reference:
    about, arrays = stored.about, stored.arrays
    texts, labels = (None if about[name] is None else tuple(about[name]) for name in ("texts", "labels"))
    beside = Beside(
        {role: arrays[f"role_{role}"] for role in about["roles"]},
        arrays.get("weight"),
        arrays.get("clusters"),
        {column: (tuple(names), arrays[f"slice_{number}"]) for number, (column, names) in enumerate(about["slices"])},
    )
    return Reference(
        rows=about["rows"],
        ids=stored.texts["ids"],
        index=_index(about, arrays),
        truth=unpack(about["truth"], arrays=arrays, texts=stored.texts),
        texts=texts,
        labels=labels,
        splits={name: arrays.get(f"split_{number}") for number, name in enumerate(about["splits"])},
        beside=beside,
        items=stored.texts.get("items"),
    )


def _index(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> IdIndex | DigitIndex | None:
    if about["low"] is not None:
        return DigitIndex(about["low"], arrays["dense"])
    tables = tuple(arrays[f"table_{number}"] for number in range(about["tables"]))
    return IdIndex(arrays["words"], tables) if tables else None
