"""Images that participants send, as ``docker save`` writes them: run by a container engine, and by nothing else.

The image's own command is run. It finds the data in /input and leaves its predictions in /out, under the name that
``PODIUM_OUTPUT`` says; it has no network, and none of the packages of the phase's environment but its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from scoring.errors import HostError, fail
from scoring.fitting import of_image
from scoring.sandbox.backend import Sandbox

NO_ENGINE = "The phase takes images, which only docker or podman can run: set PODIUM_SANDBOX on the workers for them."


@contextlib.contextmanager
def sandbox_of(archive: Path, sandbox: Sandbox) -> Iterator[Sandbox]:
    """Load the image of ``archive`` into the engine of ``sandbox``; yield what runs jobs of that image.

    Raises HostError where it has no engine, SubmissionError where the archive is not one image.
    """
    from scoring.sandbox import images  # noqa: PLC0415 - only where there are images
    from scoring.sandbox.container import Container  # noqa: PLC0415
    from scoring.sandbox.watching import SandboxError  # noqa: PLC0415

    if not isinstance(sandbox, Container):
        raise HostError("no_engine", NO_ENGINE)
    try:
        image = images.load(archive, sandbox)
    except images.BadImageError as error:
        raise fail("image_invalid", str(error)) from error
    try:
        yield of_image(image, sandbox)
    finally:
        with contextlib.suppress(SandboxError):  # another job runs the same image, and removes it when it is the last
            images.remove(image, sandbox)
