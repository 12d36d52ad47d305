"""Limits that a child process sets itself, and its end when its parent ends. No sandbox: what runs keeps our rights."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

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
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))


def _running() -> int:
    """Return how many processes and threads this user has."""
    return sum(_threads(folder) for folder in Path("/proc").glob("[0-9]*"))


def _threads(folder: Path) -> int:
    try:
        return len(list((folder / "task").iterdir())) if folder.stat().st_uid == os.getuid() else 0
    except OSError:  # it has ended meanwhile
        return 0
