"""The app `podium.teams`."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.teams"
    label = "teams"
