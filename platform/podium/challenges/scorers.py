"""The kinds of scorer that a task may have, and which of them this site runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.challenges.models import Phase, Task
from scoring.errors import HostError
from scoring.scorers import FUNCTION_KEY, FunctionSpec
from scoring.spec import ScorerSpec

METRIC, FUNCTION = "metric", "function"
OWN_METRIC = "The hosts’ own metric"
CLOSED = (
    "It is scored by its hosts’ own metric. Such a metric is a program that runs in a sandbox, which this site "
    "does not have."
)


@dataclass(frozen=True, slots=True)
class Key:
    """A score that a scorer gives each split."""

    key: str
    label: str
    greater_is_better: bool


def keys_of(scorer: Mapping[str, Any]) -> list[Key]:
    """Return the scores of a scorer; the first one ranks. Raises HostError, which says what is wrong with it."""
    kind, spec = scorer.get("kind"), scorer.get("spec") or {}
    if kind == METRIC:
        metrics = ScorerSpec.from_dict(spec).metrics
        return [Key(metric.key, metric.entry.label, metric.entry.greater_is_better) for metric in metrics]
    if kind == FUNCTION:
        return [Key(FUNCTION_KEY, OWN_METRIC, FunctionSpec.from_dict(spec).greater_is_better)]
    raise HostError("spec_invalid", f'The kind of scorer is "{METRIC}" or "{FUNCTION}".')


def is_closed(task: Task) -> bool:
    """Return whether a task cannot be scored here."""
    return bool(task.scorer.get("kind") == FUNCTION)


def takes_nothing(phase: Phase) -> bool:
    """Return whether a phase has a task that cannot be scored here, so that it takes no submissions."""
    return phase.tasks.filter(scorer__kind=FUNCTION).exists()
