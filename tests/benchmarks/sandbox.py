"""How long a sandbox takes to start: a job of nothing, over the same Python started bare.

    python -m tests.benchmarks.sandbox [--repeat N]

It prints medians. The whole is from the call to its result: the slot, its cgroups and its folder, the supervisor, the
namespaces, the program, collection, and the clearing of it all. Bare is the same program without any of it; with a
spare, the supervisor was started before the call, as in a worker that has run a job before.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scoring.sandbox.bubblewrap import Bubblewrap, base_python
from scoring.sandbox.jobs import JobSpec

REACH_MS = 50
COMMAND = ("python3", "-c", "pass")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory(prefix="podium-sandbox-") as name:
        spare = Bubblewrap(spare=True)
        jobs = {
            "bare python3": lambda: subprocess.run(COMMAND, env={"PATH": "/usr/bin:/bin"}, check=True),
            "sandbox": job(Path(name), Bubblewrap()),
            "sandbox, no cgroups": job(Path(name), Bubblewrap(cgroups=False)),
            "sandbox, spare": job(Path(name), spare),
        }
        times = measure(jobs, repeat)
        spare.close()
    bare = times["bare python3"]
    for what, milliseconds in times.items():
        over = f"{milliseconds - bare:8.1f} ms over bare" if what != "bare python3" else ""
        sys.stdout.write(f"{what:22}{milliseconds:8.1f} ms{over}\n")
    sys.stdout.write(f"To be reached: less than {REACH_MS} ms over bare.\n")


def job(folder: Path, sandbox: Bubblewrap) -> Callable[[], object]:
    """Return a call that runs the job."""
    spec = JobSpec(command=COMMAND, out=folder / "out", trees=base_python())

    def run() -> None:
        result = sandbox.run(spec)
        assert result.verdict == "ok", result

    return run


def measure(jobs: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Return the median of each in milliseconds; taken in turns, so that a busy moment of the machine hits all."""
    taken: dict[str, list[float]] = {what: [] for what in jobs}
    for _ in range(repeat):
        for what, call in jobs.items():
            started = time.perf_counter()
            call()
            taken[what].append((time.perf_counter() - started) * 1000)
    return {what: statistics.median(values) for what, values in taken.items()}


if __name__ == "__main__":
    main()
