"""Does the header name the columns that are expected? If not: which are missing, too many, doubled, or misspelt."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from scoring.cells import nearest
from scoring.delimited import SEPARATORS, DelimitedTable
from scoring.errors import Findings, Mistake, SubmissionError, fail, listed, many, shown
from scoring.reading import Table

INDEX_NAMES = {"", "unnamed: 0", "index", "__index_level_0__"}


def check_columns(table: Table, *, wanted: Sequence[str]) -> None:
    """Raise all that is wrong with the column names, at once."""
    if sorted(table.names) == sorted(wanted):
        return
    row = 1 if isinstance(table, DelimitedTable) else None
    if isinstance(table, DelimitedTable):
        _check_separator(table, wanted=wanted)
        _check_header(table, wanted=wanted)
    findings = Findings()
    _doubled(table.names, row=row, findings=findings)
    used = _missing(table.names, wanted=wanted, row=row, findings=findings)
    _extra(table.names, wanted=wanted, used=used, row=row, findings=findings)
    if findings.mistakes:
        raise SubmissionError(*findings.mistakes)


def _check_separator(table: DelimitedTable, *, wanted: Sequence[str]) -> None:
    header = table.header
    for separator, word in SEPARATORS.items():
        if separator == table.separator or separator not in header:
            continue
        cells = {cell.strip().casefold() for cell in next(csv.reader([header], delimiter=separator))}
        if len(cells & {name.casefold() for name in wanted}) >= min(2, len(wanted)):
            expected = SEPARATORS[table.separator]
            commas = " and has decimal commas" if re.search(r"\d,\d", table.sample()) and separator != "," else ""
            points = ", and decimal points" if commas else ""
            raise fail(
                "wrong_separator",
                f"Row 1: the file separates its columns by {word} ({shown(separator)}){commas}, "
                f"expected {expected} ({shown(table.separator)}){points}.",
                row=1,
            )


def _check_header(table: DelimitedTable, *, wanted: Sequence[str]) -> None:
    if set(table.names) & set(wanted) or any(nearest(name, table.names) for name in wanted):
        return
    if any(re.fullmatch(r"[+-]?\d+(\.\d+)?", name.strip(), re.ASCII) for name in table.names):
        raise fail(
            "no_header",
            f"Row 1: found {listed(table.names)}, which is no header. Expected the columns' names: {listed(wanted)}.",
            row=1,
        )


def _doubled(names: Sequence[str], *, row: int | None, findings: Findings) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}, key=names.index):
        message = f"{_at(row)}column {shown(name)} occurs {names.count(name):,} times, expected once."
        findings.add(Mistake(code="column_doubled", message=_sentence(message), row=row, column=name))


def _missing(names: Sequence[str], *, wanted: Sequence[str], row: int | None, findings: Findings) -> set[str]:
    """Report what is missing; return the columns that were probably meant."""
    free = [name for name in names if name not in wanted]
    used: set[str] = set()
    for name in wanted:
        if name in names:
            continue
        same = nearest(name, free)
        import difflib  # noqa: PLC0415 - only a file with a mistake needs it

        close = same if same is not None else next(iter(difflib.get_close_matches(name, free[:1000], n=1)), None)
        if close is not None:
            used.add(close)
            message = f"{_at(row)}found column {shown(close)}, expected {shown(name)}. Rename it{_why(same)}."
            findings.add(Mistake(code="column_misspelt", message=_sentence(message), row=row, column=name))
        else:
            message = (
                f"{_at(row)}column {shown(name)} is missing. Expected {many(len(wanted), 'column')}: {listed(wanted)}."
            )
            findings.add(Mistake(code="column_missing", message=_sentence(message), row=row, column=name))
    return used


def _extra(names: Sequence[str], *, wanted: Sequence[str], used: set[str], row: int | None, findings: Findings) -> None:
    extra = [name for name in dict.fromkeys(names) if name not in wanted and name not in used]
    if not extra:
        return
    hint = " It looks like a row index: write the file without one (`index=False`)." if _is_index(extra[0]) else ""
    message = f"{_at(row)}column {shown(extra[0])} is not expected, only {listed(wanted)}. Leave it out.{hint}"
    findings.add(Mistake(code="column_extra", message=_sentence(message), row=row, column=extra[0], count=len(extra)))


def _is_index(name: str) -> bool:
    return name.strip().casefold() in INDEX_NAMES


def _why(same: str | None) -> str:
    return ": upper and lower case and blanks count" if same is not None else ""


def _at(row: int | None) -> str:
    return f"row {row}: " if row is not None else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
