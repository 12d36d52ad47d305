"""What a task is scored by, as data: columns, classes, metrics. The site keeps it as JSON with the task."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from scoring.errors import HostError, shown
from scoring.metrics import Metric, MetricError, find

Kind = Literal["labels", "probabilities", "numbers"]
KINDS: tuple[Kind, ...] = ("labels", "probabilities", "numbers")
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
FIELDS = {"id", "split", "target", "predictions", "classes", "metrics", "max_rows", "kind"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One score key: which metric, with which parameters."""

    key: str
    metric: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def entry(self) -> Metric:
        """The metric in the registry."""
        return find(self.metric)[0]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {"key": self.key, "metric": self.metric, "params": dict(self.params)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSpec:
    """How submissions to one task are read and scored.

    ``predictions`` are the columns that a submission must have beside the id. One column for each of ``classes``, in
    their order, makes them probabilities; label metrics then look at the most probable class, or, with one column,
    at whether it is above 0.5. ``kind`` is worked out from the metrics where the host does not set it: set it to
    "probabilities" to require values from 0 to 1 for a metric that would take any number, like ROC AUC.
    ``classes`` may be named in messages to participants; leave them out if they are not public.
    """

    id: str
    target: tuple[str, ...]
    predictions: tuple[str, ...]
    metrics: tuple[MetricSpec, ...]
    split: str | None = None
    classes: tuple[int | str, ...] | None = None
    max_rows: int | None = None
    kind: Kind = "labels"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScorerSpec:
        """Read a spec. Raises :class:`HostError`, which names the field and what is expected."""
        if not isinstance(data, Mapping):
            raise _wrong("spec", data, "an object")
        unknown = sorted(str(name) for name in set(data) - FIELDS)
        if unknown:
            raise HostError("spec_invalid", f"The spec has no field {shown(unknown[0])}. It has: {listed_all(FIELDS)}.")
        target = _names(data, "target")
        predictions = _names(data, "predictions") if data.get("predictions") is not None else target
        metrics = _metrics(data.get("metrics"))
        spec = cls(
            id=_name(data, "id"),
            split=_name(data, "split") if data.get("split") is not None else None,
            target=target,
            predictions=predictions,
            classes=_classes(data.get("classes")),
            metrics=metrics,
            max_rows=_max_rows(data.get("max_rows")),
            kind=_kind(data.get("kind"), metrics=metrics, columns=(len(target), len(predictions))),
        )
        spec._check()
        return spec

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; ``from_dict`` reads it back."""
        return {
            "id": self.id,
            "split": self.split,
            "target": list(self.target),
            "predictions": list(self.predictions),
            "classes": None if self.classes is None else list(self.classes),
            "metrics": [metric.to_dict() for metric in self.metrics],
            "max_rows": self.max_rows,
            "kind": self.kind,
        }

    @property
    def sha256(self) -> str:
        """The hash of the spec as canonical JSON."""
        return digest(self.to_dict())

    @property
    def wants_labels(self) -> bool:
        """Whether the truth is a class, not a quantity."""
        return any(metric.entry.takes != "numbers" for metric in self.metrics)

    @property
    def above(self) -> float | None:
        """The bound that predictions must exceed for every metric to have a value."""
        bounds = [metric.entry.above for metric in self.metrics if metric.entry.above is not None]
        return max(bounds, default=None)

    def _check(self) -> None:
        columns = [self.id, *([self.split] if self.split else []), *self.target]
        for names, of in ((columns, "the reference"), ([self.id, *self.predictions], "a submission")):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise HostError("spec_invalid", f"Column {shown(doubled[0])} has two roles in {of}; it can have one.")
        self._check_shape()
        for metric in self.metrics:
            self._check_metric(metric)

    def _check_shape(self) -> None:
        targets, predictions = len(self.target), len(self.predictions)
        if targets not in {1, predictions}:
            raise HostError(
                "spec_invalid",
                f"There are {targets} target columns and {predictions} predictions: expected 1, or as many.",
            )
        if targets == 1 < predictions and (self.classes is None or len(self.classes) != predictions):
            raise HostError(
                "spec_invalid",
                f"`predictions` has {predictions} columns for one target: list as many `classes`, in their order.",
            )
        if targets == 1 < predictions and self.kind != "probabilities":
            raise HostError("spec_invalid", "One column for each class is of kind `probabilities`.")
        if self.kind == "probabilities" and predictions == 1 and self.classes and len(self.classes) != 2:
            raise HostError(
                "spec_invalid", "One column of probabilities needs two `classes`; else one column for each."
            )

    def _check_metric(self, metric: MetricSpec) -> None:
        takes, label = metric.entry.takes, metric.entry.label
        if takes == "probabilities" and self.kind != "probabilities":
            raise HostError("spec_invalid", f"{label} takes probabilities, and `kind` is `{self.kind}`.")
        if takes == "labels" and self.kind == "numbers":
            raise HostError("spec_invalid", f"{label} takes labels, and `kind` is `numbers`.")
        if takes == "numbers" and self.kind == "probabilities":
            raise HostError("spec_invalid", f"{label} takes numbers, and `kind` is `probabilities`.")
        if takes == "scores" and self.kind == "labels":
            raise HostError("spec_invalid", f"{label} takes scores, and `kind` is `labels`.")
        if len(self.target) > 1 and metric.entry.columns == "one" and self.kind != "probabilities":
            raise HostError("spec_invalid", f"{label} takes one target column, and there are {len(self.target)}.")


def digest(data: object) -> str:
    """Return the SHA-256 of ``data`` as canonical JSON."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def listed_all(names: set[str]) -> str:
    """Return all names in backticks, sorted."""
    return ", ".join(shown(name) for name in sorted(names))


def _wrong(name: str, found: object, expected: str) -> HostError:
    return HostError("spec_invalid", f"`{name}` is {shown(json.dumps(found, default=str))}, expected {expected}.")


def _name(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _wrong(name, value, "the name of a column")
    return value


def _names(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name)
    if not _is_list(value) or not value or not all(isinstance(item, str) and item for item in value):
        raise _wrong(name, value, "a list of column names")
    return tuple(value)


def _classes(value: Any) -> tuple[int | str, ...] | None:
    if value is None:
        return None
    plain = _is_list(value) and all(isinstance(item, int | str) and not isinstance(item, bool) for item in value)
    if not plain or len(set(map(str, value))) != len(value) or len(value) < 2:
        raise _wrong("classes", value, "a list of two or more different labels, numbers or texts")
    # The reference decides what kind labels are; here a list is of one kind, numbers only where all of them are.
    numeric = all(re.fullmatch(r"-?(0|[1-9]\d*)", str(item), re.ASCII) for item in value)
    return tuple(int(item) if numeric else str(item) for item in value)


def _max_rows(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise _wrong("max_rows", value, "a whole number of at least 1")
    return value


def _metrics(value: Any) -> tuple[MetricSpec, ...]:
    if not _is_list(value) or not value:
        raise _wrong("metrics", value, "a list with at least one metric")
    metrics = tuple(_metric(item) for item in value)
    keys = [metric.key for metric in metrics]
    doubled = next((key for key in keys if keys.count(key) > 1), None)
    if doubled:
        raise HostError("spec_invalid", f"Two metrics have the key {shown(doubled)}; keys must differ.")
    return metrics


def _metric(item: Any) -> MetricSpec:
    if (
        not isinstance(item, Mapping)
        or not isinstance(item.get("metric"), str)
        or set(item) - {"key", "metric", "params"}
    ):
        raise _wrong("metrics", item, "objects with `metric`, and perhaps `key` and `params`")
    params, key = item.get("params") or {}, item.get("key", item["metric"])
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise _wrong("key", key, "a small letter, then small letters, digits and underscores, at most 64")
    if not isinstance(params, Mapping):
        raise _wrong("params", params, "an object")
    try:
        entry, implied = find(item["metric"])
        merged = {**implied, **params}
        entry.check_params(merged)
    except MetricError as error:
        raise HostError("metric_invalid", f"Metric {shown(key)}: {error}") from error
    return MetricSpec(key=key, metric=entry.name, params=merged)


def _kind(value: Any, *, metrics: Sequence[MetricSpec], columns: tuple[int, int]) -> Kind:
    if value is not None:
        if value not in KINDS:
            raise _wrong("kind", value, f"one of {', '.join(KINDS)}")
        return cast(Kind, value)
    takes = {metric.entry.takes for metric in metrics}
    if "probabilities" in takes or columns[0] < columns[1] or {"labels", "scores"} <= takes:
        return "probabilities"
    return "labels" if "labels" in takes else "numbers"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
