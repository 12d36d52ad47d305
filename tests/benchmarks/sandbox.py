"""How long a sandbox takes to start: a job of nothing, and one that wants its imports, over the same Python bare.

    python -m tests.benchmarks.sandbox [--repeat N]

It prints medians. The whole is from the call to its result: the slot, its cgroups and its folder, the supervisor, the
namespaces, the program, collection, and the clearing of it all. Bare is the same program without any of it; with a
spare, the supervisor was started before the call, as in a worker that has run a job before.

The second table is the time from the call to the first line of the job's own code, with the packages of this Python
imported that are named by ``--modules``: cold, and in an interpreter that waited with its imports done.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scoring.sandbox.backend import Sandbox
from scoring.sandbox.bubblewrap import Bubblewrap, base_python
from scoring.sandbox.jobs import JobSpec, Tree
from scoring.sandbox.warm import WarmPool

REACH_MS, REACH_WARM_MS = 50, 15
SETTLED_S = 1.5
COMMAND = ("python3", "-c", "pass")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--modules", nargs="*", default=["numpy", "pyarrow"])
    asked = parser.parse_args()
    repeat = asked.repeat
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
    sys.stdout.write(f"To be reached: less than {REACH_MS} ms over bare.\n\n")
    first_lines(asked.modules, repeat, bare=bare)


def first_lines(modules: list[str], repeat: int, *, bare: float) -> None:
    """Measure and print how long the first line of a job's code is waited for."""
    sandbox = Bubblewrap(spare=True)
    with tempfile.TemporaryDirectory(prefix="podium-sandbox-") as name:
        folder = Path(name)
        (folder / "code").mkdir()
        imports = "".join(f"import {module}\n" for module in modules)
        (folder / "code" / "main.py").write_text(f"{imports}import time\nprint(time.monotonic())\n")
        trees = () if Path(sys.prefix).is_relative_to("/usr") else (Tree(source=Path(sys.prefix), target="/venv"),)
        python = ("/venv/bin/python" if trees else sys.executable, "-I")
        template = JobSpec(command=python, out=folder / "out", trees=(*trees, *base_python()))
        spec = replace(template, command=(*python, "main.py"), code=folder / "code")
        pool = WarmPool(sandbox, template, 1, modules=tuple(modules))
        cold = [first_line(sandbox, spec) for _ in range(repeat)]
        warm = [first_line(pool, spec) for _ in range(repeat)]
        pool.close()
    sys.stdout.write(f"To the first line, {', '.join(modules)} imported:\n")
    for what, values in (("cold", cold), ("warm", warm)):
        middle = statistics.median(values)
        sys.stdout.write(f"{what:22}{middle:8.1f} ms{middle - bare:8.1f} ms over bare\n")
    sys.stdout.write(f"To be reached: less than {REACH_WARM_MS} ms over bare, warm.\n")


def first_line(sandbox: Sandbox, spec: JobSpec) -> float:
    """Return how many milliseconds passed from the call to the first line of the job's code."""
    time.sleep(SETTLED_S)  # a worker that has a job after the other has no imports to wait for in between
    began = time.monotonic()
    result = sandbox.run(spec)
    assert result.verdict == "ok", result
    return (float(result.stdout) - began) * 1000


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
