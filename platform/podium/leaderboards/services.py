"""Every write to a board.

An entry is always computed from the truth (scored submissions that came in time), never from what it was before: so
whatever order things happen in, and however often, the board comes out the same.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge, Phase, Task
from podium.challenges.rules import require
from podium.challenges.scorers import keys_of
from podium.core import events
from podium.core.errors import Conflict
from podium.core.locks import locked
from podium.leaderboards import ranking
from podium.leaderboards.deciding import deciding_column, decimals_of, ordering, public_column
from podium.leaderboards.intervals import NO_ARMS, arms_of
from podium.leaderboards.ladder import released_refresh
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.ranking import Candidate
from podium.leaderboards.relative import values_among, values_known
from podium.leaderboards.searching import words_of
from podium.leaderboards.values import Values, values_of
from podium.submissions.models import Submission
from podium.submissions.states import SubmissionState
from podium.teams.models import Team

TEAMS_AT_ONCE = 500
KEPT = [  # not: rank_before, and what comes of comparing
    "submission",
    "ranked",
    "place",
    "words",
    "values",
    "intervals",
    "submissions",
    "last_at",
    "updated_at",
]


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


def entries_measured(submission: Submission) -> None:
    """Write down how sure the scores of a submission are, on every board where it stands for its team; on a phase with
    the Ladder, by which it may come to stand there only now, on all."""
    with transaction.atomic():
        locked(Team, submission.team_id)
        released_refresh(submission)
        standing = Board.objects.filter(entries__submission=submission.pk)
        for board in standing:
            board_changed(board)
        if submission.phase.ladder:
            entries_refresh(submission.phase, submission.team)
        else:
            for board in standing.select_related("compared_with", "phase"):
                _write(board, [submission.team_id])


def board_changed(board: Board) -> None:
    """Note that the entries of a board are to be compared again. Locks the board, so its entries come after it."""
    Board.objects.filter(pk=board.pk).update(changes=F("changes") + 1)


def board_rebuild(board: Board) -> None:
    """Compute all entries of a board anew: after its rule, columns or scores changed, or rows were loaded in bulk.

    Readers see the old board until all of the new one is there. Until then none of its teams can finish or choose: a
    second for some thousand teams.
    """
    with transaction.atomic():
        competing = Team.objects.filter(pk__in=Submission.objects.filter(phase=board.phase_id).values("team"))
        teams = list(competing.select_for_update().order_by("pk").values_list("pk", flat=True))
        board = locked(Board, board.pk)
        board_changed(board)  # even where every team stays in its place, it may stand there for another reason
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
    before = _standing(board, teams)
    after = {entry.team_id: (entry.submission_id, entry.place, entry.ranked) for entry in entries}
    if before != after:
        board_changed(board)
    absent = [team for team in before if team not in after]
    if absent:
        Entry.objects.filter(board=board, team__in=absent).delete()
    Entry.objects.bulk_create(
        entries, update_conflicts=True, unique_fields=["board", "team"], update_fields=KEPT, batch_size=TEAMS_AT_ONCE
    )
    moved = [team for team in before if team in after and before[team] != after[team]]
    if moved:  # where they stood says nothing about where they stand
        Entry.objects.filter(board=board, team__in=moved).update(step=None, best_rank=None, worst_rank=None)


def _standing(board: Board, teams: Collection[int]) -> dict[int, tuple[int, bytes, bool]]:
    entries = Entry.objects.filter(board=board, team__in=teams)
    rows = entries.values_list("team_id", "submission_id", "place", "ranked")
    return {team: (submission, bytes(place), ranked) for team, submission, place, ranked in rows}


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
    candidates_of = _candidates(board, teams, deciding, public, values)
    chosen_of = {team: _chosen(board, own, deciding, public) for team, own in candidates_of.items()}
    arms = arms_of(columns, Q(seat__submission__in=[chosen.submission for chosen in chosen_of.values()]))
    for team, candidates in candidates_of.items():
        chosen = chosen_of[team]
        own = {**values.get(chosen.submission, {}), **among_all.get(team, {})}
        reach = arms.get(chosen.submission, {})
        yield Entry(
            board=board,
            team_id=team,
            submission_id=chosen.submission,
            ranked=kinds[team] == Team.Kind.PEOPLE,
            place=ordering(columns[0], exact=board.exact).place(own.get(columns[0].pk), chosen.at, chosen.submission),
            words=words[team],
            values={column.key: ranking.rounded(own.get(column.pk), decimals_of(board, column)) for column in columns},
            intervals={column.key: reach[column.pk] for column in columns if reach.get(column.pk, NO_ARMS) != NO_ARMS},
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
    sources = [(task, score) for task in tasks for score in keys_of(task.scorer)]
    keys = Counter(score.key for _, score in sources)
    for position, (task, score) in enumerate(sources):
        doubled = keys[score.key] > 1
        has_split = bool(task.scorer["spec"].get("split"))
        Column.objects.create(
            board=board,
            key=f"{task.name}.{score.key}"[:60] if doubled else score.key,
            title=f"{score.label}, {task.name}"[:60] if doubled else score.label[:60],
            task=task,
            score_key=score.key,
            split=("private" if board.audience == Board.Audience.RELEASED else "public") if has_split else "all",
            direction=Column.Direction.HIGHER if score.greater_is_better else Column.Direction.LOWER,
            position=position,
        )
