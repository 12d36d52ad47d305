"""Signs of life of workers and beat: a file each, touched while they run, beside the data that all processes share.

`manage.py doctor` and the containers' health checks read their age.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery.signals import beat_init, worker_process_init, worker_ready
from django.conf import settings

from podium.core.healthy import STALE_SECONDS
from podium.core.tether import tie_to_parent

EVERY_SECONDS = 5


def folder() -> Path:
    """Return where the signs of life are."""
    return Path(settings.DATA_DIR) / "alive"


def alive(role: str) -> Iterator[str]:
    """Yield the machines on which a `worker`, `coder` or `beat` has shown itself lately."""
    for sign in folder().glob(f"{role}@*"):
        if time.time() - sign.stat().st_mtime < STALE_SECONDS:
            yield sign.name.partition("@")[2]


def forget(role: str) -> None:
    """Take away this machine's sign, so that one left behind is not taken for a new one."""
    _sign(role).unlink(missing_ok=True)


def _sign(role: str) -> Path:
    return folder() / f"{role}@{socket.gethostname()}"


def _beat(role: str) -> None:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        _sign(role).touch()
        time.sleep(EVERY_SECONDS)


def _begin(role: str) -> None:
    threading.Thread(target=_beat, args=(role,), name="heartbeat", daemon=True).start()


@worker_ready.connect(weak=False)
def _worker_is_ready(sender: Any, **_: Any) -> None:
    name = str(sender.hostname).partition("@")[0]  # see `podium.core.supervisor.coder`
    _begin(name if name == "coder" else "worker")


@beat_init.connect(weak=False)
def _beat_is_ready(**_: Any) -> None:
    _begin("beat")


@worker_process_init.connect(weak=False)
def _pool_process_begins(**_: Any) -> None:
    """A process of the pool does not outlive its worker, however that ends."""
    tie_to_parent(signal.SIGKILL, os.getppid())
