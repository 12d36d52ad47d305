"""Where a host's scorer runs: a sandbox, an environment with its packages, and somebody who may want no more of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scoring.environments import Environment
from scoring.errors import shown
from scoring.jobs import ScoreError, ScoreResult
from scoring.sandbox.backend import Sandbox
from scoring.sandbox.jobs import JobSpec, Result, Tree, Verdict

PACKAGE = Path(__file__).resolve().parents[1]
INSIDE = "/podium/scoring"
"""Where this package lies in a sandbox."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
LOG_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A sandbox with an environment. ``on_wait`` is called every ``wait_s`` seconds; what it raises ends the job.

    Files lie in ``folder`` (by default that for temporary files) while a job runs.
    """

    sandbox: Sandbox
    environment: Environment
    on_wait: Callable[[], None] = lambda: None
    wait_s: float = 5.0
    folder: Path | None = None

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return its result."""
        running = self.sandbox.start(spec)
        results: list[Result] = []
        waiting = threading.Thread(target=lambda: results.append(running.wait()), daemon=True)
        waiting.start()
        try:
            while waiting.is_alive():
                waiting.join(self.wait_s)
                if waiting.is_alive():
                    self.on_wait()
        except BaseException:
            running.cancel()
            waiting.join()
            raise
        return results[0] if results else Result(verdict=Verdict.SANDBOX_ERROR, detail="The sandbox gave no answer.")

    @contextlib.contextmanager
    def staging(self, *names: str) -> Iterator[Path]:
        """Yield a folder with these folders in it, which is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="podium-scorer-", dir=self.folder) as folder:
            for name in names:
                (Path(folder) / name).mkdir()
            yield Path(folder)

    def trees(self, *, ours: bool = False) -> tuple[Tree, ...]:
        """Return what a job sees beside its own folders; with ``ours`` this package as well."""
        package = (Tree(source=PACKAGE, target=INSIDE),) if ours else ()
        return (*self.environment.trees(), *package)

    def script(self, name: str, *arguments: str) -> tuple[str, ...]:
        """Return the command that runs a script of :mod:`scoring.scorers.inside`."""
        return (self.environment.python, "-I", f"{INSIDE}/scorers/inside/{name}.py", *arguments)

    @property
    def variables(self) -> dict[str, str]:
        """The variables with which ``python`` and ``python3`` are those of the environment."""
        return {"PATH": f"{self.environment.python.rpartition('/')[0]}:{SYSTEM_PATH}"}


def put(source: Path, target: Path) -> None:
    """Put a file where a sandbox takes it from: it copies what it takes, so a second name of the file will do."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one that has no links
        shutil.copyfile(source, target)


def put_all(source: Path, target: Path) -> None:
    """Put the files of a folder, or one file, below ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        put(source, target / source.name)
        return
    for path in source.rglob("*"):
        if path.is_file() and not path.is_symlink():
            put(path, target / path.relative_to(source))


def used(result: Result) -> dict[str, float]:
    """Return what a job took, as a score's result has it."""
    return {"wall_s": result.wall_s, "cpu_s": result.cpu_s, "memory_mb": result.memory_mb}


def said(result: Result) -> str:
    """Return the last words of a job, for hosts."""
    return "\n".join(filter(None, [result.stdout.strip(), result.stderr.strip()]))[-LOG_BYTES:]


def hosts_matter(code: str, message: str, *, result: Result, story: str = "") -> ScoreResult:
    """Return the result of a job that went wrong by the host's doing."""
    detail = "\n".join(filter(None, [story.strip(), said(result)]))
    error = ScoreError(code=code, message=message)
    return ScoreResult(verdict="host_error", error=error, detail=detail, resources=used(result))


def broken(result: Result, *, called: str, limits: str) -> ScoreResult | None:
    """Return what the verdict of a sandbox says of a scorer that a message calls ``called``; None where it is ok.

    ``limits`` says in words what it may take up.
    """
    if result.verdict is Verdict.OK:
        return None
    if result.verdict is Verdict.SANDBOX_ERROR:
        error = ScoreError(code="scorer_not_started", message="The sandbox for the scorer did not work.")
        return ScoreResult(verdict="platform_error", error=error, detail=result.detail)
    if result.verdict in WORDS:
        word = WORDS[result.verdict]
        return hosts_matter(f"scorer_{result.verdict}", f"{called} {word} than it may: {limits}.", result=result)
    how = f"signal {result.signal}" if result.signal else f"exit status {result.exit_code}"
    return hosts_matter("scorer_failed", f"{called} ended with {how}.{_hint(result.stderr)}", result=result)


WORDS = {
    Verdict.TIME: "took more time",
    Verdict.MEMORY: "took more memory",
    Verdict.OUTPUT: "wrote more",
}
HINTS = {
    "Missing parentheses in call to": "It is written for Python 2; mend it for Python 3.",
    "has no attribute 'float'": "It is written for a NumPy before 1.24: write `float` for `np.float`.",
    "has no attribute 'int'": "It is written for a NumPy before 1.24: write `int` for `np.int`.",
    "has no attribute 'bool'": "It is written for a NumPy before 1.24: write `bool` for `np.bool`.",
    "Temporary failure in name resolution": "It tried to reach the network, which it does not have.",
}
"""What an old program says when it fails, and what its host can do."""


def _hint(words: str) -> str:
    _, told, rest = words.rpartition("No module named ")
    if told:
        name = rest.partition("\n")[0].strip("' ")
        return f" It needs the module {shown(name)}, which its environment does not have."
    return next((f" {hint}" for sign, hint in HINTS.items() if sign in words), "")
