"""Who sees which score, in what form: the one selector that decides, for pages, REST, exports and clients alike.

Hosts see every split that a board has a column for, unrounded. A team sees its own submissions' scores as boards show
them: the released values (see `values`), rounded, and private ones only from the phase's release on. Nobody else sees
anything of a submission.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from podium.challenges.models import Phase
from podium.challenges.rules import Person
from podium.leaderboards.intervals import Arms, Interval, arms_of, interval
from podium.leaderboards.models import Board, Column
from podium.leaderboards.ranking import rounded
from podium.leaderboards.values import values_of
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState
from podium.teams.models import Membership

OPENNESS = {audience.value: number for number, audience in enumerate(Board.Audience)}  # public, released, hosts


@dataclass(frozen=True, slots=True)
class ShownScore:
    """One score of a submission, as its viewer may know it."""

    column: str
    title: str
    split: str
    value: float | None
    decimals: int
    direction: str
    is_public: bool  # a public board has this column
    interval: Interval | None = None  # around the value as it is shown


def scores_shown(user: Person, submissions: Iterable[Submission]) -> dict[int, list[ShownScore]]:
    """Return the scores that a person may see, by submission, in the boards' order. A fixed number of queries.

    Every submission has a list: empty where it is not scored, or not this person's to know.
    """
    rows = list(submissions)
    scored = [row for row in rows if row.state == SubmissionState.SCORED]
    shown: dict[int, list[ShownScore]] = {row.pk: [] for row in rows}
    if not scored or not user.is_authenticated:
        return shown
    phases = {row.phase_id for row in scored}
    hosted, teams = _hosted_phases(user, phases), _teams_of(user)
    columns = _columns(phases)
    seen = {
        row.pk: columns[row.phase_id] if row.phase_id in hosted else _released(columns[row.phase_id])
        for row in scored
        if row.phase_id in hosted or row.team_id in teams
    }
    for exact in (False, True):
        own = {row.pk: seen[row.pk] for row in scored if row.pk in seen and (row.phase_id in hosted) == exact}
        shown |= _with_values(own, exact=exact)
    return shown


def _with_values(seen: Mapping[int, Sequence[Column]], *, exact: bool) -> dict[int, list[ShownScore]]:
    """Return the scores of submissions in the columns that may be seen of each; with `exact`, as they are."""
    if not seen:
        return {}
    every, these = {column.pk: column for own in seen.values() for column in own}, Q(seat__submission__in=list(seen))
    values = values_of(every.values(), these, full=exact)
    arms = arms_of(every.values(), these, full=exact)
    return {
        pk: [
            _shown(column, values.get(pk, {}).get(column.pk), arms.get(pk, {}).get(column.pk), exact=exact)
            for column in columns
        ]
        for pk, columns in seen.items()
    }


def _shown(column: Column, full: float | None, arms: Arms | None, *, exact: bool) -> ShownScore:
    value = full if exact else rounded(full, column.decimals)
    return ShownScore(
        column=column.key,
        title=column.title,
        split=column.split,
        value=value,
        decimals=column.decimals,
        direction=column.direction,
        is_public=column.board.audience == Board.Audience.PUBLIC,
        interval=interval(value, arms, decimals=column.decimals, exact=exact),
    )


def _hosted_phases(user: Person, phases: Collection[int]) -> set[int]:
    """Return those of the phases whose challenge this person hosts: `challenges.see_private`, for many at once."""
    if user.is_superuser:
        return set(phases)
    hosted = Phase.objects.filter(pk__in=phases, challenge__roles__user=user.pk)
    return set(hosted.values_list("pk", flat=True))


def _teams_of(user: Person) -> set[int]:
    return set(Membership.objects.filter(user=user.pk).values_list("team_id", flat=True))


def _columns(phases: Collection[int]) -> dict[int, list[Column]]:
    """Return the columns of all boards of phases, the most public board first; what several show stands there once."""
    columns: dict[int, dict[tuple[object, ...], Column]] = {phase: {} for phase in phases}
    rows = Column.objects.filter(board__phase__in=phases).select_related("board__phase")
    for column in sorted(rows, key=lambda one: (OPENNESS[one.board.audience], one.board.position, one.position)):
        if column.is_relative:  # no score of a submission: it says how a team stands among the others
            continue
        computed = (column.board_id, column.key) if column.computed else ()
        source = (column.task_id, column.score_key, column.split, *computed)
        columns[column.board.phase_id].setdefault(source, column)
    return {phase: list(own.values()) for phase, own in columns.items()}


def _released(columns: Iterable[Column]) -> list[Column]:
    """Return the columns that a team may know now."""
    now = timezone.now()
    return [
        column
        for column in columns
        if column.board.audience == Board.Audience.PUBLIC
        or (column.board.audience == Board.Audience.RELEASED and column.board.phase.is_released(now))
    ]
