"""What the home page says about this site: counted from rows, kept for half a minute, left out where there are none."""

from dataclasses import dataclass
from statistics import median

from django.core.cache import cache
from django.utils import timezone

from podium.submissions.models import Submission
from podium.submissions.quota import day_start
from podium.submissions.states import SubmissionState

KEEP_SECONDS = 30
MEDIAN_OF = 200  # the latest so many


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Numbers of the whole site. They tell nothing of a single challenge or team."""

    scored_today: int
    median_seconds: float | None  # from the last byte to the score

    def __bool__(self) -> bool:
        return bool(self.scored_today) or self.median_seconds is not None


def site_facts() -> SiteFacts:
    """Return what is known now, at most half a minute old."""
    known: SiteFacts | None = cache.get("site-facts")
    if known is None:
        known = _count()
        cache.set("site-facts", known, KEEP_SECONDS)
    return known


def _count() -> SiteFacts:
    scored = Submission.objects.filter(state=SubmissionState.SCORED, finished_at__isnull=False)
    tables = scored.filter(kind=Submission.Kind.PREDICTIONS)  # code takes the time that it takes
    latest = tables.order_by("-pk").values_list("received_at", "finished_at")[:MEDIAN_OF]
    lasted = [(finished - received).total_seconds() for received, finished in latest if finished]
    return SiteFacts(
        scored_today=scored.filter(finished_at__gte=day_start(timezone.now())).count(),
        median_seconds=median(lasted) if lasted else None,
    )
