"""Working out a spec from two files alone, for whoever scores on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scoring.archives import Limits
from scoring.errors import HostError, SubmissionError, listed, shown
from scoring.metrics import find
from scoring.reading import open_table
from scoring.reference import LIMITS, read_reference
from scoring.spec import RAGGED, ScorerSpec

SPLIT_NAMES = {"usage", "split"}


def spec_for(
    solution: Path,
    submission: Path,
    *,
    metric: str,
    params: Mapping[str, Any],
    id_column: str | None = None,
    split_column: str | None = None,
    **options: Any,
) -> ScorerSpec:
    """Return the spec that the columns' names suggest. Raises HostError, and SubmissionError for a broken submission.

    ``options`` are further fields of the spec: roles, weight, cluster, slices, item, shape. Every other column of the
    solution that is neither id nor split is a target, and is predicted under its own name; where a metric takes
    probabilities of several classes, the submission may have a column named after each class instead. Where its
    predictions are not shaped like the truth (bounds, boxes, long lists), they are all columns of the submission.
    """
    names = _names(solution)
    chosen = _pick(names, id_column, default=_id(names))
    found = split_column or _split(names, but=chosen)
    split = None if found is None else _pick(names, found, default=None)
    beside = _beside(options)
    for name in beside:
        _pick(names, name, default=None)
    target = [name for name in names if name not in {chosen, split, *beside}]
    item = options.get("item")
    if not target and not item:
        raise HostError("reference_columns", f"The solution has no target column beside {listed(names)}.")
    spec: dict[str, Any] = {"id": chosen, "split": split, "target": target, **options}
    spec["metrics"] = [{"key": "score", "metric": metric, "params": dict(params)}]
    entry = find(metric)[0]
    if entry.columns in RAGGED or entry.takes == "boxes" or (entry.takes == "lists" and item):
        sent = open_table(submission, filename=submission.name, limits=Limits()).names
        spec["predictions"] = [name for name in sent if name not in {chosen, item}]
    elif len(target) == 1 and entry.columns == "classes":
        spec |= _by_class(solution, submission, spec=spec)
    return ScorerSpec.from_dict(spec)


def _beside(options: Mapping[str, Any]) -> list[str]:
    single = [options[name] for name in ("weight", "cluster", "item") if options.get(name)]
    return [*single, *options.get("roles", {}).values(), *options.get("slices", ()), *options.get("shape", ())]


def _names(solution: Path) -> list[str]:
    try:
        return open_table(solution, filename=solution.name, limits=LIMITS).names
    except SubmissionError as error:
        first = error.first
        raise HostError(f"reference_{first.code}", f"In the solution: {error.message}", row=first.row) from error


def _by_class(solution: Path, submission: Path, *, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return classes and predictions where the submission has a column named after each class, else nothing."""
    names = open_table(submission, filename=submission.name, limits=Limits()).names
    if spec["target"][0] in names or len(names) < 3:
        return {}
    plain = ScorerSpec.from_dict({**spec, "metrics": [{"key": "score", "metric": "accuracy_score"}]})
    reference = read_reference(solution, spec=plain)
    classes: Sequence[int | str] = reference.texts or reference.labels or ()
    if not {str(label) for label in classes} & set(names):
        return {}
    predictions = [str(label) for label in classes]
    return {"classes": list(classes), "predictions": predictions, "kind": "probabilities"}


def _pick(names: Sequence[str], wanted: str | None, *, default: str | None) -> str:
    name = wanted if wanted is not None else default
    if name is None or name not in names:
        raise HostError("reference_columns", f"The solution has no column {shown(name)}; it has {listed(names)}.")
    return name


def _id(names: Sequence[str]) -> str:
    return next((name for name in names if name.casefold() == "id"), names[0])


def _split(names: Sequence[str], *, but: str) -> str | None:
    return next((name for name in names if name.casefold() in SPLIT_NAMES and name != but), None)
