"""The child side of :mod:`scoring.process`: limits itself, says that it is ready, then scores one job a line.

Lines on standard output are JSON: ``{"ready": …}`` once, ``{"stage": …}`` while a job goes on, ``{"result": …}`` at its
end. Anything else that writes to standard output is turned to standard error, so it cannot break the conversation.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import os
import platform
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import IO, Any

from scoring.confinement import die_with, limit

OPEN_FILES = 256
LARGEST_FILE = 16 << 30


def main(arguments: list[str]) -> None:
    """Serve jobs until standard input ends. ``arguments``: the parent's process id and the memory limit in MiB."""
    parent, memory_mb = (int(argument) for argument in arguments)
    die_with(parent)
    limit(memory_mb=memory_mb, open_files=OPEN_FILES, largest_file=LARGEST_FILE)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _warm_up()
    gc.freeze()  # what is loaded now stays, so looking it over after every job would be time lost
    _say(out, ready=os.getpid())
    for line in iter(sys.stdin.readline, ""):
        _say(out, result=_serve(json.loads(line), out=out))
        gc.collect()


def _warm_up() -> None:
    from scoring.allocator import give_back_early  # noqa: PLC0415

    give_back_early()
    import pyarrow.compute  # noqa: PLC0415 - after the limits are set, before the first job waits for it
    import pyarrow.csv  # noqa: PLC0415
    import pyarrow.json  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415, F401

    import scoring.canonical.elsewhere  # noqa: PLC0415
    import scoring.evaluate  # noqa: PLC0415, F401
    from scoring.arrow import leave_pandas_alone  # noqa: PLC0415
    from scoring.metrics import registry  # noqa: PLC0415

    leave_pandas_alone()
    registry.load_all()


def _say(out: IO[str], **message: Any) -> None:
    out.write(json.dumps(message, allow_nan=False) + "\n")
    out.flush()


def _serve(data: dict[str, Any], *, out: IO[str]) -> dict[str, Any]:
    wall, cpu = time.monotonic(), time.process_time()
    _forget_peak()
    result = _outcome(data, out=out)
    result["resources"] = {
        "wall_s": round(time.monotonic() - wall, 6),
        "cpu_s": round(time.process_time() - cpu, 6),
        "memory_mb": _memory_mb("VmHWM"),
    }
    return {**result, "versions": versions(), "resident_mb": _memory_mb("VmRSS")}


def _outcome(data: dict[str, Any], *, out: IO[str]) -> dict[str, Any]:
    from scoring.errors import HostError, SubmissionError  # noqa: PLC0415
    from scoring.jobs import ScoreError, ScoreJob, ScoreResult  # noqa: PLC0415

    job = ScoreJob.from_dict(data)
    stages = Stages(out)
    try:
        return dict(score(job, stages=stages).to_dict())
    except SubmissionError as error:
        result = ScoreResult(verdict="rejected", error=ScoreError.of(error))
    except HostError as error:
        result = ScoreResult(verdict="host_error", error=ScoreError.of(error), detail=traceback.format_exc())
    except Exception as error:  # whatever it is, the answer must be one line that says so
        if _is_out_of_memory(error):
            result = stages.out_of_memory()
        else:
            failed = ScoreError(code="scorer_failed", message="The scorer stopped on an error of its own.")
            result = ScoreResult(verdict="platform_error", error=failed, detail=traceback.format_exc())
    return {**result.to_dict(), "hashes": hashes(job)}


def _is_out_of_memory(error: Exception) -> bool:
    # Mapping a file, and starting a thread, say it in their own ways.
    mapped = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or mapped or "can't start new thread" in str(error)


class Stages:
    """Tells the parent where a job stands, so that it is clear whose fault a crossed limit is."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self.now = "prepare"

    def begin(self, stage: str) -> None:
        """Say that ``stage`` begins: "prepare", "read", "score" or "measure"."""
        self.now = stage
        _say(self._out, stage=stage)

    def elsewhere(self) -> Any:
        """Return what opens the submission by asking the parent for its clean table."""
        from scoring.canonical.elsewhere import Elsewhere  # noqa: PLC0415

        return Elsewhere(say=lambda **message: _say(self._out, **message), hear=sys.stdin.readline)

    def out_of_memory(self) -> Any:
        """Return the result for a job that ran into the memory limit."""
        from scoring.limits import over_limit  # noqa: PLC0415

        return over_limit("memory", stage=self.now)


def score(job: Any, *, stages: Stages) -> Any:
    """Score one job. Raises SubmissionError and HostError."""
    from scoring.archives import Limits  # noqa: PLC0415
    from scoring.canonical.orders import open_here  # noqa: PLC0415
    from scoring.evaluate import evaluate  # noqa: PLC0415
    from scoring.jobs import ScoreResult  # noqa: PLC0415
    from scoring.reference import prepare  # noqa: PLC0415
    from scoring.spec import ScorerSpec  # noqa: PLC0415
    from scoring.tables import read_submission  # noqa: PLC0415

    stages.begin("prepare")
    spec = ScorerSpec.from_dict(job.spec)
    reference = prepare(job.reference, key=job.reference_key, folder=job.prepared, spec=spec)
    stages.begin("read")
    limits = Limits(max_bytes=job.max_bytes)
    opener = stages.elsewhere().open if job.hardened else open_here
    predictions = read_submission(
        job.submission, filename=job.filename, spec=spec, reference=reference, limits=limits, opener=opener
    )
    stages.begin("score")
    scores = evaluate(predictions, spec=spec, reference=reference)
    uncertainties: tuple[Any, ...] = ()
    if job.measure is not None:
        from scoring.uncertainty import measure  # noqa: PLC0415 - most jobs want the scores alone, at once

        stages.begin("measure")
        found = measure(predictions, spec=spec, reference=reference, scores=scores, level=job.measure)
        uncertainties = tuple(one.saved(job.evidence) for one in found)
    notes = "\n".join(f"{value.key}, {value.split}: {value.note}" for value in scores if value.note)
    return ScoreResult(
        verdict="scored",
        scores=scores,
        uncertainties=uncertainties,
        rows=predictions.rows,
        hashes=hashes(job),
        detail=notes,
    )


def hashes(job: Any) -> dict[str, str]:
    """Return what a score depends on, as SHA-256."""
    from scoring.spec import digest  # noqa: PLC0415

    known = {"reference": job.reference_key, "spec": digest(dict(job.spec))}
    try:
        with job.submission.open("rb") as stream:
            return {**known, "submission": hashlib.file_digest(stream, "sha256").hexdigest()}
    except OSError:
        return known


def versions() -> dict[str, str]:
    """Return the versions of everything that a number may depend on."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from scoring import __version__  # noqa: PLC0415

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "scoring": __version__,
        "machine": platform.machine(),
    }


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _memory_mb(name: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith(f"{name}:")), 0.0)
