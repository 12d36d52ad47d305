"""Lists are cursor-paged: `{"results", "next", "previous"}`, whatever they are lists of."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.db import DataError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

if TYPE_CHECKING:  # the REST framework imports this module before its views are there
    from rest_framework.views import APIView

BAD_CURSOR = {"cursor": ["This cursor is not one of ours. Follow “next” and “previous” as they are."]}
LONGEST_PAGE = 200
Rows = QuerySet[Any] | Sequence[Any]


def page_schema(results: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a page of results."""
    link = {"type": "string", "format": "uri", "nullable": True}
    return {
        "type": "object",
        "required": ["results", "next", "previous"],
        "properties": {"results": results, "next": link, "previous": link},
    }


def parameter(name: str, description: str, kind: str = "integer") -> dict[str, Any]:
    """Return the schema of a query parameter."""
    return {"name": name, "required": False, "in": "query", "description": description, "schema": {"type": kind}}


class Cursor(CursorPagination):
    """Pages of a queryset, the newest first."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = LONGEST_PAGE

    def paginate_queryset(self, queryset: Rows, request: Request, view: "APIView | None" = None) -> list[Any] | None:
        """Return the rows of the page that is asked for."""
        try:
            return super().paginate_queryset(cast(QuerySet[Any], queryset), request, view)
        except (ValueError, OverflowError, DataError):  # the cursor was made by hand: its position is no number
            raise ValidationError(BAD_CURSOR) from None

    def decode_cursor(self, request: Request) -> Any:
        """Read the cursor; what cannot be read is a bad request, not a page that is missing."""
        try:
            return super().decode_cursor(request)
        except (NotFound, ValueError):
            raise ValidationError(BAD_CURSOR) from None

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page."""
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page."""
        return page_schema(schema)


class Numbered(BasePagination):
    """Pages of what is counted rather than queried: files, boards, the places on a board. The cursor holds a number."""

    page_size = 50

    def begin(self, request: Request) -> "Numbered":
        """Read which page is asked for, and how long it shall be."""
        self.url = remove_query_param(request.build_absolute_uri(), "page")
        asked = request.query_params
        self.per_page = _number(asked["page_size"], "page_size", most=LONGEST_PAGE) if "page_size" in asked else 50
        self.number = _number(asked["page"], "page") if "page" in asked else 1
        if "cursor" in asked:
            self.number = _decoded(asked["cursor"])
        self.has_next = False
        return self

    def paginate_queryset(self, queryset: Rows, request: Request, view: "APIView | None" = None) -> list[Any]:
        """Return the items of the page that is asked for, out of a list."""
        self.begin(request)
        first = (self.number - 1) * self.per_page
        self.has_next = len(queryset) > first + self.per_page
        return list(queryset[first : first + self.per_page])

    def get_paginated_response(self, data: Any) -> Response:
        """Return a page."""
        after = self._link(self.number + 1) if self.has_next else None
        before = self._link(self.number - 1) if self.number > 1 else None
        return Response({"results": data, "next": after, "previous": before})

    def _link(self, number: int) -> str:
        cursor = urlsafe_b64encode(f"page={number}".encode()).decode()
        return replace_query_param(self.url, "cursor", cursor)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page."""
        return page_schema(schema)

    def get_schema_operation_parameters(self, _view: "APIView") -> list[dict[str, Any]]:
        """Describe what may be asked."""
        return [
            parameter("cursor", "Where to go on: as `next` and `previous` give it.", "string"),
            parameter("page", "Begin at this page, the first being 1."),
            parameter("page_size", f"Results a page: 50, at most {LONGEST_PAGE}."),
        ]


def _number(text: str, field: str, *, most: int = 1_000_000) -> int:
    """Read a whole number from 1 to `most`."""
    if text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most:
        return int(text)
    raise ValidationError({field: [f"This must be a whole number from 1 to {most:,}."]})


def _decoded(cursor: str) -> int:
    """Read the page out of a cursor."""
    try:
        return _number(urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").removeprefix("page="), "cursor")
    except (ValueError, ValidationError):
        raise ValidationError(BAD_CURSOR) from None
