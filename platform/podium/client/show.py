"""What people see: tables in a terminal, lines with tabs in a pipe, progress on standard error."""

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

import click


class Advance(Protocol):
    """Tells how many bytes are done by now."""

    def __call__(self, done: int) -> None:
        """Show it."""


def plain(value: object) -> str:
    """Return a value as text for a cell. What steers a terminal is taken out: names are other people's words."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") else one for one in str(value)).strip()


def when(text: str | None) -> str | None:
    """Return a time of the API as people read it: in UTC, to the minute."""
    if not text:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> None:
    """Print rows under a head; the columns in `numbers` are aligned to the right."""
    cells = [[plain(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(head), *cells]:
            click.echo("\t".join(line))
        return
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in head:
        shown.add_column(name, justify="right" if name in numbers else "left")
    for line in cells:
        shown.add_row(*(Text(cell) for cell in line))
    Console().print(shown)


@contextmanager
def progress(label: str, size: int, *, quiet: bool) -> Iterator[Advance]:
    """Show how far a transfer is, on standard error, if a person looks there."""
    if quiet or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(plain(label), total=size)
        yield lambda done: bars.update(bar, completed=done)


def note(text: str, *, quiet: bool = False) -> None:
    """Tell a person something on standard error."""
    if not quiet:
        click.echo(text, err=True)
