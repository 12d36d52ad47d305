"""Limits that a child process sets itself, and its end when its parent ends. No sandbox: what runs keeps our rights."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Mapping

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Be killed when the process ``parent``, which must be our parent, ends; end now if it has."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have gone before the request was made.
    if os.getppid() != parent:
        os._exit(0)


def limit(
    *, memory_mb: int, open_files: int, largest_file: int, cpu_s: int | None = None, processes: int | None = None
) -> None:
    """Limit this process and all that it starts: address space, open files, bytes a file, CPU seconds.

    ``processes`` is how many more processes and threads there may be; the kernel counts them by user, and does not
    count those of root.
    """
    limits = {
        resource.RLIMIT_AS: memory_mb << 20,
        resource.RLIMIT_NOFILE: open_files,
        resource.RLIMIT_FSIZE: largest_file,
        resource.RLIMIT_CORE: 0,
    }
    if cpu_s is not None:
        limits[resource.RLIMIT_CPU] = cpu_s
    if processes is not None:
        limits[resource.RLIMIT_NPROC] = _running() + processes
    lower(limits)


def lower(limits: Mapping[int, int]) -> None:
    """Set each resource limit, for good, to the value given or to what it may be at most, whichever is less."""
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))


def _running() -> int:
    """Return how many processes and threads this user has."""
    return sum(_threads(f"/proc/{name}") for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208


def _threads(folder: str) -> int:
    # pathlib would be most of what a sandbox's supervisor loads
    try:
        return len(os.listdir(f"{folder}/task")) if os.stat(folder).st_uid == os.getuid() else 0  # noqa: PTH116, PTH208
    except OSError:  # it has ended meanwhile
        return 0
