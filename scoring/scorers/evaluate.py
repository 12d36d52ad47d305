"""A host's ``evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs)``, as EvalAI runs it.

The script is one .py file or a package: a zip or a folder whose ``__init__.py`` or ``main.py`` has ``evaluate``. Its
``requirements.txt`` is held against the environment first, so that it is said what is missing before it fails for that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scoring.errors import HostError, SubmissionError, fail, listed, shown
from scoring.jobs import ScoreError, ScoreResult
from scoring.requirements import missing, read_requirements
from scoring.sandbox.jobs import MIB, JobSpec, Limits, Result
from scoring.scorers.answers import DETAIL, MESSAGE, NoAnswerError, last_stage, read_lines
from scoring.scorers.function import sha256
from scoring.scorers.keys import Leaderboard
from scoring.scorers.places import Place, broken, hosts_matter, put, put_all, said, used
from scoring.unpacking import inner_folder, is_zip, unpack_zip

PACKAGE = "evaluation_script"
SCORER_LIMITS = Limits(wall_s=120, memory_mb=2048, output_bytes=16 * MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateJob:
    """A submission to be scored by a host's ``evaluate()``.

    ``script`` is a .py, a zip or a folder; ``annotations`` the one file of the reference, or the folder of several.
    ``metadata`` is what the script gets as ``submission_metadata``.
    """

    script: Path
    annotations: Path
    submission: Path
    filename: str
    phase: str
    leaderboard: Leaderboard
    metadata: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = SCORER_LIMITS


def score_evaluate(job: EvaluateJob, place: Place) -> ScoreResult:
    """Score by ``evaluate()``."""
    with place.staging("code", "input", "out") as folder:
        package = folder / "code" / PACKAGE
        try:
            stage_package(job.script, folder, package)
            _check_requirements(package, place)
        except HostError as error:
            return ScoreResult(verdict="host_error", error=ScoreError.of(error))
        put_all(job.annotations, folder / "input" / "annotations")
        put(job.submission, folder / "input" / "submission" / job.filename)
        (folder / "input" / "job.json").write_text(json.dumps(_inside(job)))
        result = place.run(
            JobSpec(
                command=place.script("evaluate"),
                code=folder / "code",
                input=folder / "input",
                out=folder / "out",
                folder="/tmp",  # noqa: S108 - the sandbox's own
                trees=place.trees(ours=True),
                environment=place.variables,
                limits=job.limits,
            )
        )
        scored = _result(folder / "out" / "answer", job=job, result=result, environment=place.environment.name)
    hashes = {"reference": job.annotations, "submission": job.submission, "scorer": job.script}
    found = {name: digest for name, path in hashes.items() if path.is_file() and (digest := sha256(path))}
    return replace(scored, resources=used(result), hashes=found)


def stage_package(script: Path, folder: Path, package: Path) -> None:
    """Put a host's script where it is imported from. Raises HostError."""
    if script.is_file() and not is_zip(script):
        put(script, package / "main.py")
        return
    source = script
    if script.is_file():
        source = folder / "unpacked"
        try:
            unpack_zip(script, source)
        except SubmissionError as error:
            raise HostError("scorer_archive", f"In the evaluation script: {error.message}") from error
    put_all(inner_folder(source, "__init__.py", "main.py"), package)


def _check_requirements(package: Path, place: Place) -> None:
    """Raise HostError where the environment lacks what the script's requirements.txt names."""
    try:
        absent = missing(read_requirements(package), place.environment)
    except SubmissionError as error:
        raise HostError("scorer_requirements", f"In the evaluation script: {error.message}") from error
    if absent:
        message = f"The evaluation script needs what its environment {shown(place.environment.name)} does not have: "
        raise HostError("scorer_requirements", f"{message}{'; '.join(absent)}.")


def _inside(job: EvaluateJob) -> dict[str, Any]:
    single = job.annotations.is_file()
    return {
        "annotations": f"/input/annotations/{job.annotations.name}" if single else "/input/annotations",
        "submission": f"/input/submission/{job.filename}",
        "phase": job.phase,
        "metadata": dict(job.metadata),
    }


def _result(path: Path, *, job: EvaluateJob, result: Result, environment: str) -> ScoreResult:
    limits = f"{job.limits.wall_s:g} s, {job.limits.memory_mb:,} MB of memory"
    if (stopped := broken(result, called="The evaluation script", limits=limits)) is not None:
        return stopped
    try:
        messages = read_lines(path)
        last = messages[-1] if messages else {}
        if "failed" in last:
            return _failed(last["failed"], result=result, environment=environment)
        if "result" not in last:
            message = f"The evaluation script ended by itself in stage {last_stage(messages)}, without an answer."
            return hosts_matter("scorer_failed", message, result=result)
        return _scored(last["result"], job=job, result=result)
    except NoAnswerError as error:
        return hosts_matter("scorer_result", f"What `evaluate` returned cannot be read. {error}", result=result)
    except HostError as error:
        return hosts_matter(error.code, error.message, result=result)


def _failed(told: Any, *, result: Result, environment: str) -> ScoreResult:
    if not isinstance(told, dict):
        raise NoAnswerError("It has not the form of an answer.")
    name, line = shown(told.get("name", ""))[1:-1], told.get("line")
    visible = told.get("visible")
    if isinstance(visible, str):
        message = visible[:MESSAGE] or "The evaluation refused this file, and did not say why."
        error = ScoreError.of(fail("metric_refused", message))
        return ScoreResult(verdict="rejected", error=error, detail=said(result))
    where = f" in line {line:,} of {shown(told.get('file'))[1:-1]}" if type(line) is int else ""
    words = f"`evaluate` stopped with {name}{where}."
    if told.get("absent") is True:
        words = "There is no function `evaluate` in the evaluation script, nor in its main.py."
    elif isinstance(told.get("module"), str):
        words += (
            f" It needs the module {shown(told['module'])}, which its environment {shown(environment)} does not have."
        )
    return hosts_matter("scorer_failed", words, result=result, story=str(told.get("story", ""))[:DETAIL])


def _scored(returned: Any, *, job: EvaluateJob, result: Result) -> ScoreResult:
    numbers = dict(_by_split(returned, job.leaderboard))
    scores = job.leaderboard.values(numbers)
    if not scores:
        known = listed(one.key for one in job.leaderboard.keys)
        raise HostError("scorer_result", f"`evaluate` returned none of the declared scores, which are {known}.")
    more = {name: returned[name] for name in ("submission_result", "submission_metadata") if name in returned}
    detail = "\n".join(filter(None, [said(result), json.dumps(more)[:MESSAGE] if more else ""]))
    return ScoreResult(verdict="scored", scores=scores, detail=detail)


def _by_split(returned: Any, leaderboard: Leaderboard) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield our name of each split and its numbers. Of each item the first key is read, as EvalAI does."""
    items = returned.get("result") if isinstance(returned, dict) else None
    if not isinstance(items, list) or not items:
        message = '`evaluate` must return {"result": [{"<split>": {"<score>": number}}, …]}, and did not.'
        raise HostError("scorer_result", message)
    ours = {theirs: split for split, theirs in leaderboard.split.items()}
    for item in items:
        if not isinstance(item, dict) or not item:
            raise HostError("scorer_result", "An item of `result` is no object with a split.")
        name, numbers = next(iter(item.items()))
        if not isinstance(numbers, dict):
            raise HostError("scorer_result", f"The split {shown(name)} holds no object with scores.")
        if ours and name not in ours:
            raise HostError("scorer_result", f"`evaluate` returned the split {shown(name)}; known are {listed(ours)}.")
        if not ours and len(items) > 1:
            raise HostError("scorer_result", "`evaluate` returned several splits: the task's scorer must name them.")
        yield ours.get(name, "all"), numbers
