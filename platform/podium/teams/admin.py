"""Teams, for operators: to look at. What changes a team goes through its services."""

from django.contrib import admin

from podium.core.admin import LookAdmin, LookInline
from podium.teams.models import Membership, Team


class PeopleInline(LookInline[Membership]):
    """Who is on a team."""

    model = Membership
    fields = ("user", "joined_at")


@admin.register(Team)
class TeamAdmin(LookAdmin[Team]):
    """Look teams up."""

    list_display = ["name", "challenge", "kind", "leader", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["challenge", "leader"]
    search_fields = ["name", "memberships__user__username", "challenge__slug"]
    inlines = [PeopleInline]
