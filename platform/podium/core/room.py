"""Room for other people's code on this machine: its cores and memory in equal shares.

A share is a file that its holder keeps locked, so it is free again with the holder's last breath. A job takes as many
as its limits ask for, all at once or none; one that asks for more than the machine has takes the whole machine.
"""

import contextlib
import fcntl
import math
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from podium.core import heartbeats
from scoring.sandbox.jobs import Limits

FOR_THE_SITE_MB = 1024  # memory that stays for web, database and scoring
MIB = 1 << 20
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_mb() -> int:
    """Return the memory of this machine, or of the container that this is."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for name in MEMORY_LIMITS:
        with contextlib.suppress(OSError, ValueError):  # there is none, or it says "max"
            found.append(int(Path(name).read_text()))
    return min(found) // MIB


def shares() -> int:
    """Return how many jobs of the usual limits run here at once: PODIUM_CODE_SLOTS, or what cores and memory allow."""
    if settings.CODE_SLOTS is not None:
        return max(0, int(settings.CODE_SLOTS))
    return max(1, min(cores(), (memory_mb() - FOR_THE_SITE_MB) // Limits().memory_mb))


def warm() -> int:
    """Return for how many kinds of jobs an interpreter waits here: PODIUM_WARM, or one where two jobs have room."""
    if settings.WARM is not None:
        return max(0, int(settings.WARM))
    return 1 if shares() > 1 else 0


def needed(limits: Limits) -> int:
    """Return how many shares a job takes."""
    total = shares()
    for_cores = math.ceil(limits.cpus * total / max(cores(), total))
    for_memory = math.ceil(limits.memory_mb * total / max(memory_mb(), total * Limits().memory_mb))
    return min(total, max(1, for_cores, for_memory))


@contextlib.contextmanager
def taken(limits: Limits) -> Iterator[bool]:
    """Take room for a job, and give it back at the end. False where there is not enough now."""
    with contextlib.ExitStack() as held:
        yield _take(needed(limits), held)


def _take(number: int, held: contextlib.ExitStack) -> bool:
    heartbeats.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as found, _share("all").open("a") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        got = 0
        for share in range(shares()):
            got += _lock(_share(str(share)), found)
            if got == number:
                held.push(found.pop_all())
                return True
    return False


def _lock(path: Path, found: contextlib.ExitStack) -> bool:
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    found.push(contextlib.closing(file))
    return True


def _share(name: str) -> Path:
    return heartbeats.folder() / f"room@{socket.gethostname()}-{name}"
