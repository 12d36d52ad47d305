"""Teams, for operators: to look at. What changes a team goes through its services."""

from django.contrib import admin
from django.http import HttpRequest

from podium.teams.models import Membership, Team


class PeopleInline(admin.TabularInline[Membership, Team]):
    """Who is on a team."""

    model = Membership
    fields = ("user", "joined_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """People join by invitation."""
        return False


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    """Look teams up."""

    list_display = ["name", "challenge", "kind", "leader", "created_at"]
    list_filter = ["kind", "challenge"]
    list_select_related = ["challenge", "leader"]
    search_fields = ["name", "memberships__user__username"]
    inlines = [PeopleInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A team is made when somebody joins."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """The team's people change it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        """Its submissions stand on boards."""
        return False
