"""How many submissions a team has left: rows are counted, and services count again under the team's lock."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from podium.challenges.models import Phase
from podium.core.errors import TooMany
from podium.submissions.models import Submission
from podium.submissions.states import IN_FLIGHT, SubmissionState
from podium.teams.models import Team

MOST_IN_FLIGHT = 3
FREE_REJECTIONS_A_DAY = 20
TRIALS_A_DAY = 50


def day_start(at: datetime) -> datetime:
    """Return the midnight (UTC) at which the day of `at` began."""
    return datetime.combine(at.astimezone(UTC).date(), time.min, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a team may still send into a phase. None stands for “no limit”."""

    daily_limit: int | None
    used_today: int
    total_limit: int | None
    used_total: int
    in_flight: int
    free_rejections: int  # left today
    trials: int  # left today
    next_day: datetime

    @property
    def left_today(self) -> int | None:
        """Submissions left today, by the daily limit alone."""
        return None if self.daily_limit is None else max(self.daily_limit - self.used_today, 0)

    @property
    def left_total(self) -> int | None:
        """Submissions left in the phase."""
        return None if self.total_limit is None else max(self.total_limit - self.used_total, 0)

    @property
    def left(self) -> int | None:
        """Submissions left now, by both limits."""
        known = [left for left in (self.left_today, self.left_total) if left is not None]
        return min(known) if known else None

    @property
    def next_slot(self) -> datetime | None:
        """When the next submission is possible; None: now, or (with `left_total` 0) never."""
        return self.next_day if self.left_today == 0 and self.left_total != 0 else None

    def check(self, *, trial: bool = False) -> None:
        """Raise `TooMany` where nothing is left; a trial on the sample has a limit of its own."""
        if trial:
            self._check_trials()
        else:
            self._check_quota()
        if self.in_flight >= MOST_IN_FLIGHT:
            raise TooMany(
                f"{self.in_flight} submissions of your team are still being scored. Send the next when one is done.",
                code="too_many_in_flight",
            )

    def _check_trials(self) -> None:
        if self.trials == 0:
            raise TooMany(
                f"Your team tried its code {TRIALS_A_DAY} times today. More at 00:00 UTC.", retry_at=self.next_day
            )

    def _check_quota(self) -> None:
        if self.left_total == 0:
            raise TooMany(f"All {self.total_limit} submissions of this phase are used.")
        if self.left_today == 0:
            when = self.next_day.strftime("%H:%M")
            raise TooMany(
                f"All {self.daily_limit} submissions of today are used. The next slot opens at {when} UTC.",
                retry_at=self.next_day,
            )


def allowance(phase: Phase, team: Team | None, *, at: datetime | None = None) -> Allowance:
    """Count what a team (None: one that does not exist yet) has used of a phase's limits. One query."""
    at = at or timezone.now()
    midnight = day_start(at)
    today = Q(received_at__gte=midnight)
    counts = Submission.objects.filter(phase=phase, team=team).aggregate(
        used_today=Count("pk", filter=today & Q(uses_quota=True)),
        used_total=Count("pk", filter=Q(uses_quota=True)),
        in_flight=Count("pk", filter=Q(state__in=IN_FLIGHT)),
        rejected=Count("pk", filter=today & Q(state=SubmissionState.REJECTED, uses_quota=False, trial=False)),
        trials=Count("pk", filter=today & Q(trial=True)),
    )
    return Allowance(
        daily_limit=phase.daily_limit or None,
        used_today=counts["used_today"],
        total_limit=phase.total_limit or None,
        used_total=counts["used_total"],
        in_flight=counts["in_flight"],
        free_rejections=max(FREE_REJECTIONS_A_DAY - counts["rejected"], 0),
        trials=max(TRIALS_A_DAY - counts["trials"], 0),
        next_day=midnight + timedelta(days=1),
    )
