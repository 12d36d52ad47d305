"""The host's own score() of a challenge in the demo: really run, in a sandbox, where this machine can.

Where it cannot, the challenge is scored by a built-in metric, and the start of the demo says so.
"""

import importlib.util
from functools import cache
from pathlib import Path

from django.conf import settings

from podium.core import isolation
from podium.demo.people import WORDS
from scoring.environments import STANDARD, find
from scoring.errors import HostError


def source(slug: str) -> str:
    """Return the host's file; nothing for a challenge without one."""
    path = WORDS / slug / "score.txt"  # named so, for it is run in the sandbox alone and no part of this package
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@cache
def why_not() -> str:
    """Return in a sentence why this machine cannot run it; nothing where it can."""
    lacking = isolation.why_not(isolation.isolation())
    if lacking or environment() is not None:
        return lacking
    return "It needs pandas: pip install pandas, or manage.py environment build."


def environment() -> str | None:
    """Return the environment that has what it needs; None without one."""
    if importlib.util.find_spec("pandas") is not None:
        return ""
    try:
        find(Path(settings.ENVIRONMENTS_DIR), STANDARD)
    except HostError:
        return None
    return STANDARD
