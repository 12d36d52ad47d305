"""The one test command: what the tests need is installed, then everything runs, on both kinds of servers.

First on SQLite with a queue in a folder, as on a laptop; then on a real PostgreSQL and a real Redis, which come as
wheels and are started for it (`tests/servers.py`).
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podium.config.env import PROJECT_ROOT
from podium.core import machine
from podium.core.console import say

PARTS = (machine.CHROMIUM, machine.BUBBLEWRAP)
WHOLE = ("-q", "-n", "auto", "--dist", "worksteal")  # how the whole suite runs; a chosen test runs as pytest likes it
BROWSER = "tests/e2e"
WITHOUT_SERVERS = (
    "scoring",
    "tests/scoring",
    "tests/sandbox",
    "tests/start",
    "tests/demo/test_whole.py",
    "tests/client/test_run.py",
    "tests/submissions/test_code_kills.py",
    "tests/submissions/test_hardened.py",
    "tests/submissions/test_kills.py",
    BROWSER,
)  # no database, or one of their own: once is enough
CHOICES = ("sqlite", "postgres", "both")


@dataclass(frozen=True)
class Round:
    """One run of pytest: where, and with which words."""

    place: str
    kind: str
    words: tuple[str, ...]


# The browser's tests run apart: Playwright leaves an event loop in its process, and Django asks no database beside one
WITH_SQLITE = Round("on SQLite", "sqlite", (*WHOLE, f"--ignore={BROWSER}"))
IN_BROWSER = Round("in a real browser", "sqlite", (*WHOLE, BROWSER))
WITH_SERVERS = Round(
    "on PostgreSQL and Redis", "postgres", (*WHOLE, *(f"--ignore={folder}" for folder in WITHOUT_SERVERS))
)


def main(words: Sequence[str]) -> int:
    """Run the tests that the words choose (all, without any), and return the exit status."""
    if not (PROJECT_ROOT / "tests").is_dir():
        sys.exit("The tests come with the source: git clone it, and run python3 manage.py test there.")
    database, chosen = _split(list(words))
    if chosen == ["--version"]:
        return _run(Round("", "sqlite", ("--version",)))
    if not have_parts() and in_ci():
        return 1
    status = 0
    for each in _chosen_rounds(database, chosen) if chosen else _whole_rounds(database):
        say(f"Tests {each.place} …")
        status = max(status, _run(each))
    return status


def _whole_rounds(database: str) -> Iterator[Round]:
    if database != "postgres":
        yield WITH_SQLITE
        if machine.chromium():
            yield IN_BROWSER
    if database != "sqlite":
        yield WITH_SERVERS


def _chosen_rounds(database: str, chosen: Sequence[str]) -> Iterator[Round]:
    for whole in (WITH_SQLITE, WITH_SERVERS):
        if database in {whole.kind, "both"}:
            yield Round(whole.place, whole.kind, tuple(chosen))


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


def _run(each: Round) -> int:
    servers = ("tests.servers", sys.executable, "-m") if each.kind == "postgres" else ()
    command = [sys.executable, "-m", *servers, "pytest", *each.words]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment_of_tests(), check=False).returncode


def environment_of_tests() -> dict[str, str]:
    """Return this environment without what would point the tests at a person's own site."""
    own = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {k: v for k, v in os.environ.items() if k not in own and not k.startswith("PODIUM_")}
    if "PODIUM_CHROMIUM" in os.environ:
        kept["PODIUM_CHROMIUM"] = os.environ["PODIUM_CHROMIUM"]
    return kept
