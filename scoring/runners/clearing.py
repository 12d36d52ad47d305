"""Making room for a file of ours among those of a job, which may have left a folder under that name."""

from __future__ import annotations

import shutil
from pathlib import Path


def cleared(place: Path) -> Path:
    """Remove what is there, if anything; return the path."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    return place
