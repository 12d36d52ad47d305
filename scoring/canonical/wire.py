"""What goes over the socket of one file: questions as JSON, answers as a kind, a length, and that many bytes."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from scoring.errors import MISTAKES_KEPT, Mistake

HEAD = struct.Struct("<cQ")
STATUS = struct.Struct("<i")
READY = b"ready"
CLEAN, MISTAKES, MEMORY, BROKEN = b"c", b"m", b"o", b"x"
"""A clean table or what else was asked for; why there is none; no memory for it; an error of ours."""
LONGEST_WORDS = 1 << 20
LONGEST_CODE, LONGEST_MESSAGE, LONGEST_NAME = 40, 4000, 1000
LARGEST_COUNT = 1 << 53


def plain_mistakes(mistakes: Iterable[Mistake]) -> list[dict[str, Any]]:
    """Return mistakes as plain data, no text longer than may be."""
    return [
        {
            "code": mistake.code,
            "message": mistake.message[:LONGEST_MESSAGE],
            "row": mistake.row,
            "column": None if mistake.column is None else mistake.column[:LONGEST_NAME],
            "count": mistake.count,
        }
        for mistake in mistakes
    ][:MISTAKES_KEPT]


def mistakes_in(data: object) -> tuple[Mistake, ...]:
    """Return the mistakes that somebody sent whom we do not trust. Raises ValueError for what is none."""
    if not isinstance(data, list) or not 1 <= len(data) <= MISTAKES_KEPT:
        raise ValueError("These are no mistakes.")
    return tuple(map(_mistake, data))


def _mistake(data: object) -> Mistake:
    if not isinstance(data, Mapping) or set(data) != {"code", "message", "row", "column", "count"}:
        raise ValueError("This is no mistake.")
    code, column = data["code"], data["column"]
    if (
        not isinstance(code, str)
        or not code.isascii()
        or not code.replace("_", "").isalnum()
        or len(code) > LONGEST_CODE
    ):
        raise ValueError("A mistake's code is a short word.")
    return Mistake(
        code=code,
        message=_plain(data["message"], LONGEST_MESSAGE),
        row=None if data["row"] is None else _number(data["row"]),
        column=None if column is None else _plain(column, LONGEST_NAME),
        count=_number(data["count"]),
    )


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
        raise ValueError("This is no count.")
    return value


def _plain(value: object, longest: int) -> str:
    """Return a text in which nothing acts: no control character, no half of a pair, no change of direction."""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError("This is no text, or too long.")
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(mark)[0] == "C" else mark for mark in value)
