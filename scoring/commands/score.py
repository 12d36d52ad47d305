"""``python -m scoring score``: one file by one metric, built in or a host's own."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.commands.answers import (
    LONG_BYTES,
    Commands,
    Step,
    UsageError,
    add_command,
    answer,
    hosts_fault,
    progress,
    refused,
    say,
    table,
)

if TYPE_CHECKING:
    from scoring.evaluate import ScoreValue

ROLES = ("group", "scale", "event", "importance")
DESCRIPTION = "Score a submission against a solution, by a built-in metric or by a host's own function."


def add(commands: Commands) -> None:
    """Say what the command takes."""
    parser = add_command(commands, "score", run, help="score a submission against a solution", description=DESCRIPTION)
    by = parser.add_mutually_exclusive_group(required=True)
    by.add_argument("--metric", metavar="NAME", help="a metric's name or alias, like auc or f1_macro")
    by.add_argument("--metric-file", type=Path, metavar="FILE", help="a Python file with a Kaggle-style score()")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the metric")
    parser.add_argument("--solution", required=True, type=Path, metavar="S", help="the file with the truth")
    parser.add_argument("--submission", required=True, type=Path, metavar="P", help="the file to score")
    parser.add_argument("--id", metavar="COLUMN", help="the id column (default: id, or the solution's first)")
    parser.add_argument(
        "--split-column", metavar="COLUMN", help="the column that says public or private (default: Usage or split)"
    )
    parser.add_argument("--ci", type=_level, metavar="LEVEL", help="compute intervals, like 0.95")
    _add_columns(parser)
    own = parser.add_argument_group("a host's own metric")
    own.add_argument("--trust", action="store_true", help="run the file without a sandbox, with your rights")
    own.add_argument("--wall", type=_positive, default=600.0, metavar="S", help="seconds that it may take (600)")
    own.add_argument("--memory", type=_positive, default=4096.0, metavar="MB", help="memory that it may take (4096)")


def _add_columns(parser: argparse.ArgumentParser) -> None:
    columns = parser.add_argument_group("columns of the solution that are no truth")
    for name, words in (
        ("weight", "what a row counts"),
        ("group", "which rows belong together: a query, a series, an image"),
        ("cluster", "which rows are not independent: a patient, a session"),
        ("scale", "by what an error is divided"),
        ("event", "whether an event was seen"),
        ("importance", "what a group counts"),
        ("item", "which item of its id a row is, in both files"),
    ):
        columns.add_argument(f"--{name}", metavar="COLUMN", help=words)
    columns.add_argument(
        "--shape", nargs=2, metavar=("HEIGHT", "WIDTH"), help="columns of the images' size, or numbers"
    )
    columns.add_argument(
        "--slice", action="append", default=[], metavar="COLUMN", help="a score for each of its values; repeatable"
    )


def _level(text: str) -> float:
    level = _number(text)
    if not 0.5 <= level < 1:
        raise argparse.ArgumentTypeError(f"{text} is no level of confidence: expected 0.5 to 0.999")
    return level


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _positive(text: str) -> float:
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def run(options: argparse.Namespace) -> int:
    """Score a file."""
    if options.metric_file is not None:
        from scoring.commands import function  # noqa: PLC0415 - each command loads what it needs

        return function.run(options)
    from scoring.errors import HostError, SubmissionError  # noqa: PLC0415

    try:
        with progress(3, shown=_is_long(options)) as begin:
            report = _scored(options, begin=begin)
    except SubmissionError as error:
        return refused(error, as_json=options.json)
    except HostError as error:
        return hosts_fault(error, as_json=options.json)
    if options.json:
        return answer(report)
    show(report, intervals=options.ci is not None)
    return 0


def _is_long(options: argparse.Namespace) -> bool:
    files = [path for path in (options.solution, options.submission) if path.is_file()]
    return not options.json and (options.ci is not None or sum(path.stat().st_size for path in files) > LONG_BYTES)


def _scored(options: argparse.Namespace, *, begin: Step) -> dict[str, Any]:
    from scoring.commands.arrays import prepare  # noqa: PLC0415

    prepare()
    from scoring.evaluate import evaluate  # noqa: PLC0415
    from scoring.files import spec_for  # noqa: PLC0415
    from scoring.tables import read_both  # noqa: PLC0415

    if options.trust:
        raise UsageError("--trust goes with --metric-file: built-in metrics are ours.")
    begin("Reading solution and submission")
    entry, params = _metric(options)
    check_files(options)
    spec = spec_for(
        options.solution,
        options.submission,
        metric=entry.name,
        params=params,
        id_column=options.id,
        split_column=options.split_column,
        **columns(options),
    )
    reference, predictions = read_both(options.solution, options.submission, spec=spec)
    begin("Scoring")
    scores = evaluate(predictions, spec=spec, reference=reference)
    bounds: dict[tuple[str, str], tuple[float | None, float | None]] = {}
    if options.ci is not None:
        from scoring.uncertainty import measure  # noqa: PLC0415 - without --ci no interval is computed

        begin("Computing intervals")
        measured = measure(predictions, spec=spec, reference=reference, scores=scores, level=options.ci)
        bounds = {(item.key, item.split): (item.low, item.high) for item in measured}
    return {
        "metric": entry.name,
        "params": params,
        "direction": "maximise" if entry.greater_is_better else "minimise",
        "scores": {score.split: _with_bounds(score, bounds) for score in scores},
        "rows": predictions.rows,
        "notes": {score.split: score.note for score in scores if score.note},
    }


def _with_bounds(
    score: ScoreValue, bounds: dict[tuple[str, str], tuple[float | None, float | None]]
) -> dict[str, float | None]:
    low, high = bounds.get((score.key, score.split), (None, None))
    return {"value": score.value, "ci_low": _finite(low), "ci_high": _finite(high)}


def _finite(bound: float | None) -> float | None:
    return bound if bound is not None and math.isfinite(bound) else None


def columns(options: argparse.Namespace) -> dict[str, Any]:
    """Return the columns that were named, as fields of a spec; nothing for those that were not."""
    roles = {role: getattr(options, role) for role in ROLES if getattr(options, role) is not None}
    named = {name: getattr(options, name) for name in ("weight", "cluster", "item") if getattr(options, name)}
    shape = options.shape
    if shape is not None and all(side.isdecimal() for side in shape):
        shape = list(map(int, shape))
    several = {"slices": options.slice, "shape": shape, "roles": roles}
    return named | {name: value for name, value in several.items() if value}


def check_files(options: argparse.Namespace) -> None:
    """Raise HostError or SubmissionError for a file that is not there."""
    from scoring.errors import HostError, fail, shown  # noqa: PLC0415

    if not options.solution.is_file():
        raise HostError("file_missing", f"There is no file {shown(options.solution)}.")
    if not options.submission.is_file():
        raise fail("file_missing", f"There is no file {shown(options.submission)}.")


def settings(options: argparse.Namespace) -> dict[str, str]:
    """Return the parameters that were given, as texts."""
    given = {}
    for text in options.param:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--param `{text}`: expected NAME=VALUE.")
        given[name] = value
    return given


def _metric(options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    from scoring.errors import HostError  # noqa: PLC0415
    from scoring.metrics import MetricError, find  # noqa: PLC0415

    try:
        entry, params = find(options.metric)
        known = {param.name: param for param in entry.params}
        for name, value in settings(options).items():
            params[name] = known[name].parse(value) if name in known else value
        entry.check_params(params)
    except MetricError as error:
        raise HostError("metric_invalid", str(error)) from error
    return entry, params


def show(report: dict[str, Any], *, intervals: bool) -> None:
    """Print scores for people."""
    scores = report["scores"]
    rows = []
    for split, score in scores.items():
        value = score["value"]
        row = [split, f"{value:.6g}" if value is not None else f"none: {report['notes'].get(split, '')}"]
        rows.append([*row, *([_interval(score)] if intervals else [])])
    table(("Split", report["metric"], *(["Interval"] if intervals else [])), rows, numbers=(1,))
    better = {"maximise": "; higher is better", "minimise": "; lower is better"}.get(report["direction"], "")
    say(f"{report['rows']:,} rows{better}.")


def _interval(score: dict[str, float | None]) -> str:
    low, high = ("…" if score[name] is None else f"{score[name]:.6g}" for name in ("ci_low", "ci_high"))
    return "not known" if low == high == "…" else f"{low} to {high}"
