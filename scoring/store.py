"""Where a prepared reference lies: a folder of arrays that are mapped, not read.

Nobody waits for a lock: two workers that prepare at once write two folders, and one of them becomes the real one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.errors import HostError
from scoring.metrics.registry import Array

ABOUT = "about.json"


@dataclass(frozen=True, slots=True)
class Stored:
    """Arrays and columns of text by name, and plain data about them."""

    about: Mapping[str, Any]
    arrays: dict[str, Array] = field(default_factory=dict)
    texts: dict[str, pa.Array] = field(default_factory=dict)


def is_stored(home: Path) -> bool:
    """Return whether the folder was written, whole."""
    return (home / ABOUT).exists()


def write(stored: Stored, *, home: Path) -> None:
    """Write a folder, unless somebody else wrote it meanwhile."""
    import shutil  # noqa: PLC0415 - who only reads, or scores two files once, does without
    import tempfile  # noqa: PLC0415

    home.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=home.parent))
    try:
        for name, column in stored.texts.items():
            with pa.OSFile(str(draft / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, _schema()) as writer:
                writer.write_batch(pa.record_batch([column], schema=_schema()))
        for name, array in stored.arrays.items():
            np.save(draft / f"{name}.npy", array)
        names = {"arrays": list(stored.arrays), "texts": list(stored.texts)}
        (draft / ABOUT).write_text(json.dumps({**names, "about": stored.about}))
        _publish(draft, home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load(home: Path) -> Stored:
    """Map what was written. Raises HostError where the folder is damaged."""
    try:
        known = json.loads((home / ABOUT).read_text())
        return Stored(known["about"], dict(_arrays(home, known["arrays"])), dict(_texts(home, known["texts"])))
    except (OSError, ValueError, KeyError, pa.ArrowInvalid) as error:
        raise HostError("reference_lost", "The prepared reference is damaged.") from error


def _arrays(home: Path, names: list[str]) -> Iterator[tuple[str, Array]]:
    for name in names:
        yield name, np.load(home / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def _texts(home: Path, names: list[str]) -> Iterator[tuple[str, pa.Array]]:
    for name in names:
        with pa.memory_map(str(home / f"{name}.arrow")) as source:
            yield name, pa.ipc.open_file(source).get_batch(0).column(0)


def _publish(draft: Path, home: Path) -> None:
    try:
        os.replace(draft, home)  # noqa: PTH105 - a folder, and the target may exist
    except OSError:
        if not is_stored(home):
            raise


def _schema() -> pa.Schema:
    return pa.schema([("text", pa.string())])
