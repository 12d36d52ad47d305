"""How a phase feeds models, and how it feeds its table in batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from scoring.errors import HostError, listed, shown

TYPES = ("float32", "float64", "int64", "int32", "string")
METHODS = ("predict", "predict_proba", "decision_function")
MOST_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """How a model is run: columns of a table go in, columns of predictions come out."""

    inputs: Mapping[str, tuple[str, ...]]
    """The columns of each input, by the input's name in an ONNX model; "" is the only one, whatever its name."""
    columns: tuple[str, ...] = ("prediction",)
    """The columns of the predictions, in the order of the output's."""
    file: str = "test.csv"
    id_column: str = "id"
    output: str = ""
    """The output's name in an ONNX model; by default the first."""
    dtype: str = "float32"
    method: str = "predict"
    """What a scikit-learn model is asked."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ModelSpec:
        """Read what a host wrote. Raises HostError."""
        _check_names(data, cls, what="model")
        inputs = data.get("inputs")
        named = {"": inputs} if isinstance(inputs, list) else inputs
        if not isinstance(named, Mapping) or not named:
            raise _wrong("model", "inputs", "a list of columns, or an object of lists of columns by input name")
        given: dict[str, Any] = {name: _text(data[name], "model", name) for name in TEXTS if name in data}
        if "columns" in data:
            given["columns"] = _names(data["columns"], "model", "columns")
        spec = cls(inputs={str(name): _names(value, "model", "inputs") for name, value in named.items()}, **given)
        _check_file(spec.file, "model")
        _check_choice(spec.dtype, TYPES, "dtype")
        _check_choice(spec.method, METHODS, "method")
        return spec

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)


TEXTS = ("file", "id_column", "output", "dtype", "method")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """How a table is fed in batches: so many rows each, or the rows of one value of a column, in the file's order."""

    batch_rows: int | None = None
    group: str | None = None
    seconds: float = 10.0
    """How long the answer to one batch may take."""
    file: str = "test.csv"
    id_column: str = "id"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StreamSpec:
        """Read what a host wrote. Raises HostError."""
        _check_names(data, cls, what="stream")
        rows, group, seconds = data.get("batch_rows"), data.get("group"), data.get("seconds", 10.0)
        if (rows is None) == (group is None):
            raise _wrong("stream", "batch_rows", "either it or `group`, and not both")
        if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 1):
            raise _wrong("stream", "batch_rows", "a whole number from 1 on")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= MOST_S:
            raise _wrong("stream", "seconds", f"more than 0 and at most {MOST_S:,}")
        texts = {name: _text(data[name], "stream", name) for name in ("file", "id_column") if name in data}
        spec = cls(
            batch_rows=rows,
            group=None if group is None else _text(group, "stream", "group"),
            seconds=float(seconds) if math.isfinite(seconds) else 10.0,
            **texts,
        )
        _check_file(spec.file, "stream")
        return spec


def _check_names(data: Mapping[str, Any], kind: type, *, what: str) -> None:
    known = list(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    if unknown := [name for name in data if name not in known]:
        message = f"`{what}` has no setting {shown(unknown[0])}. It has: {listed(known, total=5)}."
        raise HostError(f"{what}_spec", message)


def _names(value: Any, what: str, name: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or not all(isinstance(item, str) and item for item in value):
        raise _wrong(what, name, "names of columns")
    return tuple(value)


def _text(value: Any, what: str, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(what, name, "a text")
    return value


def _check_file(name: str, what: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not name.endswith((".csv", ".parquet")):
        raise _wrong(what, "file", "the path of a .csv or .parquet file among the phase's inputs")


def _check_choice(value: str, choices: tuple[str, ...], name: str) -> None:
    if value not in choices:
        raise _wrong("model", name, f"one of {listed(choices)}")


def _wrong(what: str, name: str, expected: str) -> HostError:
    return HostError(f"{what}_spec", f"`{name}` of `{what}` is wrong, expected: {expected}.")
