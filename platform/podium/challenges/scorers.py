"""The kinds of scorer that a task may have: a built-in metric, or a program of its hosts.

A program runs in a sandbox, so it needs a worker that has one: whether there is one is asked in
`podium.submissions.own_scorers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.challenges.models import Phase, Task
from scoring.errors import HostError
from scoring.scorers import FUNCTION_KEY, FunctionSpec
from scoring.scorers.specs import EvaluateSpec, ProgramSpec
from scoring.spec import ScorerSpec

METRIC, FUNCTION, EVALUATE, PROGRAM = "metric", "function", "evaluate", "program"
OWN = (FUNCTION, EVALUATE, PROGRAM)
OWN_METRIC = "The hosts’ own metric"


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
    if kind in {EVALUATE, PROGRAM}:
        read = EvaluateSpec if kind == EVALUATE else ProgramSpec
        keys = read.from_dict(spec).leaderboard.keys
        return [Key(one.key, one.label or one.key, one.greater_is_better) for one in keys]
    raise HostError("spec_invalid", f'The kind of scorer is "{METRIC}", "{FUNCTION}", "{EVALUATE}" or "{PROGRAM}".')


def versions_of(scorer: Mapping[str, Any]) -> dict[str, int]:
    """Return the dataset versions that a scorer names beside the reference, by field. Raises HostError."""
    kind, spec = scorer.get("kind"), scorer.get("spec") or {}
    if kind == EVALUATE:
        return EvaluateSpec.from_dict(spec).versions
    return ProgramSpec.from_dict(spec).versions if kind == PROGRAM else {}


def is_own(task: Task) -> bool:
    """Return whether a task is scored by a program of its hosts."""
    return task.scorer.get("kind") in OWN


def runs_own(phase: Phase) -> bool:
    """Return whether a phase has a task that is scored by a program of its hosts."""
    return phase.tasks.filter(scorer__kind__in=OWN).exists()


def reads_files(phase: Phase) -> bool:
    """Return whether a phase is scored by a program that reads the very file that was sent, whatever it is."""
    return phase.tasks.filter(scorer__kind__in=[EVALUATE, PROGRAM]).exists()
