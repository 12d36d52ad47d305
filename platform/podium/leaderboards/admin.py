"""Boards, for operators: to look at. Entries are computed, never written by hand."""

from django.contrib import admin

from podium.core.admin import LookAdmin, LookInline
from podium.leaderboards.models import Board, Column, Entry


class ColumnInline(LookInline[Column]):
    """The columns of a board."""

    model = Column


@admin.register(Board)
class BoardAdmin(LookAdmin[Board]):
    """Look boards up."""

    list_display = ["title", "challenge", "phase", "audience", "rule"]
    list_select_related = ["challenge", "phase"]
    search_fields = ["title", "challenge__slug"]
    inlines = [ColumnInline]


@admin.register(Entry)
class EntryAdmin(LookAdmin[Entry]):
    """Look entries up."""

    list_display = ["board", "team", "submission", "ranked", "values", "last_at"]
    list_select_related = ["board", "team", "submission"]
    search_fields = ["team__name", "board__challenge__slug"]
    exclude = ["place"]
    ordering = ["-id"]
