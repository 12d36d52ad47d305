"""``python -m scoring check --sample sample_submission.csv mine.csv``: what would be refused, before it is sent.

The sample says what is expected: these columns, these ids, and a number wherever it has one. What the labels are, and
so the score, nobody can tell from it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.commands.answers import (
    LONG_BYTES,
    Commands,
    add_command,
    answer,
    hosts_fault,
    progress,
    refused,
    say,
)

if TYPE_CHECKING:
    from scoring.checking import Checked

DESCRIPTION = "Check a file against the sample submission before it is sent: columns, ids, and every number."


def add(commands: Commands) -> None:
    """Say what the command takes."""
    words = "check a file before it is sent"
    parser = add_command(commands, "check", run, help=words, description=DESCRIPTION)
    parser.add_argument(
        "--sample", required=True, type=Path, metavar="SAMPLE", help="the challenge's sample submission"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to check")
    parser.add_argument("--id", metavar="COLUMN", help="the id column (default: id, or the sample's first)")


def run(options: argparse.Namespace) -> int:
    """Check a file."""
    from scoring.commands.arrays import prepare  # noqa: PLC0415 - each command loads what it needs

    prepare()
    from scoring.checking import check  # noqa: PLC0415
    from scoring.errors import HostError, SubmissionError  # noqa: PLC0415

    long = options.file.is_file() and options.file.stat().st_size > LONG_BYTES
    try:
        with progress(1, shown=long and not options.json) as begin:
            begin(f"Reading {options.file.name}")
            checked = check(options.file, sample=options.sample, id_column=options.id)
    except SubmissionError as error:
        return refused(error, as_json=options.json, all_mistakes=True)
    except HostError as error:
        return hosts_fault(error, as_json=options.json)
    return answer(_report(checked)) if options.json else _show(checked)


def _report(checked: Checked) -> dict[str, Any]:
    return {"ok": True, "rows": checked.rows, "id": checked.id_column, "columns": list(checked.columns)}


def _show(checked: Checked) -> int:
    names = ", ".join(checked.columns)
    say(f"Nothing is wrong: {checked.rows:,} rows, the ids of the sample in column {checked.id_column}, and {names}.")
    return 0
