"""How a task is scored by an ``evaluate()`` or a program, as the site keeps it.

A scorer is ``source``, the text of one file, or ``program``, the number of the dataset version that holds it. What it
gives is declared in ``leaderboard``, with ``split`` where it has a public and a private part: see :mod:`.keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.errors import HostError, listed, shown
from scoring.scorers.keys import Leaderboard, read_leaderboard

COMMON = {"source", "program", "leaderboard", "split"}
EVALUATE_FIELDS = COMMON | {"phase_codename"}
PROGRAM_FIELDS = COMMON | {"command", "ingestion", "ingestion_command", "input_data", "show_details"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateSpec:
    """EvalAI's ``evaluate()``. ``phase_codename`` is what it gets as such; empty: the phase's own short name."""

    leaderboard: Leaderboard
    source: str = ""
    program: int | None = None
    phase_codename: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EvaluateSpec:
        """Read a spec. Raises HostError, which names the field and what is expected."""
        _check(data, EVALUATE_FIELDS, texts=("source", "phase_codename"), versions=("program",))
        return cls(
            leaderboard=read_leaderboard(data),
            source=data.get("source", ""),
            program=data.get("program"),
            phase_codename=data.get("phase_codename", ""),
        )

    @property
    def versions(self) -> dict[str, int]:
        """The dataset versions that it names, by field."""
        return {} if self.program is None else {"program": self.program}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """Codabench's scoring program. ``show_details``: teams see the page that it writes about their submission."""

    leaderboard: Leaderboard
    source: str = ""
    program: int | None = None
    command: str = ""
    ingestion: int | None = None
    ingestion_command: str = ""
    input_data: int | None = None
    show_details: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ProgramSpec:
        """Read a spec. Raises HostError, which names the field and what is expected."""
        versions = ("program", "ingestion", "input_data")
        _check(data, PROGRAM_FIELDS, texts=("source", "command", "ingestion_command"), versions=versions)
        if not isinstance(data.get("show_details", False), bool):
            raise HostError("spec_invalid", "`show_details` is `true` or `false`.")
        leaderboard = read_leaderboard(data)
        if any("{key}" not in pattern for pattern in leaderboard.split.values()):
            message = (
                'In `split`, say how a key is written in scores.json: {"public": "{key}", "private": "{key}_private"}.'
            )
            raise HostError("spec_invalid", message)
        given = {name: value for name, value in data.items() if name not in {"leaderboard", "split"}}
        return cls(leaderboard=leaderboard, **given)

    @property
    def versions(self) -> dict[str, int]:
        """The dataset versions that it names, by field."""
        named = {"program": self.program, "ingestion": self.ingestion, "input_data": self.input_data}
        return {name: version for name, version in named.items() if version is not None}


def _check(data: Mapping[str, Any], known: set[str], *, texts: tuple[str, ...], versions: tuple[str, ...]) -> None:
    if not isinstance(data, Mapping) or set(data) - known:
        unknown = listed(sorted(set(data) - known)) if isinstance(data, Mapping) else "no object"
        raise HostError("spec_invalid", f"This spec has {unknown}; it may have {listed(sorted(known))}.")
    for name in texts:
        if not isinstance(data.get(name, ""), str):
            raise HostError("spec_invalid", f"{shown(name)} is a text.")
    for name in versions:
        value = data.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise HostError("spec_invalid", f"{shown(name)} is the number of a dataset version.")
    if bool(data.get("source")) == (data.get("program") is not None):
        raise HostError("spec_invalid", "Give the scorer as `source`, or as `program`: upload its file below.")
