"""The one registry of metrics: what each is called, takes, and promises.

A metric is a plain function in scikit-learn's manner, ``metric(y_true, y_pred, *, sample_weight=None, **params)``,
which returns a ``float``. The decorator :func:`metric` adds what a board, a form or a command line must know about it.
To add one: write the function in the module of its family and decorate it; nothing else keeps a list.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from scoring.metrics import loading

Array = NDArray[Any]
Takes = Literal["labels", "probabilities", "scores", "numbers", "text", "lists", "masks", "boxes"]
"""What one row of predictions is: a label, probabilities, scores that only order, numbers, a text, a ranked list of
items, an image mask, or boxes in an image."""
Columns = Literal["one", "classes", "outputs", "labels", "bounds", "members", "moments"]
"""The columns of predictions: one; one a class; as many as the truth has; one a label of a multi-label task; lower and
upper bound; members of an ensemble; mean and standard deviation."""
Family = Literal[
    "labels",
    "probabilities",
    "multilabel",
    "regression",
    "correlation",
    "forecast",
    "ranking",
    "clustering",
    "segmentation",
    "detection",
    "text",
    "survival",
]
Role = Literal["group", "scale", "importance", "event"]
"""A column of the reference that a metric takes beside the truth, as a keyword argument of this name: which rows belong
together (a query, a series, an image), by what an error is divided, what a group counts, whether an event was seen."""
Interval = Literal["wald", "proportion", "logit"]
"""How an interval is made from influence values: value ± z SE; Wilson's for a share of rows; on the logit scale."""
MetricFunction = Callable[..., float]
InfluenceFunction = Callable[..., Array]
F = TypeVar("F", bound=MetricFunction)
NUMBER_IN_ALIAS = r"(\d+(?:[._]\d+)?)"


class MetricError(ValueError):
    """A metric was asked for something it cannot do. The addressee is the host, or the caller in Python."""


class UnknownMetricError(MetricError):
    """No metric has this name."""


class MetricParameterError(MetricError):
    """A parameter has a value outside its constraints, or no such parameter exists."""


class MetricInputError(MetricError):
    """Reference and predictions do not have the shape that this metric takes."""


class UndefinedMetricError(MetricError):
    """The metric has no value for these rows, for instance AUC where the truth holds one class only.

    Whether this happens depends on private labels, so a participant is never told: the score is null.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A parameter of a metric, with its constraints as data.

    ``kind`` is one of ``choice`` (see ``choices``), ``number`` (see ``low`` and ``high``), ``label`` (number or text).
    """

    name: str
    kind: Literal["choice", "number", "label"]
    default: str | float | int | None
    help: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False
    """For a number: whether it must be a whole one."""

    def check(self, value: object) -> None:
        """Raise :class:`MetricParameterError` where ``value`` breaks a constraint."""
        if value is None and self.default is None:
            return
        if self.kind == "choice" and value not in self.choices:
            raise MetricParameterError(f"`{self.name}` is `{value}`, expected one of: {', '.join(self.choices)}.")
        if self.kind == "number":
            self._check_number(value)
        if self.kind == "label" and not isinstance(value, str | int | float):
            raise MetricParameterError(f"`{self.name}` is `{value}`, expected a number or a text.")

    def _check_number(self, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise MetricParameterError(f"`{self.name}` is `{value}`, expected a number.")
        if self.whole and not isinstance(value, int):
            raise MetricParameterError(f"`{self.name}` is {value}, expected a whole number.")
        if not self.low <= value <= self.high:
            raise MetricParameterError(f"`{self.name}` is {value}, expected {self.low:,.10g} to {self.high:,.10g}.")

    def parse(self, text: str) -> str | float | int | None:
        """Return the value that a person typed as ``text``, checked."""
        value: str | float | int | None = text
        if self.default is None and text.lower() in {"none", "null"}:
            value = None
        elif self.kind != "choice":
            value = _number_or_text(text)
        self.check(value)
        return value

    def to_dict(self) -> dict[str, Any]:
        """Return what a form or a page needs, ready for JSON; a bound that does not exist is null."""
        bounds = {"low": _finite_or_none(self.low), "high": _finite_or_none(self.high)}
        about = {"name": self.name, "kind": self.kind, "default": self.default, "help": self.help}
        return {**about, "choices": list(self.choices), **bounds, "whole": self.whole}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric and everything that others must know about it."""

    name: str
    label: str
    family: Family
    function: MetricFunction = field(repr=False)
    greater_is_better: bool
    low: float
    high: float
    takes: Takes
    params: tuple[Param, ...] = ()
    aliases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Names that people type, with the parameters that each carries. One with a parameter's name in braces takes a
    number there: ``map@{k}`` is found as ``map@5``, ``pinball_{alpha}`` as ``pinball_0.9`` and ``pinball_0_9``."""
    weights: bool = True
    columns: Columns = "one"
    above: float | None = None
    """Predictions must be greater than this, where the formula needs it (RMSLE: -1)."""
    influence: InfluenceFunction | None = field(default=None, repr=False)
    """Takes what the metric takes and returns, for each unit (a row, or a group where the metric is a mean over
    groups), how far the value moves when the unit counts more: shape (units,), mean 0. The standard error of the
    value is ``std(influence, ddof=1) / sqrt(units)``. None where the metric is not smooth."""
    units: Literal["rows", "groups"] = "rows"
    """What influence values stand for: rows, or the groups that the metric averages over, in the order of ``group``."""
    interval: Interval = "wald"
    needs: tuple[Role, ...] = ()
    """Columns of the reference that the metric cannot do without, beside the truth."""
    extra: str | None = None
    """The extra of this package that brings the library which the metric needs."""
    sized: bool = True
    """For masks: whether the value depends on how large an image is, not on the pixels alone that are set."""

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value possible; infinite where there is no bound."""
        return self.low, self.high

    def param(self, name: str) -> Param:
        """Return the parameter of this name. Raises MetricParameterError."""
        for param in self.params:
            if param.name == name:
                return param
        expected = ", ".join(param.name for param in self.params) or "none"
        raise MetricParameterError(f"`{self.name}` has no parameter `{name}`. It has: {expected}.")

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Raise :class:`MetricParameterError` for the first parameter that is unknown or out of its constraints."""
        for name, value in params.items():
            self.param(name).check(value)

    def __call__(self, y_true: Any, y_pred: Any, **keywords: Any) -> float:
        """Return the value as a plain float.

        Keywords are the metric's parameters and, where it takes them, ``sample_weight``, ``labels`` (the classes, for
        metrics with a column for each) and arrays for the roles that it needs.
        """
        return self.function(y_true, y_pred, **self._checked(keywords))

    def influence_values(self, y_true: Any, y_pred: Any, **keywords: Any) -> Array:
        """Return the influence values, with mean 0; arguments as for the value. Raises MetricError without them."""
        if self.influence is None:
            raise MetricError(f"`{self.name}` has no influence values.")
        return np.asarray(self.influence(y_true, y_pred, **self._checked(keywords)), dtype=np.float64)

    def _checked(self, keywords: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in keywords.items() if name not in ARRAYS or value is not None}
        if "sample_weight" in given and not self.weights:
            raise MetricParameterError(f"`{self.name}` takes no sample weights.")
        self.check_params({name: value for name, value in given.items() if name not in ARRAYS})
        missing = [role for role in self.needs if role not in given]
        if missing:
            raise MetricInputError(f"`{self.name}` needs `{missing[0]}`.")
        return given

    def to_dict(self) -> dict[str, Any]:
        """Return what a page or a form needs, ready for JSON; an infinite bound is null."""
        return {
            "name": self.name,
            "label": self.label,
            "aliases": list(self.aliases),
            "family": self.family,
            "direction": "maximise" if self.greater_is_better else "minimise",
            "range": [_finite_or_none(self.low), _finite_or_none(self.high)],
            "takes": self.takes,
            "columns": self.columns,
            "needs": list(self.needs),
            "params": [param.to_dict() for param in self.params],
            "influence": self.influence is not None,
            "extra": self.extra,
            "summary": self.summary,
        }


ARRAYS = {"labels", "sample_weight", *get_args(Role)}


class Registry:
    """All metrics by name, and the aliases that people type. Modules are imported when they are needed."""

    def __init__(self) -> None:
        self._all_loaded = False
        self._metrics: dict[str, Metric] = {}
        self._aliases: dict[str, tuple[str, dict[str, Any]]] = {}
        self._patterns: dict[re.Pattern[str], tuple[str, str, dict[str, Any]]] = {}

    def add(self, entry: Metric) -> None:
        """Register ``entry``; a name or alias that is taken already is a mistake of ours."""
        taken = {entry.name, *entry.aliases} & {*self._metrics, *self._aliases}
        if taken:
            raise RuntimeError(f"taken already: {sorted(taken)}")
        self._metrics[entry.name] = entry
        self._aliases |= {alias: (entry.name, dict(params)) for alias, params in entry.aliases.items()}
        for alias, params in entry.aliases.items():
            before, brace, rest = alias.partition("{")
            if brace:
                name, _, after = rest.partition("}")
                pattern = re.compile(re.escape(before) + NUMBER_IN_ALIAS + re.escape(after))
                self._patterns[pattern] = (entry.name, name, dict(params))

    def load_all(self) -> None:
        """Import every module of metrics."""
        if not self._all_loaded:
            for name in loading.modules():
                loading.load(name)
            self._all_loaded = True

    def __iter__(self) -> Iterator[Metric]:
        self.load_all()
        # In the modules' order, whichever was needed first.
        return iter(sorted(self._metrics.values(), key=lambda entry: entry.function.__module__))

    def __len__(self) -> int:
        self.load_all()
        return len(self._metrics)

    def find(self, name: str) -> tuple[Metric, dict[str, Any]]:
        """Return the metric called ``name`` and the parameters that the alias carries.

        >>> from scoring.metrics import registry
        >>> entry, params = registry.find("f1_macro")
        >>> entry.name, params
        ('f1_score', {'average': 'macro'})

        A number in the name is a parameter's value; ``map_at_5`` is ``map@5``. Raises UnknownMetricError and
        MetricParameterError.
        """
        key = re.sub(r"_at_(?=\d)", "@", name.strip().lower().replace("-", "_").replace(" ", "_"))
        found = self._named(key)
        if found is None and not self._all_loaded:
            for module in loading.modules_with(key):
                loading.load(module)
            found = self._named(key) or self._numbered(key)
        if found is None:
            self.load_all()
            found = self._named(key) or self._numbered(key)
        if found is None:
            raise UnknownMetricError(self._unknown(name, key))
        return found

    def _named(self, key: str) -> tuple[Metric, dict[str, Any]] | None:
        if key in self._metrics:
            return self._metrics[key], {}
        if key in self._aliases:
            target, params = self._aliases[key]
            return self._metrics[target], dict(params)
        return None

    def _numbered(self, key: str) -> tuple[Metric, dict[str, Any]] | None:
        """Return the metric that has an alias with a number in it which fits. Raises MetricParameterError."""
        for pattern, (target, variable, params) in self._patterns.items():
            if found := pattern.fullmatch(key):
                entry = self._metrics[target]
                return entry, {**params, variable: entry.param(variable).parse(found[1].replace("_", "."))}
        return None

    def _unknown(self, name: str, key: str) -> str:
        near = difflib.get_close_matches(key[:100], [*self._metrics, *self._aliases], n=1)
        hint = f" Did you mean `{near[0]}`?" if near else " `python -m scoring metrics` lists them all."
        return f"No metric is called `{name[:100]}`.{hint}"


registry = Registry()


def metric(
    *,
    label: str,
    family: Family,
    greater_is_better: bool,
    takes: Takes,
    low: float = 0.0,
    high: float = 1.0,
    params: tuple[Param, ...] = (),
    aliases: Mapping[str, Mapping[str, Any]] | None = None,
    columns: Columns = "one",
    above: float | None = None,
    influence: InfluenceFunction | None = None,
    units: Literal["rows", "groups"] = "rows",
    interval: Interval = "wald",
    needs: tuple[Role, ...] = (),
    extra: str | None = None,
    sized: bool = True,
) -> Callable[[F], F]:
    """Register the decorated function as a metric under its own name, and return it unchanged."""

    def register(function: F) -> F:
        registry.add(
            Metric(
                name=function.__name__,
                label=label,
                family=family,
                function=function,
                greater_is_better=greater_is_better,
                low=low,
                high=high,
                takes=takes,
                params=params,
                aliases=aliases or {},
                weights="sample_weight" in inspect.signature(function).parameters,
                columns=columns,
                above=above,
                influence=influence,
                units=units,
                interval=interval,
                needs=needs,
                extra=extra,
                sized=sized,
            )
        )
        return function

    return register


def _number_or_text(text: str) -> str | float | int:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
