"""The app `podium.hosts`."""

from django.apps import AppConfig


class HostsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.hosts"
    label = "hosts"
