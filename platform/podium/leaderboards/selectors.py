"""Reading boards: who sees which, and a page of one, with ranks, in a number of queries that does not grow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, Max, Prefetch, Q, QuerySet, Sum, Value
from django.db.models.functions import StrIndex
from django.http import Http404
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge
from podium.challenges.rules import Person
from podium.challenges.selectors import current_phase
from podium.leaderboards.intervals import Interval, interval
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.ranking import rounded
from podium.leaderboards.searching import folded
from podium.leaderboards.standing import Axis, Step, could_be, in_steps
from podium.teams.models import Membership, Team

PER_PAGE = 50
MOST_FOUND = 1000  # of a search; who means one of more types another letter


# Which boards


def boards_for(user: Person, challenge: Challenge) -> list[Board]:
    """Return the boards of a challenge that a person may see, in their order. The challenge itself is theirs to see."""
    is_host, now = user.has_perm("challenges.see_private", challenge), timezone.now()
    return [board for board in _boards(challenge) if is_host or is_open_to_all(board, now)]


def boards_to_come(user: Person, challenge: Challenge) -> list[Board]:
    """Return the boards that a person will see once the hosts release them: that they will be there is no secret."""
    if user.has_perm("challenges.see_private", challenge):
        return []
    now = timezone.now()
    released = Board.Audience.RELEASED
    return [board for board in _boards(challenge) if board.audience == released and not is_open_to_all(board, now)]


def _boards(challenge: Challenge) -> QuerySet[Board]:
    return challenge.boards.select_related("phase", "compared_with").prefetch_related("columns")


def is_open_to_all(board: Board, now: datetime) -> bool:
    """Tell whether everybody who sees the challenge may see a board."""
    if board.audience == Board.Audience.RELEASED:
        return board.phase.is_released(now)
    return board.audience == Board.Audience.PUBLIC


def get_board(user: Person, challenge: Challenge, slug: str | None = None) -> Board:
    """Return a board; 404 for whoever may not see it. Without `slug`, the one that counts now."""
    board = pick_board(challenge, boards_for(user, challenge), slug)
    if board is None:
        raise Http404("no such board, or it is not open to you")
    return board


def pick_board(challenge: Challenge, boards: Sequence[Board], slug: str | None = None) -> Board | None:
    """Return the board of that name; without one, the board of the current phase that counts now: the private one
    once it is released to all, else the public one."""
    if slug:
        return next((board for board in boards if board.slug == slug), None)
    phase, now = current_phase(challenge) if len(boards) > 1 else None, timezone.now()

    def order(board: Board) -> tuple[bool, bool, bool]:
        released = board.audience == Board.Audience.RELEASED and is_open_to_all(board, now)
        return phase is not None and board.phase_id != phase.pk, not released, board.audience != Board.Audience.PUBLIC

    return min(boards, key=order, default=None)


# A page of a board


@dataclass(frozen=True, slots=True)
class Cell:
    """A team's value in a column."""

    key: str
    title: str
    value: float | None
    decimals: int
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """A team's row, as anybody may know it who sees the board."""

    entry: Entry
    columns: Sequence[Column] = field(repr=False)
    members: list[User]
    rank: int | None  # None: a baseline
    rank_before: int | None  # on the board that this one is compared with; else yesterday
    is_you: bool = False

    @property
    def team(self) -> Team:
        """Whose row it is."""
        return self.entry.team

    @property
    def is_baseline(self) -> bool:
        """Whether it is a host's, and has no rank."""
        return not self.entry.ranked

    @property
    def movement(self) -> int | None:
        """Ranks gained (lost, where negative); None where there is nothing to compare with."""
        return None if self.rank is None or self.rank_before is None else self.rank_before - self.rank

    @property
    def is_new(self) -> bool:
        """Whether it has a rank now and had none before."""
        return self.rank is not None and self.rank_before is None

    @property
    def lost(self) -> int:
        """Ranks lost."""
        return -(self.movement or 0)

    @property
    def values(self) -> dict[str, float | None]:
        """The values by column key, in the columns' order, rounded to their decimals."""
        return {cell.key: cell.value for cell in self.cells}

    @property
    def cells(self) -> list[Cell]:
        """The values with what they are."""
        return [self._cell(column) for column in self.columns]

    def _cell(self, column: Column) -> Cell:
        value = rounded(self.entry.values.get(column.key), column.decimals)
        around = interval(value, self.entry.intervals.get(column.key), decimals=column.decimals)
        return Cell(column.key, column.title, value, column.decimals, around)

    @property
    def others(self) -> list[Cell]:
        """The cells that do not rank."""
        return self.cells[1:]

    @property
    def could_be(self) -> str:
        """The ranks that the team could have, “10–19”; nothing where they are not known."""
        return could_be(self.entry.best_rank, self.entry.worst_rank, self.rank)

    @property
    def is_spread(self) -> bool:
        """Whether it could have more ranks than one."""
        return self.entry.best_rank != self.entry.worst_rank

    @property
    def is_placed(self) -> bool:
        """Whether its step is its own, not that of the row above."""
        return self.is_baseline or self.entry.step is not None

    @property
    def entries(self) -> int:
        """How many submissions of the team were scored in time."""
        return self.entry.submissions

    @property
    def last_at(self) -> datetime:
        """When the last of them came."""
        return self.entry.last_at


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """A page of a board, or of what a search found on it."""

    board: Board
    columns: list[Column]
    rows: list[BoardRow]
    total: int  # rows of the whole board, or all that were found
    number: int
    pages: int
    per_page: int
    own: BoardRow | None  # the viewer's, wherever it stands
    text: str = ""
    cut: bool = False  # more were found than are listed
    step_before: int | None = None  # of the last ranked row of the page before

    @property
    def own_is_elsewhere(self) -> bool:
        """Whether the viewer's row is not on this page."""
        return self.own is not None and not any(row.is_you for row in self.rows)

    @property
    def page(self) -> Page[int]:
        """The same as a page of Django's, for `includes/pages.html`."""
        return Paginator(range(self.total), self.per_page).page(self.number)

    @property
    def has_steps(self) -> bool:
        """Whether the rows stand on steps: a search's rows are not neighbours, and some metrics give no evidence."""
        return not self.text and any(row.entry.step is not None for row in self.rows)

    @property
    def steps(self) -> list[Step]:
        """The rows by step."""
        return in_steps(self.rows, before=self.step_before)

    @property
    def has_intervals(self) -> bool:
        """Whether it is known of some row how sure its first score is."""
        return any(row.cells[0].interval for row in self._all_rows)

    @property
    def has_ranges(self) -> bool:
        """Whether it is known of some row which ranks it could have."""
        return any(row.could_be for row in self._all_rows)

    @property
    def is_compared_in_part(self) -> bool:
        """Whether there are too many teams to compare all pairs of them."""
        return self.has_steps and not self.has_ranges

    @property
    def axis(self) -> Axis | None:
        """The axis of the whiskers; None where no row has an interval."""
        if not self.has_intervals:
            return None
        first = [row.cells[0] for row in self._all_rows]
        shown = [(cell.value, cell.interval) for cell in first if cell.value is not None]
        own = [end for end in (self.own.cells[0].value,) if end is not None] if self.own else []
        return Axis.of(shown, keep=own)

    @property
    def _all_rows(self) -> list[BoardRow]:
        return [*self.rows, *([self.own] if self.own and self.own_is_elsewhere else [])]

    @property
    def has_movement(self) -> bool:
        """Whether there is something to compare ranks with."""
        return self.board.compared_with_id is not None or self.board.snapshot_day is not None


def board_page(
    board: Board, *, number: int = 1, per_page: int = PER_PAGE, viewer_team: Team | None = None, text: str = ""
) -> BoardPage:
    """Return page `number` (or the nearest there is) of a board, or with `text` of what it finds there."""
    text = text.strip()
    found = search(board, text) if text else None
    total = board.entries.count() if found is None else min(len(found), MOST_FOUND)
    pages = max(-(-total // per_page), 1)
    number = min(max(number, 1), pages)
    start = per_page * (number - 1)
    stop = min(start + per_page, total)
    places = _places_between(board, start, stop, total=total) if found is None else found[start:stop]
    columns = list(board.columns.all())
    rows = rows_at(board, Q(place__in=places) | _of(viewer_team), viewer_team=viewer_team, columns=columns)
    shown = set(places)
    return BoardPage(
        board=board,
        columns=columns,
        rows=[row for row in rows if bytes(row.entry.place) in shown],
        total=total,
        number=number,
        pages=pages,
        per_page=per_page,
        own=next((row for row in rows if row.is_you), None),
        text=text,
        cut=found is not None and len(found) > MOST_FOUND,
        step_before=_step_before(board, places[0]) if start and board.compared_at and found is None else None,
    )


def _step_before(board: Board, place: bytes) -> int | None:
    """Return the step of the ranked entry before a place."""
    before = board.entries.filter(ranked=True, place__lt=place).order_by("-place")
    return before.values_list("step", flat=True).first()


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """A board in numbers."""

    teams: int
    baselines: int
    entries: int
    updated_at: datetime | None


def board_facts(board: Board) -> BoardFacts:
    """Return how many teams and submissions a board has, and when it last changed, each from an index alone."""
    whole = board.entries.aggregate(rows=Count("*"), sent=Sum("submissions"))
    last = board.entries.aggregate(last=Max("updated_at"))["last"]
    hosted = baselines(board).count()
    return BoardFacts(whole["rows"] - hosted, hosted, whole["sent"] or 0, last)


def baselines(board: Board) -> QuerySet[Entry]:
    """Return a board's baselines. Written with `in`, as SQLite finds no index for `NOT ranked`."""
    return board.entries.filter(ranked__in=[False])


def own_row(board: Board, team: Team) -> BoardRow | None:
    """Return a team's row on a board, if it has one."""
    return next(iter(rows_at(board, _of(team), viewer_team=team, columns=list(board.columns.all()))), None)


def search(board: Board, text: str) -> list[bytes]:
    """Return the places of the entries whose team's or members' names contain a text, the best first.

    Case and accents do not matter. At most `MOST_FOUND` and one more, so that the caller can tell that there are more.
    """
    entries = Entry.objects.filter(board=board).alias(at=StrIndex("words", Value(folded(text)))).filter(at__gt=0)
    return _bytes(entries.order_by("place").values_list("place", flat=True)[: MOST_FOUND + 1])


def rank_of(entry: Entry) -> int:
    """Return the number of ranked entries before this one, plus one: its rank, where it is ranked."""
    return _ranks(entry.board_id, [bytes(entry.place)])[0]


def rows_at(board: Board, which: Q, *, viewer_team: Team | None = None, columns: Sequence[Column]) -> list[BoardRow]:
    """Return those rows of a board that a condition picks, in order. Meant for a page's worth of them."""
    people = Prefetch("team__memberships", Membership.objects.select_related("user"))
    entries = list(board.entries.filter(which).select_related("team").prefetch_related(people).order_by("place"))
    ranks = _ranks(board.pk, [bytes(entry.place) for entry in entries])
    before = ranks_before(board, entries)
    return [
        BoardRow(
            entry=entry,
            columns=columns,
            members=[membership.user for membership in entry.team.memberships.all()],
            rank=rank if entry.ranked else None,
            rank_before=before.get(entry.team_id),
            is_you=viewer_team is not None and entry.team_id == viewer_team.pk,
        )
        for entry, rank in zip(entries, ranks, strict=True)
    ]


def _of(team: Team | None) -> Q:
    return Q(team=team) if team else Q(pk__in=[])


def _bytes(places: Iterable[bytes | memoryview]) -> list[bytes]:
    return [bytes(place) for place in places]  # a driver may give views on memory


def _places_between(board: Board, start: int, stop: int, *, total: int) -> list[bytes]:
    """Return the places of a slice of the board, counted from its nearer end, from the index alone."""
    places = board.entries.values_list("place", flat=True)
    if start + stop <= total:
        return _bytes(places.order_by("place")[start:stop])
    return _bytes(places.order_by("-place")[total - stop : total - start])[::-1]


def ranks_before(board: Board, entries: Sequence[Entry]) -> dict[int, int]:
    """Return, by team, the rank that movement is measured from: on the board compared with, else yesterday's."""
    if board.compared_with_id is None:
        return {entry.team_id: entry.rank_before for entry in entries if entry.rank_before is not None}
    teams = [entry.team_id for entry in entries]
    others = Entry.objects.filter(board=board.compared_with_id, team__in=teams, ranked=True).order_by("place")
    rows = list(others.values_list("team_id", "place"))
    ranks = _ranks(board.compared_with_id, [bytes(place) for _, place in rows])
    return {team: rank for (team, _), rank in zip(rows, ranks, strict=True)}


COUNT = """(
    SELECT count(*) FROM leaderboards_entry WHERE board_id = %s AND ranked = %s AND place >= %s AND place < %s
)"""


def _ranks(board: int, places: Sequence[bytes]) -> list[int]:
    """Return the ranks at places that are in order, in one query.

    Ranked entries are counted from each place to the next, so that all counts together pass the index once.
    """
    if not places:
        return []
    ranges = pairwise([b"", *places])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join([COUNT] * len(places))}",
            [value for low, high in ranges for value in (board, True, low, high)],
        )
        counts = cursor.fetchone()
    return [before + 1 for before in accumulate(counts)]
