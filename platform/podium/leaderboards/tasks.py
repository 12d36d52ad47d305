"""What workers do for boards by themselves. Thin: the work is in `services`."""

from podium.core.tasks import every, task
from podium.leaderboards.services import boards_snapshot_due


@task(queue="score")
def snapshot() -> None:
    """Once a day, keep the ranks of the midnight that has just passed."""
    boards_snapshot_due()


every(60, snapshot)
