"""`manage.py doctor`: what this installation has and lacks."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from podium.core.console import coloured
from podium.core.doctor import MISSING, OK, WARN, Finding, examine

SIGNS = {OK: ("✓", "worker"), WARN: ("!", "warning"), MISSING: ("✗", "error")}


class Command(BaseCommand):
    """Prints one line a finding; ends with 1 where something is missing."""

    help = "Say what this installation has and what it lacks, each with the one command to mend it."
    requires_system_checks: list[str] = []  # they are among the findings

    def add_arguments(self, parser: CommandParser) -> None:
        """For people, or for programs."""
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        """Print the findings."""
        findings = examine()
        healthy = all(finding.state != MISSING for finding in findings)
        self.stdout.write(_as_json(findings, healthy=healthy) if json else _as_table(findings, healthy=healthy))
        if not healthy:
            sys.exit(1)


def _as_json(findings: list[Finding], *, healthy: bool) -> str:
    return json.dumps({"healthy": healthy, "findings": [finding.as_dict() for finding in findings]})


def _as_table(findings: list[Finding], *, healthy: bool) -> str:
    width = max(len(finding.name) for finding in findings)
    lines = [line for finding in findings for line in _as_lines(finding, width=width)]
    verdict = "Nothing that a site needs is missing." if healthy else "Something that a site needs is missing."
    return "\n".join([*lines, "", verdict])


def _as_lines(finding: Finding, *, width: int) -> list[str]:
    sign, colour = SIGNS[finding.state]
    lines = [f"{coloured(f'{sign} {finding.state:<7}', colour)}  {finding.name:<{width}}  {finding.text}"]
    if finding.mend:
        lines.append(" " * (width + 13) + "→ " + finding.mend)
    return lines
