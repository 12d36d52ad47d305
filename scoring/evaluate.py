"""Scores of one submission: every metric of the spec on every split of the reference, and on the groups of slices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from scoring.ahead import Ahead
from scoring.errors import HostError, many, shown
from scoring.layouts.lists import ranked
from scoring.metrics import MetricError, UndefinedMetricError
from scoring.metrics.registry import Array
from scoring.parts import Part, slices_of, splits_of, take
from scoring.reference import Reference
from scoring.spec import WHOLE_CELLS, MetricSpec, ScorerSpec
from scoring.tables import Predictions

LARGE = 100_000
"""From so many rows on, two parts are scored at once; a thread costs more than fewer rows take."""
SMALL_GROUP = 30
"""Fewer rows than this say little: the score of such a group is marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreValue:
    """One score. ``value`` is None where the metric has none for this split; ``note`` says why, to the hosts only.

    ``split`` is a split of the reference, or of one a group of a slice column, ``public:sex=F``, or what its groups
    say together: ``public:sex:worst`` (by the metric's direction), ``public:sex:gap`` (best and worst apart, 0 or
    more) and ``public:sex:ratio`` (the smaller of best and worst by the larger, 0 to 1).
    """

    key: str
    split: str
    value: float | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What one metric is given for one split or group: ``metric.entry(truth, values, **keywords)``."""

    metric: MetricSpec
    part: Part
    truth: Any
    values: Any
    keywords: dict[str, Any]
    """Parameters, and arrays where the metric takes them: labels, sample_weight, roles."""

    @property
    def split(self) -> str:
        """The name of the split or group."""
        return self.part.split

    @property
    def rows(self) -> Array | None:
        """The units of the reference that are in it; None means all."""
        return self.part.rows


@dataclass(frozen=True, slots=True)
class _Pair:
    """What one metric is given for all rows: truth, predictions, and how it must read them."""

    truth: Any
    values: Any
    labels: Array | None = None
    positive: Any = None


def evaluate(predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> tuple[ScoreValue, ...]:
    """Return one value for each metric and split, then those of slices. Raises HostError where a metric does not fit.

    What participants see of it is not decided here.
    """
    scored = list(_scored(pairs(predictions, spec=spec, reference=reference)))
    return tuple([score for _, _, score in scored] + _summaries(scored))


def _scored(every: Iterator[Pair]) -> Iterator[tuple[MetricSpec, Part, ScoreValue]]:
    """Yield the value of each pair; two that follow each other at once where they are large."""
    for pair in every:
        metric, part = pair.metric, pair.part
        if len(pair.truth) < LARGE or (beside := next(every, None)) is None:
            yield metric, part, value_of(pair)
            continue
        both = [Ahead(partial(value_of, each)) for each in (pair, beside)]
        del pair
        for ahead in both:
            ahead.wait()
        yield metric, part, both[0].result()
        yield beside.metric, beside.part, both[1].result()


def pairs(predictions: Predictions, *, spec: ScorerSpec, reference: Reference, slices: bool = True) -> Iterator[Pair]:
    """Yield what each metric is given on each split and, with ``slices``, on each group of a slice. Raises HostError.

    One at a time: a pair holds copies of its rows.
    """
    for metric in spec.metrics:
        whole = _pair(metric, predictions, spec=spec, reference=reference)
        parts = itertools.chain(splits_of(reference), slices_of(reference) if slices else ())
        for part in parts:
            truth, values = take(whole.truth, part.rows), take(whole.values, part.rows)
            if spec.graded:
                truth, values = ranked(truth, values, groups=take(reference.roles["group"], part.rows))
            yield Pair(
                metric=metric,
                part=part,
                truth=truth,
                values=values,
                keywords=_keywords(metric, whole, part, reference=reference),
            )


def value_of(pair: Pair) -> ScoreValue:
    """Return the metric's value. Raises HostError where the metric does not fit."""
    key, split = pair.metric.key, pair.split
    try:
        with np.errstate(all="ignore"):
            value = pair.metric.entry(pair.truth, pair.values, **pair.keywords)
    except UndefinedMetricError as error:
        return ScoreValue(key=key, split=split, value=None, note=str(error))
    except MetricError as error:
        raise HostError("metric_invalid", f"Metric {shown(key)}: {error}") from error
    if not math.isfinite(value):
        return ScoreValue(key=key, split=split, value=None, note=f"The value is {value}.")
    return ScoreValue(key=key, split=split, value=value, note=_small(pair.part))


def _keywords(metric: MetricSpec, whole: _Pair, part: Part, *, reference: Reference) -> dict[str, Any]:
    keywords = dict(metric.params)
    if whole.positive is not None:
        keywords["pos_label"] = whole.positive
    if whole.labels is not None:
        keywords["labels"] = whole.labels
    if reference.weight is not None:
        keywords["sample_weight"] = take(reference.weight, part.rows)
    return keywords | {role: take(reference.roles[role], part.rows) for role in metric.entry.needs}


def _small(part: Part) -> str:
    if part.group is None or part.rows is None or len(part.rows) >= SMALL_GROUP:
        return ""
    return f"A small group: {many(len(part.rows), 'row')}."


def _summaries(scored: Sequence[tuple[MetricSpec, Part, ScoreValue]]) -> list[ScoreValue]:
    """Return worst group, gap and ratio of each metric, split and slice column."""
    groups: dict[tuple[str, str], list[tuple[MetricSpec, Part, ScoreValue]]] = {}
    for metric, part, score in scored:
        if part.column is not None:
            groups.setdefault((metric.key, f"{part.whole}:{part.column}"), []).append((metric, part, score))
    return [value for (_, name), group in groups.items() for value in _summary(name, group)]


def _summary(name: str, group: Sequence[tuple[MetricSpec, Part, ScoreValue]]) -> list[ScoreValue]:
    metric = group[0][0]
    known = [(score.value, part) for _, part, score in group if score.value is not None]
    if not known:
        return []
    ordered = sorted(known, key=lambda item: item[0], reverse=not metric.entry.greater_is_better)
    (worst, part), (best, _) = ordered[0], ordered[-1]
    low, high = sorted((worst, best))
    ratio = low / high if low >= 0 and high > 0 else None
    missing = len(group) - len(known)
    note = " ".join(text for text in (f"Worst is {shown(part.group)}.", _small(part), _without(missing)) if text)
    found = {"worst": worst, "gap": high - low, "ratio": ratio}
    return [ScoreValue(key=metric.key, split=f"{name}:{what}", value=value, note=note) for what, value in found.items()]


def _without(missing: int) -> str:
    return f"{many(missing, 'group has', 'groups have')} no value." if missing else ""


def _pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    if spec.kind in WHOLE_CELLS:
        return _Pair(reference.truth, predictions.values)
    if spec.multilabel:
        return _multilabel_pair(metric, predictions, spec=spec, reference=reference)
    if spec.kind == "labels":
        return _label_pair(metric, predictions, spec=spec, reference=reference)
    if metric.entry.takes == "numbers":
        return _Pair(_as_numbers(reference, spec), predictions.values)
    if predictions.values.ndim == 2:
        return _class_pair(metric, predictions, spec=spec, reference=reference)
    return _binary_pair(metric, predictions, spec=spec, reference=reference)


def _multilabel_pair(metric: MetricSpec, predictions: Predictions, *, spec: ScorerSpec, reference: Reference) -> _Pair:
    values = predictions.values
    if metric.entry.takes == "labels" and spec.kind == "probabilities":
        values = (values > 0.5).astype(np.int64)
    return _Pair(reference.truth, values)


def _as_numbers(reference: Reference, spec: ScorerSpec) -> Array:
    if reference.texts is not None:
        raise HostError("reference_target", f"Column {shown(spec.target[0])} of the reference holds text, not numbers.")
    return np.asarray(reference.truth, dtype=np.float64)


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
