"""The base of every page at `/host/`: asks `rules.py` for each object, shows and offers only the host's own challenges,
and saves through services."""

from typing import Any, TypeVar

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.forms import BaseInlineFormSet, ModelChoiceField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from podium.challenges.models import Challenge
from podium.challenges.services import part_delete, part_save
from podium.core.errors import Refusal
from podium.hosts.scope import OwnChoiceField, challenge_of, hosted_by, offer_own, own_choices, own_rows, person

Row = TypeVar("Row", bound=Model)


def sentence_of(refusal: Refusal | ValidationError) -> str:
    """Return what a service said, for a person."""
    return refusal.message if isinstance(refusal, Refusal) else " ".join(refusal.messages)


class HostOptions(admin.options.BaseModelAdmin[Row]):
    """What pages and inlines have in common: whose rows, whose choices, who may.

    Without an object, a right is the right to do so on some challenge; each object is asked for again.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Show the host's own."""
        return own_rows(super().get_queryset(request), person(request))

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the host's own."""
        own = {"queryset": own_choices(db_field.remote_field.model, person(request)), "form_class": OwnChoiceField}
        return super().formfield_for_foreignkey(db_field, request, **{**own, **kwargs})

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the host's own, and tags, which are everybody's."""
        own = {"queryset": own_choices(db_field.remote_field.model, person(request))}
        return super().formfield_for_manytomany(db_field, request, **{**own, **kwargs})

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Any role."""
        return obj is None or person(request).has_perm("challenges.see_private", self._challenge(obj))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self._may_edit(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self._may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody, unless a page says otherwise: what others rely on stays."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever hosts something."""
        return True

    def _may_edit(self, request: HttpRequest, obj: Model | None) -> bool:
        if obj is None:
            return hosted_by(person(request), editing=True).exists()
        return person(request).has_perm("challenges.edit", self._challenge(obj))

    def _challenge(self, row: Model) -> Challenge:
        return challenge_of(row)


class HostAdmin(HostOptions[Row], admin.ModelAdmin[Row]):
    """A page at `/host/`."""

    list_per_page = 50
    fixed: tuple[str, ...] = ("challenge",)  # not to be changed once the row is there
    one_transaction = True  # False where saving takes a file: its bytes are stored before a transaction begins

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Row:
        """Find a row; what is another's is as if it were not there."""
        row = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404
        return row

    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> tuple[str, ...]:
        """A row stays with its challenge."""
        names = {field.name for field in self.model._meta.get_fields()}
        still = tuple(name for name in self.fixed if name in names) if obj else ()
        return (*super().get_readonly_fields(request, obj), *still)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Choose the challenge where there is but one."""
        challenge = self._chosen(request)
        return {**({"challenge": challenge.pk} if challenge else {}), **super().get_changeform_initial_data(request)}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Keep the choices to one challenge where that is known, and repeat what a service said."""
        form = super().get_form(request, obj, change, **kwargs)
        offer_own(form, person(request), within=challenge_of(obj) if obj else self._chosen(request))
        said: str = getattr(request, "refused", "")
        return _refused(form, said) if said else form

    def save_model(self, request: HttpRequest, obj: Row, form: ModelForm[Any], change: bool) -> None:
        """Save through the service; where nothing was changed, nothing happens."""
        if not change or form.changed_data:
            part_save(obj, challenge=self._challenge(obj), actor=person(request), changed=form.changed_data)

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        """Remove through the service."""
        part_delete(obj, challenge=self._challenge(obj), actor=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Row]) -> None:
        """Remove several, each through the service."""
        for row in queryset:
            self.delete_model(request, row)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows of inlines through the service too."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            part_delete(row, challenge=challenge_of(row), actor=person(request))
        for row, changed in [*formset.changed_objects, *((row, ()) for row in formset.new_objects)]:
            part_save(row, challenge=challenge_of(row), actor=person(request), changed=changed)
        formset.save_m2m()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Say a service's refusal in the form, beside what was written in it."""
        show: Any = super().changeform_view if self.one_transaction else getattr(self, "_changeform_view")  # noqa: B009
        try:
            return show(request, object_id, form_url, extra_context)
        except (Refusal, ValidationError) as refusal:
            request.refused = sentence_of(refusal)  # type: ignore[attr-defined]  # read by `get_form`
            return show(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say a service's refusal on the row's page."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect("../change/")

    def _chosen(self, request: HttpRequest) -> Challenge | None:
        """Return the challenge that a new row is for: the one in the address, or the only one."""
        own, asked = hosted_by(person(request), editing=True), request.GET.get("challenge", "")
        if asked.isdecimal() and len(asked) < 19:
            return own.filter(pk=int(asked)).first()
        first = list(own[:2])
        return first[0] if len(first) == 1 else None


def _refused(form: Any, said: str) -> Any:
    """Return a form that says a sentence over what it was sent."""

    def clean(self: Any) -> Any:
        data = form.clean(self)
        self.add_error(None, said)
        return data

    return type(form.__name__, (form,), {"clean": clean})


class HostFormSet(BaseInlineFormSet[Row, Any, ModelForm[Row]]):
    """Rows that belong to one row. Django takes any row's key here and then leaves that row alone; we refuse the key,
    so that nobody learns which keys there are."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Know the keys of these rows only."""
        super().add_fields(form, index)
        key = form.instance._meta.pk.name
        if isinstance(form.fields.get(key), ModelChoiceField):
            form.fields[key].queryset = self.queryset


class HostInline(HostOptions[Row], admin.TabularInline[Row, Any]):
    """Rows that are edited with the one they belong to."""

    extra = 1
    formset: type[Any] = HostFormSet

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Keep the choices to the challenge of the row above."""
        formset = super().get_formset(request, obj, **kwargs)
        offer_own(formset.form, person(request), within=challenge_of(obj) if obj else None)
        return formset

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self.has_change_permission(request, obj)
