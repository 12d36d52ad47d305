"""``python -m scoring sandbox check`` and ``sandbox run``: what isolation this machine offers, and one job in it.

Exit status of ``check``: 0 where jobs may run here, 1 where not. Of ``run``: 0 where the job's verdict is ok, 2 where
it is the job's own fault, 1 where it is ours, 64 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.commands.answers import (
    OURS,
    SUBMISSION,
    Commands,
    UsageError,
    add_command,
    answer,
    say,
    table,
)
from scoring.sandbox.backend import BACKENDS, DEFAULT, sandbox_here

if TYPE_CHECKING:
    from scoring.sandbox.backend import Sandbox
    from scoring.sandbox.jobs import Canary, Isolation, JobSpec, Result

CHECK = "Try what a sandbox must hold back here, canary by canary, and say what to install where one got out."
RUN = "Run a command in a sandbox: /code and /input are read-only, what it leaves in /out is collected."


def add(commands: Commands) -> None:
    """Say what the commands take."""
    parser = commands.add_parser("sandbox", help="run a program in a sandbox, or see whether one works here")
    inner = parser.add_subparsers(metavar="COMMAND", required=True)
    looked = add_command(inner, "check", check, help="say what isolation this machine offers", description=CHECK)
    job = add_command(inner, "run", run, help="run one command in a sandbox", description=RUN)
    for which in (looked, job):
        which.add_argument("--backend", default=DEFAULT, choices=BACKENDS, help=f"by which (default: {DEFAULT})")
        which.add_argument("--image", metavar="NAME", help="the image that jobs run in, by any other backend")
        which.add_argument("--runtime", metavar="NAME", help="another runtime of a container engine, such as runsc")
    job.add_argument("--code", required=True, type=Path, metavar="DIR", help="the folder that is /code inside")
    job.add_argument("--input", required=True, type=Path, metavar="DIR", help="the folder that is /input inside")
    job.add_argument("--out", required=True, type=Path, metavar="DIR", help="where collected files go")
    job.add_argument("--wall", type=float, default=600, metavar="S", help="seconds it may take (default: 600)")
    job.add_argument("--memory", type=int, default=2048, metavar="MB", help="MiB it may take (default: 2048)")
    job.add_argument("--pids", type=int, default=128, metavar="N", help="processes and threads (default: 128)")
    job.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD …", help="the command and its arguments")


def check(options: argparse.Namespace) -> int:
    """Say what isolation there is."""
    isolation = _sandbox(options).probe()
    if options.json:
        answer(isolation.to_dict())
    else:
        _show_isolation(isolation)
    return 0 if isolation.holds else OURS


def _show_isolation(isolation: Isolation) -> None:
    rows = [(item.name, _word(item), item.seen) for item in isolation.canaries]
    table(("Canary", "", "What was seen"), rows)
    users = {
        "pool": "a user id of their own",
        "caller": "your own user id, inside a user namespace",
        "engine": "one user id for all, without rights",
    }
    if isolation.holds:
        say(f"Jobs may run here: {isolation.backend}, memory by {isolation.memory}, {users[isolation.user]}.")
        return
    say("No job runs here until this is mended:")
    for item in dict.fromkeys(canary.mend for canary in isolation.canaries if not canary.held):
        say(f"  {item.rstrip('.')}.")


def _word(canary: Canary) -> str:
    if canary.name in {*BACKENDS, "image", "start"}:
        return "works" if canary.held else "fails"
    return "held" if canary.held else "GOT OUT"


def run(options: argparse.Namespace) -> int:
    """Run one job."""
    spec, sandbox = _spec(options), _sandbox(options)
    result = sandbox.run(spec)
    if options.json:
        answer(result.to_dict())
    else:
        _show(result, spec)
    if result.verdict == "ok":
        return 0
    return OURS if result.verdict == "sandbox_error" else SUBMISSION


def _spec(options: argparse.Namespace) -> JobSpec:
    from scoring.sandbox.bubblewrap import base_python  # noqa: PLC0415
    from scoring.sandbox.jobs import JobSpec, Limits  # noqa: PLC0415

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise UsageError("Say what to run: sandbox run --code DIR --input DIR --out DIR -- CMD …")
    for name in ("code", "input"):
        if not getattr(options, name).is_dir():
            raise UsageError(f"--{name} {getattr(options, name)} is not a folder.")
    try:
        limits = Limits(wall_s=options.wall, memory_mb=options.memory, pids=options.pids)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return JobSpec(
        command=tuple(command),
        code=options.code,
        input=options.input,
        out=options.out,
        limits=limits,
        trees=base_python() if options.backend == DEFAULT else (),
    )


def _sandbox(options: argparse.Namespace) -> Sandbox:
    chosen = {name: getattr(options, name) for name in ("image", "runtime") if getattr(options, name)}
    if chosen and options.backend == DEFAULT:
        raise UsageError(f"--{next(iter(chosen))} is for another --backend: {DEFAULT} runs what this machine has.")
    return sandbox_here(options.backend, **chosen)


def _show(result: Result, spec: JobSpec) -> None:
    sys.stdout.write(_harmless(result.stdout))
    sys.stderr.write(_harmless(result.stderr))
    for item in result.refused:
        say(f"refused {item.path}: {item.reason}")
    for found in result.collected:
        say(f"{spec.out / found.path}: {found.size:,} bytes")
    how = f", exit status {result.exit_code}" if result.exit_code else ""
    how += f", signal {result.signal}" if result.signal else ""
    say(f"{result.verdict}{how}: {result.wall_s:.2f} s, {result.cpu_s:.2f} s CPU, {result.memory_mb:.0f} MiB")
    if result.detail:
        sys.stderr.write(f"{result.detail}\n")


def _harmless(text: str) -> str:
    """Return a job's words without what would steer a terminal."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
