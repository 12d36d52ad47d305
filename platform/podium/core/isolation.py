"""What isolation this machine offers: tried once for all its processes, and kept beside their signs of life.

Nobody else tries it: workers, the doctor and the hardened mode (:mod:`podium.core.hardening`) all ask here. What reads
uploads is a sandbox of bubblewrap, also where containers run code; then both are tried, and there are two answers.

Whoever asks first tries it, in a quarter of a second; others wait for that answer and read it from the file. A worker
tries it anew when it starts and every ten minutes. No isolation, no code of others: see `allowed` in
`podium.submissions.workers`.
"""

import atexit
import json
import logging
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from filelock import FileLock

from podium.core import heartbeats, room
from scoring.sandbox.backend import DEFAULT, Sandbox, sandbox_here
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import Canary, Isolation
from scoring.sandbox.learning import WarmPools

logger = logging.getLogger(__name__)
KEPT_SECONDS = 15 * 60  # so long an answer is believed; workers renew it earlier
SPARE = {"bubblewrap": {"spare": True}}  # a supervisor that waits for the next job starts it 10 ms sooner
CHECK = "python -m scoring sandbox check"


class _Mine:
    """This process's sandbox. A forked child makes its own: what belongs to one is its parent's."""

    lock = threading.Lock()
    pid = 0
    sandbox: Sandbox | None = None


def backend() -> str:
    """Return the name of the sandbox that the site uses."""
    return settings.SANDBOX or DEFAULT


def sandbox() -> Sandbox:
    """Return this process's one sandbox, of the kind that PODIUM_SANDBOX names."""
    with _Mine.lock:
        if _Mine.sandbox is None or _Mine.pid != os.getpid():
            _Mine.sandbox, _Mine.pid = _made(), os.getpid()
            atexit.register(_Mine.sandbox.close)
        return _Mine.sandbox


def _made() -> Sandbox:
    """Return a new sandbox, with interpreters that wait for the next job where there is room for them."""
    made = sandbox_here(backend(), **SPARE.get(backend(), {}))
    if not isinstance(made, Bubblewrap) or not room.warm():
        return made
    return WarmPools(made, most=room.warm(), room=room.shares(), weigh=room.needed)


def isolation(kind: str = "", *, max_age: float = KEPT_SECONDS) -> Isolation:
    """Return what this machine offers, from an answer that is at most so many seconds old, or tried now.

    ``kind`` is the backend; without it the one that the site uses.
    """
    kind = kind or backend()
    if kept := _kept(kind, max_age):
        return kept
    heartbeats.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(_file(kind).with_suffix(".lock")):
        return _kept(kind, max_age) or _try(kind)


def known(kind: str = "") -> Isolation | None:
    """Return what was found here lately, or None where nobody has tried."""
    return _kept(kind or backend(), KEPT_SECONDS)


def why_not(found: Isolation) -> str:
    """Return in one sentence which canary failed and what to do; nothing where all held."""
    failed = next((canary for canary in found.canaries if not canary.held), None)
    if found.holds:
        return ""
    if failed is None:
        return f"Nothing is known of its isolation. To see what is missing: {CHECK}"
    mend = failed.mend or f"To see what is missing: {CHECK}"
    return f"The canary “{failed.name}” did not hold ({failed.seen.rstrip('.')}). {mend.rstrip('.')}."


def from_dict(kept: dict[str, Any]) -> Isolation:
    """Return what `Isolation.to_dict` wrote."""
    canaries = tuple(Canary(**canary) for canary in kept["canaries"])
    return Isolation(backend=kept["backend"], canaries=canaries, memory=kept["memory"], user=kept["user"])


def _file(kind: str = DEFAULT) -> Path:
    return heartbeats.folder() / f"isolation@{socket.gethostname()}-{kind}.json"


def _kept(kind: str, max_age: float) -> Isolation | None:
    try:
        if time.time() - _file(kind).stat().st_mtime > max_age:
            return None
        return from_dict(json.loads(_file(kind).read_text()))
    except (OSError, ValueError, LookupError, TypeError):  # not there, half written, or of another version
        return None


def _try(kind: str) -> Isolation:
    try:
        found = sandbox_here(kind).probe()  # one of its own: who tries may never run a job
    except Exception as error:  # whatever it is: a machine that cannot even try runs nobody's code
        logger.exception("The sandbox could not be tried.")
        broken = Canary(name="start", held=False, seen=f"{type(error).__name__}: {error}")
        found = Isolation(backend=kind, canaries=(broken,), memory="", user="")
    unfinished = _file(kind).with_suffix(f".{os.getpid()}.part")
    unfinished.write_text(json.dumps(found.to_dict()))
    unfinished.replace(_file(kind))
    return found
