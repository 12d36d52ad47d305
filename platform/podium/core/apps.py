"""The app `podium.core`."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.core"
    label = "core"
