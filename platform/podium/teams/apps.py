"""The app `podium.teams`."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Registers the app under its short name, its rules, and what it listens to."""

    name = "podium.teams"
    label = "teams"

    def ready(self) -> None:
        """Begin to listen."""
        from podium.teams import receivers, rules  # noqa: F401, PLC0415  (models are there only now)
