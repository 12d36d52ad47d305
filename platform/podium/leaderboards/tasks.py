"""What workers do for boards by themselves. Thin: the work is in `services`."""

from podium.core.tasks import every, task
from podium.leaderboards.services import board_relate, boards_snapshot_due, boards_to_relate


@task(queue="score")
def snapshot() -> None:
    """Once a day, keep the ranks of the midnight that has just passed."""
    boards_snapshot_due()


@task(queue="score")
def relate(board: int) -> None:
    """Bring a board's columns over all teams up to date."""
    board_relate(board)


@task(queue="sweep")
def relate_due() -> None:
    """Take up the boards whose message was lost."""
    for board in boards_to_relate():
        relate.enqueue(board)


every(60, snapshot)
every(10, relate_due)
