"""``python -m scoring``: metrics, the score of a file, submitted code, a program in a sandbox, all without a site.

Exit status: 0 scored, 2 the submission's fault, 3 the solution's or the metric's, 64 a wrong command line, 1 ours.
With ``--json`` exactly one object is printed, on one line, last on standard output.
"""

from __future__ import annotations

from collections.abc import Sequence

from scoring.commands import check, metrics, run, sandbox, score
from scoring.commands.answers import OURS, USAGE, Parser, UsageError, failed


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    arguments = list(arguments)
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = "--json" in own
    try:
        options = _parser().parse_args(arguments)
        status: int = options.run(options)
    except UsageError as error:
        return failed({"code": "usage", "message": str(error)}, status=USAGE, as_json=as_json)
    except Exception as error:  # the contract: one object and status 1, whatever went wrong
        message = f"{type(error).__name__}: {error}"
        return failed({"code": "internal", "message": message}, status=OURS, as_json=as_json)
    return status


def _parser() -> Parser:
    parser = Parser(prog="python -m scoring", description="Score files by metrics.", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (metrics, score, check, run, sandbox):
        command.add(commands)
    return parser
