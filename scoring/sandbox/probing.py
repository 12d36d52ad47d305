"""Canaries: what isolation must hold back, tried from inside, with something to be found on the host's side.

One job tries to get out in every way of :data:`ATTEMPTS` and writes down how it went; a second one takes more memory
than it may. A machine where one of them gets through takes no jobs.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.sandbox.jobs import MIB, Canary, JobSpec, Limits, Result, Tree, Verdict

if TYPE_CHECKING:
    from scoring.sandbox.backend import Sandbox

OLDEST = (0, 8, 0)
"""The first bubblewrap with ``--disable-userns``."""
INSTALL = "Install bubblewrap 0.8 or newer: sudo apt-get install bubblewrap"
NAMESPACES = (
    "Allow user namespaces: sudo sysctl -w user.max_user_namespaces=10000, on Ubuntu also "
    "kernel.apparmor_restrict_unprivileged_userns=0; in a container, a seccomp profile that allows them, "
    "and systempaths=unconfined"
)
KERNEL = "Update the kernel: this one does not hold it back. Report it as a bug of ours where it is Linux 5.10 or newer"
CGROUPS = "Give this process cgroups of its own: systemd's Delegate=yes, or start as root"
PROBE = """
import ctypes, json, os, socket, sys
label, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)

def read(path):
    with open(path, "rb") as stream:
        return stream.read()

def tried(call):
    try:
        return str(call())
    except OSError as error:
        return "error: " + type(error).__name__

def connected():
    with socket.create_connection((host, port), timeout=1):
        return "connected"

def called(number, *arguments):
    answer = libc.syscall(number, *arguments)
    return "done" if answer != -1 else "error: " + os.strerror(ctypes.get_errno())

def written(path):
    with open(path, "w") as stream:
        stream.write("x")
    return "written"

def foreign():
    own = {name + b"=" + value for name, value in os.environb.items()}
    return set(read("/proc/1/environ").split(b"\\0")) - own - {b""}

os.symlink(label, "/out/link")
numbers = {"x86_64": (272, 425), "aarch64": (97, 425)}[os.uname().machine]
found = {
    "label": tried(lambda: read(label).decode()),
    "network": tried(connected),
    "user": str(os.getuid()),
    "namespace": tried(lambda: called(numbers[0], 0x10000000)),
    "seccomp": tried(lambda: called(numbers[1], 1, 0)),
    "environment": tried(lambda: "another's" if foreign() else "empty or the job's own"),
    "writing": ", ".join(tried(lambda: written(f"{p}/canary")) for p in ("/code", "/input", "/usr", "/", "/dev")),
    "processes": " ".join(sorted(name for name in os.listdir("/proc") if name.isdigit())),
}
with open("/out/found.json", "w") as stream:
    json.dump(found, stream)
"""
EATER = "x = bytearray(200 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\n"


Trees = tuple[Tree, ...]
Address = tuple[str, int]


def canaries(
    sandbox: Sandbox, first: tuple[Canary, ...], *, trees: Trees = (), reach: Address | None = None
) -> tuple[Canary, ...]:
    """Return each canary, in order: ``first``, which are those of the backend's own parts, and what was tried.

    Where one of the first does not hold or the sandbox does not start, they end there. ``trees`` bring a Python.
    ``reach`` is what they must not reach, by default a server on this machine's loopback.
    """
    if not all(canary.held for canary in first):
        return first
    with tempfile.TemporaryDirectory(prefix="podium-probe-") as name:
        tried = _tried(sandbox, Path(name), trees, reach)
    return (*first, *tried)


def program() -> Canary:
    path = shutil.which("bwrap")
    if path is None:
        return Canary(name="bubblewrap", held=False, seen="It is not installed.", mend=INSTALL)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    version = tuple(map(int, re.findall(r"\d+", said)[:3]))
    held = version >= OLDEST
    return Canary(name="bubblewrap", held=held, seen=said or "It does not start.", mend="" if held else INSTALL)


def _tried(sandbox: Sandbox, folder: Path, trees: Trees, reach: Address | None) -> tuple[Canary, ...]:
    label = folder / "label.txt"
    label.write_text("planted-label")
    (folder / "code").mkdir()
    (folder / "code" / "probe.py").write_text(PROBE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = reach or server.getsockname()
        words = (str(label), host, str(port))
        result = _run(sandbox, folder, trees, "python3", "probe.py", *words)
    written = folder / "out" / "found.json"
    started = result.verdict is Verdict.OK and written.is_file()
    seen = "A job ran." if started else (result.detail or result.stderr or result.verdict).strip()
    start = Canary(name="start", held=started, seen=seen, mend="" if started else _mend(sandbox.name, seen))
    if not started:
        return (start,)
    found: dict[str, str] = json.loads(written.read_text())
    eater = _run(sandbox, folder, trees, "python3", "-c", EATER)
    return (start, *_judged(found), _link(result), _memory(eater))


def _mend(backend: str, seen: str) -> str:
    """Return what to set where a job did not start, for a reason ``seen``."""
    words = ("unshare", "mount", "_map", "bwrap: ")
    return NAMESPACES if backend == "bubblewrap" and any(word in seen for word in words) else f"Mend this: {seen}"


def _run(sandbox: Sandbox, folder: Path, trees: Trees, *command: str) -> Result:
    limits = Limits(wall_s=20, memory_mb=64, pids=16, output_bytes=MIB, scratch_bytes=MIB)
    spec = JobSpec(command=command, code=folder / "code", out=folder / "out", limits=limits, trees=trees)
    return sandbox.run(spec)


def _judged(found: dict[str, str]) -> tuple[Canary, ...]:
    refusals = found["writing"].split(", ")
    rows = (
        ("label", "planted-label" not in found["label"], found["label"]),
        ("network", found["network"] != "connected", found["network"]),
        ("user", found["user"] != "0", f"user id {found['user']} inside"),
        ("namespaces", found["namespace"].startswith("error"), found["namespace"]),
        ("system calls", found["seccomp"].startswith("error"), found["seccomp"]),
        ("environment", found["environment"] != "another's", "that of process 1 is " + found["environment"]),
        ("read-only", all(word.startswith("error") for word in refusals), found["writing"]),
        ("processes", len(found["processes"].split()) <= 3, "it sees " + found["processes"]),
    )
    return tuple(
        Canary(name=name, held=held, seen=_short(seen), mend="" if held else KERNEL) for name, held, seen in rows
    )


def _link(result: Result) -> Canary:
    reasons = {item.path: item.reason for item in result.refused}
    held = reasons.get("link") == "symlink" and all(item.path != "link" for item in result.collected)
    seen = "a link to a label was refused" if held else "a link to a label was collected"
    return Canary(name="output", held=held, seen=seen, mend="" if held else KERNEL)


def _memory(result: Result) -> Canary:
    held = result.verdict is Verdict.MEMORY and result.memory_mb < 128
    seen = f"200 MiB in a job of 64 MiB: {result.verdict}, {result.memory_mb:.0f} MiB at most"
    return Canary(name="memory", held=held, seen=seen, mend="" if held else CGROUPS)


def _short(text: str) -> str:
    return text if len(text) <= 160 else f"{text[:159]}…"
