"""What a sandbox is asked, and what it answers."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KIB, MIB = 1 << 10, 1 << 20
LEAST_MEMORY_MB = 8
"""What the sandbox itself takes, and a little."""


class Verdict(enum.StrEnum):
    """How a job ended: a closed set."""

    OK = "ok"
    RUNTIME_ERROR = "runtime_error"
    """The command did not end with exit status 0, or is not there."""
    TIME = "time"
    """More wall time or CPU time than it may."""
    MEMORY = "memory"
    OUTPUT = "output"
    """More bytes or files in /out, or more on a stream, than it may."""
    MISSING_OUTPUT = "missing_output"
    """A file that the job was to leave is not among the collected ones."""
    SANDBOX_ERROR = "sandbox_error"
    """Our fault: to be repeated, and costs no quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a job may use."""

    wall_s: float = 600
    cpus: float = 1
    cpu_s: float | None = None
    """CPU seconds of all processes together; by default the wall time on every CPU."""
    memory_mb: int = 2048
    """MiB of all processes and of every tmpfs together."""
    pids: int = 128
    """Processes and threads at one time."""
    open_files: int = 1024
    output_bytes: int = 256 * MIB
    output_files: int = 1000
    scratch_bytes: int = 512 * MIB
    """Size of /tmp, and of /dev/shm."""
    stream_bytes: int = MIB
    """What may be written to standard output, and to standard error, before the job is killed."""
    stream_kept: int = 64 * KIB
    """How many of these bytes the result keeps: the last ones."""

    @property
    def cpu_time_s(self) -> float:
        """CPU seconds of all processes together, said or not."""
        return self.wall_s * max(1, self.cpus) if self.cpu_s is None else self.cpu_s

    def __post_init__(self) -> None:
        """Refuse limits that are none."""
        for name, value in asdict(self).items():
            least = LEAST_MEMORY_MB if name == "memory_mb" else 0
            if value is not None and not least < value < math.inf:
                raise ValueError(f"{name} must be more than {least}, not {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder of the host that the job sees, read-only: an environment with its packages, for one."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job. Inside, ``code`` is /code and ``input`` is /input, read-only; what it leaves in /out goes to ``out``.

    ``inputs`` are more folders like ``input``, each by the path that it has inside. Links in all of them are left out.
    ``links`` are made inside: a path, and what it points to, for programs that know other places than ours.
    ``expects`` names files that must be there for the job to be ok.
    """

    command: tuple[str, ...]
    out: Path
    code: Path | None = None
    input: Path | None = None
    limits: Limits = Limits()
    trees: tuple[Tree, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    expects: tuple[str, ...] = ()
    folder: str = "/code"
    """Where the command starts: /code, /input, /out or /tmp."""
    inputs: Mapping[str, Path] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    channel: bool = False
    """Whether standard input and output are one stream socket, whose other end the caller has. Without it the first is
    empty and the second is kept. What speaks through it is to move it away at once, and let prints go to the third."""
    live: Path | None = None
    """A file that gets what the job prints, while it runs: at most ``stream_bytes`` of both streams together."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, with absolute paths."""
        return {
            **asdict(self),
            "inputs": {path: str(folder.resolve()) for path, folder in self.inputs.items()},
            "live": str(self.live.absolute()) if self.live else None,
            "out": str(self.out.resolve()),
            "code": str(self.code.resolve()) if self.code else None,
            "input": str(self.input.resolve()) if self.input else None,
            "trees": [[str(tree.source.resolve()), tree.target] for tree in self.trees],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A file that lies in the caller's folder now."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Something in /out that was not collected. The reasons are those of :mod:`scoring.sandbox.collecting`."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a job ended and what it left. ``detail`` is for operators: what went wrong on our side."""

    verdict: Verdict
    exit_code: int | None = None
    signal: int | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0
    stdout: str = ""
    stderr: str = ""
    collected: tuple[Collected, ...] = ()
    refused: tuple[Refused, ...] = ()
    detail: str = ""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Result:
        """Return the result that the supervisor wrote."""
        return cls(
            **{
                **values,
                "verdict": Verdict(values["verdict"]),
                "collected": tuple(Collected(**item) for item in values["collected"]),
                "refused": tuple(Refused(**item) for item in values["refused"]),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as `sandbox run --json` prints it: ``detail`` only where there is one."""
        report = asdict(self) | {"verdict": self.verdict.value}
        return report if self.detail else {name: value for name, value in report.items() if name != "detail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One thing that isolation must do, tried: whether it held, what was seen, and what to install or to set."""

    name: str
    held: bool
    seen: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What isolation a machine offers."""

    backend: str
    canaries: tuple[Canary, ...]
    memory: str
    """How memory is limited: ``cgroup v1``, ``cgroup v2`` or ``rlimit``."""
    user: str
    """Whose rights jobs have on the host: ``pool`` (an id of their own) or ``caller``."""

    @property
    def holds(self) -> bool:
        """Whether jobs may run here: every canary held."""
        return bool(self.canaries) and all(canary.held for canary in self.canaries)

    def to_dict(self) -> dict[str, Any]:
        """Return it as `sandbox check --json` prints it."""
        return {"holds": self.holds, **asdict(self)}
