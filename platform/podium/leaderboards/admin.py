"""Boards, for operators: to look at. Hosts change them at `/host/`; entries come of submissions alone."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from podium.leaderboards.models import Board, Column

# these classes take parameters for type checkers alone
if TYPE_CHECKING:
    BoardAdminBase = admin.ModelAdmin[Board]
    ColumnInlineBase = admin.TabularInline[Column, Board]
else:
    BoardAdminBase, ColumnInlineBase = admin.ModelAdmin, admin.TabularInline


class ColumnInline(ColumnInlineBase):
    """What a board shows."""

    model = Column


@admin.register(Board)
class BoardAdmin(BoardAdminBase):
    """Look boards up."""

    list_display = ["title", "challenge", "phase", "audience", "rule", "snapshot_day"]
    list_filter = ["audience", "rule"]
    list_select_related = ["challenge", "phase"]
    search_fields = ["title", "challenge__title", "challenge__slug"]
    inlines = [ColumnInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Boards come with their phases."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Board | None = None) -> bool:
        """A board that is changed must be computed anew, which its hosts' page does."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Board | None = None) -> bool:
        """Its hosts do."""
        return False
