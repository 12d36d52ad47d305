"""A host's own metric in a child process with limits, for a person who trusts the file.

It is not a sandbox: the metric reads and writes what the person may. The child gets an environment and a folder of its
own, limits itself (memory, CPU, files, processes) before it loads a line of the file, dies with us, and is killed with
all that it started when it ends or its time is over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from scoring import limits as submissions
from scoring.children import command
from scoring.jobs import ScoreError, ScoreResult
from scoring.scorers import FunctionJob, FunctionLimits
from scoring.scorers.answers import NoAnswerError, last_stage, read_lines, read_result

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
DETAIL_BYTES = 16_384


class TrustedChild:
    """Runs each job in a child process of its own. See :class:`scoring.scorers.FunctionScorer`."""

    def score(self, job: FunctionJob) -> ScoreResult:
        """Score ``job`` and return what became of it."""
        with tempfile.TemporaryDirectory(prefix="podium-metric-") as name, tempfile.TemporaryFile() as log:
            folder = Path(name)
            (folder / "job.json").write_text(json.dumps(_resolved(job).to_dict()))
            (folder / "work").mkdir()
            status = _run(folder, log=log, wall_s=job.limits.wall_s)
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - DETAIL_BYTES))
            return _result(folder / "answer", job=job, status=status, said=log.read().decode(errors="replace"))


def _resolved(job: FunctionJob) -> FunctionJob:
    paths = {name: str(getattr(job, name).resolve()) for name in ("metric", "solution", "submission")}
    return FunctionJob.from_dict({**job.to_dict(), **paths})


def _run(folder: Path, *, log: Any, wall_s: float) -> int | None:
    """Return the child's exit status, or None where its time was over."""
    child = subprocess.Popen(
        command("scoring.scorers.function_child", str(os.getpid()), str(folder / "job.json"), str(folder / "answer")),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**ENVIRONMENT, "HOME": str(folder / "work"), "TMPDIR": str(folder / "work")},
        cwd=folder / "work",
        start_new_session=True,  # a group of its own, to be killed with all that it started
    )
    try:
        return child.wait(wall_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _result(path: Path, *, job: FunctionJob, status: int | None, said: str) -> ScoreResult:
    try:
        messages = read_lines(path)
        if status == 0 and messages and "result" in messages[-1]:
            return replace(read_result(messages[-1]["result"]), hashes=hashes_of(job))
    except NoAnswerError as error:
        return crashed(str(error), detail=said)
    stage = last_stage(messages)
    if status is None or status == -signal.SIGXCPU:
        return over_limit("time", stage=stage, limits=job.limits)
    if "bad_alloc" in said or "MemoryError" in said:
        return over_limit("memory", stage=stage, limits=job.limits, detail=said)
    if stage == "begin":
        return not_started(said)
    return crashed(f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}", detail=said)


def not_started(detail: str) -> ScoreResult:
    """Return the result for a process that did not come so far as to load the metric: our fault."""
    problem = ScoreError(code="scorer_not_started", message="The process for the metric did not start.")
    return ScoreResult(verdict="platform_error", error=problem, detail=detail)


def crashed(how: str, *, detail: str) -> ScoreResult:
    """Return the result for a metric whose process ended without an answer."""
    problem = ScoreError(code="metric_crashed", message=f"The metric's process ended by itself, with {how}.")
    return ScoreResult(verdict="host_error", error=problem, detail=detail)


def hashes_of(job: FunctionJob) -> dict[str, str]:
    """Return the SHA-256 of what a job was scored by; what cannot be read has none."""
    files = {"reference": job.solution, "submission": job.submission, "metric": job.metric}
    return {name: digest for name, path in files.items() if (digest := sha256(path)) is not None}


def sha256(path: Path) -> str | None:
    """Return a file's SHA-256, or None for what cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def over_limit(limit: Any, *, stage: str, limits: FunctionLimits, detail: str = "") -> ScoreResult:
    """Return the result for a job that passed its limit ("memory" or "time") while in ``stage``.

    Reading the submission is the participant's matter; loading the metric, and what it computes, is the host's.
    """
    if stage == "read":
        return submissions.over_limit(limit, stage=stage, detail=detail)
    allowed = f"{limits.memory_mb:,} MB of memory" if limit == "memory" else f"{limits.wall_s:g} s"
    message = f"The metric took more than the {allowed} that it may."
    code = "metric_too_large" if limit == "memory" else "metric_too_slow"
    return ScoreResult(verdict="host_error", error=ScoreError(code=code, message=message), detail=detail)
