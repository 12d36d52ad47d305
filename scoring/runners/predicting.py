"""From a submission and a folder of data to predictions, in a sandbox: one path for the site and for one's own machine.

What was sent is unpacked beside ``out``, a runner of ``inside`` is started on it, and what became of it is told in one
:class:`Predicted`. Three parties may be at fault, and are never mixed: the participant (rejected), the host (the phase
asks for what its environment lacks, or its data are wrong), and we (the sandbox).
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scoring.environments import Environment
from scoring.errors import HostError, SubmissionError
from scoring.fitting import in_environment
from scoring.jobs import ScoreError
from scoring.requirements import check_requirements, read_requirements
from scoring.runners.entries import Unpacked, unpack
from scoring.runners.images import sandbox_of
from scoring.runners.notebooks import rendered
from scoring.runners.reports import why
from scoring.runners.specs import ModelSpec, StreamSpec
from scoring.runners.streaming import Gateway, Refusal
from scoring.sandbox.backend import Running, Sandbox
from scoring.sandbox.jobs import JobSpec, Limits, Result, Tree, Verdict
from scoring.sandbox.watching import CANCELLED, SandboxError

__all__ = ["ModelSpec", "PredictJob", "Predicted", "Predicting", "StreamSpec", "start"]

Kind = Literal["code", "notebook", "model", "container"]
Outcome = Literal["predicted", "rejected", "host_error", "platform_error", "cancelled"]

RUNNER = "/runner"
INSIDE = Path(__file__).parent / "inside"
NOTEBOOK_PACKAGES = ("nbclient", "nbconvert", "ipykernel")
THE_SANDBOX = ScoreError(code="sandbox_error", message="The sandbox failed. That is our fault: it will be run again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictJob:
    """One submission to be run on one folder of data. ``out`` is an empty folder; what is needed lies beside it."""

    kind: Kind | str
    submission: Path
    filename: str
    input: Path
    out: Path
    environment: Environment
    limits: Limits = field(default_factory=Limits)
    expects: str = "predictions.csv"
    model: ModelSpec | None = None
    stream: StreamSpec | None = None
    command: tuple[str, ...] | None = None
    """What the phase runs instead of predict.py or main.py; ``$input`` and ``$output`` in it are the paths."""
    live: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What became of a job.

    ``error`` is for participants, also where their data is hidden. ``detail`` says more, with the line of their own
    file: for when the log may be shown. ``rendered`` is an executed notebook as HTML without anything active.
    """

    verdict: Outcome
    predictions: Path | None = None
    error: ScoreError | None = None
    detail: ScoreError | None = None
    result: Result | None = None
    rendered: Path | None = None


class Predicting:
    """A job under way, or one that could not begin. It must be waited for."""

    def __init__(self, work: Callable[[Predicting], Predicted]) -> None:
        self._work = work
        self._running: Running | None = None
        self._cancelled = False
        self._lock = threading.Lock()
        self._done: Predicted | BaseException | None = None
        self._thread = threading.Thread(target=self._go, name="predicting", daemon=True)
        self._thread.start()

    def _go(self) -> None:
        try:
            self._done = self._work(self)
        except SubmissionError as error:
            said = ScoreError.of(error)
            self._done = Predicted(verdict="rejected", error=said, detail=said)
        except HostError as error:
            self._done = Predicted(verdict="host_error", error=ScoreError.of(error), detail=ScoreError.of(error))
        except BaseException as error:
            self._done = error

    def cancel(self) -> None:
        """Let the job be killed now."""
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for its end."""
        return self._cancelled

    def begin(self, sandbox: Sandbox, spec: JobSpec) -> Running:
        """Start the sandbox's part; where the job was cancelled meanwhile, it is killed at once."""
        running = sandbox.start(spec)
        with self._lock:
            self._running = running
            if self._cancelled:
                running.cancel()
        return running

    def wait(self, timeout: float) -> Predicted | None:
        """Return what became of it, or None where it is not known after ``timeout`` seconds."""
        self._thread.join(timeout)
        if isinstance(self._done, BaseException):
            raise self._done
        return self._done


def start(job: PredictJob, sandbox: Sandbox) -> Predicting:
    """Start a job in a sandbox. What is wrong with what was sent, or with the phase, is told by ``wait()``."""
    return Predicting(lambda predicting: _predict(job, sandbox, predicting))


def _predict(job: PredictJob, sandbox: Sandbox, predicting: Predicting) -> Predicted:
    if job.kind == "container":
        return _predict_by_image(job, sandbox, predicting)
    beside = Path(tempfile.mkdtemp(prefix=".run-", dir=job.out.parent))
    try:
        _check_phase(job)
        sandbox = in_environment(job.environment, sandbox)
        sent = unpack(
            job.submission,
            filename=job.filename,
            kind=job.kind,
            target=beside / "code",
            command=job.command is not None,
        )
        _check_sent(job, sent)
        gateway = Gateway(job.stream, job.input, beside, limits=job.limits) if job.stream else None
        spec = _spec(job, sent, input=gateway.input if gateway else job.input)
        running = predicting.begin(sandbox, spec)
        refusal = gateway.feed(running) if gateway else None
        result = running.wait()
        return _told(job, sent.files, result, cancelled=predicting.cancelled, gateway=gateway, refusal=refusal)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _predict_by_image(job: PredictJob, sandbox: Sandbox, predicting: Predicting) -> Predicted:
    if job.stream is not None:
        raise HostError("stream_kind", "The phase feeds its data in batches, which only code can answer.")
    spec = JobSpec(
        command=job.command or (),
        input=job.input,
        out=job.out,
        limits=job.limits,
        environment=places(job),
        expects=(job.expects,),
        live=job.live,
    )
    try:
        with sandbox_of(job.submission, sandbox, wall_s=job.limits.wall_s) as engine:
            result = predicting.begin(engine, spec).wait()
    except SandboxError as error:
        return Predicted(
            verdict="platform_error", error=THE_SANDBOX, result=Result(verdict=Verdict.SANDBOX_ERROR, detail=str(error))
        )
    return _told(job, frozenset(), result, cancelled=predicting.cancelled)


def places(job: PredictJob) -> dict[str, str]:
    """Return the variables that say where things are."""
    return {"PODIUM_INPUT": "/input", "PODIUM_OUTPUT": f"/out/{job.expects}", "PYTHONUNBUFFERED": "1"}


def _check_phase(job: PredictJob) -> None:
    """Raise HostError where the phase asks for what cannot be."""
    if job.kind == "model" and job.model is None:
        raise HostError("model_missing", "The phase takes models, but does not say which columns go in (`model`).")
    if job.kind == "notebook":
        job.environment.need(*NOTEBOOK_PACKAGES, what="A notebook")
    if job.stream is not None and job.kind != "code":
        raise HostError("stream_kind", "The phase feeds its data in batches, which only code can answer.")
    if job.stream is not None and not job.expects.endswith(".csv"):
        raise HostError("stream_output", "The phase feeds its data in batches, so its predictions are a .csv file.")
    if job.kind not in {"code", "notebook", "model"}:
        raise HostError("kind", f"Submissions of the kind {job.kind} cannot be run in this way.")


def _check_sent(job: PredictJob, sent: Unpacked) -> None:
    if job.kind == "model":
        library = "onnxruntime" if sent.entry.lower().endswith(".onnx") else "skops"
        job.environment.need(library, "pandas", what="This model")
    check_requirements(read_requirements(sent.folder), job.environment)


def _spec(job: PredictJob, sent: Unpacked, *, input: Path) -> JobSpec:
    return JobSpec(
        command=_command(job, sent),
        code=sent.folder,
        input=input,
        out=job.out,
        limits=job.limits,
        trees=(*job.environment.trees(), Tree(source=INSIDE, target=RUNNER)),
        environment=places(job),
        expects=() if job.stream else (job.expects,),
        channel=job.stream is not None,
        live=job.live,
    )


def _command(job: PredictJob, sent: Unpacked) -> tuple[str, ...]:
    python, target = job.environment.python, f"/out/{job.expects}"
    if job.command is not None:
        known = {"$input": "/input", "$output": target, "python": python, "python3": python}
        return tuple(known.get(word, word) for word in job.command)
    script, *more = {
        "code": ("run_stream.py",) if job.stream else ("run_code.py", "/input"),
        "notebook": ("run_notebook.py",),
        "model": ("run_model.py", "/input"),
    }[job.kind]
    words = (python, "-I", "-u", f"{RUNNER}/{script}", "/code", sent.entry, *more, "/out", job.expects)
    if job.stream is not None:
        return (*words, job.stream.id_column)
    return (*words, json.dumps(job.model.to_dict())) if job.kind == "model" and job.model else words


def _told(
    job: PredictJob,
    files: frozenset[str],
    result: Result,
    *,
    cancelled: bool,
    gateway: Gateway | None = None,
    refusal: Refusal | None = None,
) -> Predicted:
    shown = rendered(job.out) if job.kind == "notebook" else None
    if refusal is not None and not cancelled and _decides(refusal, result):
        return Predicted(verdict="rejected", error=refusal.error, detail=refusal.detail, result=result)
    if result.verdict == Verdict.SANDBOX_ERROR:
        verdict: Outcome = "cancelled" if cancelled else "platform_error"
        return Predicted(verdict=verdict, error=None if cancelled else THE_SANDBOX, result=result)
    if result.verdict == Verdict.OK:
        place = job.out / job.expects
        if gateway is not None:
            gateway.keep(place)
        return Predicted(verdict="predicted", predictions=place, result=result, rendered=shown)
    found = why(
        result,
        out=job.out,
        expects=job.expects,
        limits=job.limits,
        files=files,
        runner=job.command is None and job.kind != "container",
    )
    return Predicted(verdict="rejected", error=found.error, detail=found.detail, result=result, rendered=shown)


def _decides(refusal: Refusal, result: Result) -> bool:
    """Return whether the gateway says why it ended, or how the job ended does."""
    if result.verdict == Verdict.SANDBOX_ERROR:
        return refusal.stopped and result.detail == CANCELLED
    if result.verdict == Verdict.OK:
        return True
    return refusal.stopped and result.verdict == Verdict.RUNTIME_ERROR
