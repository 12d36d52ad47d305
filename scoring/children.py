"""Starting a module of this package in a Python of its own, apart from the caller's folder and variables."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that calls ``main(arguments)`` of a module.

    -I keeps the caller's folder and PYTHON… variables out. Where this package lies is then told in so many words, and
    stands after Python's own modules and before what is installed, which may hold another version of it.
    """
    program = (
        "import sys; root = sys.argv.pop(1); places = (i for i, p in enumerate(sys.path) if p.endswith('-packages')); "
        "sys.path.insert(next(places, len(sys.path)), root); "
        f"from {module} import main; main(sys.argv[1:])"
    )
    return [sys.executable, "-I", "-c", program, str(ROOT), *arguments]
