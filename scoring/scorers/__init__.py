"""What a task may be scored by beside the built-in metrics. Whoever runs one stands behind :class:`FunctionScorer`.

    kind `function`   a host's own ``score(solution, submission, row_id_column_name, **params)``, as on Kaggle

Such a file is a program. :mod:`scoring.scorers.function` runs it in a child process with limits, for a person who
trusts it; it is no sandbox, so the site does not use it and keeps tasks of this kind closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scoring.errors import HostError, shown
from scoring.jobs import ScoreResult

FUNCTION_KEY = "score"
"""The key of the one score that a function gives a split."""
FIELDS = {"id", "split", "source", "params", "greater_is_better"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLimits:
    """What a host's function may take up. ``processes`` counts threads too, and does not hold for root."""

    memory_mb: int = 4096
    wall_s: float = 600.0
    open_files: int = 256
    largest_file: int = 1 << 30
    processes: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionJob:
    """A submission to be scored by a host's function.

    Without ``id_column`` it is the one called id, or the solution's first; without ``split_column`` the one called
    Usage or split, if there is one. ``params`` hold values, or texts that are read as the function's annotations say.
    """

    metric: Path
    solution: Path
    submission: Path
    filename: str
    id_column: str | None = None
    split_column: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    limits: FunctionLimits = field(default_factory=FunctionLimits)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self) | {name: str(getattr(self, name)) for name in ("metric", "solution", "submission")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FunctionJob:
        """Read what ``to_dict`` wrote."""
        paths = {name: Path(data[name]) for name in ("metric", "solution", "submission")}
        return cls(**{**data, **paths, "limits": FunctionLimits(**data["limits"])})


class FunctionScorer(Protocol):
    """A place to run hosts' functions in."""

    def score(self, job: FunctionJob) -> ScoreResult:
        """Score ``job`` and return what became of it, whatever it was.

        Verdict ``rejected`` only for a file that cannot be read or aligned, and for an exception whose class is named
        ParticipantVisibleError; everything else that a function does is ``host_error``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """How a task is scored by a host's function, as the site keeps it: ``source`` is the file's text."""

    id: str
    source: str
    split: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    greater_is_better: bool = True

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FunctionSpec:
        """Read a spec. Raises HostError, which names the field and what is expected."""
        if not isinstance(data, Mapping) or set(data) - FIELDS:
            raise HostError("spec_invalid", f"A function's spec is an object with {', '.join(sorted(FIELDS))}.")
        for name in ("id", "source"):
            if not isinstance(data.get(name), str) or not data[name]:
                raise HostError("spec_invalid", f"{shown(name)} is missing, expected a text.")
        spec = cls(**data)
        if not isinstance(spec.split, str | None) or not isinstance(spec.params, Mapping):
            raise HostError("spec_invalid", "`split` is the name of a column, and `params` an object.")
        if not isinstance(spec.greater_is_better, bool):
            raise HostError("spec_invalid", "`greater_is_better` is `true` or `false`.")
        return spec
