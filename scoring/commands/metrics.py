"""``python -m scoring metrics [NAME]``: the metrics there are, or one in full."""

from __future__ import annotations

import argparse
import inspect
import math
import re
from typing import TYPE_CHECKING, Any

from scoring.commands.answers import HOST, Commands, add_command, answer, console, failed, say, table

if TYPE_CHECKING:
    from scoring.metrics import Metric, Param
    from scoring.metrics.registry import Columns

BETTER = {True: "higher", False: "lower"}
COLUMNS: dict[Columns, str] = {
    "one": "one column",
    "classes": "one column, or one for each class",
    "labels": "one column for each label",
    "outputs": "one column or more",
    "bounds": "two columns, lower and upper bound",
    "members": "two columns or more",
    "moments": "two columns, mean and standard deviation",
}
WIDE = 120
"""Columns of a terminal from which on families and other names find room beside the names."""
BEGINS = re.compile(r"(>>>|\.\.\.|- |[A-Z][a-z]+:)")
"""What begins a line of its own in a docstring."""


def add(commands: Commands) -> None:
    """Say what the command takes."""
    words = "list the metrics, or explain one"
    parser = add_command(commands, "metrics", run, help=words, description=f"{words.capitalize()}.")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a metric's name or alias, to see it in full")


def run(options: argparse.Namespace) -> int:
    """List the metrics, or explain one."""
    from scoring.metrics import MetricError, find, registry  # noqa: PLC0415 - each command loads what it needs

    if options.name is None:
        return _list(sorted(registry, key=lambda entry: (entry.family, entry.name)), as_json=options.json)
    try:
        entry, implied = find(options.name)
    except MetricError as error:
        return failed({"code": "metric_invalid", "message": str(error)}, status=HOST, as_json=options.json)
    if options.json:
        about = {"description": inspect.getdoc(entry.function) or "", "example": _example(entry)}
        return answer({"metric": {**entry.to_dict(), **about}, "params": implied})
    _explain(entry, implied, called=options.name)
    return 0


def _list(entries: list[Metric], *, as_json: bool) -> int:
    if as_json:
        return answer({"metrics": [entry.to_dict() for entry in entries]})
    head, rows = ["Name", "Better", "What it is"], [[e.name, BETTER[e.greater_is_better], e.label] for e in entries]
    if console().width >= WIDE:
        head = ["Family", *head, "Also called"]
        rows = [[e.family, *row, ", ".join(e.aliases)] for e, row in zip(entries, rows, strict=True)]
    table(head, rows, whole=head.index("Name"))
    say("One of them in full, with its other names: python -m scoring metrics NAME")
    return 0


def _explain(entry: Metric, implied: dict[str, Any], *, called: str) -> None:
    out = console()
    out.print(f"{entry.label} ({entry.name})", style="bold", markup=False)
    if implied:
        out.print(f"{called} is {entry.name} with {_settings(implied)}.", markup=False)
    out.print("\n" + _plain(inspect.getdoc(entry.function) or ""), markup=False)
    facts = [
        ("better is", BETTER[entry.greater_is_better]),
        ("range", _range(entry.low, entry.high)),
        ("takes", _takes(entry)),
        ("also called", ", ".join(entry.aliases) or "nothing else"),
        ("sample weights", "yes" if entry.weights else "no"),
        ("intervals", "closed form" if entry.influence is not None else "bootstrap"),
    ]
    if entry.extra:
        facts.append(("needs", f"pip install 'podium[{entry.extra}]'"))
    table(("", ""), facts)
    if entry.params:
        table(("Parameter", "Values", "Default", "Means"), [_param(param) for param in entry.params])
    out.print(_example(entry), markup=False, soft_wrap=True)


def _takes(entry: Metric) -> str:
    roles = f"; columns for {', '.join(entry.needs)}" if entry.needs else ""
    return f"{entry.takes}, in {COLUMNS[entry.columns]}{roles}"


def _param(param: Param) -> tuple[str, str, str, str]:
    values = ", ".join(param.choices) if param.kind == "choice" else param.kind
    if param.kind == "number":
        values = f"{'a whole number' if param.whole else 'a number'}, {_range(param.low, param.high)}"
    return param.name, values, str(param.default), _plain(param.help)


def _plain(text: str) -> str:
    """Return a docstring without the marks of its language, each paragraph on one line."""
    text = re.sub(r":\w+:`([^`]*)`|``([^`]*)``", lambda found: found[1] or found[2], text)
    return "\n\n".join(block if ">>>" in block else _unwrapped(block) for block in text.split("\n\n"))


def _unwrapped(block: str) -> str:
    lines: list[str] = []
    for line in block.splitlines():
        if lines and not BEGINS.match(line.lstrip()):
            lines[-1] = f"{lines[-1]} {line.strip()}"
        else:
            lines.append(line)
    return "\n".join(lines)


def _range(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{low:g} or more"
    return f"at most {high:,.10g}" if math.isinf(low) else f"{low:,.10g} to {high:,.10g}"


def _settings(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items())


def _example(entry: Metric) -> str:
    roles = "".join(f" --{role} {role.upper()}" for role in entry.needs)
    files = "--solution solution.csv --submission mine.csv"
    return f"python -m scoring score --metric {entry.name} {files}{roles}"
