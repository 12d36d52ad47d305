"""The base of every page at `/host/`: asks `rules.py` for each object, shows and offers only the host's own challenges,
and saves through services."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse

from podium.accounts.models import User
from podium.challenges.models import Challenge, Role
from podium.challenges.services import part_delete, part_save
from podium.core.errors import Refusal

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


def person(request: HttpRequest) -> User:
    """Return who is signed in: nobody else comes as far as here."""
    assert not isinstance(request.user, AnonymousUser)
    return request.user


def hosted_by(user: User, *, editing: bool = False) -> QuerySet[Challenge]:
    """Return the challenges on which a person has a role; with `editing`, one that may change things."""
    if user.is_superuser:
        return Challenge.objects.all()
    names = [Role.Name.OWNER, Role.Name.EDITOR] if editing else Role.Name.values
    return Challenge.objects.filter(pk__in=user.roles.filter(name__in=names).values("challenge"))


def own_rows(rows: QuerySet[Row], user: User, *, editing: bool = False) -> QuerySet[Row]:
    """Limit rows of any model to those of a host's challenges."""
    path = CHALLENGE_PATHS[rows.model._meta.model_name or ""]
    challenges = hosted_by(user, editing=editing)
    return rows.filter(**{f"{path}__in" if path else "pk__in": challenges.values("pk")})


def challenge_of(row: Model) -> Challenge:
    """Return the challenge to which a row belongs."""
    found: Any = row
    for step in filter(None, CHALLENGE_PATHS[row._meta.model_name or ""].split("__")):
        found = getattr(found, step)
    assert isinstance(found, Challenge)
    return found


class HostOptions(admin.options.BaseModelAdmin[Row]):
    """What pages and inlines have in common: whose rows, whose choices."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Show the host's own."""
        return own_rows(super().get_queryset(request), person(request))

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the host's own."""
        model = db_field.remote_field.model
        if model._meta.model_name in CHALLENGE_PATHS:
            kwargs["queryset"] = own_rows(model._default_manager.all(), person(request), editing=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the host's own, and tags, which are everybody's."""
        model = db_field.remote_field.model
        if model._meta.model_name in CHALLENGE_PATHS:
            kwargs["queryset"] = own_rows(model._default_manager.all(), person(request), editing=True)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Any role."""
        return obj is None or person(request).has_perm("challenges.see_private", self._challenge(obj))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return obj is None or person(request).has_perm("challenges.edit", self._challenge(obj))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor, of this challenge or of any."""
        if obj is not None:
            return person(request).has_perm("challenges.edit", self._challenge(obj))
        return hosted_by(person(request), editing=True).exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody, unless a page says otherwise: what others rely on stays."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever hosts something."""
        return self.has_view_permission(request)

    def _challenge(self, row: Model) -> Challenge:
        return challenge_of(row)


class HostAdmin(HostOptions[Row], admin.ModelAdmin[Row]):
    """A page at `/host/`."""

    list_per_page = 50
    fixed: tuple[str, ...] = ("challenge",)  # not to be changed once the row is there

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        """A row stays with its challenge."""
        fields: list[Field[Any, Any]] = list(self.model._meta.get_fields())  # type: ignore[arg-type]
        names = {field.name for field in fields}
        still = tuple(name for name in self.fixed if name in names) if obj else ()
        return (*tuple(super().get_readonly_fields(request, obj)), *still)

    def save_model(self, request: HttpRequest, obj: Row, form: ModelForm[Any], change: bool) -> None:
        """Save through the service."""
        part_save(obj, challenge=self._challenge(obj), actor=person(request), changed=form.changed_data)

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        """Remove through the service."""
        part_delete(obj, challenge=self._challenge(obj), actor=person(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows of inlines through the service too."""
        rows = formset.save(commit=False)
        for row in rows:
            part_save(row, challenge=challenge_of(row), actor=person(request))
        for row in formset.deleted_objects:
            part_delete(row, challenge=challenge_of(row), actor=person(request))
        formset.save_m2m()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say a service's refusal on the page."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (Refusal, ValidationError) as refusal:
            sentence = refusal.message if isinstance(refusal, Refusal) else " ".join(refusal.messages)
            self.message_user(request, sentence, messages.ERROR)
            request.method = "GET"
            return super().changeform_view(request, *args, **kwargs)


class HostInline(HostOptions[Row], admin.TabularInline[Row, Any]):
    """Rows that are edited with the one they belong to."""

    extra = 0

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self.has_change_permission(request, obj)
