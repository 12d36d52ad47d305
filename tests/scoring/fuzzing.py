"""A small mutation fuzzer: valid files of every format are flipped, cut, filled and doubled, and read.

Nothing but a table or a SubmissionError may come out, within the limits of memory and time that this process sets
itself. To run it for longer, from the root: ``python -m tests.scoring.fuzzing SECONDS [SEED]``.
"""

from __future__ import annotations

import faulthandler
import gzip
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from scoring.archives import Limits
from scoring.errors import SubmissionError
from scoring.reference import Reference, read_reference
from scoring.spec import ScorerSpec
from scoring.tables import read_submission
from tests.scoring.standins import stand_ins

MEMORY_MB = 1500
SECONDS_A_FILE = 10
LIMITS = Limits(max_bytes=8 << 20)
Columns = dict[str, list[Any]]

TASKS: dict[str, tuple[dict[str, Any], str, Columns]] = {
    "numbers": (
        {"target": ["y"], "metrics": [{"metric": "auc"}]},
        "id,y\n1,0\n2,1\n3,1\n",
        {"id": [1, 2, 3], "y": [0.5, 1.25, -3e-5]},
    ),
    "labels": (
        {"target": ["kind"], "metrics": [{"metric": "accuracy"}]},
        "id,kind\na,red\nb,white\n",
        {"id": ["a", "b"], "kind": ["red", "größer"]},
    ),
    "classes": (
        {"target": ["k"], "predictions": ["a", "b"], "classes": ["a", "b"], "metrics": [{"metric": "log_loss"}]},
        "id,k\n1,a\n2,b\n",
        {"id": [1, 2], "a": [0.25, 1.0], "b": [0.75, 0.0]},
    ),
    "long lists": (
        {"target": ["r"], "item": "doc", "predictions": ["score"], "metrics": [{"metric": "seen_lists"}]},
        "id,doc,r\n1,x,1\n1,y,2\n2,x,0\n",
        {"id": [1, 2, 1], "doc": ["x", "y", "z"], "score": [0.5, 1.0, 2.0]},
    ),
    "lists in cells": (
        {"target": ["items"], "metrics": [{"metric": "seen_lists"}]},
        "id,items\n1,a b\n2,c\n",
        {"id": [1, 2], "items": ["a b", "c a"]},
    ),
    "boxes": (
        {
            "target": ["label", "x", "y", "w", "h"],
            "predictions": ["label", "x", "y", "w", "h", "s"],
            "metrics": [{"metric": "seen_boxes"}],
        },
        "id,label,x,y,w,h\n1,cat,0,0,2,2\n2,,,,,\n",
        {"id": [1, 2], "label": ["cat", "dog"], "x": [0, 1], "y": [0, 1], "w": [2, 3], "h": [1, 1], "s": [0.5, 1.0]},
    ),
    "masks": (
        {"target": ["rle"], "shape": ["h", "w"], "metrics": [{"metric": "seen_masks"}]},
        "id,rle,h,w\n1,1 2,3,3\n2,,3,3\n",
        {"id": [1, 2], "rle": ["1 2 5 1", "-1"]},
    ),
    "texts": (
        {"target": ["t"], "metrics": [{"metric": "seen_text"}]},
        "id,t\n1,one two\n2,\n",
        {"id": [1, 2], "t": ['a "quoted", text', "line\nend"]},
    ),
}  # fmt: skip

TOKENS = [
    b"\n", b"\r\n", b",", b";", b"\t", b'"', b'""', b"\\", b'\\"', b"{", b"}", b"[", b"]", b":", b"null", b"true",
    b"nan", b"NaN", b"inf", b"-1", b"0", b"1e999", b"1e308", b"0x1", b"9" * 30, b"\0", b"\xff",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xf0\x9f\x98\x80",
    b"\\ud800", b"\\u0000", b"PAR1", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b",
    b"\x93NUMPY", b"{'descr': '|O', ", b"'shape': (1" + b"0" * 12 + b",)", b"[" * 2000, b'{"a":' * 2000, b"id",
    b"a" * 5000, b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08",
]  # fmt: skip


def csv(columns: Columns) -> bytes:
    """Return the columns as CSV."""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(pa.table(columns), sink)
    return sink.getvalue()


def records(columns: Columns) -> list[dict[str, Any]]:
    """Return the columns as records."""
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def parquet(columns: Columns, **options: Any) -> bytes:
    """Return the columns as Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def npz(columns: Columns, write: Callable[..., None] = np.savez) -> bytes:
    """Return the columns as NPZ."""
    sink = io.BytesIO()
    write(sink, **{name: np.array(column) for name, column in columns.items()})
    return sink.getvalue()


def zipped(data: bytes) -> bytes:
    """Return a zip with one file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", data)
    return sink.getvalue()


FORMATS: dict[str, Callable[[Columns], bytes]] = {
    "csv": csv,
    "tsv": lambda columns: csv(columns).replace(b",", b"\t"),
    "utf16": lambda columns: csv(columns).decode().encode("utf-16"),
    "json": lambda columns: json.dumps(records(columns)).encode(),
    "columns": lambda columns: json.dumps(columns).encode(),
    "jsonl": lambda columns: "\n".join(map(json.dumps, records(columns))).encode(),
    "parquet": parquet,
    "zstd": lambda columns: parquet(columns, compression="zstd", version="2.6", data_page_version="2.0"),
    "npz": npz,
    "npz_packed": lambda columns: npz(columns, np.savez_compressed),
    "gzip": lambda columns: gzip.compress(csv(columns)),
    "zip": lambda columns: zipped(csv(columns)),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with a few things changed."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(out) + 1)
        end = min(len(out), at + chance.choice((1, 1, 2, 4, 8, 16, 64, 256)))
        what = chance.randrange(8)
        if what == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif what == 1 and at < len(out):
            out[at] = chance.randrange(256)
        elif what == 2:
            del out[at:end]
        elif what == 3:
            out[at:at] = chance.choice(TOKENS)
        elif what == 4:
            out[at:end] = chance.choice(TOKENS)
        elif what == 5:
            out[at:at] = out[at:end] * chance.choice((1, 2, 3, 1000))
        elif what == 6:
            del out[at:]
        else:
            other = chance.randrange(len(out) + 1)
            out[other:other] = out[at:end]
    return bytes(out)


def limit_this_process(memory_mb: int) -> None:
    """Let this process fail where it takes too much memory, and say where it hangs."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    faulthandler.enable()


def run(seconds: float, *, seed: int, folder: Path) -> int:
    """Read mutated files for so many seconds; return how many. What breaks stays in ``folder``."""
    chance, count, end = random.Random(seed), 0, time.monotonic() + seconds
    file = folder / "fuzzed"
    with stand_ins():
        tasks = [_task(about, reference, folder) for about, reference, _ in TASKS.values()]
        seeds = [[make(columns) for make in FORMATS.values()] for _, _, columns in TASKS.values()]
        while time.monotonic() < end:
            number = chance.randrange(len(tasks))
            file.write_bytes(mutated(chance.choice(seeds[number]), chance))
            signal.alarm(SECONDS_A_FILE)
            _read(file, *tasks[number])
            count += 1
        signal.alarm(0)
    return count


def _task(about: dict[str, Any], reference: str, folder: Path) -> tuple[ScorerSpec, Reference]:
    path = folder / "reference.csv"
    path.write_text(reference)
    spec = ScorerSpec.from_dict({"id": "id", **about})
    return spec, read_reference(path, spec=spec)


def _read(file: Path, spec: ScorerSpec, reference: Reference) -> None:
    try:
        read_submission(file, filename="mine.csv", spec=spec, reference=reference, limits=LIMITS)
    except SubmissionError as error:
        if not 1 <= len(error.mistakes) <= 10 or len(error.message) > 2000:
            raise RuntimeError(f"a message of {len(error.message)} characters: {error.message[:300]}") from error


def main(arguments: list[str]) -> int:
    """Fuzz for so many seconds; leave the file that breaks in a folder, whose name is printed."""
    limit_this_process(MEMORY_MB)
    folder = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    print(folder, flush=True)  # noqa: T201 - a script; where it dies, this is all there is
    print(run(float(arguments[0]), seed=int(arguments[1]) if arguments[1:] else 0, folder=folder))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
