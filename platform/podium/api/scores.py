"""A score as programs get it."""

from typing import Any

from rest_framework import serializers

from podium.api.schema import Fields
from podium.leaderboards.shown import ShownScore


class ScoreFields(Fields):
    """A score as you may see it: at the column's precision. Null: there is none."""

    column = serializers.CharField(help_text="The key of the board's column.")
    split = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    ci_low = serializers.FloatField(allow_null=True, help_text="Null where no interval is computed.")
    ci_high = serializers.FloatField(allow_null=True, help_text="Null where no interval is computed.")


def score_shown(score: ShownScore) -> dict[str, Any]:
    """Return a submission's score."""
    return score_of(score.column, score.split, score.value)


def score_of(column: str, split: str, value: float | None) -> dict[str, Any]:
    """Return a score without an interval: none are computed yet."""
    return {"column": column, "split": split, "value": value, "ci_low": None, "ci_high": None}
