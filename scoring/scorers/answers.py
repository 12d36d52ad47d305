"""Reading what a scorer's process wrote down. It is the word of a program that nobody vouches for: data, with caps.

A process that runs a host's code writes lines of JSON into a file: ``{"stage": …}`` while it goes on, ``{"result": …}``
at the end. What it prints goes elsewhere, so nothing printed can pass for an answer; and what it writes is taken only
where it has the form of one, with finite numbers, known verdicts, and texts of a bounded length.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.errors import Mistake
from scoring.evaluate import ScoreValue
from scoring.jobs import ScoreError, ScoreResult

ANSWER_BYTES = 4 << 20
MOST_SCORES = 1000
MESSAGE, DETAIL, NAME = 2000, 16_384, 200
CODE = re.compile(r"[a-z0-9_]{1,40}")
VERDICTS = {"scored", "rejected", "host_error"}
"""That a process failed by our doing is for us to say."""


class NoAnswerError(Exception):
    """What was written is no answer; the message says why, for hosts."""


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects that a process wrote, one a line. Raises NoAnswerError; without a file there are none."""
    if not path.is_file():
        return []
    return [_object(line) for line in read_text(path).splitlines() if line.strip()]


def read_text(path: Path) -> str:
    """Return the text of a file that a process wrote. Raises NoAnswerError for one that is too large."""
    if path.stat().st_size > ANSWER_BYTES:
        raise NoAnswerError(f"`{path.name}` is larger than {ANSWER_BYTES >> 20} MB.")
    return path.read_text(encoding="utf-8", errors="replace")


def read_json(text: str) -> Any:
    """Return JSON, where NaN and infinities become None. Raises NoAnswerError."""
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise NoAnswerError(f"It is no JSON: {str(error)[:MESSAGE]}") from error


def _object(text: str) -> dict[str, Any]:
    value = read_json(text)
    if not isinstance(value, dict):
        raise NoAnswerError("A line of the answer is no object.")
    return value


def last_stage(messages: list[dict[str, Any]]) -> str:
    """Return the stage that was reached: "begin", "prepare", "read" or "score"."""
    stages = [message["stage"] for message in messages if message.get("stage") in {"prepare", "read", "score"}]
    return stages[-1] if stages else "begin"


def read_result(value: Any) -> ScoreResult:
    """Return the result of a function's process. Raises NoAnswerError."""
    try:
        return _result(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoAnswerError(f"The answer has not the form of one: {type(error).__name__}.") from error


def _result(value: Mapping[str, Any]) -> ScoreResult:
    if value["verdict"] not in VERDICTS:
        raise NoAnswerError("The answer has an unknown verdict.")
    error = None if value["error"] is None else _error(value["error"])
    scores = value["scores"]
    if (error is None) != (value["verdict"] == "scored") or len(scores) > MOST_SCORES:
        raise NoAnswerError("The answer has scores or an error too many.")
    return ScoreResult(
        verdict=value["verdict"],
        scores=tuple(
            ScoreValue(key=_text(one["key"], 64), split=_text(one["split"], NAME), value=finite(one["value"]))
            for one in scores
        ),
        error=error,
        rows=_whole(value["rows"]) or 0,
        resources={name: _number(value["resources"].get(name)) for name in ("wall_s", "cpu_s")},
        versions={_text(k, NAME): _text(v, NAME) for k, v in list(value["versions"].items())[:50]},
        detail=_text(value["detail"], DETAIL),
    )


def _error(value: Mapping[str, Any]) -> ScoreError:
    mistakes = tuple(Mistake(**_mistake(one), count=_whole(one["count"]) or 1) for one in value["mistakes"][:10])
    return ScoreError(**_mistake(value), mistakes=mistakes)


def _mistake(value: Mapping[str, Any]) -> dict[str, Any]:
    if not CODE.fullmatch(value["code"]):
        raise NoAnswerError("The answer has an unknown code.")
    column = value["column"]
    return {
        "code": value["code"],
        "message": _text(value["message"], MESSAGE),
        "row": _whole(value["row"]),
        "column": None if column is None else _text(column, NAME),
    }


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf-8", "replace").decode()[:most]


def _whole(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise ValueError
    return value


def _number(value: Any) -> float:
    return finite(value) or 0.0


def finite(value: Any) -> float | None:
    """Return a finite number, and None for whatever else there is.

    >>> finite(1), finite(0.5), finite(float("inf")), finite("0.5"), finite(True), finite(10**400)
    (1.0, 0.5, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
