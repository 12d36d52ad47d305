"""The values that submissions have in columns. The only place that reads scores for boards."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Q

from podium.leaderboards.models import Column
from podium.submissions.models import Score
from podium.submissions.states import RunState

Values = dict[int, dict[int, float | None]]


def values_of(columns: Collection[Column], submissions: Q) -> Values:
    """Return full values by submission and column; what was never scored is absent.

    `submissions` filters scores by their `seat__submission…`. Where a submission ran twice on a task, the newer counts.
    """
    sources = defaultdict(list)
    for column in columns:
        sources[column.task_id, column.score_key, column.split].append(column.pk)
    values: Values = defaultdict(dict)
    for submission, task, key, split, value in _scores(columns, submissions):
        for pk in sources.get((task, key, split), ()):
            values[submission][pk] = value
    return values


def _scores(columns: Collection[Column], submissions: Q) -> Iterable[tuple[int, int, str, str, float | None]]:
    scores = Score.objects.filter(
        submissions,
        seat__run__state=RunState.SCORED,
        seat__run__task__in={column.task_id for column in columns},
        key__in={column.score_key for column in columns},
        split__in={column.split for column in columns},
    )
    return scores.order_by("seat__run").values_list(
        "seat__submission_id", "seat__run__task_id", "key", "split", "value"
    )
