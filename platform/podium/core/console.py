"""What a person who started the site sees: one short line for each thing worth knowing."""

import os
import re
import sys
from collections.abc import Iterator

COLOURS = {"podium": "1", "web": "36", "worker": "35", "coder": "35", "beat": "34", "warning": "33", "error": "31"}
LOGGED = re.compile(  # Django's lines, Gunicorn's and Celery's
    r"^(?:\[?\d{4}-\d\d-\d\d[ T][\d:,.]+(?: [+-]\d{4})?\]?:? ?)(?:\[\d+\] ?)?\[?(?P<level>[A-Z]+)[\]/:]? ?"
    r"(?P<message>.*)$"
)
QUIET = {"DEBUG", "INFO"}
FAREWELL = re.compile(r"^worker: \w+ shutdown")
REQUESTS = re.compile(r"^django\.(request|security\.\w+): ")  # a visitor's wrong address is no news to the operator


def coloured(text: str, colour: str) -> str:
    """Return the text in a colour, where the screen is a terminal that wants one."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def say(text: str, *, who: str = "podium", colour: str = "") -> None:
    """Print one line, or several, each behind the name of who says it."""
    name = coloured(f"{who:>7} │", who)
    for line in text.splitlines() or [""]:
        sys.stdout.write(f"{name} {coloured(line, colour) if colour else line}\n")
    sys.stdout.flush()


def worth_saying(line: str) -> Iterator[tuple[str, str]]:
    """Yield `(text, colour)` for a line that belongs on the screen: a warning, an error, and what is no log at all.

    What is no log (a mail, printed because no mail server is set; a traceback) is for the person to read.
    """
    logged = LOGGED.match(line)
    if not logged:
        if line.strip() and not FAREWELL.match(line):
            yield line, ""
    elif logged["level"] not in QUIET and not (logged["level"] == "WARNING" and REQUESTS.match(logged["message"])):
        yield logged["message"], "warning" if logged["level"] == "WARNING" else "error"
