"""What goes into the scoring process and what comes out, and how both become JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from scoring.errors import HostError, Mistake, SubmissionError
from scoring.evaluate import ScoreValue
from scoring.uncertainty import Uncertainty

Verdict = Literal["scored", "rejected", "host_error", "platform_error"]
DEFAULT_MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreJob:
    """One submission to be scored.

    ``reference_key`` is the SHA-256 of the reference's file, known to who stored it; together with the spec it names
    the prepared copy in the folder ``prepared``, which is made when it is not there.

    With ``hardened`` the process does not open the submission: it asks for a clean table (:mod:`scoring.canonical`).

    With ``measure``, a level like 0.95, the answer also says how sure the scores are; with ``evidence``, a folder, the
    arrays that comparisons with other submissions need are written there, one file for each key and split.
    """

    reference: Path
    reference_key: str
    prepared: Path
    submission: Path
    filename: str
    spec: Mapping[str, Any]
    max_bytes: int = DEFAULT_MAX_BYTES
    measure: float | None = None
    evidence: Path | None = None
    hardened: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        paths = {name: str(getattr(self, name)) for name in ("reference", "prepared", "submission")}
        return {
            **paths,
            "reference_key": self.reference_key,
            "filename": self.filename,
            "spec": dict(self.spec),
            "max_bytes": self.max_bytes,
            "measure": self.measure,
            "hardened": self.hardened,
            "evidence": None if self.evidence is None else str(self.evidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreJob:
        """Read what ``to_dict`` wrote."""
        paths = {name: Path(data[name]) for name in ("reference", "prepared", "submission")}
        evidence = data.get("evidence")
        return cls(**{**data, **paths, "evidence": None if evidence is None else Path(evidence)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreError:
    """Why there is no score. For verdict ``rejected`` the message is for the participant, otherwise for hosts or us."""

    code: str
    message: str
    row: int | None = None
    column: str | None = None
    mistakes: tuple[Mistake, ...] = ()
    """For ``rejected``: the first ten different mistakes, this one first."""

    @classmethod
    def of(cls, error: SubmissionError | HostError) -> ScoreError:
        """Return what an exception says."""
        if isinstance(error, HostError):
            return cls(code=error.code, message=error.message, row=error.row, column=error.column)
        first = error.first
        return cls(code=first.code, message=error.message, row=first.row, column=first.column, mistakes=error.mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreResult:
    """What became of a job.

    ``resources``: ``wall_s`` and ``cpu_s`` in seconds, ``memory_mb`` the peak in MiB. ``detail`` is for hosts' and
    operators' eyes: it may speak of the reference.
    """

    verdict: Verdict
    scores: tuple[ScoreValue, ...] = ()
    uncertainties: tuple[Uncertainty, ...] = ()
    error: ScoreError | None = None
    rows: int = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {
            **{name: getattr(self, name) for name in ("verdict", "rows", "detail")},
            **{name: dict(getattr(self, name)) for name in ("resources", "versions", "hashes")},
            "scores": [asdict(score) for score in self.scores],
            "uncertainties": [one.to_dict() for one in self.uncertainties],
            "error": None if self.error is None else asdict(self.error),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ScoreResult:
        """Read what ``to_dict`` wrote."""
        error = data["error"]
        if error is not None:
            error = ScoreError(**{**error, "mistakes": tuple(Mistake(**item) for item in error["mistakes"])})
        scores = tuple(ScoreValue(**score) for score in data["scores"])
        uncertainties = tuple(Uncertainty(**one) for one in data["uncertainties"])
        return cls(**{**data, "scores": scores, "uncertainties": uncertainties, "error": error})
