"""A challenge, its pages, rules and hosts at `/host/`."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from podium.accounts.models import User
from podium.challenges.models import Challenge, Page, Role, RulesVersion
from podium.challenges.services import challenge_create, challenge_publish, role_remove, role_set, rules_publish
from podium.core.errors import Forbidden
from podium.hosts.base import HostAdmin
from podium.hosts.foresight import foresee
from podium.hosts.launch import missing
from podium.hosts.scope import hosted_as, person

BY_CHALLENGE = ("challenge", RelatedOnlyFieldListFilter)  # offers the challenges of rows that the host sees
TABS = {"overview": "challenges:overview", "data": "challenges:data"}


class ChallengeAdmin(HostAdmin[Challenge]):
    """The challenge itself. Owners of one may put up another; who owns none asks an operator."""

    list_display = ("title", "slug", "visibility", "created_at")
    search_fields = ("title", "slug")
    fields = (
        ("title", "slug"), "summary", "organiser", "prize", "tags", "time_zone",
        "team_size", "join_deadline", "team_deadline",
    )  # fmt: skip
    filter_horizontal = ("tags",)
    change_form_template = "admin/host_foresight.html"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Operators, and owners of a challenge."""
        return person(request).is_superuser or hosted_as(person(request), Role.Name.OWNER).exists()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        """Tell who may not what to do."""
        if not self.has_add_permission(request):
            raise Forbidden(
                "Owners of a challenge put up new ones, and so do the operators of this site. Ask one of them to "
                "put yours up and to make you its owner."
            )
        return super().add_view(request, form_url, extra_context)

    def get_fields(self, request: HttpRequest, obj: Challenge | None = None) -> Any:
        """Begin as a draft; who sees it is decided later."""
        return (*self.fields, "visibility") if obj else self.fields

    def get_prepopulated_fields(self, request: HttpRequest, obj: Challenge | None = None) -> dict[str, Any]:
        """Propose an address for a new challenge only."""
        return {} if obj else {"slug": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Challenge | None = None) -> tuple[str, ...]:
        """Links to a challenge keep working: its address stays."""
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Challenge, form: Any, change: bool) -> None:
        """Put up, or change."""
        if change:
            self._change(request, obj, form)
            return
        fields = {name: value for name, value in form.cleaned_data.items() if name != "tags"}
        obj.pk = challenge_create(owner=person(request), **fields).pk
        obj._state.adding = False

    def _change(self, request: HttpRequest, obj: Challenge, form: Any) -> None:
        """Save, then open or close: that is an act of its own."""
        wanted = obj.visibility
        opening = "visibility" in form.changed_data
        if opening:
            obj.visibility = form.initial["visibility"]
        if set(form.changed_data) - {"visibility"}:
            super().save_model(request, obj, form, change=True)
        if opening:
            challenge_publish(obj, actor=person(request), visibility=wanted)
        if wanted != Challenge.Visibility.DRAFT:
            for sentence in missing(obj):
                self.message_user(request, sentence, messages.WARNING)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Say below the form what each phase will give away."""
        challenge: Challenge | None = context["original"]
        phases = challenge.phases.all() if challenge else ()
        return super().render_change_form(
            request, {**context, "foresights": [foresee(phase) for phase in phases]}, *args, **kwargs
        )

    def view_on_site(self, obj: Challenge) -> str:
        """Lead to the challenge."""
        return reverse("challenges:overview", args=[obj.slug])


class PageAdmin(HostAdmin[Page]):
    """The host's words. `overview` and `data` stand under their own tabs; others under the overview."""

    list_display = ("title", "slug", "challenge", "position")
    list_filter = (BY_CHALLENGE,)
    list_select_related = ("challenge",)
    fields = ("challenge", ("title", "slug"), "body", "position")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self.has_change_permission(request, obj)

    def view_on_site(self, obj: Page) -> str:
        """Lead to the page."""
        if tab := TABS.get(obj.slug):
            return reverse(tab, args=[obj.challenge.slug])
        return reverse("challenges:page", args=[obj.challenge.slug, obj.slug])


class RulesAdmin(HostAdmin[RulesVersion]):
    """Versions of the rules: published, never changed."""

    list_display = ("__str__", "challenge", "published_at", "note")
    list_filter = (BY_CHALLENGE,)
    list_select_related = ("challenge",)
    fields = ("challenge", "body", "note")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: people accepted these very words."""
        return False

    def save_model(self, request: HttpRequest, obj: RulesVersion, form: Any, change: bool) -> None:
        """Publish the next version."""
        version = rules_publish(obj.challenge, body=obj.body, note=obj.note, actor=person(request))
        obj.pk, obj.number = version.pk, version.number
        obj._state.adding = False

    def view_on_site(self, obj: RulesVersion) -> str:
        """Lead to the rules."""
        return reverse("challenges:rules-version", args=[obj.challenge.slug, obj.number])


class RoleForm(forms.ModelForm[Role]):
    """A person is named, not picked from a list: hosts need not see who has an account."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        to_field_name="username",
        widget=forms.TextInput,
        label="User name",
        error_messages={"invalid_choice": "Nobody has this user name."},
    )

    class Meta:
        model = Role
        fields = ("challenge", "user", "name")
        labels = {"name": "Role"}


class RoleAdmin(HostAdmin[Role]):
    """Who hosts with you. Owners decide that."""

    list_display = ("user", "name", "challenge")
    list_filter = (BY_CHALLENGE, "name")
    list_select_related = ("user", "challenge")
    form = RoleForm
    fixed = ("challenge", "user")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners."""
        return hosted_as(person(request), Role.Name.OWNER).exists()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners."""
        if obj is None:
            return self.has_add_permission(request)
        return person(request).has_perm("challenges.own", self._challenge(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners, one at a time."""
        return obj is not None and self.has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the challenges that the person owns."""
        if db_field.name == "challenge":
            kwargs["queryset"] = hosted_as(person(request), Role.Name.OWNER).order_by("pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        """Give the role."""
        if change and not form.changed_data:
            return
        role = role_set(obj.challenge, user=obj.user, name=obj.name, actor=person(request))
        obj.pk = role.pk
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        """Take it away."""
        role_remove(obj, actor=person(request))
