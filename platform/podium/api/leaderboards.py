"""Boards and the places on them."""

from typing import Any, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from podium.api.endpoint import OpenEndpoint
from podium.api.pagination import Numbered
from podium.api.schema import Fields, errors
from podium.api.scores import ScoreFields, score_of
from podium.leaderboards.models import Board, Column
from podium.leaderboards.selectors import BoardRow, board_page, boards_for, get_board, pick_board


class ColumnFields(Fields):
    """A column of a board. The first one ranks."""

    key = serializers.CharField()
    title = serializers.CharField()
    split = serializers.CharField()
    direction = serializers.ChoiceField(Column.Direction.choices)
    decimals = serializers.IntegerField()


class BoardFields(Fields):
    """A leaderboard."""

    board = serializers.SlugField(help_text="Its name in addresses.")
    title = serializers.CharField()
    phase = serializers.SlugField()
    rule = serializers.ChoiceField(Board.Rule.choices, help_text="Which submission stands for a team.")
    columns = ColumnFields(many=True)
    url = serializers.URLField(help_text="Where its places are.")


class PlaceFields(Fields):
    """A team's place on a board."""

    rank = serializers.IntegerField(allow_null=True, help_text="Null: a baseline, shown and never ranked.")
    team = serializers.CharField()
    scores = ScoreFields(many=True)
    entries = serializers.IntegerField(help_text="Submissions of the team so far.")
    last_at = serializers.DateTimeField(help_text="When its latest submission arrived.")
    is_baseline = serializers.BooleanField()


class Boards(OpenEndpoint):
    """A challenge's boards."""

    pagination_class = Numbered

    @extend_schema(operation_id="leaderboards_list", responses={200: BoardFields(many=True), **errors(400, 401, 404)})
    def get(self, request: Request, slug: str) -> Response:
        """List the boards that you may see, the one that counts now first."""
        boards = boards_for(self.person, self.challenge)
        first = pick_board(self.challenge, boards)
        boards.sort(key=lambda board: board is not first)
        page = self.paginate_queryset(boards) or []
        return self.get_paginated_response(BoardFields([self._shown(board) for board in page], many=True).data)

    def _shown(self, board: Board) -> dict[str, Any]:
        url = reverse("api:board", kwargs={"slug": self.kwargs["slug"], "board": board.slug})
        return {
            "board": board.slug,
            "title": board.title,
            "phase": board.phase.slug,
            "rule": board.rule,
            "columns": board.columns.all(),
            "url": self.request.build_absolute_uri(url),
        }


class Places(OpenEndpoint):
    """A board."""

    pagination_class = Numbered

    @extend_schema(operation_id="leaderboards_places", responses={200: PlaceFields(many=True), **errors(400, 401, 404)})
    def get(self, request: Request, slug: str, board: str) -> Response:
        """List the places on a board, the best first."""
        found = get_board(self.person, self.challenge, board)
        pages = cast(Numbered, self.paginator).begin(request)
        page = board_page(found, number=pages.number, per_page=pages.per_page)
        pages.has_next = pages.number < page.pages
        columns = list(found.columns.all())
        rows = page.rows if page.number == pages.number else []  # past the last page there is nothing
        return self.get_paginated_response(PlaceFields([_place(row, columns) for row in rows], many=True).data)


def _place(row: BoardRow, columns: list[Column]) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "team": row.team.name,
        "scores": [
            score_of(column.key, column.split, cell.value, cell.interval)
            for column, cell in zip(columns, row.cells, strict=True)
        ],
        "entries": row.entries,
        "last_at": row.last_at,
        "is_baseline": row.is_baseline,
    }
