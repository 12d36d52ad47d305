"""The app `podium.submissions`."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.submissions"
    label = "submissions"
