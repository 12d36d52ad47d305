"""The values that submissions have in columns. The only place that reads scores for boards.

By default they are the released ones, which is what anybody but hosts may know: on a phase with the Ladder the team's
best so far stands in place of what is no better by more than chance (see `ladder`). Rounding comes after that.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from podium.leaderboards.models import Column
from podium.submissions.models import Score
from podium.submissions.states import RunState

Values = dict[int, dict[int, float | None]]


def values_of(columns: Collection[Column], submissions: Q, *, full: bool = False) -> Values:
    """Return values by submission and column, released or `full`; what was never scored is absent.

    `submissions` filters scores by their `seat__submission…`. Where a submission ran twice on a task, the newer counts.
    Columns over all teams have no value of a submission alone, and are absent as well.
    """
    sums = [column for column in columns if column.computed == Column.Rule.WEIGHTED]
    parts = _parts(sums)
    sources = defaultdict(set)
    for column in [*columns, *(part for own in parts.values() for part in own)]:
        if not column.computed:
            sources[column.task_id, column.score_key, column.split].add(column.pk)
    values: Values = defaultdict(dict)
    for submission, *source, value in _scores(list(sources), submissions, full=full):
        for pk in sources.get((source[0], source[1], source[2]), ()):
            values[submission][pk] = value
    for column in sums:
        for own in values.values():
            own[column.pk] = weighted(column.parts, {part.key: own.get(part.pk) for part in parts[column.pk]})
    return values


@dataclass(frozen=True, slots=True)
class Measured:
    """A score with its standard error, None where that is not known."""

    value: float | None
    se: float | None


def measured_of(columns: Collection[Column], submissions: Q) -> dict[int, dict[int, Measured]]:
    """Return scores with their standard errors by submission and column; those that nobody but hosts sees, because the
    Ladder shows another in their place, are absent."""
    found: dict[int, dict[int, Measured]] = defaultdict(dict)
    for column in columns:
        rows = score_rows([(column.task_id, column.score_key, column.split)]).filter(submissions)
        for submission, replaced, value, se in rows.values_list("seat__submission_id", "released", "value", "se"):
            if replaced is None:
                found[submission][column.pk] = Measured(value, se)
            else:
                found[submission].pop(column.pk, None)
    return found


def weighted(weights: dict[str, float], values: dict[str, float | None]) -> float | None:
    """Return the weighted sum of a submission's values; None where one of them is missing.

    >>> weighted({"auc": 0.5, "f1": 0.25}, {"auc": 0.75, "f1": 0.5}), weighted({"auc": 1}, {})
    (0.5, None)
    """
    known = [(weight, values.get(key)) for key, weight in weights.items()]
    return sum(weight * value for weight, value in known if value is not None) if _whole(known) else None


def _whole(known: Collection[tuple[float, float | None]]) -> bool:
    return bool(known) and all(value is not None for _, value in known)


def _parts(sums: Collection[Column]) -> dict[int, list[Column]]:
    """Return the columns that weighted ones are made of; one query, where there are any."""
    beside = Column.objects.filter(board__in={column.board_id for column in sums}, computed="") if sums else ()
    return {
        column.pk: [one for one in beside if one.board_id == column.board_id and one.key in column.parts]
        for column in sums
    }


def _scores(sources: Collection[tuple[Any, ...]], submissions: Q, *, full: bool) -> Iterable[tuple[Any, ...]]:
    return (
        score_rows(sources)
        .filter(submissions)
        .values_list(
            "seat__submission_id",
            "seat__run__task_id",
            "key",
            "split",
            F("value") if full else Coalesce("released__value", "value"),
        )
    )


def score_rows(sources: Collection[tuple[Any, ...]]) -> QuerySet[Score]:
    """Return the scores of sources, which are (task, key, split), those of newer runs last.

    Callers say of which submissions. SQLite must begin there: by the index of tasks it would read every run of a task.
    """
    return (
        Score.objects.alias(of_task=F("seat__run__task") + 0)
        .filter(
            seat__run__state=RunState.SCORED,
            of_task__in={task for task, _, _ in sources},
            key__in={key for _, key, _ in sources},
            split__in={split for _, _, split in sources},
        )
        .order_by("seat__run")
    )
