"""The app `podium.accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.accounts"
    label = "accounts"
