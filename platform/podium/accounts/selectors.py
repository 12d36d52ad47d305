"""Reading people.

What other apps know of a person is read through the relations that they added to `User`: their models stand above this
app.
"""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from podium.accounts.models import OwnerLink, User
from podium.core.words import listed


def user_with_email(email: str) -> User | None:
    """Return whose address this is: first who verified it, else whose account bears it."""
    address = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    if address:
        return address.user  # type: ignore[no-any-return]
    return User.objects.filter(email__iexact=email).first()


def get_owner_link(token: str) -> OwnerLink:
    """Return the link of a token, while it holds; 404 otherwise."""
    usable = OwnerLink.objects.filter(digest=OwnerLink.digest_of(token), used_at=None, expires_at__gt=timezone.now())
    link = usable.first()
    if link is None:
        raise Http404("no such link, or it was used, or it is too old")
    return link


@dataclass(frozen=True, slots=True)
class Part:
    """A challenge in which a person takes part, and the team with which they do."""

    slug: str
    title: str
    organiser: str
    team: str


def get_person(username: str) -> User:
    """Return the person of a user name, in any case; 404 where there is none or their account is closed."""
    return get_object_or_404(User, username__iexact=username, is_active=True)


def public_parts(person: User) -> list[Part]:
    """Return the public challenges in which a person takes part, the latest joined first."""
    memberships = person.memberships.filter(challenge__visibility="public").order_by("-joined_at", "-id")
    return [
        Part(each.challenge.slug, each.challenge.title, each.challenge.organiser, each.team.name)
        for each in memberships.select_related("challenge", "team")
    ]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the end of an account means: what goes, what stays."""

    tokens: int
    teams: int
    submissions: int


def leaving(user: User) -> Leaving:
    """Return what the end of a person's account means."""
    return Leaving(tokens=user.tokens.count(), teams=user.memberships.count(), submissions=user.submissions.count())


def obstacles_to_leaving(user: User, *, lock: bool = False) -> list[str]:
    """Return, in sentences, what must be done before a person can delete their account.

    With `lock` the people who could follow are locked, so that two owners who leave at once do not both rely on each
    other; call it in a transaction then.
    """
    obstacles = []
    if lock:
        _lock_possible_heirs(user)
    if alone := _challenges_owned_alone(user):
        each = "it" if len(alone) == 1 else "each"
        obstacles.append(
            f"You are the only owner of {listed(alone)}. Make somebody else an owner of {each} at /host/ first."
        )
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        obstacles.append("You are the last operator of this site. Make another with “manage.py owner create” first.")
    return obstacles


def _lock_possible_heirs(user: User) -> None:
    people = User.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    owned = user.roles.filter(name="owner").values("challenge")
    owners = User.objects.filter(roles__name="owner", roles__challenge__in=owned).values("pk")
    list(people.filter(pk__in=owners).values_list("pk", flat=True))
    if user.is_superuser:
        list(people.filter(is_superuser=True).values_list("pk", flat=True))


def _challenges_owned_alone(user: User) -> list[str]:
    """Return the titles of the challenges that nobody else, whose account is open, owns."""
    owned = user.roles.filter(name="owner").select_related("challenge").order_by("challenge__title")
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    shared = owned.filter(challenge__roles__name="owner", challenge__roles__user__in=others).values("pk")
    return [f"“{role.challenge.title}”" for role in owned.exclude(pk__in=shared)]
