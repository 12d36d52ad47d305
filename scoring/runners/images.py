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

AROUND_S = 3600.0
"""What loading an image, bringing its data in and taking its output out may take, and more."""


@contextlib.contextmanager
def sandbox_of(archive: Path, sandbox: Sandbox, *, wall_s: float) -> Iterator[Sandbox]:
    """Load the image of ``archive`` into the engine of ``sandbox``; yield what runs jobs of that image.

    ``wall_s`` is how long a job of it may run. Raises HostError where it has no engine, SubmissionError where the
    archive is not one image, SandboxError.
    """
    from scoring.sandbox import images  # noqa: PLC0415 - only where there are images
    from scoring.sandbox.container import Container  # noqa: PLC0415
    from scoring.sandbox.watching import SandboxError  # noqa: PLC0415

    if not isinstance(sandbox, Container):
        raise HostError("no_engine", NO_ENGINE)
    try:
        image = images.load(archive, sandbox, wanted_s=wall_s + AROUND_S)
    except images.BadImageError as error:
        raise fail("image_invalid", str(error)) from error
    try:
        yield of_image(image, sandbox)
    finally:
        with contextlib.suppress(SandboxError):  # then it is reaped when its time is over
            images.remove(image, sandbox)
