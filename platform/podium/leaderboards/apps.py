"""The app `podium.leaderboards`."""

from django.apps import AppConfig


class LeaderboardsConfig(AppConfig):
    """Registers the app under its short name, and what it listens to."""

    name = "podium.leaderboards"
    label = "leaderboards"

    def ready(self) -> None:
        """Begin to listen."""
        from podium.leaderboards import listeners  # noqa: F401, PLC0415  (models are there only now)
