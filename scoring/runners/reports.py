"""What a job says of its own failure: facts out of a file that the participant's code may have written, so all checked.

Two errors come of it. The closed one is for participants whose data is hidden: a sentence out of a fixed set, with the
phase's limits in it and nothing else. The fuller one has the exception's message and the line of their own file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.errors import shown
from scoring.jobs import ScoreError
from scoring.sandbox.jobs import MIB, Limits, Result, Verdict

REPORT = "podium-report.json"
LARGEST = 64 << 10
LONGEST_MESSAGE = 500
LAST_LINE = 10_000  # a report may be forged: what it says of a line is to carry few bits out
BARE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")

CLOSED = {
    "exception": ("runtime_error", "The code stopped with an error."),
    "no_predict": ("no_predict", "The file has no function `predict(inputs_dir, output_path)`."),
    "no_predict_batch": ("no_predict_batch", "The file has no function `predict_batch(batch)`."),
    "batch_answer": ("batch_answer", "An answer does not have one row for each row of its batch."),
    "notebook_unreadable": ("notebook_unreadable", "The notebook cannot be read. Save it again, in format 4."),
    "notebook_language": ("notebook_language", "The notebook is not in Python, the only language that runs here."),
    "cell": ("runtime_error", "A cell of the notebook stopped with an error."),
    "kernel_died": ("kernel_died", "The notebook's kernel died: it may have taken more memory than it may."),
    "model_unreadable": ("model_unreadable", "The model cannot be loaded: the file is damaged, or of another format."),
    "model_types": ("model_types", "The model holds types that are not scikit-learn's own, which are not loaded."),
    "model_inputs": ("model_inputs", "The model's inputs are not those that the phase declares."),
    "model_failed": ("model_failed", "The model stopped with an error on the data."),
    "model_outputs": (
        "model_outputs",
        "The model's output does not have the rows and columns that the phase declares.",
    ),
}
"""What a report's ``kind`` may be: the code, and the sentence for those who may not know more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why there are no predictions: the closed error, and the fuller one."""

    error: ScoreError
    detail: ScoreError


def why(result: Result, *, out: Path, expects: str, limits: Limits, files: frozenset[str], runner: bool = True) -> Why:
    """Return why a job that ended with the participant's fault has no predictions.

    ``files`` are those that they sent; ``runner`` says whether a runner of ours, which leaves reports, was the command.
    """
    report = read_report(out / REPORT) if runner and result.verdict == Verdict.RUNTIME_ERROR else {}
    if report.get("type") == "MemoryError":
        return _same(ScoreError(code="memory", message=_limit_words(Verdict.MEMORY, limits, expects)))
    closed = CLOSED.get(str(report.get("kind")))
    if closed is not None:
        code, message = closed
        return Why(error=ScoreError(code=code, message=message), detail=_detail(report, closed, files))
    error = ScoreError(code=str(result.verdict), message=_limit_words(result.verdict, limits, expects))
    return Why(error=error, detail=_more(error, result, expects))


def _same(error: ScoreError) -> Why:
    return Why(error=error, detail=error)


def _limit_words(verdict: Verdict, limits: Limits, expects: str) -> str:
    return {
        Verdict.TIME: f"The run took longer than the {limits.wall_s:g} s, or more computing time, than it may.",
        Verdict.MEMORY: f"The run took more than the {limits.memory_mb:,} MB of memory that it may.",
        Verdict.OUTPUT: f"The run wrote more than it may: {limits.output_bytes / MIB:,.0f} MB and "
        f"{limits.output_files:,} files in /out, and {limits.stream_bytes / MIB:,.0f} MB printed.",
        Verdict.MISSING_OUTPUT: f"The run ended well, but left no {expects}: write it where output_path says.",
    }.get(verdict, "The code stopped with an error.")


def _more(error: ScoreError, result: Result, expects: str) -> ScoreError:
    """Return the error with what the sandbox saw."""
    words = [error.message]
    if result.verdict == Verdict.MISSING_OUTPUT:
        names = [item.path for item in result.collected if item.path != REPORT][:5]
        words += [f"It left {', '.join(map(shown, names))}." if names else "It left nothing."]
        words += [f"{shown(item.path)} was not taken: {item.reason}." for item in result.refused[:5]]
    elif result.signal is not None:
        words.append(f"It was ended by signal {result.signal}.")
    elif result.exit_code:
        words.append(f"It ended with exit status {result.exit_code}.")
    return ScoreError(code=error.code, message=" ".join(words))


def read_report(path: Path) -> dict[str, Any]:
    """Return the facts of a report; none where it is missing, or is not one."""
    try:
        if path.stat().st_size > LARGEST:
            return {}
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _detail(report: Mapping[str, Any], closed: tuple[str, str], files: frozenset[str]) -> ScoreError:
    code, message = closed
    where, line = _place(report, files)
    what = _exception(report)
    place = f"{where}, line {line:,}: " if where is not None and line is not None else ""
    if report.get("kind") == "cell":
        cell, first = report.get("cell"), _text(report.get("first"))
        place = f"Cell {cell:,} ({shown(first)}), line {line or 1}: " if _is_count(cell) else ""
    return ScoreError(code=code, message=f"{place}{what or message}", row=line, column=where)


def _exception(report: Mapping[str, Any]) -> str:
    """Return an exception's name and message, or what the runner found instead."""
    name, message = report.get("type"), _text(report.get("message"))
    known = isinstance(name, str) and BARE_NAME.fullmatch(name)
    return f"{name}: {message}" if known and message else str(name) if known else message


def _place(report: Mapping[str, Any], files: frozenset[str]) -> tuple[str | None, int | None]:
    """Return the innermost of their own files that an exception came through, and the line."""
    if report.get("kind") == "cell":
        notebook = next((name for name in files if name.endswith(".ipynb")), "the notebook")
        cell, line = report.get("cell"), report.get("line")
        return (f"{notebook}, cell {cell}", line if _is_count(line) else 1) if _is_count(cell) else (None, None)
    frames = report.get("frames")
    for frame in reversed(frames[-100:] if isinstance(frames, list) else []):
        if isinstance(frame, list) and len(frame) == 2 and frame[0] in files and _is_count(frame[1]):
            return frame[0], frame[1]
    return None, None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < LAST_LINE


def _text(value: Any) -> str:
    """Return text without what would break a line or steer a terminal, shortened."""
    words = " ".join(str(value).split()) if isinstance(value, str) else ""
    words = "".join(character if character.isprintable() else "�" for character in words)
    return words if len(words) <= LONGEST_MESSAGE else f"{words[: LONGEST_MESSAGE - 1]}…"
