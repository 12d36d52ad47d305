"""The child side of :mod:`scoring.scorers.function`: limits itself, scores one job, writes its answer into a file.

The answer is one JSON object a line: ``{"stage": …}`` while it goes on, ``{"result": …}`` at the end. What the metric
prints goes to standard error, and nothing that it prints can pass for an answer.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

from scoring.confinement import die_with, limit
from scoring.scorers import FUNCTION_KEY, FunctionJob


def main(arguments: list[str]) -> None:
    """Score one job. ``arguments``: the parent's process id, the file with the job, the file for the answer."""
    parent, source, target = arguments
    die_with(int(parent))
    job = FunctionJob.from_dict(json.loads(Path(source).read_text()))
    limits = job.limits
    limit(
        memory_mb=limits.memory_mb,
        open_files=limits.open_files,
        largest_file=limits.largest_file,
        cpu_s=int(limits.wall_s) + 1,
        processes=limits.processes,
    )
    sys.dont_write_bytecode = True  # nothing is to appear beside the host's file
    answer = Answer(Path(target))
    answer.add(result=outcome(job, answer=answer))


class Answer:
    """The file that the parent reads when we have ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stage = "begin"

    def begin(self, stage: str) -> None:
        """Say that ``stage`` begins: "prepare", "read" or "score"."""
        self.stage = stage
        self.add(stage=stage)

    def add(self, **message: Any) -> None:
        """Write a line."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(message, allow_nan=False) + "\n")


def outcome(job: FunctionJob, *, answer: Answer) -> dict[str, Any]:
    """Score a job, whatever comes of it, and return the result as JSON has it."""
    from scoring.errors import HostError, SubmissionError  # noqa: PLC0415 - after the limits are set
    from scoring.jobs import ScoreError, ScoreResult  # noqa: PLC0415
    from scoring.scorers.function import over_limit  # noqa: PLC0415

    started = time.monotonic(), time.process_time()
    try:
        result = _scored(job, answer=answer)
    except SubmissionError as error:
        result = ScoreResult(verdict="rejected", error=ScoreError.of(error))
    except HostError as error:
        result = ScoreResult(verdict="host_error", error=ScoreError.of(error), detail=getattr(error, "story", ""))
    except MemoryError:
        result = over_limit("memory", stage=answer.stage, limits=job.limits)
    taken = {"wall_s": time.monotonic() - started[0], "cpu_s": time.process_time() - started[1]}
    return {**result.to_dict(), "resources": taken}


def _scored(job: FunctionJob, *, answer: Answer) -> Any:
    from scoring.errors import HostError  # noqa: PLC0415
    from scoring.evaluate import ScoreValue  # noqa: PLC0415
    from scoring.jobs import ScoreResult  # noqa: PLC0415
    from scoring.scorers.calling import call, load_function, read_params  # noqa: PLC0415
    from scoring.scorers.frames import read_aligned, read_solution, splits  # noqa: PLC0415

    if importlib.util.find_spec("pandas") is None:
        raise HostError("extra_missing", "A host's own metric needs pandas: pip install 'podium[kaggle]'.")
    answer.begin("prepare")
    function = load_function(job.metric)
    params = read_params(function, job.params)
    solution = read_solution(job.solution, id_column=job.id_column, split_column=job.split_column)
    answer.begin("read")
    submission = read_aligned(job.submission, filename=job.filename, solution=solution)
    answer.begin("score")
    scores = tuple(
        ScoreValue(
            key=FUNCTION_KEY,
            split=name,
            value=call(function, truth, mine, solution.id_column, path=job.metric, split=name, params=params),
        )
        for name, truth, mine in splits(solution, submission)
    )
    return ScoreResult(verdict="scored", scores=scores, rows=solution.keys.rows, versions=_versions())


def _versions() -> dict[str, str]:
    from scoring.child import versions  # noqa: PLC0415

    return {**versions(), "pandas": importlib.metadata.version("pandas")}
