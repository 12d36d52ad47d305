"""Images that participants send, as ``docker save`` writes them: run by a container engine, and by nothing else.

The image's own command is run. It finds the data in /input and leaves its predictions in /out, under the name that
``PODIUM_OUTPUT`` says; it has no network, and none of the packages of the phase's environment but its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from scoring.environments import Environment
from scoring.errors import HostError, fail
from scoring.sandbox.backend import Sandbox

ENGINES = {"docker", "podman"}
NO_ENGINE = "The phase takes images, which only docker or podman can run: set PODIUM_SANDBOX on the workers for them."


def in_environment(environment: Environment, sandbox: Sandbox) -> Sandbox:
    """Return the sandbox in which an environment's Python can be started. Raises HostError where that is none."""
    if sandbox.name not in ENGINES:
        if environment.image:
            raise HostError("no_engine", f"The environment `{environment.name}` is an image, which needs an engine.")
        return sandbox
    if not environment.image:
        message = (
            f"The environment `{environment.name}` is a folder of this machine, but code runs by {sandbox.name} here. "
            "Make one of an image that has the packages: manage.py environment image NAME IMAGE"
        )
        raise HostError("environment_engine", message)
    return _of_image(environment.image, sandbox)


def _of_image(image: str, sandbox: Sandbox) -> Sandbox:
    from scoring.sandbox.container import Container  # noqa: PLC0415 - only where there are images

    if not isinstance(sandbox, Container):
        raise HostError("no_engine", NO_ENGINE)
    return sandbox.with_image(image)


@contextlib.contextmanager
def sandbox_of(archive: Path, sandbox: Sandbox) -> Iterator[Sandbox]:
    """Load the image of ``archive`` into the engine of ``sandbox``; yield what runs jobs of that image.

    Raises HostError where it has no engine, SubmissionError where the archive is not one image.
    """
    from scoring.sandbox import images  # noqa: PLC0415 - only where there are images
    from scoring.sandbox.container import Container  # noqa: PLC0415
    from scoring.sandbox.supervisor import SandboxError  # noqa: PLC0415

    if not isinstance(sandbox, Container):
        raise HostError("no_engine", NO_ENGINE)
    try:
        image = images.load(archive, sandbox)
    except images.BadImageError as error:
        raise fail("image_invalid", str(error)) from error
    try:
        yield _of_image(image, sandbox)
    finally:
        with contextlib.suppress(SandboxError):  # another job runs the same image, and removes it when it is the last
            images.remove(image, sandbox)
