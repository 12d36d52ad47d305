"""``python -m scoring score --metric-file metric.py``: a file by a host's own function, in a sandbox.

With ``--trust`` it runs in a child process with limits instead, with the caller's rights.
"""

from __future__ import annotations

import argparse
from typing import Any

from scoring.commands.answers import (
    HOST,
    OURS,
    SUBMISSION,
    UsageError,
    answer,
    error_object,
    failed,
    hosts_fault,
    progress,
    refused,
)
from scoring.commands.score import check_files, columns, settings, show
from scoring.errors import HostError, SubmissionError
from scoring.jobs import ScoreResult
from scoring.scorers import FunctionJob, FunctionLimits, FunctionScorer
from scoring.scorers.function import TrustedChild

STATUS = {"rejected": SUBMISSION, "host_error": HOST, "platform_error": OURS}


def run(options: argparse.Namespace) -> int:
    """Score a file by a host's function."""
    _check(options)
    try:
        check_files(options)
        if not options.metric_file.is_file():
            raise HostError("file_missing", f"There is no file `{options.metric_file}`.")
    except SubmissionError as error:
        return refused(error, as_json=options.json)
    except HostError as error:
        return hosts_fault(error, as_json=options.json)
    given = settings(options)
    scorer = TrustedChild() if options.trust else _sandboxed()
    with progress(1, shown=not options.json) as begin:
        begin(f"Running {options.metric_file.name}")
        result = scorer.score(_job(options, given))
    return _tell(result, options=options, given=given)


def _sandboxed() -> FunctionScorer:
    """Return what runs functions in sandboxes. Raises UsageError where none works here."""
    from scoring.environments import Environment  # noqa: PLC0415
    from scoring.sandbox.backend import sandbox_here  # noqa: PLC0415 - with --trust nobody needs them
    from scoring.scorers.sandboxed import SandboxScorer  # noqa: PLC0415

    sandbox = sandbox_here()
    isolation = sandbox.probe()
    if isolation.holds:
        return SandboxScorer(sandbox, Environment.of_this_python())
    mends = dict.fromkeys(canary.mend for canary in isolation.canaries if canary.mend)
    raise UsageError(
        "--metric-file runs that file as a program in a sandbox, and none works on this machine: "
        f"{'; '.join(mends)}. If you trust whoever wrote it, add --trust: it then runs outside a sandbox, with your "
        "rights."
    )


def _check(options: argparse.Namespace) -> None:
    if options.ci is not None:
        raise UsageError("--ci needs a built-in metric: of a function nothing but its value is known.")
    if columns(options):
        raise UsageError("a function finds its columns itself: give it their names with --param.")


def _job(options: argparse.Namespace, given: dict[str, str]) -> FunctionJob:
    return FunctionJob(
        metric=options.metric_file,
        solution=options.solution,
        submission=options.submission,
        filename=options.submission.name,
        id_column=options.id,
        split_column=options.split_column,
        params=given,
        limits=FunctionLimits(wall_s=options.wall, memory_mb=int(options.memory)),
    )


def _tell(result: ScoreResult, *, options: argparse.Namespace, given: dict[str, Any]) -> int:
    error = result.error
    if error is not None:
        if result.verdict == "rejected" and len(error.mistakes) > 1:
            return refused(SubmissionError(*error.mistakes), as_json=options.json)
        words = error_object(error.code, error.message, error.row, error.column)
        return failed(words, status=STATUS[result.verdict], as_json=options.json, more=result.detail)
    report = {
        "metric": options.metric_file.name,
        "params": given,
        "direction": None,
        "scores": {score.split: {"value": score.value, "ci_low": None, "ci_high": None} for score in result.scores},
        "rows": result.rows,
        "notes": {},
    }
    if options.json:
        return answer(report)
    show(report, intervals=False)
    return 0
