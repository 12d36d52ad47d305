"""What is to be read of a file: no label and no id in it, so that it may go where foreign bytes are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scoring.archives import Limits
from scoring.columns import check_columns
from scoring.reading import RowLimit, Table, open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which columns of a file are wanted, as text or as numbers, and what it may take up."""

    filename: str
    wanted: tuple[str, ...]
    text: tuple[str, ...]
    limits: Limits
    row_limit: RowLimit | None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that are not text."""
        return tuple(name for name in self.wanted if name not in self.text)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Order:
        """Read what ``to_dict`` wrote."""
        row_limit = data["row_limit"]
        return cls(
            filename=data["filename"],
            wanted=tuple(data["wanted"]),
            text=tuple(data["text"]),
            limits=Limits(**data["limits"]),
            row_limit=None if row_limit is None else RowLimit(**row_limit),
        )


Opener = Callable[[Path, Order], Table]
"""Opens a file and reads what was ordered. Raises SubmissionError."""


def open_here(path: Path, order: Order) -> Table:
    """Open a file in this very process. Raises SubmissionError."""
    table = open_table(path, filename=order.filename, limits=order.limits, row_limit=order.row_limit)
    check_columns(table, wanted=order.wanted)
    table.load(text=order.text, numbers=order.numbers)
    return table
