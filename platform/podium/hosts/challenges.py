"""A challenge, its pages, rules and hosts at `/host/`."""

from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest

from podium.accounts.models import User
from podium.challenges.models import Challenge, Page, Role, RulesVersion
from podium.challenges.services import challenge_create, role_remove, role_set, rules_publish
from podium.hosts.base import HostAdmin, person


class ChallengeAdmin(HostAdmin[Challenge]):
    """The challenge itself. Owners of one may put up another; who owns none asks an operator."""

    list_display = ("title", "slug", "visibility", "created_at")
    search_fields = ("title", "slug")
    fields = (
        ("title", "slug"), "summary", "organiser", "prize", "tags", "visibility", "time_zone",
        "team_size", "join_deadline", "team_deadline",
    )  # fmt: skip
    filter_horizontal = ("tags",)
    prepopulated_fields = {"slug": ("title",)}

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Operators, and owners of a challenge."""
        user = person(request)
        return user.is_superuser or user.roles.filter(name=Role.Name.OWNER).exists()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Challenge | None = None) -> dict[str, Any]:
        """Propose an address for a new challenge only."""
        return {} if obj else {"slug": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Challenge | None = None) -> tuple[str, ...]:
        """Links to a challenge keep working: its address stays."""
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Challenge, form: Any, change: bool) -> None:
        """Put up, or change."""
        if change:
            super().save_model(request, obj, form, change)
            return
        fields = {name: value for name, value in form.cleaned_data.items() if name != "tags"}
        obj.pk = challenge_create(owner=person(request), **fields).pk
        obj._state.adding = False


class PageAdmin(HostAdmin[Page]):
    """The host's words. `overview` and `data` stand under their own tabs; others under the overview."""

    list_display = ("title", "slug", "challenge", "position")
    list_filter = ()
    fields = ("challenge", ("title", "slug"), "body", "position")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owner or editor."""
        return self.has_change_permission(request, obj)


class RulesAdmin(HostAdmin[RulesVersion]):
    """Versions of the rules: published, never changed."""

    list_display = ("challenge", "number", "published_at", "note")
    fields = ("challenge", "body", "note")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: people accepted these very words."""
        return False

    def save_model(self, request: HttpRequest, obj: RulesVersion, form: Any, change: bool) -> None:
        """Publish the next version."""
        version = rules_publish(obj.challenge, body=obj.body, note=obj.note, actor=person(request))
        obj.pk, obj.number = version.pk, version.number
        obj._state.adding = False


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


class RoleAdmin(HostAdmin[Role]):
    """Who hosts with you. Owners decide that."""

    list_display = ("user", "name", "challenge")
    form = RoleForm
    fixed = ("challenge", "user")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners."""
        user = person(request)
        return user.is_superuser or user.roles.filter(name=Role.Name.OWNER).exists()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners."""
        return obj is None or person(request).has_perm("challenges.own", self._challenge(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Owners."""
        return obj is not None and self.has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the challenges that the person owns."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "challenge" and not person(request).is_superuser:
            owned = person(request).roles.filter(name=Role.Name.OWNER).values("challenge")
            field.queryset = Challenge.objects.filter(pk__in=owned)
        return field

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        """Give the role."""
        role = role_set(obj.challenge, user=obj.user, name=obj.name, actor=person(request))
        obj.pk = role.pk
        obj._state.adding = False

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        """Take it away."""
        role_remove(obj, actor=person(request))
