"""How a board's columns decide: in which order, to how many decimals, and by which one submissions are chosen."""

from collections.abc import Sequence

from podium.leaderboards.models import Board, Column
from podium.leaderboards.ranking import Ordering


def ordering(column: Column, *, exact: bool) -> Ordering:
    """Return how a column orders."""
    return Ordering(higher_is_better=column.higher_is_better, decimals=None if exact else column.decimals)


def decimals_of(board: Board, column: Column) -> int | None:
    """Return to how many decimals a board knows a column; None: fully."""
    return None if board.exact else column.decimals


def deciding_column(columns: Sequence[Column]) -> Column:
    """Return the column by which a team's best submission is chosen: the one that ranks, but where that depends on the
    other teams the first that does not. So which submission stands for a team is the team's doing alone."""
    return next((column for column in columns if not column.is_relative), columns[0])


def public_column(board: Board) -> Column | None:
    """Return the column by which submissions count where a team selected none: the deciding one of the public board
    that this one is compared with, else of the phase's first one."""
    boards = Board.objects.filter(phase=board.phase_id, audience=Board.Audience.PUBLIC)
    is_public = board.compared_with is not None and board.compared_with.audience == Board.Audience.PUBLIC
    public = board.compared_with if is_public else boards.exclude(pk=board.pk).first()
    columns = list(public.columns.all()) if public else []
    return deciding_column(columns) if columns else None
