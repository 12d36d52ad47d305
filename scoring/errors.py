"""Mistakes and whom they concern.

A :class:`SubmissionError` is for the participant: its sentences are made of the submission, the ids, and what the
challenge shows to everybody (columns, listed classes). No label enters them. A :class:`HostError` is for the hosts.

Rows are counted as an editor shows lines: the header is row 1, so the first row of data is row 2. In Parquet, JSON and
NPZ, which have no header line, the first row of data is row 1.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN_CHARACTERS = 60
MISTAKES_KEPT = 10
TOO_LARGE = "Reading this file took more memory than a submission may take. Send fewer or shorter cells."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong: what, where, and a sentence that says what was found, expected, and to be done."""

    code: str
    message: str
    row: int | None = None
    column: str | None = None
    count: int = 1
    """How many rows or ids have this same mistake, this one included."""


class SubmissionError(Exception):
    """The submission cannot be scored, for the reasons in ``mistakes``: the first is the one to show."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__(self.message)

    @property
    def first(self) -> Mistake:
        """The mistake that comes first in the file."""
        return self.mistakes[0]

    @property
    def message(self) -> str:
        """The first mistake's sentence, and how many further ones there are."""
        others = sum(mistake.count for mistake in self.mistakes[1:])
        return f"{self.first.message}{_also(same=self.first.count - 1, others=others)}"


class HostError(Exception):
    """The reference, the spec or a metric's parameters are wrong: for the hosts, never for a participant."""

    def __init__(self, code: str, message: str, *, row: int | None = None, column: str | None = None) -> None:
        self.code, self.message, self.row, self.column = code, message, row, column
        super().__init__(message)


@dataclass(slots=True)
class Findings:
    """Collects mistakes, so that one pass over a file reports all of them."""

    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, mistake: Mistake) -> None:
        """Keep ``mistake``."""
        self.mistakes.append(mistake)

    def raise_any(self) -> None:
        """Raise what was found, in the order of the file; what has no row, like ids that are missing, comes last."""
        if self.mistakes:
            ordered = sorted(self.mistakes, key=lambda mistake: (mistake.row is None, mistake.row or 0))
            raise SubmissionError(*ordered[:MISTAKES_KEPT])


def fail(code: str, message: str, *, row: int | None = None, column: str | None = None) -> SubmissionError:
    """Return an error with one mistake, to be raised."""
    return SubmissionError(Mistake(code=code, message=message, row=row, column=column))


def shown(text: object) -> str:
    """Return ``text`` between backticks, shortened, with control characters made visible.

    >>> shown("a\\tb")
    '`a\\\\tb`'
    """
    raw = str(text)
    short = raw if len(raw) <= SHOWN_CHARACTERS else f"{raw[: SHOWN_CHARACTERS - 1]}…"
    return f"`{''.join(_visible(character) for character in short)}`"


def listed(values: Iterable[object], *, total: int | None = None) -> str:
    """Return the first five values in backticks, and say when there are more.

    >>> listed([1, 2, 3])
    '`1`, `2` and `3`'
    """
    every = list(values)
    total = len(every) if total is None else total
    words = [shown(value) for value in every[:5]]
    if total > len(words):
        return f"{', '.join(words)}, …"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def place(row: int | None, column: str | None) -> str:
    """Return where something is, as a sentence begins: "Row 4,812, column `cover`"."""
    where = [f"row {row:,}"] if row is not None else []
    where += [f"column {shown(column)}"] if column is not None else []
    return _upper_first(", ".join(where))


def many(number: int, one: str, more: str | None = None) -> str:
    """Return a number with its noun.

    >>> many(1, "row"), many(1200, "row"), many(2, "id is", "ids are")
    ('1 row', '1,200 rows', '2 ids are')
    """
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def _also(*, same: int, others: int) -> str:
    words = f" {many(same, 'more has', 'more have')} this mistake." if same else ""
    return words + (f" Beside it: {many(others, 'more mistake')}." if others else "")


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _visible(character: str) -> str:
    if character == "`":
        return "'"
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    return character.encode("unicode_escape").decode() if character != "\xa0" else "\\u00a0"
