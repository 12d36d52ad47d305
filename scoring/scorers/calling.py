"""Loading a host's metric file, giving ``score`` its parameters, and telling whose fault an exception is."""

from __future__ import annotations

import importlib.util
import inspect
import json
import math
import numbers
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Union, get_args, get_origin

from scoring.errors import HostError, fail, listed, shown

Score = Callable[..., Any]
VISIBLE = "ParticipantVisibleError"
GIVEN = 3
"""How many parameters of ``score`` are the tables and the id column."""
TRUE, FALSE, NONE = {"true", "1", "yes"}, {"false", "0", "no"}, {"none", "null"}


class FunctionFailedError(HostError):
    """The host's file stopped with an error of its own: ``story`` is its traceback, for the host only."""

    def __init__(self, code: str, message: str, *, story: str = "") -> None:
        super().__init__(code, message)
        self.story = story


def load_function(path: Path) -> Score:
    """Return the function ``score`` of a metric file. Raises HostError."""
    try:
        function: Score | None = getattr(_module(path), "score", None)
    except BaseException as error:  # a file may do anything while it is loaded
        raise _failed(error, path=path, what=shown(path.name)) from error
    if function is None or not callable(function):
        raise HostError("metric_invalid", f"{shown(path.name)} has no function `score`.")
    if len(_parameters(function)) < GIVEN:
        message = f"`score` of {shown(path.name)} must take solution, submission and row_id_column_name."
        raise HostError("metric_invalid", message)
    return function


def _module(path: Path) -> types.ModuleType:
    loader = importlib.util.spec_from_file_location("metric", path)
    if loader is None or loader.loader is None:
        raise HostError("metric_invalid", f"{shown(path.name)} is not a Python file (.py).")
    module = importlib.util.module_from_spec(loader)
    sys.modules["metric"] = module  # dataclasses and pickles look themselves up there
    sys.path.append(str(path.parent))  # last, so that a neighbour hides nothing of Python's own
    loader.loader.exec_module(module)
    return module


def read_params(function: Score, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that a host set, texts read as the annotations say. Raises HostError."""
    known = dict(list(_parameters(function).items())[GIVEN:])
    anything = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in known.values())
    known = {name: item for name, item in known.items() if item.kind in NAMED}
    for name in given:
        if name not in known and not anything:
            expected = listed(known) if known else "none"
            raise HostError("metric_params", f"`score` has no parameter {shown(name)}. It has: {expected}.")
    for name, item in known.items():
        if item.default is inspect.Parameter.empty and name not in given:
            raise HostError("metric_params", f"`score` needs the parameter {shown(name)}: `--param {name}=…`.")
    return {name: _read(name, value, kind=_kind(known.get(name))) for name, value in given.items()}


NAMED = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


def _parameters(function: Score) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function, eval_str=True).parameters
    except (NameError, AttributeError, TypeError, SyntaxError):  # an annotation that names what is not there
        return inspect.signature(function).parameters


def _kind(item: inspect.Parameter | None) -> Any:
    if item is None:
        return Any
    if item.annotation is not inspect.Parameter.empty:
        return item.annotation
    empty = item.default is inspect.Parameter.empty or item.default is None
    return Any if empty else type(item.default)


def _read(name: str, value: Any, *, kind: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return _typed(value, kind)
    except ValueError as error:
        expected = getattr(kind, "__name__", str(kind)) if get_origin(kind) is None else str(kind)
        message = f"Parameter {shown(name)} is {shown(value)}, expected {shown(expected)}."
        raise HostError("metric_params", message) from error


def _typed(text: str, kind: Any) -> Any:
    """Return ``text`` as a value of ``kind``. Raises ValueError."""
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _first_that_fits(text, get_args(kind))
    if origin is Literal:
        fitting = [choice for choice in get_args(kind) if str(choice) == text]
        return fitting[0] if fitting else _refuse()
    if kind is bool:
        return text.lower() in TRUE if text.lower() in TRUE | FALSE else _refuse()
    if kind is types.NoneType:
        return None if text.lower() in NONE else _refuse()
    if kind in {int, float, str}:
        return kind(text)
    return _from_json(text, origin or kind)


def _first_that_fits(text: str, kinds: tuple[Any, ...]) -> Any:
    for kind in sorted(kinds, key=lambda kind: kind is str):  # any text is a str, so that comes last
        try:
            return _typed(text, kind)
        except ValueError:
            continue
    return _refuse()


def _from_json(text: str, kind: Any) -> Any:
    if kind not in {list, tuple, set, dict}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    value = json.loads(text)
    if isinstance(value, dict) != (kind is dict):
        return _refuse()
    return kind(value) if isinstance(value, list | dict) else _refuse()


def _refuse() -> Any:
    raise ValueError


def call(function: Score, *arguments: Any, path: Path, split: str, params: Mapping[str, Any]) -> float:
    """Return ``function(*arguments, **params)`` as a finite float.

    Raises SubmissionError for an exception whose class is named ParticipantVisibleError, HostError for all else.
    """
    try:
        value = function(*arguments, **params)
    except MemoryError:
        raise
    except BaseException as error:  # sys.exit() in a metric is the host's matter as well
        if type(error).__name__ == VISIBLE:
            message = str(error) or "The metric refused this file, and did not say why."
            raise fail("metric_refused", message) from error
        raise _failed(error, path=path, what="`score`") from error
    return _finite(value, split=split)


def _finite(value: Any, *, split: str) -> float:
    plain = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if plain and math.isfinite(value):
        return float(value)
    found = shown(value) if plain else f"a value of type {shown(type(value).__name__)}"
    message = f"`score` returned {found} for the split {shown(split)}, expected one finite number."
    raise FunctionFailedError("metric_result", message)


def _failed(error: BaseException, *, path: Path, what: str) -> FunctionFailedError:
    name, line = type(error).__name__, _line(error, path=path)
    where = f" in line {line:,} of {path.name}" if line is not None else ""
    return FunctionFailedError("metric_failed", f"{what} stopped with {name}{where}.", story=_story(error, path=path))


def _line(error: BaseException, *, path: Path) -> int | None:
    """Return the innermost line of the metric file that an exception came through."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def _story(error: BaseException, *, path: Path) -> str:
    """Return the traceback from the metric file on: how we came there is nobody's concern."""
    inside: TracebackType | None = error.__traceback__
    while inside is not None and inside.tb_frame.f_code.co_filename != str(path):
        inside = inside.tb_next
    return "".join(traceback.format_exception(type(error), error, inside))
