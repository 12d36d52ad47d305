"""Hosts' scorers, each run in a sandbox of its own: a function, an ``evaluate()``, a program.

What a scorer prints is for hosts. What it writes is read with caps (:mod:`scoring.scorers.answers`), so what comes out
is finite numbers under declared keys, or an error of a closed set. A participant hears of it only what an exception
named ParticipantVisibleError says, and what is wrong with a file that cannot be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scoring.environments import Environment
from scoring.errors import HostError
from scoring.fitting import in_environment
from scoring.jobs import ScoreError, ScoreResult
from scoring.sandbox.backend import Sandbox
from scoring.sandbox.jobs import MIB, JobSpec, Limits, Result, Verdict
from scoring.scorers import FunctionJob
from scoring.scorers.answers import NoAnswerError, last_stage, read_lines, read_result
from scoring.scorers.evaluate import EvaluateJob, score_evaluate
from scoring.scorers.function import crashed, hashes_of, not_started, over_limit
from scoring.scorers.places import Place, put, said, used
from scoring.scorers.program import ProgramJob, score_program

Job = FunctionJob | EvaluateJob | ProgramJob
FUNCTION_OUTPUT = 16 * MIB


class SandboxScorer:
    """Scores by hosts' scorers in sandboxes with the packages of ``environment``.

    ``wait_s``: how often ``score`` calls ``on_wait``. ``folder``: where files lie while a job runs.
    """

    def __init__(
        self, sandbox: Sandbox, environment: Environment, *, wait_s: float = 5.0, folder: Path | None = None
    ) -> None:
        self._sandbox, self._environment, self._wait_s, self._folder = sandbox, environment, wait_s, folder

    def score(self, job: Job, *, on_wait: Callable[[], None] | None = None) -> ScoreResult:
        """Score ``job`` and return what became of it, whatever it was. What ``on_wait`` raises ends it."""
        try:
            sandbox = in_environment(self._environment, self._sandbox)
        except HostError as error:
            return ScoreResult(verdict="host_error", error=ScoreError.of(error))
        place = Place(
            sandbox=sandbox,
            environment=self._environment,
            on_wait=on_wait or (lambda: None),
            wait_s=self._wait_s,
            folder=self._folder,
        )
        if isinstance(job, EvaluateJob):
            return score_evaluate(job, place)
        return score_program(job, place) if isinstance(job, ProgramJob) else score_function(job, place)


def score_function(job: FunctionJob, place: Place) -> ScoreResult:
    """Score by a host's function: solution and submission are read inside, beside it."""
    with place.staging("code", "input", "out") as folder:
        put(job.metric, folder / "code" / "metric.py")
        put(job.solution, folder / "input" / "solution" / job.solution.name)
        put(job.submission, folder / "input" / "submission")
        (folder / "input" / "job.json").write_text(json.dumps(_inside(job)))
        result = place.run(
            JobSpec(
                command=place.script("function"),
                code=folder / "code",
                input=folder / "input",
                out=folder / "out",
                folder="/tmp",  # noqa: S108 - the sandbox's own
                trees=place.trees(ours=True),
                limits=_limits(job),
            )
        )
        scored = _function_result(folder / "out" / "answer", job=job, result=result)
    return replace(scored, resources=used(result), hashes=hashes_of(job))


def _inside(job: FunctionJob) -> dict[str, Any]:
    """Return the job with the paths that its files have inside."""
    paths = {
        "metric": "/code/metric.py",
        "solution": f"/input/solution/{job.solution.name}",
        "submission": "/input/submission",
    }
    return {**job.to_dict(), **paths}


def _limits(job: FunctionJob) -> Limits:
    own = job.limits
    return Limits(
        wall_s=own.wall_s,
        memory_mb=own.memory_mb,
        pids=own.processes,
        open_files=own.open_files,
        output_bytes=FUNCTION_OUTPUT,
    )


def _function_result(path: Path, *, job: FunctionJob, result: Result) -> ScoreResult:
    words = said(result)
    if result.verdict is Verdict.SANDBOX_ERROR:
        return not_started(result.detail)
    try:
        messages = read_lines(path)
        if result.verdict is Verdict.OK and messages and "result" in messages[-1]:
            scored = read_result(messages[-1]["result"])
            return replace(scored, detail="\n".join(filter(None, [scored.detail, words])))
    except NoAnswerError as error:
        return crashed(str(error), detail=words)
    stage = last_stage(messages)
    if result.verdict in {Verdict.TIME, Verdict.MEMORY}:
        limit = "time" if result.verdict is Verdict.TIME else "memory"
        return over_limit(limit, stage=stage, limits=job.limits, detail=words)
    if stage == "begin" and result.verdict is not Verdict.OUTPUT:
        return not_started(words)
    how = f"signal {result.signal}" if result.signal else f"exit status {result.exit_code or 0}"
    return crashed("more output than it may have" if result.verdict is Verdict.OUTPUT else how, detail=words)
