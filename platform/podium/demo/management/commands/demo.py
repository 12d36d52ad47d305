"""`manage.py demo`: the site, filled with people, teams and challenges on real data."""

import os
import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from podium import bootstrap
from podium.core import supervisor, tether
from podium.core.console import coloured


class Command(BaseCommand):
    """As `up`, with the demo's content."""

    help = "Run the site filled with a demo. Ctrl-C stops it; started again, it goes on with what is there."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument(
            "--bind", default="127.0.0.1", help="the address to listen on (127.0.0.1: this machine alone)"
        )
        parser.add_argument("--fill", action="store_true", help="make the content and end, without serving")

    def handle(self, *args: Any, port: int, bind: str, fill: bool, **options: Any) -> None:
        """Run until stopped."""
        if fill:
            _fill_here()
        else:
            supervisor.run(port=port, bind=bind, banner=lambda url: _banner(url, bind=bind), before=_fill_apart)


def _fill_here() -> None:
    from podium.demo.fill import fill  # noqa: PLC0415  (it imports scikit-learn, which serving does without)

    try:
        fill()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _fill_apart() -> None:
    """Fill in a process of its own: what it needs of memory is free again before the site serves."""
    tie = [sys.executable, "-IS", str(tether.__file__), "SIGKILL", str(os.getpid())]
    command = [*tie, sys.executable, "-m", "django", "demo", "--fill"]
    status = subprocess.run(command, env=supervisor.child_environment(), check=False).returncode
    if status:
        raise SystemExit(status)


def _banner(url: str, *, bind: str) -> str:
    from podium.demo.logins import lines  # noqa: PLC0415  (models, which are not there when commands are listed)

    mails = f"Mails that it would send: {url}/demo/mail/" if bootstrap.is_loopback(bind) else ""
    told = [f"The demo is at {coloured(url, 'web')}", *(f"  {line}" for line in lines()), mails, "Ctrl-C stops it."]
    return "\n".join(line for line in told if line)
