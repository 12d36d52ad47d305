"""The app `podium.challenges`."""

from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.challenges"
    label = "challenges"
