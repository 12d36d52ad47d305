"""The cgroups of a slot, in version 1 or 2: they count memory, processes and CPU time, where we may make them.

Sources: the kernel's ``cgroup-v1/memory``, ``cgroup-v1/pids``, ``sched-bwc`` and ``cgroup-v2``.
"""

# The supervisor is started for each job, and pathlib would be most of what it loads.
# ruff: noqa: PTH102, PTH106, PTH112, PTH123

from __future__ import annotations

import contextlib
import os
import signal
import time

PREFIX = "podium-sandbox-"
PERIOD_US = 100_000
NEEDED = ("memory", "pids")
REMOVING_S = 2.0


class LimitNotKeptError(Exception):
    """The kernel did not keep a limit as it was written."""


class Parents:
    """Where cgroups can be made: ``version`` 1, 2, or 0 for nowhere, and the folder for each controller."""

    def __init__(self, version: int, folders: dict[str, str]) -> None:
        self.version, self.folders = version, folders

    @property
    def name(self) -> str:
        """How memory is limited with these."""
        return f"cgroup v{self.version}" if self.version else "rlimit"


def find_parents(*, mounts: str | None = None, own: str | None = None) -> Parents:
    """Return where this process may make cgroups. The arguments stand in for what /proc says of it."""
    lines = (_read("/proc/self/mountinfo") if mounts is None else mounts).splitlines()
    belongs = dict(_memberships(_read("/proc/self/cgroup") if own is None else own))
    first, second = _version_1(lines, belongs), _version_2(lines, belongs)
    if all(name in first for name in NEEDED):
        return Parents(1, first)
    return Parents(2, {"unified": second}) if second else Parents(0, {})


def _memberships(text: str) -> list[tuple[str, str]]:
    """Return (controller, path) for each controller; the name of version 2 is empty."""
    rows = [line.split(":", 2) for line in text.splitlines()]
    return [(name, path) for _, names, path in rows for name in names.split(",")]


def _version_1(mounts: list[str], belongs: dict[str, str]) -> dict[str, str]:
    folders = {}
    for root, point, kind, options in map(_mount, mounts):
        for name in {"memory", "pids", "cpu", "cpuacct"} & set(options) if kind == "cgroup" else ():
            folder = point + _below(root, belongs.get(name, "/"))
            if os.access(folder, os.W_OK):
                folders[name] = folder
    return folders


def _version_2(mounts: list[str], belongs: dict[str, str]) -> str | None:
    """Return the nearest folder, from ours upwards, that hands memory and pids down and lets us make one."""
    for root, point, kind, _ in map(_mount, mounts):
        if kind != "cgroup2":
            continue
        path = _below(root, belongs.get("", "/"))
        while True:
            if _hands_down(point + path):
                return point + path
            if path == "":
                break
            path = path.rpartition("/")[0]
    return None


def _hands_down(folder: str) -> bool:
    if not os.access(folder, os.W_OK) or not os.access(f"{folder}/cgroup.procs", os.W_OK):
        return False
    with contextlib.suppress(OSError):  # not where processes are in it already
        _write(f"{folder}/cgroup.subtree_control", "+memory +pids +cpu")
    with contextlib.suppress(OSError):
        return set(NEEDED) <= set(_read(f"{folder}/cgroup.subtree_control").split())
    return False


def _mount(line: str) -> tuple[str, str, str, list[str]]:
    """Return root, mount point, type, and options of the file system, of a line of mountinfo."""
    before, _, after = line.partition(" - ")
    places, (kind, _, options) = before.split(), after.split(" ", 2)
    return places[3], places[4], kind, options.split(",")


def _below(root: str, path: str) -> str:
    """Return where ``path`` is below a mount of ``root``: empty for its top."""
    inside = path[len(root) :] if root != "/" and path.startswith(root) else path
    return inside.rstrip("/")


class Group:
    """The cgroups of one slot. Without parents it is there and counts nothing."""

    def __init__(self, parents: Parents, name: str) -> None:
        self.version = parents.version
        self.folders = {controller: f"{folder}/{PREFIX}{name}" for controller, folder in parents.folders.items()}

    @classmethod
    def of_process(cls, pid: int, name: str) -> Group:
        """Return the cgroups that a process of this machine is in, where ``name`` is in their paths; else none.

        They are another's to make and to remove: a container engine's, for one.
        """
        found: dict[str, str] = {}
        with contextlib.suppress(OSError):
            belongs = dict(_memberships(_read(f"/proc/{pid}/cgroup")))
            for root, point, kind, options in map(_mount, _read("/proc/self/mountinfo").splitlines()):
                for controller in {"memory", "pids", "cpuacct"} & set(options) if kind == "cgroup" else ():
                    found[controller] = point + _below(root, belongs.get(controller, ""))
                if kind == "cgroup2":
                    found["unified"] = point + _below(root, belongs.get("", ""))
        found = {controller: folder for controller, folder in found.items() if name in folder and os.path.isdir(folder)}
        version = 1 if "memory" in found else 2 * ("unified" in found)
        group = cls(Parents(version, {}), "")
        group.folders = {key: folder for key, folder in found.items() if (key == "unified") == (version == 2)}
        return group

    @property
    def counts(self) -> bool:
        """Whether memory and processes are counted by the kernel."""
        return bool(self.folders)

    def make(self) -> None:
        """Make them, without limits yet. Raises OSError."""
        for folder in self.folders.values():
            os.mkdir(folder)

    def limit(self, *, memory_bytes: int, pids: int, cpus: float) -> None:
        """Set the limits. Raises OSError, and LimitNotKeptError where one reads back otherwise."""
        quota = int(cpus * PERIOD_US)
        if self.version == 1:
            self._keep("memory", "memory.limit_in_bytes", memory_bytes)
            self._set("memory", "memory.memsw.limit_in_bytes", memory_bytes)
            self._keep("pids", "pids.max", pids)
            self._set("cpu", "cpu.cfs_period_us", PERIOD_US)
            self._set("cpu", "cpu.cfs_quota_us", quota)
        elif self.version == 2:
            self._keep("unified", "memory.max", memory_bytes)
            self._set("unified", "memory.swap.max", 0)
            self._set("unified", "memory.oom.group", 1)
            self._keep("unified", "pids.max", pids)
            self._set("unified", "cpu.max", f"{quota} {PERIOD_US}")

    def join(self) -> None:
        """Put this process in."""
        for folder in self.folders.values():
            _write(f"{folder}/cgroup.procs", "0")

    def oom_kills(self) -> int:
        """Return how many processes were killed because memory was short."""
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        return self._count(file, "oom_kill")

    def peak_bytes(self) -> int:
        """Return the most memory that there was; 0 where the kernel does not keep it."""
        return self._number("memory", "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak")

    def memory_bytes(self) -> int:
        """Return how much memory there is."""
        return self._number("memory", "memory.usage_in_bytes" if self.version == 1 else "memory.current")

    def limits(self) -> tuple[int, int]:
        """Return how much memory there may be, in bytes, and how many processes; 0 where there is no limit."""
        memory = self._number("memory", "memory.limit_in_bytes" if self.version == 1 else "memory.max")
        return memory, self._number("pids", "pids.max")

    def cpu_s(self) -> float | None:
        """Return the CPU time so far, or None where the kernel does not say."""
        if self.version == 1:
            return self._number("cpuacct", "cpuacct.usage") / 1e9 if "cpuacct" in self.folders else None
        return self._count("cpu.stat", "usage_usec") / 1e6 if self.counts else None

    def remove(self) -> None:
        """Kill what is in them, and remove them. Raises OSError where the kernel keeps one for longer than 2 s."""
        until = time.monotonic() + REMOVING_S
        for folder in self.folders.values():
            while not _removed(folder):
                if time.monotonic() > until:
                    raise OSError(f"{folder} cannot be removed.")
                _kill(folder)
                time.sleep(0.002)

    def _path(self, controller: str, file: str) -> str:
        return f"{self.folders.get('unified') or self.folders[controller]}/{file}"

    def _keep(self, controller: str, file: str, value: int) -> None:
        path = self._path(controller, file)
        _write(path, str(value))
        page = os.sysconf("SC_PAGESIZE")
        if abs(int(_read(path)) - value) >= page:
            raise LimitNotKeptError(f"{path} was set to {value} and is {_read(path).strip()}.")

    def _set(self, controller: str, file: str, value: object) -> None:
        """Set what not every kernel has."""
        with contextlib.suppress(OSError, KeyError):
            _write(self._path(controller, file), str(value))

    def _number(self, controller: str, file: str) -> int:
        with contextlib.suppress(OSError, KeyError, ValueError):
            return int(_read(self._path(controller, file)))
        return 0

    def _count(self, file: str, name: str) -> int:
        with contextlib.suppress(OSError, KeyError):
            rows = dict(line.split(" ", 1) for line in _read(self._path("memory", file)).splitlines())
            return int(rows.get(name, 0))
        return 0


def _removed(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _kill(folder: str) -> None:
    """Kill what is in one cgroup."""
    with contextlib.suppress(OSError):
        _write(f"{folder}/cgroup.kill", "1")
    with contextlib.suppress(OSError):
        for pid in _read(f"{folder}/cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
