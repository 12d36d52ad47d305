"""Every write to a board.

An entry is always computed from the truth (scored submissions that came in time), never from what it was before: so
whatever order things happen in, and however often, the board comes out the same.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge, Phase, Task
from podium.challenges.rules import require
from podium.core import events
from podium.core.errors import Conflict
from podium.core.locks import locked
from podium.leaderboards import ranking
from podium.leaderboards.deciding import deciding_column, decimals_of, ordering, public_column
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.ranking import Candidate
from podium.leaderboards.relative import values_among, values_known
from podium.leaderboards.searching import words_of
from podium.leaderboards.values import Values, values_of
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState
from podium.teams.models import Team
from scoring.spec import ScorerSpec

TEAMS_AT_ONCE = 500
KEPT = ["submission", "ranked", "place", "words", "values", "submissions", "last_at", "updated_at"]  # not: rank_before


def entry_refresh(board: Board, team: Team) -> None:
    """Bring a team's entry on a board up to date. Repeated, it changes nothing."""
    with transaction.atomic():
        locked(Team, team.pk)
        _write(board, [team.pk])


def entries_refresh(phase: Phase, team: Team, *, rules: Collection[str] = Board.Rule.values) -> None:
    """Bring a team's entries on a phase's boards (those with one of these rules) up to date."""
    with transaction.atomic():
        locked(Team, team.pk)
        for board in Board.objects.filter(phase=phase, rule__in=rules).select_related("compared_with", "phase"):
            _write(board, [team.pk])


def board_rebuild(board: Board) -> None:
    """Compute all entries of a board anew: after its rule, columns or scores changed, or rows were loaded in bulk.

    Readers see the old board until all of the new one is there. Until then none of its teams can finish or choose: a
    second for some thousand teams.
    """
    with transaction.atomic():
        competing = Team.objects.filter(pk__in=Submission.objects.filter(phase=board.phase_id).values("team"))
        teams = list(competing.select_for_update().order_by("pk").values_list("pk", flat=True))
        board = locked(Board, board.pk)
        Entry.objects.filter(board=board).exclude(team__in=competing.values("pk")).delete()
        for start in range(0, len(teams), TEAMS_AT_ONCE):
            _write(board, teams[start : start + TEAMS_AT_ONCE])
        board_relate(board.pk)


def board_relate(pk: int) -> bool:
    """Bring the columns over all teams of a board up to date, and with them the order where one of them ranks; False
    where they are.

    However many submissions came meanwhile, it is done once, and what readers see changes in one transaction. Entries
    are written under the board's lock, which `_write` takes as well where there are such columns.
    """
    with transaction.atomic():
        board = locked(Board, pk)
        if board.relative_due is None:
            return False
        columns = list(board.columns.all())
        entries = list(board.entries.select_related("submission").order_by("place"))
        among_all = values_among(columns, entries)
        for entry in entries:
            _relate(entry, columns, among_all[entry.team_id], board)
        Entry.objects.bulk_update(entries, ["place", "values"], batch_size=TEAMS_AT_ONCE)
        Board.objects.filter(pk=pk).update(relative_due=None, relative_at=timezone.now())
    return True


def _relate(entry: Entry, columns: Sequence[Column], among_all: Mapping[str, float | None], board: Board) -> None:
    """Put a team's values among all teams into its entry."""
    for column in columns:
        if column.is_relative:
            entry.values[column.key] = ranking.rounded(among_all[column.key], decimals_of(board, column))
    by, sent = ordering(columns[0], exact=board.exact), entry.submission
    if columns[0].is_relative:
        entry.place = by.place(entry.values[columns[0].key], sent.received_at, sent.pk)


def boards_to_relate() -> list[int]:
    """Return the boards whose columns over all teams are out of date."""
    return list(Board.objects.exclude(relative_due=None).order_by("relative_due").values_list("pk", flat=True))


def _write(board: Board, teams: Collection[int]) -> None:
    """Write the entries of teams whose locks are held; who has nothing to show has none."""
    if board.is_relative:
        Board.objects.filter(pk=locked(Board, board.pk).pk, relative_due=None).update(relative_due=timezone.now())
    entries = list(_computed(board, teams))
    present = {entry.team_id for entry in entries}
    absent = [team for team in teams if team not in present]
    if absent:
        Entry.objects.filter(board=board, team__in=absent).delete()
    Entry.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["board", "team"], update_fields=KEPT, batch_size=TEAMS_AT_ONCE
    )


def _computed(board: Board, teams: Collection[int]) -> Iterator[Entry]:
    columns = list(board.columns.all())
    if not columns:
        return
    submissions = Q(seat__submission__phase=board.phase_id, seat__submission__team__in=teams)
    counted = Q(seat__submission__state=SubmissionState.SCORED, seat__submission__ranked=True)
    deciding, public = deciding_column(columns), public_column(board) if board.rule == Board.Rule.SELECTED else None
    values = values_of([*columns, *filter(None, [public])], submissions & counted)
    words, among_all = words_of(teams), values_known(board, columns, teams)
    kinds = dict(Team.objects.filter(pk__in=teams).values_list("pk", "kind"))
    for team, candidates in _candidates(board, teams, deciding, public, values).items():
        chosen = _chosen(board, candidates, deciding, public)
        own = {**values.get(chosen.submission, {}), **among_all.get(team, {})}
        yield Entry(
            board=board,
            team_id=team,
            submission_id=chosen.submission,
            ranked=kinds[team] == Team.Kind.PEOPLE,
            place=ordering(columns[0], exact=board.exact).place(own.get(columns[0].pk), chosen.at, chosen.submission),
            words=words[team],
            values={column.key: ranking.rounded(own.get(column.pk), decimals_of(board, column)) for column in columns},
            submissions=len(candidates),
            last_at=max(one.at for one in candidates),
        )


def _candidates(
    board: Board, teams: Collection[int], primary: Column, public: Column | None, values: Values
) -> dict[int, list[Candidate]]:
    """Return what counts of each team: scored, and in time."""
    candidates = defaultdict(list)
    rows = Submission.objects.filter(
        phase=board.phase_id, team__in=teams, state=SubmissionState.SCORED, ranked=True
    ).values_list("pk", "team_id", "received_at", "selected")
    for pk, team, at, selected in rows:
        own = values.get(pk, {})
        one = Candidate(
            submission=pk,
            at=at,
            selected=selected,
            value=own.get(primary.pk),
            public=own.get(public.pk) if public else None,
        )
        candidates[team].append(one)
    return candidates


def _chosen(board: Board, candidates: list[Candidate], primary: Column, public: Column | None) -> Candidate:
    """Return the submission that stands on the board, by its rule."""
    if board.rule == Board.Rule.LATEST:
        return ranking.latest(candidates)
    if board.rule == Board.Rule.SELECTED:
        by = ordering(public or primary, exact=False)
        candidates = ranking.final(candidates, public=by, most=board.phase.final_selections)
    return ranking.best(candidates, by=ordering(primary, exact=board.exact))


# What was


SNAPSHOT = """
UPDATE leaderboards_entry SET rank_before = ranks.rank
FROM (
    SELECT id, row_number() OVER (ORDER BY place) AS rank
    FROM leaderboards_entry WHERE board_id = %s AND ranked
) AS ranks
WHERE leaderboards_entry.id = ranks.id AND (rank_before IS NULL OR rank_before <> ranks.rank)
"""


def board_snapshot(board: Board, day: date) -> bool:
    """Keep all present ranks as those of the midnight at which `day` began; False where that was done before."""
    with transaction.atomic():
        fresh = locked(Board, board.pk)
        if fresh.snapshot_day is not None and fresh.snapshot_day >= day:
            return False
        with connection.cursor() as cursor:
            cursor.execute(SNAPSHOT, [board.pk])
        Board.objects.filter(pk=board.pk).update(snapshot_day=day)
    board.snapshot_day = day
    return True


def boards_snapshot_due() -> int:
    """Take the snapshot of every board that has none of today (UTC); return how many."""
    today = timezone.now().date()
    moving = Board.objects.filter(compared_with=None).filter(Q(snapshot_day=None) | Q(snapshot_day__lt=today))
    return sum(board_snapshot(board, today) for board in moving)


def private_release(phase: Phase, actor: User) -> None:
    """Make the private scores of a phase public now. Repeated, it changes nothing.

    Raises `Forbidden` for who does not run the challenge, `Conflict` while the phase is open.
    """
    require(actor, "challenges.edit", phase.challenge)
    with transaction.atomic():
        fresh = locked(Phase, phase.pk)
        now = timezone.now()
        if fresh.is_released(now):
            return
        if now < fresh.closes:
            raise Conflict("Private scores are released when the phase is closed, not before.", code="phase_open")
        Phase.objects.filter(pk=phase.pk).update(private_release=now)
        events.record(phase, "private_release", actor=actor)
    phase.private_release = now


# Boards


def board_defaults(challenge: Challenge, phase: Phase) -> list[Board]:
    """Make the boards of a phase that has none: public and private where its tasks split their rows, else one.

    Each gets a column for every metric of every task; the first one ranks. Return the phase's boards.
    """
    with transaction.atomic():
        locked(Phase, phase.pk)
        if not phase.boards.exists():
            _make_boards(challenge, phase, list(phase.tasks.order_by("phase_tasks__position", "pk")))
    return list(phase.boards.all())


def _make_boards(challenge: Challenge, phase: Phase, tasks: list[Task]) -> None:
    split = any((task.scorer.get("spec") or {}).get("split") for task in tasks)
    public = _make_board(challenge, phase, "public" if split else "all", rule=Board.Rule.BEST)
    _make_columns(public, tasks)
    if split:
        private = _make_board(
            challenge,
            phase,
            "private",
            rule=Board.Rule.SELECTED,
            audience=Board.Audience.RELEASED,
            exact=True,
            compared_with=public,
        )
        _make_columns(private, tasks)


def _make_board(challenge: Challenge, phase: Phase, split: str, **fields: Any) -> Board:
    """Make a board; where another phase has one of its name, the phase's name is part of this one's."""
    title = {"all": "Leaderboard"}.get(split, split.capitalize())
    taken = challenge.boards.filter(slug=split).exists()
    return Board.objects.create(
        challenge=challenge,
        phase=phase,
        slug=f"{phase.slug[:50]}-{split}" if taken else split,
        title=f"{phase.name[:40]}, {title.lower()}" if taken else title,
        position=challenge.boards.count(),
        **fields,
    )


def _make_columns(board: Board, tasks: list[Task]) -> None:
    sources = [(task, metric) for task in tasks for metric in ScorerSpec.from_dict(task.scorer["spec"]).metrics]
    keys = Counter(metric.key for _, metric in sources)
    for position, (task, metric) in enumerate(sources):
        doubled = keys[metric.key] > 1
        has_split = bool(task.scorer["spec"].get("split"))
        Column.objects.create(
            board=board,
            key=f"{task.name}.{metric.key}"[:60] if doubled else metric.key,
            title=f"{metric.entry.label}, {task.name}"[:60] if doubled else metric.entry.label[:60],
            task=task,
            score_key=metric.key,
            split=("private" if board.audience == Board.Audience.RELEASED else "public") if has_split else "all",
            direction=Column.Direction.HIGHER if metric.entry.greater_is_better else Column.Direction.LOWER,
            position=position,
        )
