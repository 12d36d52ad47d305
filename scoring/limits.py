"""What it means when a job passes its limits, and whose fault that is."""

from __future__ import annotations

from typing import Literal

from scoring.errors import TOO_LARGE
from scoring.jobs import ScoreError, ScoreResult

WORDS = {"memory": "more memory", "time": "more time"}


def over_limit(limit: Literal["memory", "time"], *, stage: str, detail: str = "") -> ScoreResult:
    """Return the result for a job that passed its limit of memory or time while in ``stage``.

    While the reference is prepared it is the hosts' matter; after that, the submission is what differs. How sure a
    score is, we alone want to know.
    """
    if stage in {"begin", "prepare"}:
        error = ScoreError(
            code="reference_too_large", message=f"Preparing the reference took {WORDS[limit]} than it may."
        )
        return ScoreResult(verdict="host_error", error=error, detail=detail)
    if stage == "measure":
        error = ScoreError(code="measure_too_large", message=f"Measuring the scores took {WORDS[limit]} than it may.")
        return ScoreResult(verdict="platform_error", error=error, detail=detail)
    return ScoreResult(verdict="rejected", error=_refusal(limit), detail=detail)


def crashed(*, stage: str, how: str, detail: str = "") -> ScoreResult:
    """Return the result for a child that ended by itself: our fault."""
    message = "The scoring process ended before it had an answer. That is not the file's fault."
    error = ScoreError(code="scorer_crashed", message=message)
    return ScoreResult(verdict="platform_error", error=error, detail=f"{how} in stage {stage}.\n{detail}".strip())


def _refusal(limit: str) -> ScoreError:
    if limit == "memory":
        return ScoreError(code="too_large", message=TOO_LARGE)
    message = "Reading this file took longer than a submission may take. Send a plain CSV or Parquet file."
    return ScoreError(code="too_slow", message=message)
