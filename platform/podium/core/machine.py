"""Programs of the machine that Podium uses and that pip cannot bring: where they are, and how they are installed."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CHROMIUMS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")


@dataclass(frozen=True)
class Part:
    """A program: its name, what it is for, how it is found, and the Debian package that brings it."""

    name: str
    purpose: str
    find: Callable[[], Path | None]
    package: str


def chromium() -> Path | None:
    """Return a Chromium that runs: $PODIUM_CHROMIUM, the system's, or the one that Playwright installed."""
    own = sorted(Path.home().glob(".cache/ms-playwright/chromium-*/chrome-linux*/chrome"))
    named = [os.environ.get("PODIUM_CHROMIUM"), *map(shutil.which, CHROMIUMS), *own]
    return next((Path(name) for name in named if name and _runs(str(name))), None)


def bubblewrap() -> Path | None:
    """Return bwrap, the sandbox of a single machine."""
    found = shutil.which("bwrap")
    return Path(found) if found else None


def sandbox_program(backend: str) -> Path | None:
    """Return the program with which a sandbox of this kind is made here; Kubernetes needs none."""
    found = shutil.which({"": "bwrap", "bubblewrap": "bwrap", "kubernetes": sys.executable}.get(backend, backend))
    return Path(found) if found else None


def _runs(program: str) -> bool:
    """Ubuntu's /usr/bin/chromium-browser is a note that there is none."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


CHROMIUM = Part("Chromium", "drives the tests in a real browser", chromium, "chromium")
BUBBLEWRAP = Part("bubblewrap", "runs other people's code in a sandbox", bubblewrap, "bubblewrap")


def system() -> str:
    """Return the system's own id: `debian`, `ubuntu`, … or nothing where it does not say."""
    try:
        return platform.freedesktop_os_release().get("ID", "")
    except OSError:
        return ""


def as_root() -> list[str] | None:
    """Return what to put before a command that root must run, or None where that is not possible without a password."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    return None


def mend(part: Part) -> str:
    """Return the one command that a person types to install a part."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    if part is CHROMIUM and system() != "debian":
        return f"{sudo}{sys.executable} -m playwright install --with-deps chromium"
    if shutil.which("apt-get"):
        return f"{sudo}apt-get install {part.package}"
    return f"your system's package manager: install {part.package}"


def installers(parts: Sequence[Part]) -> list[list[str]]:
    """Return the commands that install parts here without asking anybody; empty where that cannot be done."""
    root = as_root()
    if root is None or system() not in {"debian", "ubuntu"}:
        return []
    by_apt = [part.package for part in parts if part is not CHROMIUM or system() == "debian"]
    commands = []
    if by_apt:
        commands += [
            [*root, "apt-get", "update", "-qq"],
            [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *by_apt],
        ]
    if len(by_apt) < len(parts):  # Ubuntu's chromium package is a snap, which containers cannot run
        commands.append([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"])
    return commands
