"""What happened between two boards of a phase, mostly the public and the private one: how far teams moved, how lucky
who led was, and which moves are more than chance.

Ranks are those of the two boards. Whether a move was luck is asked of the submission that stands on the later board: of
its score there and its own score on the earlier board's rows, which are others, less what all teams gained or lost (one
part of the rows may simply be harder). Without standard errors that is left open, and the rest stays.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import fmean

from django.core.cache import cache
from django.db.models import Count, Max, Q

from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.values import Measured, measured_of
from podium.teams.models import Team
from scoring.statistics.aggregation import kendall_tau
from scoring.statistics.optimism import optimism_of_equals
from scoring.statistics.shakeup import shakeup

KEEP_SECONDS = 3600
MOVERS = 8  # named
AT_ONCE = 500
UNKNOWN = Measured(None, None)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better a score became than those of all teams, and whether that is more than chance."""

    gain: float | None
    beyond_chance: bool | None


@dataclass(frozen=True, slots=True)
class Move:
    """A team's way from one board to the other."""

    team: str
    before: int
    after: int
    gain: float | None = None  # of the score, in the direction of better, less what all teams gained
    beyond_chance: bool | None = None  # None: not known

    @property
    def movement(self) -> int:
        """Ranks gained; lost where negative."""
        return self.before - self.after

    @property
    def lost(self) -> int:
        """Ranks lost."""
        return -self.movement


@dataclass(frozen=True, slots=True, kw_only=True)
class Shakeup:
    """The report of a board that is compared with another."""

    teams: int
    is_one_score: bool  # both boards rank by the same metric, so that luck can be asked about
    tau: float | None  # Kendall's
    stayed: int  # teams with the same rank on both
    leader: Move  # who led the earlier board
    expected: float | None  # how much too good the first of so many equal teams would look, at most
    beyond_chance: int | None  # so many teams; None: not known
    movers: list[Move]
    decimals: int

    @property
    def same_order(self) -> float | None:
        """The share of pairs of teams that stand in the same order on both boards."""
        return None if self.tau is None else (1 + self.tau) / 2

    @property
    def happened(self) -> float | None:
        """How much too good the leader looked, against what all teams gained or lost."""
        return None if self.leader.gain is None else -self.leader.gain

    @property
    def is_more_than_luck(self) -> bool:
        """Whether that is more than luck among equals explains."""
        return self.happened is not None and self.expected is not None and self.happened > self.expected


def shakeup_of(board: Board) -> Shakeup | None:
    """Return the report of a board; None where it is compared with none, or fewer than two teams stand on both.

    It is worked out once for each state of the two boards, in a number of queries that grows with the teams.
    """
    if board.compared_with is None:
        return None
    key = _state(board, board.compared_with)
    known: tuple[Shakeup | None] | None = cache.get(key)
    if known is None:
        known = (_report(board.compared_with, board),)
        cache.set(key, known, KEEP_SECONDS)
    return known[0]


def _state(board: Board, before: Board) -> str:
    """Return a name for what the report depends on: the columns, and entries, which measuring writes as well."""
    changed = Entry.objects.filter(board__in=[board.pk, before.pk]).aggregate(last=Max("updated_at"), rows=Count("*"))
    columns = _comparable(before, board)
    about = [changed["last"], changed["rows"], *((column.pk, column.decimals) for column in columns)]
    about += [Shakeup.__slots__, Move.__slots__]  # what an older Podium kept is not what this one reads
    return f"shakeup:{board.pk}:{before.pk}:{sha256(repr(about).encode()).hexdigest()}"


def _report(before: Board, after: Board) -> Shakeup | None:
    earlier, later = _ranks(before), _ranks(after)
    both = [team for team in later if team in earlier]
    if len(both) < 2:
        return None
    first = min(both, key=lambda team: earlier[team])
    gains, expected = _gains(before, after, both)
    moved = sorted(both, key=lambda team: (-abs(earlier[team] - later[team]), later[team]))[:MOVERS]
    names = dict(Team.objects.filter(pk__in={first, *moved}).values_list("pk", "name"))
    moves = {team: _move(names[team], earlier[team], later[team], gains.get(team)) for team in names}
    decided = [one.beyond_chance for one in gains.values() if one.beyond_chance is not None]
    tau = kendall_tau([earlier[team] for team in both], [later[team] for team in both])
    return Shakeup(
        teams=len(both),
        is_one_score=bool(_comparable(before, after)),
        tau=tau if math.isfinite(tau) else None,
        stayed=sum(earlier[team] == later[team] for team in both),
        leader=moves[first],
        expected=expected,
        beyond_chance=sum(decided) if decided else None,
        movers=[moves[team] for team in moved if moves[team].movement],
        decimals=after.columns.all()[0].decimals,
    )


def _ranks(board: Board) -> dict[int, int]:
    """Return the ranks of a board's teams, in its order."""
    teams = board.entries.filter(ranked=True).order_by("place").values_list("team_id", flat=True)
    return {team: rank for rank, team in enumerate(teams, start=1)}


def _move(name: str, before: int, after: int, gain: Gain | None) -> Move:
    return Move(name, before, after, gain.gain if gain else None, gain.beyond_chance if gain else None)


def _comparable(before: Board, after: Board) -> list[Column]:
    """Return the columns that rank the two boards, where both are the same metric of the same task; else none."""
    pair = [column for board in (before, after) for column in board.columns.all()[:1]]
    sources = {(column.task_id, column.score_key) for column in pair}
    is_one = len(pair) == 2 and len(sources) == 1 and not any(column.computed for column in pair)
    return pair if is_one else []


def _gains(before: Board, after: Board, teams: Sequence[int]) -> tuple[dict[int, Gain], float | None]:
    """Return how each team's score changed, and how much too good the earlier leader is expected to have looked."""
    columns = _comparable(before, after)
    if not columns:
        return {}, None
    standing = dict(after.entries.filter(team__in=teams).values_list("team_id", "submission_id"))
    known = _measured(columns, list(standing.values()))
    old, new = ([known[standing[team]].get(column.pk, UNKNOWN) for team in teams] for column in columns)
    found = shakeup(
        [one.value for one in old],
        [one.value for one in new],
        higher_is_better=columns[1].higher_is_better,
        public_se=[one.se for one in old],
        private_se=[one.se for one in new],
    )
    field = found.field_gain or 0.0
    gains = {
        team: Gain(None if move.gain is None else move.gain - field, move.beyond_luck)
        for team, move in zip(teams, found.moves, strict=True)
    }
    errors = [one.se for one in old if one.se]
    return gains, optimism_of_equals(len(teams), fmean(errors)) if errors else None


def _measured(columns: Sequence[Column], submissions: Sequence[int]) -> dict[int, dict[int, Measured]]:
    found: dict[int, dict[int, Measured]] = defaultdict(dict)
    for start in range(0, len(submissions), AT_ONCE):
        found |= measured_of(columns, Q(seat__submission__in=submissions[start : start + AT_ONCE]))
    return found
