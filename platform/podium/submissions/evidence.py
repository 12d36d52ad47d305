"""The evidence that scores are compared by: influence values, a file for each key and split of a run.

It is made of the hidden labels, so no address leads to it. A folder belongs to one attempt to measure a run: two
workers that both think a run theirs write beside each other.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from podium.core.storage import batched

KEPT_ANYWAY = timedelta(minutes=30)  # a folder this young may be about to be named


def folder() -> Path:
    """Return where the evidence of all runs lies."""
    return Path(settings.FILES_DIR) / "influence"


def attempt_folder(run: int, attempt: int) -> Path:
    """Return the folder for one attempt, made when missing, for our eyes alone."""
    place = folder() / str(run) / str(attempt)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def name_of(attempt: int, file: str | None) -> str:
    """Return what a score keeps of its evidence; nothing where there is none."""
    return f"{attempt}/{file}" if file else ""


def path_of(run: int, name: str) -> Path:
    """Return where the evidence lies that a score of a run names."""
    return folder() / str(run) / name


def sweep(needed: Callable[[list[int]], set[int]]) -> int:
    """Remove the evidence of runs that nobody needs to compare; return of how many.

    `needed` is asked for some hundred runs at once, and returns those whose evidence is to stay.
    """
    gone = 0
    for names in batched(sorted(place.name for place in _older())):
        kept = needed([int(name) for name in names])
        for name in names:
            if int(name) not in kept:
                shutil.rmtree(folder() / name, ignore_errors=True)
                gone += 1
    return gone


def _older() -> Iterator[Path]:
    oldest = time.time() - KEPT_ANYWAY.total_seconds()
    for place in folder().iterdir() if folder().is_dir() else ():
        if place.name.isdigit() and place.stat().st_mtime < oldest:
            yield place
