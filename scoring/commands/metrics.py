"""``python -m scoring metrics [NAME]``: the metrics there are, or one in full."""

from __future__ import annotations

import argparse
import inspect
import re
from typing import TYPE_CHECKING, Any

from scoring.commands.answers import HOST, Commands, add_command, answer, console, failed, say, table

if TYPE_CHECKING:
    from scoring.metrics import Metric, Param

BETTER = {True: "higher", False: "lower"}


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
    rows = [(e.family, e.name, ", ".join(e.aliases), BETTER[e.greater_is_better], e.label) for e in entries]
    table(("Family", "Name", "Also called", "Better is", "What it is"), rows)
    say("One of them in full: python -m scoring metrics NAME")
    return 0


def _explain(entry: Metric, implied: dict[str, Any], *, called: str) -> None:
    out = console()
    out.print(f"{entry.label} ({entry.name})", style="bold", markup=False)
    if implied:
        out.print(f"{called} is {entry.name} with {_settings(implied)}.", markup=False)
    out.print("\n" + _plain(inspect.getdoc(entry.function) or ""), markup=False)
    facts = [
        ("better is", BETTER[entry.greater_is_better]),
        ("range", f"{entry.low:g} to {entry.high:g}"),
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
    return f"{entry.takes}, columns: {entry.columns}{roles}"


def _param(param: Param) -> tuple[str, str, str, str]:
    values = ", ".join(param.choices) if param.kind == "choice" else param.kind
    if param.kind == "number":
        values = f"{'a whole number' if param.whole else 'a number'}, {param.low:g} to {param.high:g}"
    return param.name, values, str(param.default), _plain(param.help)


def _plain(text: str) -> str:
    """Return a docstring without the marks of its language."""
    return re.sub(r":\w+:`([^`]*)`|``([^`]*)``", lambda found: found[1] or found[2], text)


def _settings(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items())


def _example(entry: Metric) -> str:
    roles = "".join(f" --{role} {role.upper()}" for role in entry.needs)
    files = "--solution solution.csv --submission mine.csv"
    return f"python -m scoring score --metric {entry.name} {files}{roles}"
