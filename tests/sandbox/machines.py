"""The two ends of what a machine offers, all that there is here and neither root nor cgroups, and container engines."""

import fcntl
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import scoring
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.container import Container, Podman
from scoring.sandbox.jobs import JobSpec, Limits, Result
from scoring.sandbox.slots import SLOTS

SOMEBODY = 54321
"""A user id without rights."""
SLOTS_EACH = 8
DRIVER = """
import json, sys
from pathlib import Path
from typing import Any
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.container import Container, Podman
from scoring.sandbox.jobs import JobSpec, Limits
order = json.loads(sys.argv[1])
sandbox = Bubblewrap(slots=range(*order["slots"]), cgroups=False)
spec = order["spec"]
paths = {name: Path(spec[name]) for name in ("code", "input", "out")}
words = {name: tuple(spec[name]) for name in ("command", "expects")}
extra = {name: spec[name] for name in ("environment", "folder", "links")}
extra["inputs"] = {path: Path(folder) for path, folder in spec["inputs"].items()}
extra["live"] = Path(spec["live"]) if spec["live"] else None
result = sandbox.run(JobSpec(**paths, **words, **extra, limits=Limits(**spec["limits"])))
print(json.dumps([result.to_dict(), sandbox.reap()]))
"""


@functools.cache
def slots() -> range:
    """Return slots that no other run of the tests on this machine takes, as long as this process lives."""
    for first in range(100, SLOTS - SLOTS_EACH + 1, SLOTS_EACH):
        lock = os.open(f"{tempfile.gettempdir()}/podium-sandbox-tests-{first}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return range(first, first + SLOTS_EACH)
    raise AssertionError("Too many runs of the tests at one time.")


@functools.cache
def python_for_all() -> str:
    """Return a Python that everybody may start, and that is new enough for our package."""
    asked = "import sys; raise SystemExit(sys.version_info < (3, 11))"
    for path in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(path).exists() and subprocess.run([path, "-c", asked], check=False).returncode == 0:
            return path
    return sys.executable


class Somebody:
    """Runs jobs as a user without rights, with our own package copied where that user can read it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._left = folder, 0
        package = Path(scoring.__file__).parent
        (folder / "scoring").mkdir()
        for name in ("__init__.py", "confinement.py"):
            shutil.copy(package / name, folder / "scoring" / name)
        shutil.copytree(package / "sandbox", folder / "scoring" / "sandbox")

    def run(self, spec: JobSpec) -> Result:
        """Run a job."""
        values = {**spec.to_dict(), "limits": asdict(spec.limits)}
        spec.out.mkdir(exist_ok=True)
        spec.out.chmod(0o777)
        result, self._left = self._ask(values)
        return Result.from_dict(result)

    def reap(self) -> int:
        """Return how much the last job had left."""
        return self._left

    def _ask(self, spec: dict[str, Any]) -> tuple[dict[str, Any], int]:
        numbers = slots()
        words = json.dumps({"slots": [numbers.start, numbers.stop], "spec": spec})
        drop = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups", "--"]
        done = subprocess.run(
            [*(drop if os.geteuid() == 0 else []), python_for_all(), "-c", DRIVER, words],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "PODIUM_SECRET_KEY": "the-workers-secret"},
        )
        assert done.returncode == 0, done.stderr
        result, left = json.loads(done.stdout)
        return result, left


Machine = Bubblewrap | Somebody | Container


@functools.cache
def missing(engine: str) -> str:
    """Return what is missing for jobs by that engine, or nothing."""
    first = (Podman if engine == "podman" else Container)(slots=slots())._ready()
    return "; ".join(f"{item.seen} {item.mend}" for item in first if not item.held)


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for what has to come about."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "It did not come about."
        time.sleep(0.01)


def quick(**values: object) -> Limits:
    """Return limits that a test can wait for."""
    return Limits(**{"wall_s": 8, "memory_mb": 96, "pids": 32, **values})  # type: ignore[arg-type]
