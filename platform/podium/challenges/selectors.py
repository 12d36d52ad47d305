"""Reading challenges: who sees which, in which state they are, what files they offer."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Max, Min, Prefetch, Q, QuerySet, TextField, Value, When
from django.http import Http404
from django.utils import timezone

from podium.challenges.models import Acceptance, Challenge, DataFile, Dataset, DatasetVersion, Phase, RulesVersion
from podium.challenges.rules import Person, role_of

UPCOMING, RUNNING, ENDED = "upcoming", "running", "ended"
SAMPLE = "sample_submission.csv"


def visible_to(user: Person) -> QuerySet[Challenge]:
    """Return the challenges that a person may see, with `opens`, `closes` and `state` (upcoming, running, ended).

    A challenge opens with its first phase and closes with its last; without a phase it is upcoming.
    """
    return with_state(Challenge.objects.filter(_may_see(user))).order_by("id")


def _may_see(user: Person) -> Q:
    public = Q(visibility=Challenge.Visibility.PUBLIC)
    if not user.is_authenticated:
        return public
    if user.is_superuser:
        return Q()
    # subqueries by primary key, not joins: a person with two roles must not see a challenge twice
    hosted = Q(pk__in=user.roles.values("challenge"))
    joined = Q(pk__in=user.acceptances.values("rules__challenge")) & ~Q(visibility=Challenge.Visibility.DRAFT)
    return public | hosted | joined


def with_state(challenges: QuerySet[Challenge]) -> QuerySet[Challenge]:
    """Add `opens`, `closes` and `state` to challenges."""
    now = timezone.now()
    return challenges.annotate(opens=Min("phases__opens"), closes=Max("phases__closes")).annotate(
        state=Case(
            When(Q(opens=None) | Q(opens__gt=now), then=Value(UPCOMING)),
            When(closes__lte=now, then=Value(ENDED)),
            default=Value(RUNNING),
            output_field=TextField(),
        )
    )


def get_visible(user: Person, slug: str) -> Challenge:
    """Return a challenge with its state; 404 for whoever may not see it."""
    challenge = visible_to(user).filter(slug=slug).first()
    if challenge is None:
        raise Http404("no such challenge, or it is not open to you")
    return challenge


def current_rules(challenge: Challenge) -> RulesVersion | None:
    """Return the rules that hold now."""
    return challenge.rules_versions.filter(published_at__lte=timezone.now()).order_by("-number").first()


def current_phase(challenge: Challenge, at: datetime | None = None) -> Phase | None:
    """Return the phase that counts at a time: the open one that closes first, else the next to open, else the last."""
    at = at or timezone.now()
    phases = list(challenge.phases.all())
    open_now = sorted((phase for phase in phases if phase.is_open(at)), key=lambda phase: phase.closes)
    coming = sorted((phase for phase in phases if phase.opens > at), key=lambda phase: phase.opens)
    past = sorted(phases, key=lambda phase: phase.closes, reverse=True)
    return next(iter([*open_now, *coming, *past]), None)


def join_closes(challenge: Challenge) -> datetime | None:
    """Return when nobody new may join any more."""
    return challenge.join_deadline or challenge.phases.aggregate(last=Max("closes"))["last"]


def join_is_over(challenge: Challenge) -> bool:
    """Tell whether nobody new may join any more."""
    closes = join_closes(challenge)
    return closes is not None and closes <= timezone.now()


def teams_close(challenge: Challenge) -> datetime | None:
    """Return when teams stay as they are."""
    return challenge.team_deadline or challenge.phases.aggregate(last=Max("closes"))["last"]


def newest_versions(challenge: Challenge) -> QuerySet[DatasetVersion]:
    """Return each dataset's newest version, with its files."""
    newest = Dataset.objects.filter(challenge=challenge).annotate(newest=Max("versions__number"))
    files = Prefetch("files", DataFile.objects.select_related("blob"))
    return (
        DatasetVersion.objects.filter(dataset__in=newest.values("pk"))
        .annotate(newest=Max("dataset__versions__number"))
        .filter(number=F("newest"))
        .select_related("dataset")
        .prefetch_related(files)
        .order_by("dataset__name")
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to a challenge: what they host, which rules they accepted, which ones hold now."""

    role: str | None
    accepted: Acceptance | None  # the newest version that the person accepted
    rules: RulesVersion | None  # the version that holds now

    @property
    def takes_part(self) -> bool:
        """Whether the person accepted some version of the rules."""
        return self.accepted is not None

    @property
    def has_new_rules(self) -> bool:
        """Whether rules hold now that are newer than those the person accepted."""
        return bool(self.accepted and self.rules and self.rules.number > self.accepted.rules.number)


def standing(user: Person, challenge: Challenge) -> Standing:
    """Return how a person stands to a challenge. At most three queries, once for each person and challenge object."""
    known: dict[int | None, Standing] = challenge.__dict__.setdefault("_standings_known", {})
    if user.pk not in known:
        known[user.pk] = Standing(
            role=role_of(user, challenge), accepted=_accepted(user, challenge), rules=current_rules(challenge)
        )
    return known[user.pk]


def _accepted(user: Person, challenge: Challenge) -> Acceptance | None:
    if not user.is_authenticated:
        return None
    accepted = user.acceptances.filter(rules__challenge=challenge).select_related("rules")
    return accepted.order_by("-rules__number").first()


def published_rules(challenge: Challenge) -> QuerySet[RulesVersion]:
    """Return every version of the rules that anybody may read, the newest first."""
    return challenge.rules_versions.filter(published_at__lte=timezone.now()).order_by("-number")
