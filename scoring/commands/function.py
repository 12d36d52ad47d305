"""``python -m scoring score --metric-file metric.py --trust``: a file by a host's own function."""

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
from scoring.scorers import FunctionJob, FunctionLimits
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
    with progress(1, shown=not options.json) as begin:
        begin(f"Running {options.metric_file.name}")
        result = TrustedChild().score(_job(options, given))
    return _tell(result, options=options, given=given)


def _check(options: argparse.Namespace) -> None:
    if not options.trust:
        raise UsageError(
            "--metric-file runs that file as a program with your rights, outside a sandbox. "
            "If you trust whoever wrote it, add --trust."
        )
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
