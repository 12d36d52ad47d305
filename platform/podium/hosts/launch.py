"""What a challenge that people see still lacks, each in a sentence for its hosts."""

from collections.abc import Iterator

from django.utils import timezone

from podium.challenges.models import Challenge
from podium.challenges.selectors import SAMPLE, current_rules, newest_versions
from podium.hosts.foresight import foresee
from podium.submissions import own_scorers
from podium.submissions.kinds import runs_code
from podium.submissions.opening import why_closed


def missing(challenge: Challenge) -> list[str]:
    """Return what keeps people from taking part, or makes it harder."""
    return list(_missing(challenge))


def _missing(challenge: Challenge) -> Iterator[str]:
    if current_rules(challenge) is None:
        yield "There are no rules yet, so nobody can join."
    if not challenge.phases.exists():
        yield "There is no phase yet, so nobody can submit."
    for phase in challenge.phases.filter(tasks=None):
        yield f"The phase “{phase}” has no task, so what is sent to it fails."
    for phase in challenge.phases.all():
        if shut := own_scorers.why_closed(phase):
            yield f"The phase “{phase}” takes no submissions. {shut}"
        if closed := why_closed(phase):
            yield f"The phase “{phase}” takes no code now. {closed.why} {closed.mend}".rstrip()
        elif runs_code(phase) and phase.sample_inputs_id is None:
            yield f"The phase “{phase}” takes code and has no sample, so teams cannot see why theirs fails."
    if not challenge.pages.filter(slug="overview").exists():
        yield "There is no page “overview” yet, so the first tab is empty."
    if not newest_versions(challenge).exclude(dataset__audience="scoring").filter(files__path=SAMPLE).exists():
        yield f"No dataset holds a {SAMPLE}, which shows people what to send."
    for phase in challenge.phases.filter(boards__isnull=False, closes__gt=timezone.now()).distinct():
        yield from (f"{phase}, {finding.title.lower()}: {finding.text}" for finding in foresee(phase).warnings)
