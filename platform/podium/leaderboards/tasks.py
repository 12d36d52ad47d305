"""What workers do for boards by themselves. Thin: the work is in `services` and `comparing`."""

from podium.core.tasks import every, task
from podium.leaderboards.comparing import boards_compare, needed_runs
from podium.leaderboards.ladder import evidence_to_keep
from podium.leaderboards.services import board_relate, boards_snapshot_due, boards_to_relate
from podium.submissions import evidence


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


@task(queue="measure")
def compare() -> None:
    """Tell the teams apart on the boards that changed. It is its own sweep."""
    boards_compare()


@task(queue="measure")
def sweep_evidence() -> None:
    """Remove the evidence of submissions that stand on no board, and of those that no next one is compared with."""
    evidence.sweep(lambda runs: needed_runs(runs) | evidence_to_keep(runs))


every(60, snapshot)
every(10, relate_due)
every(10, compare)
every(600, sweep_evidence)
