"""Which modules hold metrics, and which of them may hold one of a name: a command imports one family, not thirty.

Nothing keeps a list of names: they are looked for in the modules' sources. What that misses (a module without its
source, an alias that is put together) is found by importing all modules, as whoever walks over the registry does.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
HOLDS = "@metric("


def modules() -> list[str]:
    """Return the names of all modules, those without metrics too, in order."""
    return sorted(path.name.partition(".")[0] for path in FOLDER.iterdir() if path.suffix in {".py", ".pyc"})


def load(name: str) -> None:
    """Import a module of metrics."""
    if name != "__init__":
        importlib.import_module(f"scoring.metrics.{name}")


def modules_with(key: str) -> Iterator[str]:
    """Yield the modules that may hold the metric called ``key``."""
    # `map@5` stands there as `map@{k}`.
    number = re.search(r"\d", key)
    signs = [f"def {key}(", f'"{key}"', *([f'"{key[: number.start()]}{{'] if number else [])]
    for path in sorted(FOLDER.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        if HOLDS in source and any(sign in source for sign in signs):
            yield path.stem
