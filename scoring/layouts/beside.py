"""Columns of the reference beside the truth: roles, weights, clusters and slices."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scoring.cells import read_numbers
from scoring.errors import Findings, HostError, shown
from scoring.layouts.units import Units
from scoring.metrics.registry import Array, Role
from scoring.reading import Table
from scoring.spec import ScorerSpec

MOST_GROUPS = 20
LONGEST_GROUP = 120  # characters of column and group: both become part of a split's name, which sites keep
NAMELESS = "(none)"


@dataclass(frozen=True, slots=True)
class Beside:
    """Arrays of shape (units,) beside the truth."""

    roles: dict[Role, Array] = field(default_factory=dict)
    """``group`` as codes from 0 on, ``event`` as 0 and 1, the others as numbers."""
    weight: Array | None = None
    clusters: Array | None = None
    """The cluster of each unit, as codes from 0 on."""
    slices: dict[str, tuple[tuple[str, ...], Array]] = field(default_factory=dict)
    """For each slice column the names of its groups, and the group of each unit as a position in them."""


def columns_beside(spec: ScorerSpec) -> tuple[list[str], list[str]]:
    """Return the columns that hold groups, and those that are read as numbers."""
    groups = [column for role, column in spec.roles.items() if role == "group"]
    groups += [*([spec.cluster] if spec.cluster else []), *spec.slices]
    return groups, [name for name in spec.beside if name not in groups]


def read_beside(table: Table, *, spec: ScorerSpec, units: Units) -> Beside:
    """Read what the spec names. Raises HostError, or SubmissionError about a cell of the reference."""
    roles = {role: _role(table, role, column, units=units) for role, column in spec.roles.items()}
    weight = None if spec.weight is None else _weight(table, spec.weight, units=units)
    clusters = None if spec.cluster is None else _codes(table, spec.cluster, units=units)
    return Beside(roles, weight, clusters, {column: _slice(table, column, units=units) for column in spec.slices})


def numbers_beside(table: Table, column: str, *, units: Units) -> Array:
    """Return a column of numbers, one for each unit."""
    findings = Findings()
    values = read_numbers(table, column, expected="a number", findings=findings)
    findings.raise_any()
    if values is None:
        raise RuntimeError("a column could not be read, and no mistake was found")
    return units.one_each(values, table=table, column=column)


def _role(table: Table, role: Role, column: str, *, units: Units) -> Array:
    if role == "group":
        return _codes(table, column, units=units)
    values = numbers_beside(table, column, units=units)
    if role == "event":
        _refuse(table, column, (values != 0) & (values != 1), expected="0 or 1")
        return values.astype(np.int64)
    return values


def _weight(table: Table, column: str, *, units: Units) -> Array:
    values = numbers_beside(table, column, units=units)
    _refuse(table, column, values < 0, expected="a weight of 0 or more")
    if not values.any():
        raise HostError("reference_weight", "In the reference, all weights are 0.", column=column)
    return values


def _refuse(table: Table, column: str, bad: Array, *, expected: str) -> None:
    if bad.any():
        unit = int(np.flatnonzero(bad)[0])
        # Rows and units are the same but in layout "long", where the column alone must do.
        row = table.line(unit) if len(bad) == table.rows else None
        message = f"In the reference, column {shown(column)} holds something else than {expected}."
        raise HostError("reference_column", message, row=row, column=column)


def _codes(table: Table, column: str, *, units: Units) -> Array:
    names, codes = table.groups(column)
    if "" in names:
        row = table.line(int(np.flatnonzero(codes == names.index(""))[0]))
        message = f"In the reference, a cell of column {shown(column)} is empty."
        raise HostError("reference_column", message, row=row, column=column)
    return units.one_each(codes, table=table, column=column)


def _slice(table: Table, column: str, *, units: Units) -> tuple[tuple[str, ...], Array]:
    names, codes = table.groups(column)
    codes = units.one_each(codes, table=table, column=column)
    if len(names) > MOST_GROUPS:
        message = (
            f"Slice column {shown(column)} has {len(names):,} groups in the reference; {MOST_GROUPS} are the most."
        )
        raise HostError("reference_slices", message, column=column)
    longest = max(names, key=len, default="")
    if len(column) + len(longest) > LONGEST_GROUP:
        message = f"Slice column {shown(column)} and its group {shown(longest)} are too long for the name of a score."
        raise HostError(
            "reference_slices", f"{message} {LONGEST_GROUP} characters together are the most.", column=column
        )
    order = sorted(range(len(names)), key=lambda code: names[code])
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return tuple(names[code] or NAMELESS for code in order), place[codes]
