"""The app `podium.api`."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.api"
    label = "api"
