"""What a challenge is measured by, in words: read from its tasks' scorers and the registry of metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from podium.challenges.models import Challenge, Task
from podium.challenges.scorers import OWN_METRIC, is_own, keys_of
from scoring.errors import HostError
from scoring.metrics import UnknownMetricError, find

# Parameters that make another metric of a metric, so that a reader must see them in its name
NAMING_PARAMS = ("average", "weights", "multi_class")


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as a page names it."""

    label: str
    direction: str  # "higher is better" or "lower is better"; empty where the host's own scorer decides
    summary: str


def measures(challenge: Challenge) -> list[Measure]:
    """Return what a challenge is measured by, each once, in the order of its phases, tasks and metrics.

    No query of its own where `phases__phase_tasks__task` are prefetched.
    """
    tasks = (place.task for phase in challenge.phases.all() for place in phase.phase_tasks.all())
    return list(dict.fromkeys(measure for task in tasks for measure in _of(task)))


def _of(task: Task) -> Iterable[Measure]:
    spec = task.scorer.get("spec") or {}
    if is_own(task):
        return _of_own(task)
    return [_measure(metric) for metric in spec.get("metrics", ()) if isinstance(metric, Mapping)]


def _of_own(task: Task) -> list[Measure]:
    try:
        keys = keys_of(task.scorer)
    except HostError:  # written by a program, not by the form
        return [Measure(OWN_METRIC, "", "")]
    ways = {True: "higher is better", False: "lower is better"}
    return [Measure(key.label, ways[key.greater_is_better], "") for key in keys]


def _measure(metric: Mapping[str, Any]) -> Measure:
    name = str(metric.get("metric", ""))
    try:
        entry, carried = find(name)
    except UnknownMetricError:
        return Measure(label=str(metric.get("title") or metric.get("key") or name), direction="", summary="")
    params = {**carried, **(metric.get("params") or {})}
    words = [str(params[key]) for key in NAMING_PARAMS if params.get(key)]
    return Measure(
        label=f"{entry.label} ({', '.join(words)})" if words else entry.label,
        direction="higher is better" if entry.greater_is_better else "lower is better",
        summary=entry.summary,
    )
