"""Telling exactly which cell is wrong, and how. Only a file that has a mistake comes here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.arrow import pc
from scoring.errors import Findings, Mistake, place, shown
from scoring.metrics.registry import Array
from scoring.reading import Table, arrow_of, values_of

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
MISSING = {"na", "n/a", "nan", "null", "none", "#n/a", "-nan", "+nan", "<na>"}
INFINITE = {"inf", "infinity"}


def read_numbers(
    table: Table, name: str, *, expected: str, findings: Findings, only: Array | None = None
) -> Array | None:
    """Return a column as float64; or None, with what is wrong added to ``findings``.

    Where ``only`` (shape (rows,)) is False a cell may hold anything, and is read as 0.
    """
    quick = table.numbers(name)
    if quick is not None:
        return quick
    text = pc.utf8_trim_whitespace(table.text(name))
    if only is not None and not only.all():
        text = pc.if_else(arrow_of(only), text, "0")
    values, bad = _numbers_in(text)
    if not bad.any():
        return values
    report(table, name, bad=bad, text=text, say=lambda cell: _not_a_number(cell, expected=expected), findings=findings)
    return None


def readable(table: Table, name: str) -> tuple[Array, Array]:
    """Return a column in which some cell is wrong: the numbers, 0 where there is none, and which cells hold one."""
    values, bad = _numbers_in(pc.utf8_trim_whitespace(table.text(name)))
    return values, ~bad


def _numbers_in(text: pa.Array) -> tuple[Array, Array]:
    """Return the numbers, and which cells hold no finite one; these are 0 or infinite."""
    bad = flags(pc.invert(pc.match_substring_regex(text, NUMBER)))
    written = pc.if_else(arrow_of(bad), "0", text) if bad.any() else text
    values = values_of(written.cast(pa.float64()), dtype=np.dtype(np.float64))
    return values, bad | ~np.isfinite(values)


def report(
    table: Table,
    name: str,
    *,
    bad: Array,
    text: pa.Array,
    say: Callable[[str], tuple[str, str]],
    findings: Findings,
) -> None:
    """Add one mistake for each code found among the first rows where ``bad``; ``say`` gives code and sentence."""
    indices = np.flatnonzero(bad)
    first: dict[str, tuple[int, str]] = {}
    for index in indices[:1000].tolist():
        code, sentence = say(text[index].as_py())
        first.setdefault(code, (index, sentence))
    rest = len(indices) - len(first)
    kinds = sorted(first.items(), key=lambda item: item[1][0])
    rows = table.lines([index for _, (index, _) in kinds])
    for position, ((code, (_, sentence)), row) in enumerate(zip(kinds, rows, strict=True)):
        message = f"{place(row, name)}: {sentence}"
        count = 1 + rest if position == 0 else 1
        findings.add(Mistake(code=code, message=message, row=row, column=name, count=count))


def flags(mask: Any) -> Array:
    """Return an Arrow array of truth values as NumPy's."""
    if isinstance(mask, pa.ChunkedArray):
        mask = mask.combine_chunks()
    return values_of(mask.cast(pa.uint8()), dtype=np.dtype(np.uint8)).astype(bool)


def _not_a_number(cell: str, *, expected: str) -> tuple[str, str]:
    found = f"found {shown(cell)}, expected {expected}."
    if not cell:
        return "empty_cell", f"the cell is empty, expected {expected}."
    if cell.lower() in MISSING:
        return "not_finite", f"{found} Fill in a value: a missing one cannot be scored."
    if cell.lower().lstrip("+-") in INFINITE:
        return "not_finite", f"{found} Infinity cannot be scored."
    if re.match(NUMBER, cell, re.ASCII):
        return "not_finite", f"{found} It is too large for a 64-bit number, and becomes infinity."
    return "not_a_number", f"{found}{_why_not_a_number(cell)}"


def _why_not_a_number(cell: str) -> str:
    plain = unicodedata.normalize("NFKC", cell)
    if plain != cell and re.match(NUMBER, plain, re.ASCII):
        return f" The digits are not the usual ones (0 to 9): write {shown(plain)}."
    if re.fullmatch(r"[+-]?\d+,\d+", cell, re.ASCII):
        return f" The decimal comma is not read: write {shown(cell.replace(',', '.'))}."
    if re.match(NUMBER, re.sub(r"[_ '\u00a0\u202f,]", "", cell), re.ASCII):
        return f" Write it without marks between the digits: {shown(re.sub(r'[^0-9.eE+-]', '', cell))}."
    if re.match(NUMBER, cell.replace("\u2212", "-"), re.ASCII):
        return " The minus sign is a typographic one: write a hyphen (-)."
    if cell.endswith("%"):
        return " Write a share without the sign: `0.5`, not `50%`."
    return ""


def nearest(text: str, known: Sequence[str]) -> str | None:
    """Return the one of ``known`` that differs from ``text`` by case or blanks only."""
    plain = "".join(text.split()).casefold()
    return next((name for name in known if "".join(name.split()).casefold() == plain), None)
