"""How a command answers: exit status, one JSON object, or a table for people."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:
    from scoring.errors import HostError, SubmissionError

OURS, SUBMISSION, HOST, USAGE = 1, 2, 3, 64
PIPE_WIDTH = 160
LONG_BYTES = 50 << 20
"""From this size on, reading a file takes long enough to show that something goes on."""
Commands = Any
"""What ``ArgumentParser.add_subparsers`` returns; its type has no public name."""


class UsageError(Exception):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are raised."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}. See `{self.prog} --help`.")


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], *, help: str, description: str
) -> argparse.ArgumentParser:
    """Add a command, with the option that all have."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=description, allow_abbrev=False)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print one JSON object, on one line")
    return parser


def answer(report: dict[str, Any]) -> int:
    """Print ``report`` as the one object, and return status 0."""
    say(json.dumps(report, ensure_ascii=False))
    return 0


def failed(error: dict[str, Any], *, status: int, as_json: bool, more: str = "") -> int:
    """Report an error and return ``status``; ``more`` is for people alone."""
    if as_json:
        say(json.dumps({"error": error}, ensure_ascii=False))
    else:
        sys.stderr.write(f"{error['message']}\n{more}")
    return status


def refused(error: SubmissionError, *, as_json: bool, all_mistakes: bool = False) -> int:
    """Report what is wrong with a submission: as JSON the first mistake, or ``all_mistakes``; people see all."""
    first = error.first
    words = error_object(first.code, error.message, first.row, first.column)
    if as_json and all_mistakes:
        words["mistakes"] = [
            error_object(item.code, item.message, item.row, item.column) | {"count": item.count}
            for item in error.mistakes
        ]
    if not as_json and len(error.mistakes) > 1:
        words["message"] = "\n".join(_counted(item.message, item.count) for item in error.mistakes)
    return failed(words, status=SUBMISSION, as_json=as_json)


def _counted(message: str, count: int) -> str:
    same = f" {count - 1:,} more {'has' if count == 2 else 'have'} this mistake." if count > 1 else ""
    return f"{message}{same}"


def hosts_fault(error: HostError, *, as_json: bool) -> int:
    """Report what is wrong with solution, sample or metric."""
    words = error_object(error.code, error.message, error.row, error.column)
    return failed(words, status=HOST, as_json=as_json)


def error_object(code: str, message: str, row: int | None, column: str | None) -> dict[str, Any]:
    """Return an error as the contract has it: no key for what is not known."""
    where = {"row": row, "column": column}
    return {"code": code, "message": message, **{name: value for name, value in where.items() if value is not None}}


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = (), whole: int | None = None
) -> None:
    """Print a table; columns at the positions ``numbers`` are set to the right, the one at ``whole`` is not folded."""
    from rich import box  # noqa: PLC0415 - 100 ms that --json does not pay for
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=box.SIMPLE_HEAD, header_style="bold cyan")
    for position, name in enumerate(head):
        justify: Literal["left", "right"] = "right" if position in numbers else "left"
        drawn.add_column(name, overflow="fold", justify=justify, no_wrap=position == whole)
    for row in rows:
        drawn.add_row(*map(Text, row))
    console().print(drawn)


def console() -> Any:
    """Return a rich console: colours on a terminal only, and none where NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415

    # A pipe has no width; names must come out whole there, for grep.
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


Step = Callable[[str], None]


@contextlib.contextmanager
def progress(steps: int, *, shown: bool) -> Iterator[Step]:
    """Show a bar of ``steps`` on standard error while the block runs, on a terminal and where ``shown``.

    Yields what to call when a step begins, with its name.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps, completed=-1)

        def begin(name: str) -> None:
            bar.update(task, description=name, advance=1)

        yield begin
