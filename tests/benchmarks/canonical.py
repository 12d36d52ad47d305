"""What the hardened mode costs: a file read and scored through the reader in its sandbox, beside directly.

    python -m tests.benchmarks.canonical [--rows N] [--repeat N]

It prints medians, from the call to the score, by a scoring process and a reader that are warm as a worker's are; the
two ways are taken in turns. The last line is a file that is rejected, whose rows and cells are asked about.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from scoring.canonical.canonicaliser import Canonicaliser
from scoring.jobs import ScoreJob
from scoring.process import ScoringProcess

REACH_MS = 30
SPEC = {"id": "id", "target": ["label"], "metrics": [{"key": "auc", "metric": "auc"}]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=40)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="podium-canonical-") as name,
        ScoringProcess() as process,
        Canonicaliser() as reader,
    ):
        good = job(Path(name), rows=asked.rows)
        sys.stdout.write(f"{asked.rows:,} rows, {good.submission.stat().st_size:,} bytes\n")
        compare("scored", good, process, reader, repeat=asked.repeat)
        bad = replace(good, submission=Path(name) / "bad.csv")
        bad.submission.write_text(good.submission.read_text().replace("\n", "\n\n").replace("row7,", "row7,x"))
        compare("rejected", bad, process, reader, repeat=asked.repeat)
    sys.stdout.write(f"To be reached: less than {REACH_MS} ms more for 10,000 rows.\n")


def job(folder: Path, *, rows: int) -> ScoreJob:
    """Return a job of two classes and as many probabilities."""
    random = np.random.default_rng(1)
    labels, guesses = random.integers(0, 2, rows), random.random(rows)
    truth, mine = folder / "truth.csv", folder / "mine.csv"
    truth.write_text("id,label\n" + "".join(f"row{row},{label}\n" for row, label in enumerate(labels)))
    mine.write_text("id,label\n" + "".join(f"row{row},{guess:.6f}\n" for row, guess in enumerate(guesses)))
    return ScoreJob(
        reference=truth,
        reference_key="a" * 64,
        prepared=folder / "prepared",
        submission=mine,
        filename="mine.csv",
        spec=SPEC,
    )


def compare(what: str, plain: ScoreJob, process: ScoringProcess, reader: Canonicaliser, *, repeat: int) -> None:
    """Measure a job both ways, in turns, and print."""
    hardened = replace(plain, hardened=True)
    calls: dict[str, Callable[[], object]] = {
        "directly": lambda: process.score(plain, wall_s=120),
        "hardened": lambda: process.score(hardened, wall_s=120, reader=reader),
    }
    taken: dict[str, list[float]] = {way: [] for way in calls}
    for turn in range(repeat + 3):
        for way, call in calls.items():
            began = time.perf_counter()
            call()
            if turn >= 3:  # warm
                taken[way].append((time.perf_counter() - began) * 1000)
    direct, other = (statistics.median(values) for values in taken.values())
    sys.stdout.write(f"{what:10}directly {direct:7.1f} ms, hardened {other:7.1f} ms: {other - direct:6.1f} ms more\n")


if __name__ == "__main__":
    main()
