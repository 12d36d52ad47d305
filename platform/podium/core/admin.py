"""What operators look up: what happened, and which bytes are kept. And the base of every page that is for looking."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from podium.core.models import Blob, Event

Row = TypeVar("Row", bound=Model)


class LookAdmin(admin.ModelAdmin[Row]):
    """Rows that operators look at. What changes them goes through services: on the site, at /host/, by `manage.py`."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class LookInline(admin.TabularInline[Row, Any]):
    """Rows that are looked at with the one they belong to."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(Event)
class EventAdmin(LookAdmin[Event]):
    """Everything that happened. Rows are only ever added."""

    list_display = ["at", "subject", "name", "actor", "data"]
    list_select_related = ["actor"]
    search_fields = ["=subject", "=name", "=actor__username"]
    ordering = ["-id"]


@admin.register(Blob)
class BlobAdmin(LookAdmin[Blob]):
    """The bytes that are kept, by their hash."""

    list_display = ["sha256", "size", "created_at"]
    search_fields = ["sha256__startswith"]
    ordering = ["-id"]
