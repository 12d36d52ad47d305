"""Challenges, for operators: to look at. Operators change them at /host/, where they act as owners."""

from django.contrib import admin

from podium.challenges.models import (
    Acceptance,
    Challenge,
    DataFile,
    DatasetVersion,
    Page,
    Phase,
    PhaseTask,
    Role,
    RulesVersion,
    Tag,
    Task,
)
from podium.core.admin import LookAdmin, LookInline


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin[Tag]):
    """The words that hosts choose from."""

    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


class RoleInline(LookInline[Role]):
    """Who hosts it."""

    model = Role


class PhaseTaskInline(LookInline[PhaseTask]):
    """What a phase scores on."""

    model = PhaseTask


class DataFileInline(LookInline[DataFile]):
    """The files of a version."""

    model = DataFile


@admin.register(Challenge)
class ChallengeAdmin(LookAdmin[Challenge]):
    """Look challenges up."""

    list_display = ["title", "slug", "visibility", "created_at"]
    list_filter = ["visibility"]
    search_fields = ["title", "slug"]
    ordering = ["-created_at"]
    inlines = [RoleInline]


@admin.register(Page)
class PageAdmin(LookAdmin[Page]):
    """Look pages up."""

    list_display = ["title", "slug", "challenge"]
    list_select_related = ["challenge"]
    search_fields = ["title", "challenge__slug"]


@admin.register(RulesVersion)
class RulesAdmin(LookAdmin[RulesVersion]):
    """Look rules up."""

    list_display = ["challenge", "number", "published_at", "note"]
    list_select_related = ["challenge"]
    search_fields = ["challenge__slug"]


@admin.register(Acceptance)
class AcceptanceAdmin(LookAdmin[Acceptance]):
    """Who accepted which rules, and when."""

    list_display = ["user", "rules", "challenge", "at"]
    list_select_related = ["user", "rules__challenge"]
    search_fields = ["=user__username", "=rules__challenge__slug"]
    ordering = ["-id"]

    @admin.display(description="challenge")
    def challenge(self, acceptance: Acceptance) -> Challenge:
        """The challenge whose rules they are."""
        return acceptance.rules.challenge


@admin.register(DatasetVersion)
class DatasetVersionAdmin(LookAdmin[DatasetVersion]):
    """Look data up."""

    list_display = ["dataset", "number", "sha256", "created_at"]
    list_select_related = ["dataset"]
    search_fields = ["dataset__name", "dataset__challenge__slug"]
    inlines = [DataFileInline]


@admin.register(Task)
class TaskAdmin(LookAdmin[Task]):
    """Look tasks up."""

    list_display = ["name", "challenge", "reference"]
    list_select_related = ["challenge", "reference__dataset"]
    search_fields = ["name", "challenge__slug"]


@admin.register(Phase)
class PhaseAdmin(LookAdmin[Phase]):
    """Look phases up."""

    list_display = ["name", "challenge", "opens", "closes", "private_release"]
    list_select_related = ["challenge"]
    search_fields = ["name", "challenge__slug"]
    inlines = [PhaseTaskInline]
