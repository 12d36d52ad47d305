"""`manage.py up`: run the site on this machine, or one part of it in a container."""

from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from podium import bootstrap
from podium.core import preparing, supervisor

OWNER = "owner@localhost"
ONLY = ("web", "worker", "coder", "beat")


class Command(BaseCommand):
    """Web, workers and beat together, until Ctrl-C."""

    help = "Run the site: web, workers and beat together. Ctrl-C stops them all."
    requires_system_checks: list[str] = []  # doctor and the log say them; a start is not held up

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and whether only one of them is wanted."""
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument(
            "--bind", default="127.0.0.1", help="the address to listen on (127.0.0.1: this machine alone)"
        )
        parser.add_argument("--only", choices=ONLY, help="run one of them alone, in the foreground: for containers")

    def handle(self, *args: Any, port: int, bind: str, only: str | None, **options: Any) -> None:
        """Run until stopped."""
        if only is None:
            supervisor.run(port=port, bind=bind, banner=lambda url: _banner(url, bind=bind))
        elif only == "web":
            preparing.prepare()
            supervisor.become(supervisor.web(address=f"{bind}:{port}"))
        else:
            supervisor.become({"worker": supervisor.worker, "coder": supervisor.coder, "beat": supervisor.beat}[only]())


def _owner_link() -> str:
    """Return a one-time link, which makes whoever holds the screen the owner; the address is theirs to change."""
    printed = StringIO()
    call_command("owner", "create", OWNER, stdout=printed)
    return printed.getvalue().strip()


def _banner(url: str, *, bind: str) -> str:
    lines = [supervisor.default_banner(url)]
    if not bootstrap.is_loopback(bind):
        lines.append(
            "Everybody who reaches this machine can open it. Other names for it: PODIUM_URL and PODIUM_ALLOWED_HOSTS;"
            " before the public does, put it behind HTTPS."
        )
    if not get_user_model().objects.exists():
        lines.append(f"Nobody has an account yet. Make yourself the owner, within a day: {_owner_link()}")
    return "\n".join(lines)
