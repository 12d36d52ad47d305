"""The app `podium.accounts`."""

import mimetypes

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Know the type of people's pictures, on machines too that have no table of types."""
        mimetypes.add_type("image/webp", ".webp")
