"""Example input for every metric: what the tests over the whole registry are run on.

Each family adds its own in a file ``examples_<family>.py`` beside this one, which is found by its name:

    @example(takes="numbers", columns="bounds")   # for all metrics that take this, or: @example("winkler_score")
    def bounds(random: np.random.Generator, rows: int) -> Example: ...

    promise("winkler_score", "coverage_score")    # metrics of the family that must not be forgotten
    helper("series")                              # modules of scoring.metrics that hold no metric
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.metrics import Metric
from scoring.metrics.containers import Boxes, Lists

Array = NDArray[Any]
PROMISED: set[str] = set()
HELPERS: set[str] = set()


@dataclass(frozen=True)
class Example:
    """Truth, imperfect predictions, and predictions that reach the best value (None where none do).

    ``keywords`` holds the columns that the metric needs beside the truth, one value a row: ``group``, ``scale``, …
    """

    truth: Any
    pred: Any
    perfect: Any = None
    keywords: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    def rows(self, index: Array) -> Example:
        """The same with other rows: fewer, more, or in another order."""
        keywords = {name: take(value, index) for name, value in self.keywords.items()}
        perfect = None if self.perfect is None else take(self.perfect, index)
        return Example(take(self.truth, index), take(self.pred, index), perfect, keywords)

    def resampled(self, random: np.random.Generator, *, units: str) -> Example:
        """As many rows, or groups, drawn with replacement; a group that is drawn twice is two groups."""
        group = self.keywords.get("group")
        if units == "rows" or group is None:
            return self.rows(random.integers(0, len(self), len(self)))
        members = [np.flatnonzero(group == name) for name in np.unique(group)]
        drawn = [members[place] for place in random.integers(0, len(members), len(members))]
        new = self.rows(np.concatenate(drawn))
        names = np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
        return replace(new, keywords={**new.keywords, "group": names})


Make = Callable[[np.random.Generator, int], Example]
BY_NAME: dict[str, Make] = {}
BY_SHAPE: dict[tuple[str, str], Make] = {}


def example(*names: str, takes: str | None = None, columns: str = "one") -> Callable[[Make], Make]:
    """Register what makes an example, for the metrics of these names or for all that take this."""

    def register(make: Make) -> Make:
        BY_NAME.update(dict.fromkeys(names, make))
        if takes:
            BY_SHAPE[takes, columns] = make
        return make

    return register


def promise(*names: str) -> None:
    PROMISED.update(names)


def helper(*modules: str) -> None:
    HELPERS.update(modules)


def example_of(entry: Metric, *, rows: int = 40, seed: int = 5) -> Example:
    """Truth and predictions in the shape that the metric takes."""
    make = BY_NAME.get(entry.name) or BY_SHAPE.get((entry.takes, entry.columns))
    if make is None:
        raise LookupError(f"{entry.name}: add an example to tests/scoring/examples_{entry.family}.py")
    return make(np.random.default_rng(seed), rows)


def take(thing: Any, index: Array) -> Any:
    """Rows of an array, a list or lists of groups."""
    if isinstance(thing, np.ndarray):
        return thing[index]
    if not isinstance(thing, Lists | Boxes):
        return [thing[place] for place in index]
    parts = [np.arange(thing.starts[place], thing.starts[place + 1]) for place in index]
    inside = np.concatenate(parts) if parts else np.array([], dtype=int)
    held = {part.name: getattr(thing, part.name) for part in fields(thing) if part.name != "starts"}
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)])
    return replace(thing, starts=starts, **{name: value[inside] for name, value in held.items() if value is not None})


helper("containers", "inputs", "registry")


@example(takes="numbers")
@example(takes="numbers", columns="outputs")
def numbers(random: np.random.Generator, rows: int) -> Example:
    truth = random.exponential(2, rows)
    return Example(truth, truth * random.uniform(0.5, 1.5, rows) + random.exponential(1, rows), truth)


for _, module, _ in pkgutil.iter_modules([str(Path(__file__).parent)]):
    if module.startswith("examples_"):
        importlib.import_module(f"tests.scoring.{module}")
