"""What a task is scored by, as data: columns, classes, metrics. The site keeps it as JSON with the task."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from scoring.errors import HostError, shown
from scoring.metrics import Metric, MetricError, find
from scoring.metrics.registry import Columns, Role
from scoring.spec_fields import (
    classes_of,
    is_list,
    max_rows_of,
    name_of,
    names_of,
    optional_name,
    roles_of,
    shape_of,
    wrong,
)

Kind = Literal["labels", "probabilities", "numbers", "text", "lists", "masks", "boxes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WHOLE_CELLS: tuple[Kind, ...] = ("text", "lists", "masks", "boxes")
"""Kinds whose metrics take nothing else."""
Layout = Literal["rows", "long"]
Order = Literal["file", "score", "rank"]
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
OPTIONAL = ("roles", "weight", "cluster", "slices", "item", "layout", "order", "shape")
FIELDS = {"id", "split", "target", "predictions", "classes", "metrics", "max_rows", "kind", *OPTIONAL}
SEVERAL_LABELS = {
    "accuracy_score": "subset_accuracy_score",
    "f1_score": "multilabel_f1_score",
    "hamming_loss": "multilabel_hamming_loss",
    "jaccard_score": "multilabel_jaccard_score",
}
"""For metrics of one label a row, those of several."""
BOX = 5
"""Columns of a box in the reference: label, left, top, width, height; perhaps a sixth, crowd."""


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

    Columns of the reference beside the truth: ``roles`` are arrays that some metrics take (see
    :data:`scoring.metrics.registry.Role`), ``weight`` is how much each row counts, ``cluster`` says which rows belong
    together, for standard errors, ``slices`` are the groups to score apart.

    ``layout`` "rows" has one row for each id or, where ``item`` is a column, for each pair of id and item. "long" has
    any number of rows for an id:

    - ``lists``: the reference holds id (a query), ``item`` and, as ``target``, its relevance (without a target, all
      items are relevant); a submission holds id, item and, as its one prediction, a score or a rank, or none.
      ``order`` says how the items are sorted: by "score", highest first, by "rank", lowest first, or as in the "file".
    - ``boxes``: ``target`` is label, left, top, width, height and perhaps crowd, in this order and under any name;
      ``predictions`` are label, left, top, width, height, score. An image without a box is one row of empty cells.

    In layout "rows", ``lists`` are cells that hold items separated by blanks, best first; or, with the role ``group``
    (the query of each row), rows are items, ``target`` is their relevance and the prediction their score, highest
    first, where of equal scores the least relevant leads. ``masks`` are run lengths,
    and ``shape`` names the reference's columns of height and width, or is the height and width of all images; metrics
    that look at set pixels alone, like Dice, can do without.
    """

    id: str
    target: tuple[str, ...]
    predictions: tuple[str, ...]
    metrics: tuple[MetricSpec, ...]
    split: str | None = None
    classes: tuple[int | str, ...] | None = None
    max_rows: int | None = None
    kind: Kind = "labels"
    roles: Mapping[Role, str] = field(default_factory=dict)
    weight: str | None = None
    cluster: str | None = None
    slices: tuple[str, ...] = ()
    item: str | None = None
    layout: Layout = "rows"
    order: Order | None = None
    shape: tuple[str, str] | tuple[int, int] | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScorerSpec:
        """Read a spec. Raises :class:`HostError`, which names the field and what is expected."""
        if not isinstance(data, Mapping):
            raise wrong("spec", data, "an object")
        unknown = sorted(str(name) for name in set(data) - FIELDS)
        if unknown:
            raise HostError("spec_invalid", f"The spec has no field {shown(unknown[0])}. It has: {listed_all(FIELDS)}.")
        metrics = _metrics(data.get("metrics"))
        layout = _layout(data, metrics=metrics)
        bare = layout == "long" and not data.get("target")
        target = () if bare else names_of(data, "target")
        predictions = _predictions(data, target=target, layout=layout)
        spec = cls(
            id=name_of(data, "id"),
            split=optional_name(data, "split"),
            target=target,
            predictions=predictions,
            classes=classes_of(data.get("classes")),
            metrics=metrics,
            max_rows=max_rows_of(data.get("max_rows")),
            kind=_kind(data.get("kind"), metrics=metrics, columns=(len(target), len(predictions))),
            roles=roles_of(data.get("roles")),
            weight=optional_name(data, "weight"),
            cluster=optional_name(data, "cluster"),
            slices=names_of(data, "slices") if data.get("slices") else (),
            item=optional_name(data, "item"),
            layout=layout,
            order=_order(data.get("order"), predictions=predictions, layout=layout, metrics=metrics),
            shape=shape_of(data),
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
            **self._optional(),
        }

    def _optional(self) -> dict[str, Any]:
        # Only what is set, so that a spec without it is the same data, and has the same hash, as before it existed.
        set_ones = {name: value for name in OPTIONAL if (value := getattr(self, name)) and value != "rows"}
        plain = {"roles": dict, "slices": list, "shape": list}
        return {name: plain[name](value) if name in plain else value for name, value in set_ones.items()}

    @property
    def sha256(self) -> str:
        """The hash of the spec as canonical JSON."""
        return digest(self.to_dict())

    @property
    def wants_labels(self) -> bool:
        """Whether the truth is a class, not a quantity."""
        return self.kind not in WHOLE_CELLS and any(metric.entry.takes != "numbers" for metric in self.metrics)

    @property
    def multilabel(self) -> bool:
        """Whether a row may have several labels: each target column holds 1 where the row has its label, else 0."""
        return any(metric.entry.columns == "labels" for metric in self.metrics)

    @property
    def graded(self) -> bool:
        """Whether each row is an item of the list that its role ``group`` names, and is sent with a score."""
        return self.kind == "lists" and self.layout == "rows" and "group" in self.roles

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns of the reference that are neither id, item, split nor truth, each once."""
        single = [name for name in (self.weight, self.cluster) if name is not None]
        shape = [name for name in self.shape or () if isinstance(name, str)]
        return tuple(dict.fromkeys([*self.roles.values(), *single, *self.slices, *shape]))

    @property
    def above(self) -> float | None:
        """The bound that predictions must exceed for every metric to have a value."""
        bounds = [metric.entry.above for metric in self.metrics if metric.entry.above is not None]
        return max(bounds, default=None)

    def _check(self) -> None:
        key = [self.id, *([self.item] if self.item else [])]
        truth = [*([self.split] if self.split else []), *self.target]
        for names, of in (([*key, *truth], "the reference"), ([*key, *self.predictions], "a submission")):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise HostError("spec_invalid", f"Column {shown(doubled[0])} has two roles in {of}; it can have one.")
        # Which rows belong together may well be the id (of a series, an image); the truth is never anything else.
        taken = sorted(set(self.beside) & set(truth))
        if taken:
            raise HostError(
                "spec_invalid", f"Column {shown(taken[0])} has two roles in the reference; it can have one."
            )
        self._check_shape()
        for metric in self.metrics:
            self._check_metric(metric)

    def _check_shape(self) -> None:
        if self.kind in WHOLE_CELLS:
            self._check_cells()
        elif self.layout == "long":
            raise HostError("spec_invalid", f"Kind `{self.kind}` has no `layout` `long`; lists and boxes do.")
        elif _ragged(self.metrics):
            self._check_ragged()
        else:
            self._check_columns()

    def _check_cells(self) -> None:
        """Check the columns of kinds that have a number of columns of their own."""
        found = len(self.target), len(self.predictions)
        if self.kind == "boxes":
            if self.layout != "long" or self.item is not None:
                raise HostError("spec_invalid", "`boxes` have `layout` `long` and no `item`.")
            if found[0] not in {BOX, BOX + 1} or found[1] != BOX + 1:
                raise HostError(
                    "spec_invalid",
                    "`boxes` need as `target` the columns of label, left, top, width, height and perhaps crowd, and as "
                    "`predictions` those of label, left, top, width, height and score.",
                )
        elif self.layout == "long":
            self._check_long()
        elif self.graded and (self.item is not None or self.cluster is not None):
            raise HostError("spec_invalid", "`lists` with the role `group` are their own clusters, and have no `item`.")
        elif found != (1, 1):
            raise HostError("spec_invalid", f"Kind `{self.kind}` needs one target column and one prediction.")
        sized = [metric.entry.label for metric in self.metrics if metric.entry.sized]
        if self.kind == "masks" and self.shape is None and sized:
            raise HostError(
                "spec_invalid", f"{sized[0]} of `masks` needs `shape`: the reference's columns of height and width."
            )

    def _check_long(self) -> None:
        if self.kind != "lists":
            raise HostError("spec_invalid", f"Kind `{self.kind}` has no `layout` `long`; lists and boxes do.")
        if self.item is None or len(self.target) > 1 or len(self.predictions) > 1:
            raise HostError(
                "spec_invalid", "Long `lists` need `item`, at most one target (the relevance), at most one prediction."
            )
        if (self.order == "file") != (not self.predictions):
            raise HostError("spec_invalid", "`order` is `score` or `rank` with a prediction column, `file` without.")

    def _check_ragged(self) -> None:
        shapes = _ragged(self.metrics)
        others = [m for m in self.metrics if m.entry.columns not in shapes]
        if len(shapes) > 1 or others:
            raise HostError(
                "spec_invalid", f"{self.metrics[0].entry.label} reads the prediction columns in a way of its own."
            )
        needed = "two or more" if shapes == {"members"} else "two"
        right = len(self.predictions) >= 2 if shapes == {"members"} else len(self.predictions) == 2
        if len(self.target) != 1 or not right:
            raise HostError(
                "spec_invalid",
                f"{self.metrics[0].entry.label} needs one target column and {needed} `predictions` "
                f"({RAGGED[next(iter(shapes))]}).",
            )

    def _check_columns(self) -> None:
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
        if self.multilabel and targets < 2:
            label = next(metric.entry.label for metric in self.metrics if metric.entry.columns == "labels")
            raise HostError("spec_invalid", f"{label} needs two or more target columns: one for each label.")

    def _check_metric(self, metric: MetricSpec) -> None:
        takes, label = metric.entry.takes, metric.entry.label
        if (takes in WHOLE_CELLS or self.kind in WHOLE_CELLS) and takes != self.kind:
            raise HostError("spec_invalid", f"{label} takes {takes}, and `kind` is `{self.kind}`.")
        self._check_beside(metric)
        if self.kind in WHOLE_CELLS:
            return
        if takes == "probabilities" and self.kind != "probabilities":
            raise HostError("spec_invalid", f"{label} takes probabilities, and `kind` is `{self.kind}`.")
        if takes == "labels" and self.kind == "numbers":
            raise HostError("spec_invalid", f"{label} takes labels, and `kind` is `numbers`.")
        if takes == "numbers" and self.kind == "probabilities":
            raise HostError("spec_invalid", f"{label} takes numbers, and `kind` is `probabilities`.")
        if takes == "scores" and self.kind == "labels":
            raise HostError("spec_invalid", f"{label} takes scores, and `kind` is `labels`.")
        if len(self.target) > 1 and metric.entry.columns == "one" and self.kind != "probabilities":
            several = SEVERAL_LABELS.get(metric.metric)
            hint = f" For several labels a row there is `{several}`." if several else ""
            raise HostError("spec_invalid", f"{label} takes one target column, and there are {len(self.target)}.{hint}")
        if self.multilabel and metric.entry.columns in {"one", "classes"}:
            raise HostError("spec_invalid", f"{label} takes one label a row, and another metric takes several.")

    def _check_beside(self, metric: MetricSpec) -> None:
        missing = [role for role in metric.entry.needs if role not in self.roles]
        if missing:
            raise HostError(
                "spec_invalid",
                f"{metric.entry.label} needs the role `{missing[0]}`: name a column for it in `roles`, "
                f"or on the command line with --{missing[0]}.",
            )
        if self.weight is not None and not metric.entry.weights:
            raise HostError("spec_invalid", f"{metric.entry.label} takes no sample weights, and there is a `weight`.")


RAGGED: dict[Columns, str] = {
    "bounds": "lower and upper bound",
    "members": "one for each member of the ensemble",
    "moments": "mean and standard deviation",
}


def _ragged(metrics: Sequence[MetricSpec]) -> set[Columns]:
    """Return in which ways metrics read prediction columns whose number is not the truth's."""
    return {metric.entry.columns for metric in metrics if metric.entry.columns in RAGGED}


def digest(data: object) -> str:
    """Return the SHA-256 of ``data`` as canonical JSON."""
    import hashlib  # noqa: PLC0415 - a score on the command line needs no hash

    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def listed_all(names: set[str]) -> str:
    """Return all names in backticks, sorted."""
    return ", ".join(shown(name) for name in sorted(names))


def _predictions(data: Mapping[str, Any], *, target: tuple[str, ...], layout: Layout) -> tuple[str, ...]:
    if data.get("predictions"):
        return names_of(data, "predictions")
    if layout == "long":
        return (*target[:BOX], "score") if len(target) >= BOX else ()
    return target


def _layout(data: Mapping[str, Any], *, metrics: Sequence[MetricSpec]) -> Layout:
    value = data.get("layout")
    if value is not None:
        if value not in get_args(Layout):
            raise wrong("layout", value, f"one of {', '.join(get_args(Layout))}")
        return cast(Layout, value)
    takes = {metric.entry.takes for metric in metrics}
    return "long" if "boxes" in takes or ("lists" in takes and data.get("item") is not None) else "rows"


def _order(value: Any, *, predictions: Sequence[str], layout: Layout, metrics: Sequence[MetricSpec]) -> Order | None:
    if value is not None:
        if value not in get_args(Order):
            raise wrong("order", value, f"one of {', '.join(get_args(Order))}")
        return cast(Order, value)
    if layout != "long" or metrics[0].entry.takes != "lists":
        return None
    if not predictions:
        return "file"
    return "rank" if predictions[0].casefold() == "rank" else "score"


def _metrics(value: Any) -> tuple[MetricSpec, ...]:
    if not is_list(value) or not value:
        raise wrong("metrics", value, "a list with at least one metric")
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
        raise wrong("metrics", item, "objects with `metric`, and perhaps `key` and `params`")
    params, key = item.get("params") or {}, item.get("key", item["metric"])
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise wrong("key", key, "a small letter, then small letters, digits and underscores, at most 64")
    if not isinstance(params, Mapping):
        raise wrong("params", params, "an object")
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
            raise wrong("kind", value, f"one of {', '.join(KINDS)}")
        return cast(Kind, value)
    takes = {metric.entry.takes for metric in metrics}
    whole = [kind for kind in WHOLE_CELLS if kind in takes]
    if whole:
        return whole[0]
    if _ragged(metrics):
        return "numbers"
    if "probabilities" in takes or columns[0] < columns[1] or {"labels", "scores"} <= takes:
        return "probabilities"
    return "labels" if "labels" in takes else "numbers"
