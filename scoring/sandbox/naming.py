"""Which large libraries a job's code names: what a warm interpreter for it imports.

Only what a job would import anyhow is imported for it, so that it has no less memory than it would have cold. The code
is read here, never run, and no more of it than its import statements; a name that is none of :data:`LIBRARIES` counts
for nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scoring.sandbox.jobs import MIB, JobSpec

LIBRARIES = frozenset(
    {"numpy", "pandas", "scipy", "sklearn", "pyarrow", "torch", "lightgbm", "xgboost", "polars", "matplotlib"}
    | {"nbformat", "nbclient", "nbconvert", "traitlets"}  # for the runner of notebooks
)
BROUGHT = LIBRARIES | {"joblib", "threadpoolctl", "dateutil", "pytz", "six", "narwhals", "kiwisolver", "cycler"}
"""What these import themselves, beside the standard library."""
CODE = "/code"
MOST_FILES, MOST_MODULES = 50, 40
STATEMENT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE)


def modules_of(spec: JobSpec) -> tuple[str, ...]:
    """Return the modules of large libraries that a job's script and the code that it is given name, sorted.

    None where a file of the code is called as a module that these would import: it is to come first, as it does cold.
    """
    if spec.code is not None and _shadows(spec.code):
        return ()
    named = {name for path in _scripts(spec) for name in _named(path)}
    found = sorted(name for name in named if name.partition(".")[0] in LIBRARIES)
    return tuple(found) if len(found) <= MOST_MODULES else ()


def _shadows(code: Path) -> bool:
    """Return whether something at the top of the code has the name of a module that is not the job's own."""
    return any(item.name.partition(".")[0] in BROUGHT | sys.stdlib_module_names for item in code.iterdir())


def _scripts(spec: JobSpec) -> Iterator[Path]:
    """Yield the program, the files of the code that the command names (all at its top where it names none), and what
    these import of their own."""
    yield from filter(_is_script, _programs(spec))
    code = spec.code
    if code is None:
        return
    own = [code / word.removeprefix(f"{CODE}/") for word in spec.command if _is_inside(word)]
    waiting = list(filter(_is_script, own)) or sorted(filter(_is_script, code.iterdir()))
    seen: set[Path] = set()
    while waiting and len(seen) < MOST_FILES:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        for name in _named(path):
            plain = code.joinpath(*name.split("."))
            waiting += filter(_is_script, (plain.with_suffix(".py"), plain / "__init__.py"))


def _programs(spec: JobSpec) -> Iterator[Path]:
    """Yield the files of the job's trees that its command names, where they are on the host."""
    for word in spec.command[1:]:
        for tree in spec.trees:
            if word.startswith(f"{tree.target}/") and ".." not in word:
                yield tree.source / word.removeprefix(f"{tree.target}/")


def _is_inside(word: str) -> bool:
    path = PurePosixPath(word.removeprefix(f"{CODE}/"))
    return not path.is_absolute() and ".." not in path.parts and path.suffix == ".py"


def _is_script(path: Path) -> bool:
    """Return whether it is a file of Python of a usual size; links in code are left out of a job, and here too."""
    return path.suffix == ".py" and path.is_file() and not path.is_symlink() and path.stat().st_size <= MIB


def _named(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports by their full names, at its top or later."""
    for one, several in STATEMENT.findall(path.read_bytes()):
        for name in [one] if one else several.split(b","):
            if words := name.split():
                text = words[0].decode(errors="replace").strip(".")
                if all(text.split(".")):
                    yield text
