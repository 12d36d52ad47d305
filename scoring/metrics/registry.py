"""The one registry of metrics: what each is called, takes, and promises.

A metric is a plain function in scikit-learn's manner, ``metric(y_true, y_pred, *, sample_weight=None, **params)``,
which returns a ``float``. The decorator :func:`metric` adds what a board, a form or a command line must know about it.
To add one: write the function in the module of its family and decorate it; nothing else keeps a list.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from numpy.typing import NDArray

Array = NDArray[Any]
Takes = Literal["labels", "probabilities", "scores", "numbers"]
Family = Literal["labels", "probabilities", "regression", "correlation"]
MetricFunction = Callable[..., float]
F = TypeVar("F", bound=MetricFunction)


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
        if not self.low <= value <= self.high:
            raise MetricParameterError(f"`{self.name}` is {value}, expected {self.low:g} to {self.high:g}.")

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
        return {**about, "choices": list(self.choices), **bounds}


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
    weights: bool = True
    columns: Literal["one", "classes", "outputs"] = "one"
    above: float | None = None
    """Predictions must be greater than this, where the formula needs it (RMSLE: -1)."""

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value possible; infinite where there is no bound."""
        return self.low, self.high

    def check_params(self, params: Mapping[str, Any]) -> None:
        """Raise :class:`MetricParameterError` for the first parameter that is unknown or out of its constraints."""
        known = {param.name: param for param in self.params}
        for name, value in params.items():
            if name not in known:
                expected = ", ".join(known) or "none"
                raise MetricParameterError(f"`{self.name}` has no parameter `{name}`. It has: {expected}.")
            known[name].check(value)

    def __call__(
        self, y_true: Any, y_pred: Any, *, labels: Any = None, sample_weight: Any = None, **params: Any
    ) -> float:
        """Return the value as a plain float. ``labels`` are the classes, for metrics with a column for each."""
        self.check_params(params)
        if sample_weight is not None and not self.weights:
            raise MetricParameterError(f"`{self.name}` takes no sample weights.")
        given = {"labels": labels, "sample_weight": sample_weight}
        return self.function(y_true, y_pred, **params, **{k: v for k, v in given.items() if v is not None})

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
            "params": [param.to_dict() for param in self.params],
            "summary": self.summary,
        }


class Registry:
    """All metrics by name, and the aliases that people type."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}
        self._aliases: dict[str, tuple[str, dict[str, Any]]] = {}

    def add(self, entry: Metric) -> None:
        """Register ``entry``; a name or alias that is taken already is a mistake of ours."""
        taken = {entry.name, *entry.aliases} & {*self._metrics, *self._aliases}
        if taken:
            raise RuntimeError(f"taken already: {sorted(taken)}")
        self._metrics[entry.name] = entry
        self._aliases |= {alias: (entry.name, dict(params)) for alias, params in entry.aliases.items()}

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def __len__(self) -> int:
        return len(self._metrics)

    def find(self, name: str) -> tuple[Metric, dict[str, Any]]:
        """Return the metric called ``name`` and the parameters that the alias carries.

        >>> from scoring.metrics import registry
        >>> entry, params = registry.find("f1_macro")
        >>> entry.name, params
        ('f1_score', {'average': 'macro'})
        """
        key = name.strip().lower().replace("-", "_")
        if key in self._metrics:
            return self._metrics[key], {}
        if key in self._aliases:
            target, params = self._aliases[key]
            return self._metrics[target], dict(params)
        raise UnknownMetricError(self._unknown(name, key))

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
    columns: Literal["one", "classes", "outputs"] = "one",
    above: float | None = None,
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
