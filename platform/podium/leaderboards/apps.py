"""The app `podium.leaderboards`."""

from django.apps import AppConfig


class LeaderboardsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.leaderboards"
    label = "leaderboards"
