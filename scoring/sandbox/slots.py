"""Slots: a number, a folder, a lock, and as root a user id. Whoever holds the lock has the slot, until it ends.

The kernel gives a lock back with its holder's last breath, so what is unlocked and not empty was left by a supervisor
that was killed. A slot's folder holds only what we put there: a job sees it read-only, and writes into a tmpfs that is
mounted in its own namespace alone. So it is safe to remove, as root too.
"""

# The supervisor is started for each job, and pathlib would be most of what it loads.
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH116, PTH123

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
from collections.abc import Iterable, Iterator

from scoring.sandbox.cgroups import Group, Parents

SLOTS = 256
POOL, SMALL_POOL = 2_100_000_000, 60_000
"""The first user id of the pool. The second is for a container whose own user namespace has 65,536 ids."""


class NoSlotError(Exception):
    """Every slot is taken."""


class Slot:
    """A slot that this process has.

    ``folder`` and the places in it to mount on remain for the next job, for the kernel takes up to 20 ms to remove a
    folder that was mounted on. What a job needs is in ``job``, which is new for each.
    """

    def __init__(self, place: str, number: int, lock: int) -> None:
        self.number, self._lock = number, lock
        self.folder = f"{place}/{number}"
        self.job = f"{self.folder}/job"
        self._mark = f"{place}/{number}.process"
        self.user = _pool_user(number) if os.geteuid() == 0 else None

    def group(self, parents: Parents) -> Group:
        """Return the slot's cgroups, made or not."""
        return Group(parents, f"{owner()}-{self.number}")

    def mark(self, pid: int) -> None:
        """Write down the process with which the job ends."""
        with open(self._mark, "w", encoding="utf-8") as stream:
            stream.write(f"{pid} {started(pid)}")

    def clear(self, parents: Parents) -> bool:
        """Kill and remove what there is of a job. Returns whether there was anything."""
        self._kill()
        group = self.group(parents)
        there = os.path.lexists(self.job) or any(map(os.path.lexists, group.folders.values()))
        group.remove()
        remove_tree(self.job)
        return there

    def fill(self, *places: str) -> None:
        """Make the folder for a job and those to mount on, all of which the slot's user alone may pass."""
        for path in (self.folder, *(f"{self.folder}/{name}" for name in places)):
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
        os.mkdir(self.job)
        os.chmod(self.job, 0o755)  # noqa: S103 - in a folder that the slot's user alone may pass
        if self.user is not None:
            os.chown(self.folder, self.user, self.user)
            os.chmod(self.folder, 0o500)

    def give_back(self) -> None:
        """Let another have it."""
        os.close(self._lock)

    def _kill(self) -> None:
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            with open(self._mark, encoding="utf-8") as stream:
                pid, birth = stream.read().split()
            os.unlink(self._mark)
            handle = os.pidfd_open(int(pid))
            try:
                if started(int(pid)) == birth:  # else it is another's by now
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


def folder_of_all() -> str:
    """Return where the slots of this user are: on a disk, for code and input may be large."""
    return f"/var/tmp/podium-sandbox-{owner()}"  # noqa: S108 - make_place looks whose it is


def take(numbers: Iterable[int], parents: Parents) -> Slot:
    """Return a free slot of those numbers, cleared. Raises NoSlotError."""
    for slot in free(numbers):
        slot.clear(parents)
        return slot
    raise NoSlotError("Every slot is taken.")


def free(numbers: Iterable[int]) -> Iterator[Slot]:
    """Yield the free slots of those numbers, each one taken. What the caller does not keep it gives back."""
    place = make_place()
    for number in numbers:
        lock = _locked(f"{place}/{number}.lock")
        if lock is not None:
            yield Slot(place, number, lock)


def _locked(path: str) -> int | None:
    """Return a handle that has the lock, or None where another has it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.utime(lock)  # else what clears /var/tmp of old files takes it from under a job
        if os.path.samestat(os.fstat(lock), os.stat(path)):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None


def make_place() -> str:
    """Make and return the folder of all slots. Raises PermissionError where others made it, or may write there."""
    place = folder_of_all()
    mode = 0o711 if os.geteuid() == 0 else 0o700
    with contextlib.suppress(FileExistsError):
        os.mkdir(place, mode)
        os.chmod(place, mode)  # past the umask
    found = os.lstat(place)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{place} is not ours alone.")
    return place


def started(pid: int) -> str:
    """Return when a process began, in ticks since the machine did. Raises ProcessLookupError."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None


def remove_tree(folder: str) -> None:
    """Remove a folder of ours and all in it. No link is followed; what is not there is no error."""
    with contextlib.suppress(FileNotFoundError):
        for parent, folders, files, handle in os.fwalk(folder, topdown=False):
            os.chmod(parent, 0o700)
            for name in files:
                os.unlink(name, dir_fd=handle)
            for name in folders:
                _remove_folder(name, handle)
        os.rmdir(folder)


def _remove_folder(name: str, handle: int) -> None:
    try:
        os.rmdir(name, dir_fd=handle)
    except NotADirectoryError:  # a link to a folder
        os.unlink(name, dir_fd=handle)


def owner() -> int:
    """Return our user id as the machine knows it: root of a user namespace of its own is somebody else outside."""
    me = os.geteuid()
    return next((outside + me - first for first, outside, count in _users() if first <= me < first + count), me)


def has_pool() -> bool:
    """Return whether we are a root that has user ids to give to jobs."""
    return os.geteuid() == 0 and _pool() is not None


def _pool() -> int | None:
    """Return the first user id of the pool: one of those that our user namespace knows."""
    users = _users()
    known = (pool for pool in (POOL, SMALL_POOL) if any(_has(row, pool) for row in users))
    return next(known, None)


def _has(row: tuple[int, int, int], pool: int) -> bool:
    first, _, count = row
    return first <= pool and first + count >= pool + SLOTS


def _pool_user(number: int) -> int | None:
    """Return the user id of a slot, or None for a root that is an ordinary user outside and has no ids to give.

    Raises NoSlotError for the machine's root where there are none: its jobs would be root's.
    """
    pool = _pool()
    if pool is not None:
        return pool + number
    if owner() == 0:
        raise NoSlotError(f"Root here has no user ids to give to jobs: {SMALL_POOL} and the {SLOTS} after it.")
    return None


def _users() -> list[tuple[int, int, int]]:
    """Return what users of our namespace are outside of it: first id inside, first id outside, how many."""
    with open("/proc/self/uid_map", encoding="utf-8") as stream:
        rows = [tuple(map(int, line.split())) for line in stream]
    return [(first, outside, count) for first, outside, count in rows]
