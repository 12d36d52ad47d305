"""Scores of one submission: every metric of the spec on every split of the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.errors import HostError, shown
from scoring.metrics import MetricError, UndefinedMetricError
from scoring.metrics.registry import Array
from scoring.reference import Reference
from scoring.spec import MetricSpec, ScorerSpec
from scoring.tables import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreValue:
    """One score. ``value`` is None where the metric has none for this split; ``note`` says why, to the hosts only."""

    key: str
    split: str
    value: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Pair:
    """What one metric is given: truth, predictions, and how it must read them."""

    truth: Array
    values: Array
    labels: Array | None = None
    positive: Any = None


def evaluate(predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> tuple[ScoreValue, ...]:
    """Return one value for each metric and split. Raises HostError where a metric does not fit."""
    scores = []
    for metric in spec.metrics:
        pair = _pair(metric, predictions, spec=spec, reference=reference)
        scores += [_value(metric, pair, split=split, rows=rows) for split, rows in reference.splits.items()]
    return tuple(scores)


def _value(metric: MetricSpec, pair: _Pair, *, split: str, rows: Array | None) -> ScoreValue:
    truth, values = (pair.truth, pair.values) if rows is None else (pair.truth[rows], pair.values[rows])
    params = dict(metric.params)
    if pair.positive is not None:
        params["pos_label"] = pair.positive
    try:
        with np.errstate(all="ignore"):
            value = metric.entry(truth, values, labels=pair.labels, **params)
    except UndefinedMetricError as error:
        return ScoreValue(key=metric.key, split=split, value=None, note=str(error))
    except MetricError as error:
        raise HostError("metric_invalid", f"Metric {shown(metric.key)}: {error}") from error
    if not math.isfinite(value):
        return ScoreValue(key=metric.key, split=split, value=None, note=f"The value is {value}.")
    return ScoreValue(key=metric.key, split=split, value=value)


def _pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    if spec.kind == "labels":
        return _label_pair(metric, predictions, spec=spec, reference=reference)
    if metric.entry.takes == "numbers":
        return _Pair(_as_numbers(reference, spec), predictions.values)
    if predictions.values.ndim == 2:
        return _class_pair(metric, predictions, spec=spec, reference=reference)
    return _binary_pair(metric, predictions, spec=spec, reference=reference)


def _as_numbers(reference: Reference, spec: ScorerSpec) -> Array:
    if reference.texts is not None:
        raise HostError("reference_target", f"Column {shown(spec.target[0])} of the reference holds text, not numbers.")
    return reference.truth.astype(np.float64, copy=False)


def _label_pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    if metric.entry.takes == "numbers":
        return _Pair(_as_numbers(reference, spec), predictions.values.astype(np.float64))
    binary = metric.params.get("average", metric_default(metric, "average")) == "binary"
    if reference.texts is None or predictions.texts is None:
        return _Pair(reference.truth, predictions.values, positive=_plain_positive(metric) if binary else None)
    # Labels that only the submission holds may stand between the reference's: both are counted in one sorted list.
    place = {label: index for index, label in enumerate(predictions.texts)}
    moved = np.array([place[label] for label in reference.texts], dtype=np.int64)
    positive = place[str(_classes(metric, spec=spec, reference=reference)[1])] if binary else None
    return _Pair(moved[reference.truth], predictions.values, positive=positive)


def _plain_positive(metric: MetricSpec) -> Any:
    chosen = metric.params.get("pos_label", 1)
    return int(chosen) if isinstance(chosen, str) and chosen.lstrip("-").isdigit() else chosen


def metric_default(metric: MetricSpec, name: str) -> Any:
    """Return the default of a metric's parameter, or None where it has no such parameter."""
    return next((param.default for param in metric.entry.params if param.name == name), None)


def _classes(metric: MetricSpec, *, spec: ScorerSpec, reference: Reference) -> tuple[int | str, int | str]:
    """Return the negative and the positive class of a task with two."""
    known: tuple[int | str, ...] = spec.classes or reference.texts or reference.labels or ()
    if spec.classes is None and set(known) <= {0, 1}:
        known = (0, 1)
    if len(known) != 2:
        raise HostError(
            "reference_classes", f"Metric {shown(metric.key)} needs two classes here, and there are {len(known)}."
        )
    chosen = metric.params.get("pos_label")
    positive = next((label for label in known if chosen is not None and str(label) == str(chosen)), known[1])
    if chosen is not None and str(positive) != str(chosen):
        raise HostError(
            "metric_invalid", f"Metric {shown(metric.key)}: `pos_label` is {shown(chosen)}, which is no class."
        )
    return next(label for label in known if label != positive), positive


def _codes(label: int | str, reference: Reference) -> int:
    if reference.texts is not None:
        return reference.texts.index(str(label)) if str(label) in reference.texts else -1
    return int(label)


def _binary_pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    classes = _classes(metric, spec=spec, reference=reference)
    truth = (reference.truth == _codes(classes[1], reference)).astype(np.int64)
    positive = 1 if metric_has(metric, "pos_label") else None
    if metric.entry.takes == "labels":
        return _Pair(truth, (predictions.values > 0.5).astype(np.int64), positive=positive)
    labels = np.array([0, 1]) if positive is None else None
    return _Pair(truth, predictions.values, labels, positive)


def metric_has(metric: MetricSpec, name: str) -> bool:
    """Return whether a metric has this parameter."""
    return any(param.name == name for param in metric.entry.params)


def _class_pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    if spec.kind == "numbers":
        return _Pair(reference.truth.astype(np.int64), predictions.values)
    truth, columns = _class_codes(spec=spec, reference=reference), len(spec.predictions)
    if metric.entry.takes != "labels":
        return _Pair(truth, predictions.values, np.arange(columns))
    positive = None
    if metric.params.get("average", metric_default(metric, "average")) == "binary":
        chosen = metric.params.get("pos_label")
        names = [str(label) for label in spec.classes or spec.target]
        positive = names.index(str(chosen)) if str(chosen) in names else 1
    return _Pair(truth, predictions.values.argmax(axis=1), positive=positive)


def _class_codes(*, spec: ScorerSpec, reference: Reference) -> Array:
    """Return the column of each row's true class."""
    if reference.truth.ndim == 2:
        ones = (reference.truth == 1).sum(axis=1)
        if (ones != 1).any() or ((reference.truth != 0) & (reference.truth != 1)).any():
            raise HostError(
                "reference_target", "Several target columns must hold one 1 a row, for its class, and 0 else."
            )
        return np.asarray(reference.truth.argmax(axis=1))
    codes = np.array([_codes(label, reference) for label in spec.classes or ()])
    order = np.argsort(codes)
    return np.asarray(order[np.searchsorted(codes[order], reference.truth)])
