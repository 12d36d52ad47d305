"""The app `podium.demo`."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.demo"
    label = "demo"
