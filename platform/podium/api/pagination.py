"""Lists are cursor-paged."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """`{"results", "next", "previous"}`."""

    ordering = "-id"
