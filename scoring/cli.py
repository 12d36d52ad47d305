"""``python -m scoring``: the metrics there are, and the score of a file, without a site.

Exit status: 0 scored, 2 the submission's fault, 3 the solution's or the metric's, 64 a wrong command line, 1 ours.
With ``--json`` exactly one object is printed, on one line, last on standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

OURS, SUBMISSION, HOST, USAGE = 1, 2, 3, 64


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    as_json = "--json" in arguments
    try:
        options = _parser().parse_args(arguments)
        status: int = options.run(options)
    except _UsageError as error:
        return _failed({"code": "usage", "message": str(error)}, status=USAGE, as_json=as_json)
    except Exception as error:  # the contract: one object and status 1, whatever went wrong
        message = f"{type(error).__name__}: {error}"
        return _failed({"code": "internal", "message": message}, status=OURS, as_json=as_json)
    return status


class _UsageError(Exception):
    """The command line is wrong."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}. See `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m scoring", description="Score files by metrics.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    metrics = commands.add_parser("metrics", help="list the metrics", allow_abbrev=False)
    metrics.add_argument("--json", action="store_true", help="print one JSON object")
    metrics.set_defaults(run=_metrics)
    score = commands.add_parser("score", help="score a submission against a solution", allow_abbrev=False)
    score.add_argument("--metric", required=True, metavar="NAME", help="a metric's name or alias, like auc or f1_macro")
    score.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the metric")
    score.add_argument("--solution", required=True, type=Path, metavar="S", help="CSV or Parquet with the truth")
    score.add_argument("--submission", required=True, type=Path, metavar="P", help="the file to score")
    score.add_argument("--id", metavar="COLUMN", help="the id column (default: id, or the solution's first)")
    score.add_argument(
        "--split-column", metavar="COLUMN", help="the column that says public or private (default: Usage or split)"
    )
    score.add_argument("--json", action="store_true", help="print one JSON object")
    score.set_defaults(run=_score)
    return parser


def _metrics(options: argparse.Namespace) -> int:
    from scoring.metrics import registry  # noqa: PLC0415 - each command loads what it needs

    entries = sorted(registry, key=lambda entry: (entry.family, entry.name))
    if options.json:
        _print(json.dumps({"metrics": [entry.to_dict() for entry in entries]}, ensure_ascii=False))
        return 0
    better = {True: "higher", False: "lower"}
    rows = [(e.family, e.name, ", ".join(e.aliases), better[e.greater_is_better], e.label) for e in entries]
    _table(("Family", "Name", "Also called", "Better is", "What it is"), rows)
    return 0


def _score(options: argparse.Namespace) -> int:
    from scoring.errors import HostError, SubmissionError  # noqa: PLC0415

    try:
        report = _scored(options)
    except SubmissionError as error:
        first = error.first
        words = _error(first.code, error.message, first.row, first.column)
        return _failed(words, status=SUBMISSION, as_json=options.json)
    except HostError as error:
        words = _error(error.code, error.message, error.row, error.column)
        return _failed(words, status=HOST, as_json=options.json)
    if options.json:
        _print(json.dumps(report, ensure_ascii=False))
    else:
        _show(report)
    return 0


def _scored(options: argparse.Namespace) -> dict[str, Any]:
    from scoring.errors import HostError, fail, shown  # noqa: PLC0415
    from scoring.evaluate import evaluate  # noqa: PLC0415
    from scoring.files import spec_for  # noqa: PLC0415
    from scoring.reference import read_reference  # noqa: PLC0415
    from scoring.tables import read_submission  # noqa: PLC0415

    entry, params = _metric(options)
    if not options.solution.is_file():
        raise HostError("file_missing", f"There is no file {shown(options.solution)}.")
    if not options.submission.is_file():
        raise fail("file_missing", f"There is no file {shown(options.submission)}.")
    spec = spec_for(
        options.solution,
        options.submission,
        metric=entry.name,
        params=params,
        id_column=options.id,
        split_column=options.split_column,
    )
    reference = read_reference(options.solution, spec=spec)
    predictions = read_submission(options.submission, filename=options.submission.name, spec=spec, reference=reference)
    scores = evaluate(predictions, spec=spec, reference=reference)
    return {
        "metric": entry.name,
        "params": params,
        "direction": "maximise" if entry.greater_is_better else "minimise",
        "scores": {score.split: {"value": score.value, "ci_low": None, "ci_high": None} for score in scores},
        "rows": predictions.rows,
        "notes": {score.split: score.note for score in scores if score.note},
    }


def _metric(options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    from scoring.errors import HostError  # noqa: PLC0415
    from scoring.metrics import MetricError, find  # noqa: PLC0415

    try:
        entry, params = find(options.metric)
        known = {param.name: param for param in entry.params}
        for text in options.param:
            name, equals, value = text.partition("=")
            if not equals:
                raise _UsageError(f"--param `{text}`: expected NAME=VALUE.")
            params[name] = known[name].parse(value) if name in known else value
        entry.check_params(params)
    except MetricError as error:
        raise HostError("metric_invalid", str(error)) from error
    return entry, params


def _show(report: dict[str, Any]) -> None:
    rows = []
    for split, score in report["scores"].items():
        value = score["value"]
        rows.append((split, f"{value:.6g}" if value is not None else f"none: {report['notes'].get(split, '')}"))
    _table(("Split", report["metric"]), rows)
    better = "higher" if report["direction"] == "maximise" else "lower"
    _print(f"{report['rows']:,} rows; {better} is better.")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - 100 ms that --json does not pay for
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD)
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # A pipe has no width; names must come out whole there, for grep.
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _error(code: str, message: str, row: int | None, column: str | None) -> dict[str, Any]:
    where = {"row": row, "column": column}
    return {"code": code, "message": message, **{name: value for name, value in where.items() if value is not None}}


def _failed(error: dict[str, Any], *, status: int, as_json: bool) -> int:
    if as_json:
        _print(json.dumps({"error": error}, ensure_ascii=False))
    else:
        sys.stderr.write(f"{error['message']}\n")
    return status


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
