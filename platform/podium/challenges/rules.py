"""Who may do what with a challenge. Views, REST, admin and templates ask `user.has_perm("challenges.…", challenge)`.

A stranger to a challenge that is not public gets 404, from `selectors.get_visible`; an insider without the right, 403.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser

from podium.accounts.models import User
from podium.challenges.models import Acceptance, Challenge, Role
from podium.core.errors import Forbidden
from podium.core.permissions import add_perm, predicate

Person = User | AnonymousUser


def role_of(user: Person, challenge: Challenge) -> str | None:
    """Return a person's role on a challenge; operators act as owners. One query a person and challenge object."""
    if not user.is_authenticated:
        return None
    if user.is_superuser:
        return Role.Name.OWNER
    known: dict[int, str | None] = challenge.__dict__.setdefault("_roles_known", {})
    if user.pk not in known:
        known[user.pk] = Role.objects.filter(challenge=challenge, user=user).values_list("name", flat=True).first()
    return known[user.pk]


@predicate
def is_host(user: Person, challenge: Challenge) -> bool:
    """Owner, editor or judge."""
    return role_of(user, challenge) is not None


@predicate
def is_editor(user: Person, challenge: Challenge) -> bool:
    """Owner or editor."""
    return role_of(user, challenge) in {Role.Name.OWNER, Role.Name.EDITOR}


@predicate
def is_owner(user: Person, challenge: Challenge) -> bool:
    """Owner."""
    return role_of(user, challenge) == Role.Name.OWNER


@predicate
def is_participant(user: Person, challenge: Challenge) -> bool:
    """Accepted some version of the rules."""
    if not user.is_authenticated:
        return False
    known: dict[int, bool] = challenge.__dict__.setdefault("_participants_known", {})
    if user.pk not in known:
        known[user.pk] = Acceptance.objects.filter(rules__challenge=challenge, user=user).exists()
    return known[user.pk]


@predicate
def is_public(_user: Person, challenge: Challenge) -> bool:
    """Anybody may see it."""
    return challenge.visibility == Challenge.Visibility.PUBLIC


@predicate
def is_past_draft(_user: Person, challenge: Challenge) -> bool:
    """No draft."""
    return challenge.visibility != Challenge.Visibility.DRAFT


@predicate
def hosts_something(user: Person) -> bool:
    """Has a role on some challenge, or operates the site."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.is_superuser or Role.objects.filter(user=user).exists()


add_perm("challenges.host", hosts_something)
add_perm("challenges.view", is_public | is_host | (is_participant & is_past_draft))
add_perm("challenges.download", is_participant | is_host)
add_perm("challenges.edit", is_editor)
add_perm("challenges.see_private", is_host)
add_perm("challenges.own", is_owner)


def require(user: Person, permission: str, row: Any, message: str = "You have no right to do this.") -> None:
    """Raise `Forbidden` with a sentence unless the person has the permission on the row."""
    if not user.has_perm(permission, row):
        raise Forbidden(message)
