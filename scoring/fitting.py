"""Whether an environment and a sandbox fit: container engines run images, bubblewrap folders, Kubernetes neither."""

from __future__ import annotations

from scoring.environments import Environment
from scoring.errors import HostError, shown
from scoring.sandbox.backend import Sandbox

ENGINES = {"docker", "podman"}
KUBERNETES = "kubernetes"


def check_fits(environment: Environment, backend: str) -> None:
    """Raise HostError, which says what to run, where a sandbox of this name cannot start an environment's Python."""
    name = shown(environment.name)
    if backend == KUBERNETES:
        message = f"The environment {name} cannot be brought into a job of Kubernetes, which has no folder of ours."
        mend = "Set PODIUM_SANDBOX to bubblewrap, docker or podman on the workers that run code."
        raise HostError("environment_engine", f"{message} {mend}")
    if environment.image and backend not in ENGINES:
        raise HostError("no_engine", f"The environment {name} is an image, which needs an engine.")
    if backend in ENGINES and not environment.image:
        message = f"The environment {name} is a folder of this machine, but code runs by {backend} here."
        mend = "Make one of an image that has the packages: manage.py environment image NAME IMAGE"
        raise HostError("environment_engine", f"{message} {mend}")


def in_environment(environment: Environment, sandbox: Sandbox) -> Sandbox:
    """Return the sandbox in which an environment's Python can be started. Raises HostError where that is none."""
    check_fits(environment, sandbox.name)
    return of_image(environment.image, sandbox) if environment.image else sandbox


def of_image(image: str, sandbox: Sandbox) -> Sandbox:
    """Return the same sandbox for jobs of ``image``. Raises HostError where it has no engine."""
    from scoring.sandbox.container import Container  # noqa: PLC0415 - only where there are images

    if not isinstance(sandbox, Container):
        message = "Images are run by docker or podman alone: set PODIUM_SANDBOX on the workers for them."
        raise HostError("no_engine", message)
    return sandbox.with_image(image)
