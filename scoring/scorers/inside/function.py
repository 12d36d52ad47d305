"""Runs a host's ``score()`` in a sandbox: the job lies in /input/job.json, the answer goes to /out/answer.

The sandbox holds the limits, so that none are set here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PACKAGES = "/podium"


def main() -> None:
    """Score the one job."""
    sys.path.append(PACKAGES)
    from scoring.scorers import FunctionJob  # noqa: PLC0415 - it is found only now
    from scoring.scorers.function_child import Answer, outcome  # noqa: PLC0415

    job = FunctionJob.from_dict(json.loads(Path("/input/job.json").read_text(encoding="utf-8")))
    answer = Answer(Path("/out/answer"))
    answer.add(result=outcome(job, answer=answer))


if __name__ == "__main__":
    main()
