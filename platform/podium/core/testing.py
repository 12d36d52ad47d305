"""The one test command: what the tests need is installed, then everything runs twice, on both kinds of servers.

First on SQLite with a queue in a folder, as on a laptop; then on a real PostgreSQL and a real Redis, which come as
wheels and are started for it (`tests/servers.py`).
"""

import os
import subprocess
import sys
from collections.abc import Sequence

from podium.config.env import PROJECT_ROOT
from podium.core import machine
from podium.core.console import say

PARTS = (machine.CHROMIUM, machine.BUBBLEWRAP)
WHOLE = ("-q", "-n", "auto", "--dist", "worksteal")  # how the whole suite runs; a chosen test runs as pytest likes it
# These meet no database, or bring their own: once is enough
WITHOUT_SERVERS = ("scoring", "tests/scoring", "tests/start", "tests/look", "tests/e2e")
CHOICES = ("sqlite", "postgres", "both")


def main(words: Sequence[str]) -> int:
    """Run the tests that the words choose (all, without any), and return the exit status."""
    if not (PROJECT_ROOT / "tests").is_dir():
        sys.exit("The tests come with the source: git clone it, and run python3 manage.py test there.")
    database, chosen = _split(list(words))
    if chosen == ["--version"]:
        return _run("sqlite", chosen)
    if not have_parts() and in_ci():
        return 1
    status = 0
    for kind in ("sqlite", "postgres") if database == "both" else (database,):
        say(f"Tests on {'SQLite' if kind == 'sqlite' else 'PostgreSQL and Redis'} …")
        status = max(status, _run(kind, chosen))
    return status


def _split(words: list[str]) -> tuple[str, list[str]]:
    """Take `--db KIND` out of the words; chosen tests run on SQLite alone unless it says otherwise."""
    database = "sqlite" if words else "both"
    for position, word in enumerate(words):
        if word == "--db" or word.startswith("--db="):
            database = word.partition("=")[2] or "".join(words[position + 1 : position + 2])
            del words[position : position + (1 if "=" in word else 2)]
            break
    if database not in CHOICES:
        sys.exit(f"--db is one of {', '.join(CHOICES)}.")
    return database, words


def in_ci() -> bool:
    """Is this an automatic run, in which a missing part is a failure?"""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def have_parts() -> bool:
    """Install what is missing where that needs no password; say what still is, and how to mend it."""
    missing = [part for part in PARTS if not part.find()]
    if missing:
        _install(missing)
        missing = [part for part in missing if not part.find()]
    for part in missing:
        say(f"{part.name} is missing: it {part.purpose}. Mend it with: {machine.mend(part)}", colour="warning")
    return not missing


def _install(parts: Sequence[machine.Part]) -> None:
    for command in machine.installers(parts):
        say("Installing: " + " ".join(command))
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            say((done.stdout + done.stderr)[-2000:], colour="error")


def _run(kind: str, chosen: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest", *(chosen or WHOLE)]
    if kind == "postgres":
        ignored = [f"--ignore={folder}" for folder in WITHOUT_SERVERS]
        command = [sys.executable, "-m", "tests.servers", *command, *(() if chosen else ignored)]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment_of_tests(), check=False).returncode


def environment_of_tests() -> dict[str, str]:
    """Return this environment without what would point the tests at a person's own site."""
    own = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {k: v for k, v in os.environ.items() if k not in own and not k.startswith("PODIUM_")}
    if "PODIUM_CHROMIUM" in os.environ:
        kept["PODIUM_CHROMIUM"] = os.environ["PODIUM_CHROMIUM"]
    return kept
