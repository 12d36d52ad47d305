"""Parts of a reference that are scored apart: splits, and the groups of slices within them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from scoring.metrics.registry import Array
from scoring.reference import Reference


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that get a score of their own. ``rows`` None means all."""

    split: str
    rows: Array | None
    column: str | None = None
    """The slice column, where this is one of its groups."""
    group: str | None = None
    whole: str | None = None
    """The split that the group is of."""


def splits_of(reference: Reference) -> Iterator[Part]:
    """Yield the splits."""
    for split, rows in reference.splits.items():
        yield Part(split, rows)


def slices_of(reference: Reference) -> Iterator[Part]:
    """Yield the groups of each slice column that a split has rows of; ``split`` is like ``public:sex=F``."""
    for split, rows in reference.splits.items():
        for column, (names, codes) in reference.slices.items():
            here = codes if rows is None else codes[rows]
            for code, name in enumerate(names):
                found = np.flatnonzero(here == code)
                if len(found):
                    yield Part(f"{split}:{column}={name}", found if rows is None else rows[found], column, name, split)


def take(values: Any, rows: Array | None) -> Any:
    """Return the given units of an array or of a container; ``rows`` None means all."""
    if rows is None:
        return values
    if isinstance(values, np.ndarray):
        return values[rows]
    container: Any = type(values)
    parts = {field.name: getattr(values, field.name) for field in fields(values)}
    starts = parts.pop("starts", None)
    if starts is None:
        return container(**_chosen(parts, rows))
    lengths = (starts[1:] - starts[:-1])[rows]
    ends = np.cumsum(lengths)
    at = np.arange(len(lengths) and ends[-1]) + np.repeat(starts[:-1][rows] - (ends - lengths), lengths)
    return container(starts=np.concatenate([[0], ends]), **_chosen(parts, at))


def _chosen(parts: dict[str, Any], at: Array) -> dict[str, Any]:
    return {name: None if part is None else part[at] for name, part in parts.items()}
