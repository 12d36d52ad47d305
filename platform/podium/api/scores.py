"""A score as programs get it."""

from typing import Any

from rest_framework import serializers

from podium.api.schema import Fields
from podium.leaderboards.intervals import Interval
from podium.leaderboards.shown import ShownScore


class ScoreFields(Fields):
    """A score as you may see it: at the column's precision. Null: there is none."""

    column = serializers.CharField(help_text="The key of the board's column.")
    split = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    ci_low = serializers.FloatField(
        allow_null=True, help_text="Where its 95 % interval begins. Null until it is known, a moment after the score."
    )
    ci_high = serializers.FloatField(
        allow_null=True, help_text="Where its 95 % interval ends. Null also where a metric gives none."
    )


def score_shown(score: ShownScore) -> dict[str, Any]:
    """Return a submission's score."""
    return score_of(score.column, score.split, score.value, score.interval)


def score_of(column: str, split: str, value: float | None, around: Interval | None) -> dict[str, Any]:
    """Return a score with its interval, where one is known."""
    ends = {"ci_low": around and around.low, "ci_high": around and around.high}
    return {"column": column, "split": split, "value": value, **ends}
