"""The app `podium.core`."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.core"
    label = "core"

    def ready(self) -> None:
        """Connect the system checks and the workers' signs of life."""
        from podium.core import checks, heartbeats  # noqa: F401, PLC0415
