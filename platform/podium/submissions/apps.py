"""The app `podium.submissions`."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    """Registers the app under its short name."""

    name = "podium.submissions"
    label = "submissions"

    def ready(self) -> None:
        """Tell the doctor about the queues."""
        from podium.core import doctor  # noqa: PLC0415
        from podium.submissions import examining  # noqa: PLC0415

        doctor.LOOKS.append(examining.queues)
