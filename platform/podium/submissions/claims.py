"""A worker's hold on a run: known by its attempt, kept by beating, lost when the run is cancelled or taken up again."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from podium.submissions import workers
from podium.submissions.models import Run
from podium.submissions.states import Queue, RunState, Stage


class LeaseLostError(Exception):
    """The run is no longer this worker's: it was cancelled, or taken up by another."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on a run."""

    run: Run
    attempt: int

    def beat(self) -> None:
        """Hold on for another lease; raise `LeaseLostError` where the run is ours no more, and `WorkerEndsError` where
        this worker is to end and the run may take long."""
        self._go_on()
        self.change(lease_until=timezone.now() + settings.RUN_LEASE)

    def look(self) -> None:
        """Raise as `beat` does, without holding on: it is cheaper."""
        self._go_on()
        if not self.held().exists():
            raise self._lost()

    def stage(self, stage: Stage) -> None:
        """Write down what the run is at now, with another lease; raise `LeaseLostError` where it is ours no more."""
        now = timezone.now()
        self.change(stage=stage, stage_at=now, lease_until=now + settings.RUN_LEASE)
        self.run.stage, self.run.stage_at = stage, now

    def held(self) -> QuerySet[Run]:
        """Return the run as rows: one while it is ours, none after that."""
        return Run.objects.filter(pk=self.run.pk, state=RunState.CLAIMED, attempt=self.attempt)

    def change(self, **fields: Any) -> None:
        """Write something down about the run; raise `LeaseLostError` where it is ours no more."""
        if not self.held().update(**fields):
            raise self._lost()

    def _go_on(self) -> None:
        if workers.stopping.is_set() and self.run.queue != Queue.SCORE:
            raise workers.WorkerEndsError

    def _lost(self) -> LeaseLostError:
        return LeaseLostError(f"run {self.run.pk}, attempt {self.attempt}")
