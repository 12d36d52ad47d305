"""Working out a spec from two files alone, for whoever scores on the command line."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scoring.archives import Content, Limits
from scoring.errors import HostError, SubmissionError, fail, listed, shown
from scoring.keys import usual_id, usual_split
from scoring.kinds import kind_of
from scoring.metrics import Metric, find
from scoring.reading import open_table
from scoring.reference import LIMITS, read_reference
from scoring.spec import BOX, RAGGED, ScorerSpec

BEGINNING = 1 << 20
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
HEIGHTS = {"height", "h", "image_height", "img_height"}
WIDTHS = {"width", "w", "image_width", "img_width"}
LABELS = {"label", "class", "category", "label_id", "class_id", "category_id", "class_name"}
BOX_NAMES = (LABELS, {"left", "x", "x0"}, {"top", "y", "y0"}, {"width", "w"}, {"height", "h"})
CORNERS = {"xmax", "x_max", "x2", "right", "ymax", "y_max", "y2", "bottom"}


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
    probabilities of several classes, the submission may have a column named after each class instead (``red``, or
    ``class_red``), of which label metrics take the greatest. Where its predictions are not shaped like the truth
    (bounds, boxes, long lists), they are all columns of the submission. For a ranking metric see :func:`_lists`. Height
    and width of images, and what else a metric needs, are found by their names.
    """
    entry = find(metric)[0]
    names = _names(solution)
    chosen = _pick(names, id_column, default=usual_id(names))
    found = split_column or usual_split(names, but=chosen)
    split = None if found is None else _pick(names, found, default=None)
    if entry.takes == "masks" and not options.get("shape"):
        options |= _shape(names)
    options["roles"] = _roles(names, entry=entry) | options.get("roles", {})
    beside = _beside(options)
    for name in beside:
        _pick(names, name, default=None)
    target = [name for name in names if name not in {chosen, split, *beside}]
    item = options.get("item")
    if entry.takes == "lists" and not item and target and "group" not in options["roles"]:
        sent = _sent(submission, but={chosen})
        item, group = _lists(solution, sent, key=chosen, target=target)
        target = [name for name in target if name not in {item, group}]
        options |= {"item": item, "roles": options["roles"] | ({"group": group} if group else {})}
    if not target and not item:
        raise HostError("reference_columns", f"The solution has no target column beside {listed(names)}.")
    if entry.takes == "boxes":
        if wrong := _corner(target):
            raise HostError("reference_columns", wrong)
        target = _box_columns(target)
    spec: dict[str, Any] = {"id": chosen, "split": split, "target": target, **options}
    spec["metrics"] = [{"key": "score", "metric": metric, "params": dict(params)}]
    if entry.columns in RAGGED or entry.takes == "boxes":
        spec["predictions"] = _as_many(_sent(submission, but={chosen}), entry=entry)
    elif entry.takes == "lists" and item:
        # What stands there beside it is one column too many, which the submission is told.
        spec["predictions"] = _sent(submission, but={chosen, item})[:1]
    elif len(target) == 1 and (entry.columns == "classes" or entry.takes == "labels"):
        spec |= _by_class(solution, submission, spec=spec)
    return ScorerSpec.from_dict(spec)


def _roles(names: Sequence[str], *, entry: Metric) -> dict[str, str]:
    """Return the roles that the metric needs for which a column is named."""
    return {role: name for role in entry.needs for name in names if name.casefold() == role}


def _beside(options: Mapping[str, Any]) -> list[str]:
    single = [options[name] for name in ("weight", "cluster", "item") if options.get(name)]
    shape = [name for name in options.get("shape", ()) if isinstance(name, str)]
    return [*single, *options.get("roles", {}).values(), *options.get("slices", ()), *shape]


def _names(solution: Path) -> list[str]:
    try:
        return _names_in(solution, limits=LIMITS)
    except SubmissionError as error:
        raise _as_hosts(error) from error


def _as_hosts(error: SubmissionError) -> HostError:
    first = error.first
    return HostError(f"reference_{first.code}", f"In the solution: {error.message}", row=first.row)


def _names_in(path: Path, *, limits: Limits) -> list[str]:
    """Return the columns' names; of a large plain text out of its beginning alone: the rest is read soon enough."""
    with path.open("rb") as stream:
        head = stream.read(BEGINNING)
    whole_lines = head[: head.rfind(b"\n") + 1]
    if len(head) < BEGINNING or not whole_lines or kind_of(head[:4096]) != "text" or head.startswith(UTF_16):
        return open_table(path, filename=path.name, limits=limits).names
    from scoring.delimited import DelimitedTable  # noqa: PLC0415 - Parquet does not need it

    return DelimitedTable(Content(whole_lines, len(whole_lines), path.name), limits=limits, row_limit=None).names


def _sent(submission: Path, *, but: set[str]) -> list[str]:
    return [name for name in _names_in(submission, limits=Limits()) if name not in but]


def _as_many(sent: list[str], *, entry: Metric) -> list[str]:
    """Return the columns that were sent beside the id. Raises SubmissionError where the metric reads another number."""
    if entry.takes == "boxes":
        expected, right = "label, left, top, width, height, score", len(sent) == BOX + 1
    else:
        expected, right = RAGGED[entry.columns], len(sent) >= 2 if entry.columns == "members" else len(sent) == 2
    if not right:
        found = listed(sent) if sent else "none"
        raise fail("column_count", f"Beside the id, expected these columns: {expected}; found {found}.")
    if entry.takes != "boxes":
        return sent
    if wrong := _corner(sent):
        raise fail("column_corner", wrong)
    return _box_columns(sent)


def _corner(names: Sequence[str]) -> str | None:
    """Return what is wrong with columns of boxes one of which is named like a corner, or None."""
    found = next((name for name in names if name.casefold() in CORNERS), None)
    return f"Boxes are left, top, width and height; column {shown(found)} looks like a corner's." if found else None


def _box_columns(names: list[str]) -> list[str]:
    """Return the columns of boxes in a spec's order, by their names; as they stand where some name is not known."""
    found = [[name for name in names if name.casefold() in known] for known in BOX_NAMES]
    if any(len(group) != 1 for group in found):
        return names
    first = [group[0] for group in found]
    return [*first, *(name for name in names if name not in first)]


def _shape(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of height and width, if there is one of each."""
    found = [name for known in (HEIGHTS, WIDTHS) for name in names if name.casefold() in known]
    return {"shape": found} if len(found) == 2 else {}


def _lists(solution: Path, sent: Sequence[str], *, key: str, target: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the columns of items and of groups in a solution for a ranking metric.

    ``(item, None)`` where an id has several items, one a row, perhaps with their relevance; ``(None, group)`` where the
    id is the item's and its score alone is sent; ``(None, None)`` where a cell holds a whole list.
    """
    scored = len(target) == 2 and target[0] not in sent and target[1] in sent
    if len(target) > 1 and not scored:
        return target[0], None
    if _repeats(solution, key):
        return target[0], None
    return None, target[0] if scored else None


def _repeats(solution: Path, key: str) -> bool:
    """Return whether an id of the solution occurs more than once. Raises HostError."""
    try:
        table = open_table(solution, filename=solution.name, limits=LIMITS)
        table.load(text=[key], numbers=())
    except SubmissionError as error:
        raise _as_hosts(error) from error
    ids = table.text(key)
    return len(ids.unique()) < len(ids)


def _by_class(solution: Path, submission: Path, *, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return classes and predictions where the submission has a column named after each class, else nothing."""
    names = _names_in(submission, limits=Limits())
    if spec["target"][0] in names or spec["id"] not in names or len(names) < 3:
        return {}
    plain = ScorerSpec.from_dict({**spec, "metrics": [{"key": "score", "metric": "accuracy_score"}]})
    reference = read_reference(solution, spec=plain)
    classes: Sequence[int | str] = reference.texts or reference.labels or ()
    prefix = _prefix(names, classes=[str(label) for label in classes])
    if prefix is None:
        return {}
    predictions = [f"{prefix}{label}" for label in classes]
    return {"classes": list(classes), "predictions": predictions, "kind": "probabilities"}


def _prefix(names: Sequence[str], *, classes: Sequence[str]) -> str | None:
    """Return what stands before the class in columns named after classes: nothing, or as in ``class_0``, or None."""
    if set(classes) & set(names):
        return ""
    prefixes = dict.fromkeys(name.removesuffix(classes[0]) for name in names if name.endswith(classes[0]))
    return next((prefix for prefix in prefixes if {prefix + label for label in classes} <= set(names)), None)


def _pick(names: Sequence[str], wanted: str | None, *, default: str | None) -> str:
    name = wanted if wanted is not None else default
    if name is None or name not in names:
        raise HostError("reference_columns", f"The solution has no column {shown(name)}; it has {listed(names)}.")
    return name
