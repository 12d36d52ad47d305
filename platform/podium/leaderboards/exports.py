"""A whole board as CSV, row by row: it may be long, so it is never all in memory."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from podium.leaderboards.intervals import Arms, interval
from podium.leaderboards.models import Board, Column
from podium.leaderboards.ranking import rounded
from podium.leaderboards.searching import DISPLAY_NAME
from podium.leaderboards.standing import could_be
from podium.teams.models import Membership

AT_ONCE = 2000
Standing = tuple[int | None, int | None, int | None]  # step, best and worst rank
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def csv_lines(board: Board) -> Iterator[str]:
    """Return the lines of a board in its order: what its page shows, with values rounded as there."""
    columns = list(board.columns.all())
    write = csv.writer(Line()).writerow
    sure = ["step", "could_be_best", "could_be_worst"]
    heads = [head for column in columns for head in (column.key, f"{column.key}_low", f"{column.key}_high")]
    yield write(["rank", "team", "members", *heads, *sure, "entries", "last_at", "is_baseline"])
    rank = 0
    for ranked, team, members, values, intervals, place, entries, last_at in _rows(board):
        rank += ranked
        yield write(
            [
                rank if ranked else "",
                harmless(team),
                harmless("; ".join(members)),
                *_numbers(columns, values, intervals),
                *_standing(place, rank if ranked else None),
                entries,
                last_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "" if ranked else "yes",
            ]
        )


def _numbers(columns: Sequence[Column], values: dict[str, float | None], intervals: dict[str, Arms]) -> Iterator[str]:
    """Yield each column's value and the ends of its interval, at its decimals."""
    for column in columns:
        value = rounded(values.get(column.key), column.decimals)
        around = interval(value, intervals.get(column.key), decimals=column.decimals)
        for number in (value, around and around.low, around and around.high):
            yield "" if number is None else f"{number:.{column.decimals}f}"


def _standing(place: Standing, rank: int | None) -> list[int | str]:
    """Return step and possible ranks; ranges from before the team moved are left out, as on the page."""
    step, best, worst = place
    known = could_be(best, worst, rank)
    return [step or "", best or "" if known else "", worst or "" if known else ""]


Row = tuple[bool, str, list[str], dict[str, Any], dict[str, Any], Standing, int, datetime]


def _rows(board: Board) -> Iterator[Row]:
    """Return the entries as plain values, with their people: model objects would take ten times as long."""
    entries = board.entries.order_by("place").values_list(
        "ranked",
        "team_id",
        "team__name",
        "values",
        "intervals",
        "step",
        "best_rank",
        "worst_rank",
        "submissions",
        "last_at",
    )
    chunk: list[tuple[Any, ...]] = []
    for entry in entries.iterator(chunk_size=AT_ONCE):
        chunk.append(entry)
        if len(chunk) == AT_ONCE:
            yield from _with_people(chunk)
            chunk = []
    yield from _with_people(chunk)


def _with_people(entries: Sequence[tuple[Any, ...]]) -> Iterator[Row]:
    people = defaultdict(list)
    members = Membership.objects.filter(team__in=[entry[1] for entry in entries])
    for team, name in members.values_list("team_id", DISPLAY_NAME):
        people[team].append(name)
    for ranked, team, name, *rest in entries:
        values, intervals, step, best, worst, sent, last_at = rest
        yield ranked, name, people[team], values, intervals, (step, best, worst), sent, last_at


def harmless(text: str) -> str:
    """Return a name as a spreadsheet takes it for text: one that would begin a formula gets an apostrophe before it.

    >>> harmless('=HYPERLINK("…")'), harmless("Held Out")
    ('\\'=HYPERLINK("…")', 'Held Out')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
