"""Whose rows are whose: from a row to its challenge, from a person to the rows that are theirs to see or choose."""

import copy
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest

from podium.accounts.models import User
from podium.challenges.models import Challenge, Role

Row = TypeVar("Row", bound=Model)

# From a model to the challenge that its rows belong to. What is not here is nobody's to choose at /host/.
CHALLENGE_PATHS = {
    "challenge": "",
    "role": "challenge",
    "page": "challenge",
    "rulesversion": "challenge",
    "dataset": "challenge",
    "datasetversion": "dataset__challenge",
    "task": "challenge",
    "phase": "challenge",
    "phasetask": "phase__challenge",
    "board": "challenge",
    "column": "board__challenge",
    "team": "challenge",
    "submission": "phase__challenge",
}
EVERYBODYS = {"tag"}  # shared words, which belong to no challenge
EDITING = (Role.Name.OWNER, Role.Name.EDITOR)


def person(request: HttpRequest) -> User:
    """Return who is signed in: nobody else comes as far as here."""
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def hosted_by(user: User, *, editing: bool = False) -> QuerySet[Challenge]:
    """Return the challenges on which a person has a role; with `editing`, one that may change things."""
    return hosted_as(user, *(EDITING if editing else Role.Name))


def hosted_as(user: User, *names: Role.Name) -> QuerySet[Challenge]:
    """Return the challenges on which a person has one of these roles; operators act as owners of all."""
    if user.is_superuser:
        return Challenge.objects.all()
    return Challenge.objects.filter(pk__in=user.roles.filter(name__in=names).values("challenge"))


def of_challenges(rows: QuerySet[Row], challenges: QuerySet[Challenge]) -> QuerySet[Row]:
    """Limit rows of any model to those of challenges."""
    path = CHALLENGE_PATHS[rows.model._meta.model_name or ""]
    return rows.filter(**{f"{path or 'pk'}__in": challenges.values("pk")})


def own_rows(rows: QuerySet[Row], user: User, *, editing: bool = False) -> QuerySet[Row]:
    """Limit rows of any model to those of a host's challenges."""
    return of_challenges(rows, hosted_by(user, editing=editing))


def own_choices(model: type[Row], user: User) -> QuerySet[Row]:
    """Return the rows of a model that a host may choose in a form: of challenges that the host may change."""
    name = model._meta.model_name or ""
    rows = model._default_manager.all()
    if name in EVERYBODYS:
        return rows
    if name not in CHALLENGE_PATHS:
        return rows.none()
    path = CHALLENGE_PATHS[name]
    rows = own_rows(rows, user, editing=True).order_by(*filter(None, [path]), "pk")
    return rows.select_related(path) if path else rows


def challenge_of(row: Model) -> Challenge:
    """Return the challenge to which a row belongs."""
    found: Any = row
    for step in filter(None, CHALLENGE_PATHS[row._meta.model_name or ""].split("__")):
        found = getattr(found, step)
    assert isinstance(found, Challenge)
    return found


class OwnChoiceField(ModelChoiceField[Any]):
    """A choice among the host's own rows, each said with its challenge where there are several to confuse."""

    names_challenge = True

    def label_from_instance(self, obj: Model) -> str:
        """Say “Forest: main” rather than “main”."""
        if isinstance(obj, Challenge) or not self.names_challenge:
            return str(obj)
        return f"{challenge_of(obj)}: {obj}"


def offer_own(form: type[ModelForm[Any]], user: User, *, within: Challenge | None) -> None:
    """Fill the choices of a form that was made for this request; with `within`, from that challenge alone."""
    for name, known in form.base_fields.items():
        if not isinstance(known, OwnChoiceField) or known.queryset is None:
            continue
        field = form.base_fields[name] = copy.deepcopy(known)  # a declared field is the class's: every request's
        assert field.queryset is not None
        rows = own_choices(field.queryset.model, user) if name in form.declared_fields else field.queryset
        if within:
            field.names_challenge = False
            rows = of_challenges(rows, Challenge.objects.filter(pk=within.pk))
        field.queryset = rows
