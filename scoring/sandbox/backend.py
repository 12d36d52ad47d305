"""What every backend of the sandbox can do, and the choice of one by its name."""

from __future__ import annotations

import socket
from importlib import import_module
from typing import Any, Protocol

from scoring.sandbox.jobs import Isolation, JobSpec, Result

DEFAULT = "bubblewrap"
BACKENDS = {
    DEFAULT: "scoring.sandbox.bubblewrap:Bubblewrap",
    "docker": "scoring.sandbox.container:Container",
    "podman": "scoring.sandbox.container:Podman",
    "kubernetes": "scoring.sandbox.kubernetes:Kubernetes",
}
"""Where the class of each is: only the one that is asked for is loaded."""


class Running(Protocol):
    """A job that was started. It must be waited for."""

    def cancel(self) -> None:
        """Let the job be killed now. Its result is then a ``sandbox_error`` that says so, or what it was before."""

    def wait(self) -> Result:
        """Wait for the result; nothing of the job is left then."""

    @property
    def channel(self) -> socket.socket:
        """Our end of the job's channel, which is the caller's to close. Raises ValueError for a job without one."""


class Sandbox(Protocol):
    """Runs jobs in sandboxes of their own. It may be used by several threads."""

    @property
    def name(self) -> str:
        """The backend's name."""

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""

    def start(self, spec: JobSpec) -> Running:
        """Start a job. What is returned must be waited for."""

    def reap(self) -> int:
        """Remove what was left by those that were killed. Returns how many had left something."""

    def close(self) -> None:
        """End what waits for the next job."""


def sandbox_here(name: str = "", **options: Any) -> Sandbox:
    """Return the backend of that name, made with ``options``. Raises ValueError where there is none of that name."""
    try:
        module, _, kind = BACKENDS[name or DEFAULT].partition(":")
    except KeyError:
        raise ValueError(f"There is no sandbox named {name!r}: it is one of {', '.join(BACKENDS)}.") from None
    sandbox: Sandbox = getattr(import_module(module), kind)(**options)
    return sandbox
