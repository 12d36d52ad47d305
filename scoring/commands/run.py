"""``python -m scoring run``: a submission of code, run on one's own machine as the site would run it.

Exit status: 0 predicted, 2 the submission's fault, 3 the data's or the environment's, 1 ours, 64 a wrong command line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.commands.answers import (
    HOST,
    OURS,
    SUBMISSION,
    Commands,
    UsageError,
    add_command,
    answer,
    error_object,
    failed,
    hosts_fault,
    say,
)

if TYPE_CHECKING:
    from scoring.environments import Environment
    from scoring.runners.predicting import Predicted, Predicting, PredictJob
    from scoring.sandbox.backend import Sandbox

RUN = (
    "Run a submission on a folder of data, as the site does: its code in a sandbox, where /input is the folder. "
    "The predictions that it writes come to --out."
)
KINDS = {".tar": "container", ".ipynb": "notebook", ".onnx": "model", ".skops": "model"}
STATUS = {"rejected": SUBMISSION, "host_error": HOST}
LOOK_S = 0.1
GRACE_S = 60


def add(commands: Commands) -> None:
    """Say what the command takes."""
    parser = add_command(commands, "run", run, help="run submitted code on a folder of data", description=RUN)
    parser.add_argument("submission", type=Path, help="a .zip or .py, an .ipynb, an .onnx or .skops")
    parser.add_argument("--input", required=True, type=Path, metavar="DIR", help="the data that it reads")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where predictions go (default: here)")
    parser.add_argument(
        "--kind", choices=("code", "notebook", "model", "container"), help="default: by the file's ending"
    )
    parser.add_argument("--expects", default="predictions.csv", metavar="NAME", help="the file that it is to write")
    parser.add_argument("--environment", default="here", metavar="NAME", help="default: here, this Python's packages")
    parser.add_argument("--environments", type=Path, metavar="DIR", help="where built environments are")
    parser.add_argument("--model", type=_object, metavar="JSON", help="how a model is fed, as the phase says it")
    parser.add_argument("--stream", type=_object, metavar="JSON", help="how data come in batches, as the phase says it")
    parser.add_argument("--wall", type=float, default=600, metavar="S", help="seconds it may take (default: 600)")
    parser.add_argument("--memory", type=int, default=2048, metavar="MB", help="MiB it may take (default: 2048)")
    parser.add_argument("--trust", action="store_true", help="without a sandbox: it may do all that you may")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("expected a JSON object")
    return value


def run(options: argparse.Namespace) -> int:
    """Run one submission."""
    from scoring.errors import HostError  # noqa: PLC0415 - each command loads what it needs

    if not options.submission.is_file():
        raise UsageError(f"There is no file {options.submission}.")
    if not options.input.is_dir():
        raise UsageError(f"--input {options.input} is not a folder.")
    try:
        environment, sandbox = _environment(options), _sandbox(trust=options.trust)
        with tempfile.TemporaryDirectory(prefix="podium-run-") as name:
            job = _job(options, environment, Path(name))
            return _tell(_followed(job, sandbox, quiet=options.json), job, options)
    except HostError as error:
        return hosts_fault(error, as_json=options.json)


def _environment(options: argparse.Namespace) -> Environment:
    from scoring.environments import find  # noqa: PLC0415

    root = options.environments or Path(os.environ.get("PODIUM_ENVIRONMENTS") or "var/environments")
    return find(root, options.environment)


def _sandbox(*, trust: bool) -> Sandbox:
    """Return the sandbox of this machine; without one only a person's word lets code run."""
    from scoring.runners.trusting import TrustedProcess  # noqa: PLC0415
    from scoring.sandbox.backend import sandbox_here  # noqa: PLC0415

    if trust:
        return TrustedProcess()
    sandbox = sandbox_here(os.environ.get("PODIUM_SANDBOX", ""))
    if not shutil.which("bwrap") and sandbox.name == "bubblewrap":
        raise UsageError(
            "There is no sandbox here: install bubblewrap (see `python -m scoring sandbox check`). "
            "If you trust this code, add --trust: it then runs with your rights, as any program of yours."
        )
    return sandbox


def _job(options: argparse.Namespace, environment: Environment, folder: Path) -> PredictJob:
    from scoring.runners.predicting import ModelSpec, PredictJob, StreamSpec  # noqa: PLC0415
    from scoring.sandbox.jobs import Limits  # noqa: PLC0415

    (folder / "out").mkdir()
    (folder / "log").touch(mode=0o600)
    try:
        limits = Limits(wall_s=options.wall, memory_mb=options.memory)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return PredictJob(
        kind=options.kind or KINDS.get(options.submission.suffix.lower(), "code"),
        submission=options.submission,
        filename=options.submission.name,
        input=options.input,
        out=folder / "out",
        environment=environment,
        limits=limits,
        expects=options.expects,
        model=ModelSpec.from_dict(options.model) if options.model is not None else None,
        stream=StreamSpec.from_dict(options.stream) if options.stream is not None else None,
        live=folder / "log",
    )


def _followed(job: PredictJob, sandbox: Sandbox, *, quiet: bool) -> Predicted:
    """Wait for the job, and show meanwhile what it prints."""
    from scoring.runners.predicting import start  # noqa: PLC0415

    running, seen = start(job, sandbox), 0
    try:
        while (predicted := running.wait(LOOK_S)) is None:
            seen += 0 if quiet else _show(job, seen)
        if not quiet:
            _show(job, seen)
        return predicted
    except BaseException:
        _stop(running)
        raise


def _stop(running: Predicting) -> None:
    running.cancel()
    running.wait(GRACE_S)


def _show(job: PredictJob, seen: int) -> int:
    """Print what is new in the log, and return how much that was."""
    from scoring.commands.sandbox import _harmless  # noqa: PLC0415

    if job.live is None:
        return 0
    with job.live.open("rb") as stream:
        stream.seek(seen)
        part = stream.read()
    sys.stderr.write(_harmless(part.decode(errors="replace")))
    sys.stderr.flush()
    return len(part)


def _tell(predicted: Predicted, job: PredictJob, options: argparse.Namespace) -> int:
    result = predicted.result
    used = {name: getattr(result, name) for name in ("wall_s", "cpu_s", "memory_mb")} if result else {}
    error = predicted.detail or predicted.error
    kept = _keep(predicted, options.out or Path.cwd())
    if predicted.verdict != "predicted":
        words: dict[str, Any] = {"code": "cancelled", "message": "It was stopped."}
        if error is not None:
            words = error_object(error.code, error.message, None, None)
        if predicted.verdict == "platform_error" and result is not None:
            words["message"] = f"The sandbox failed: {result.detail} See `python -m scoring sandbox check`."
        return failed(words, status=STATUS.get(predicted.verdict, OURS), as_json=options.json)
    report = {"verdict": predicted.verdict, "environment": job.environment.name, "sandbox": not options.trust}
    if options.json:
        return answer({**report, **used, **kept})
    say(f"{kept['predictions']}: predicted in {used.get('wall_s', 0):.1f} s.")
    return 0


def _keep(predicted: Predicted, out: Path) -> dict[str, str]:
    """Copy what is worth keeping to where the person wants it."""
    kept = {}
    for name, path in (("predictions", predicted.predictions), ("rendered", predicted.rendered)):
        if path is not None:
            out.mkdir(parents=True, exist_ok=True)
            place = out / (path.name if name == "predictions" else "notebook.html")
            shutil.copyfile(path, place)
            kept[name] = str(place)
    return kept
