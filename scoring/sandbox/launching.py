"""The supervisor's forked child: on its way from our rights to none, and then bubblewrap.

It must be single-threaded (it enters a user namespace), and what it does is in this order for a reason: cgroups and the
operator's trees need our rights, the tmpfs need those of the new namespace, and bubblewrap is to have neither.
"""

# The supervisor is started for each job, and pathlib would be most of what it loads.
# ruff: noqa: PTH110, PTH112, PTH114, PTH115, PTH120, PTH123

from __future__ import annotations

import contextlib
import os
import resource
import signal

from scoring.confinement import lower
from scoring.sandbox import kernel
from scoring.sandbox.cgroups import Group
from scoring.sandbox.messages import receive
from scoring.sandbox.slots import Slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

INSIDE = 65534
"""The user and group id that the job sees."""
BASE = "/usr/local/bin:/usr/bin:/bin"
ENVIRONMENT = {"PATH": BASE, "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
USR_LINKS = ("/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime")
PEOPLE = {
    "passwd": f"sandbox:x:{INSIDE}:{INSIDE}:sandbox:/tmp:/bin/sh\n",
    "group": f"sandbox:x:{INSIDE}:\n",
}
WRITABLE = {"out": "/out", "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108
OWN_PROCESSES = 3
"""Bubblewrap, its process 1 in the sandbox, and one that is only there for a moment."""
SIGNALS_PENDING = 1024
WARMING_CPU_S = 120
"""What imports may take before a job comes; a warm interpreter lowers its limit when it has."""
STACK_BYTES = 8 << 20
"""What a thread reserves too, and RLIMIT_DATA counts."""


class Handles:
    """What the child keeps: pipes to and from us, those of bubblewrap, and the files that bubblewrap reads."""

    def __init__(
        self,
        *,
        said: int,
        heard: int,
        stdout: int,
        stderr: int,
        status: int,
        rules: int,
        arguments: int,
        channel: int,
        wake: int,
    ) -> None:
        self.said, self.heard, self.stdout, self.stderr, self.channel = said, heard, stdout, stderr, channel
        self.status, self.rules, self.arguments, self.wake = status, rules, arguments, wake


def launch(*, slot: Slot, group: Group, handles: Handles) -> NoReturn:
    """Wait for a job, drop our rights, enter the namespaces, and leave a child there that becomes bubblewrap.

    The child is the first of its process namespace; its process id is written to ``said``. ``heard`` brings the job,
    then a byte when the child has a parent, then one from which on it may become bubblewrap: it is in /out until then,
    and has asked to die with its parent. What goes wrong is written to ``stderr``.
    """
    try:
        kept = [handles.status, handles.rules, handles.arguments, handles.wake]
        _redirect(handles)
        _close_all_but(handles.said, handles.heard, handles.channel, *kept)
        _write("/proc/self/oom_score_adj", "1000")  # with our rights: where root may do it, the job cannot lower it
        group.join()
        job = receive(handles.heard)
        if job is None:  # the supervisor is gone, or has nothing to do
            os._exit(0)
        _connect(handles, wanted=job["channel"])
        _drop_rights(job, slot)
        child = os.fork()
        if child:
            os.write(handles.said, f"{child}\n".encode())
            os._exit(0)
        _wait_for_word(handles)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        _mount(job["limits"], slot.folder)
        os.chdir(f"{slot.folder}/out")
        os.write(handles.said, b"ready\n")
        _wait_for_word(handles)
        os.chdir("/")
        if job["modules"] is None:
            os.close(kept.pop())
        lower(resource_limits(_with_imports(job), counted=group.counts))
        for handle in kept:
            os.set_inheritable(handle, True)
        words = ["bwrap", "--args", str(handles.arguments), "--", *_command(job, wake=handles.wake)]
        os.execve(job["bwrap"], words, {})  # noqa: S606
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}".encode())
    os._exit(111)


def _command(job: dict[str, Any], *, wake: int) -> list[str]:
    """Return the command, or that which waits for one."""
    if job["modules"] is None:
        return list(job["command"])
    with open(f"{os.path.dirname(__file__)}/warmed.py", encoding="utf-8") as stream:
        return [*job["command"], "-c", stream.read(), *job["modules"], str(wake)]


def _wait_for_word(handles: Handles) -> None:
    """Wait for the supervisor; where it is gone, we are not to stay."""
    if not os.read(handles.heard, 1):
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Close what is not ours: the slot's lock, and the other ends of our pipes, or we never hear of their end."""
    before = 2
    for handle in sorted(kept):
        os.closerange(before + 1, handle)
        before = handle
    os.closerange(before + 1, os.sysconf("SC_OPEN_MAX"))


def _redirect(handles: Handles) -> None:
    nothing = os.open("/dev/null", os.O_RDONLY)
    for handle, number in ((nothing, 0), (handles.stdout, 1), (handles.stderr, 2)):
        os.dup2(handle, number)


def _connect(handles: Handles, *, wanted: bool) -> None:
    """Put the channel in the place of standard input and output, or do away with it."""
    for number in (0, 1) if wanted else ():
        os.dup2(handles.channel, number)
    os.close(handles.channel)


def _drop_rights(job: dict[str, Any], slot: Slot) -> None:
    """Become the slot's user for good, in namespaces where that user may mount."""
    user, group = slot.user or os.geteuid(), slot.user or os.getegid()
    if slot.user is not None:
        kernel.unshare(kernel.CLONE_NEWNS)
        kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
        for number, (source, _) in enumerate(job["trees"]):
            kernel.mount(source, f"{slot.folder}/tree{number}", "", kernel.MS_BIND)
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self is root's, and so are the maps below
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID)
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        _write(f"/proc/self/{file}", text)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def _mount(limits: dict[str, Any], folder: str) -> None:
    """Mount a sized tmpfs for each place that the job may write to."""
    files = limits["output_files"] * 2 + 64
    for name, size, inodes, more in (
        ("out", limits["output_bytes"], files, kernel.MS_NOEXEC | kernel.MS_NOSYMFOLLOW),
        ("tmp", limits["scratch_bytes"], 65_536, 0),
        ("shm", limits["scratch_bytes"], 4_096, kernel.MS_NOEXEC),
    ):
        flags = kernel.MS_NOSUID | kernel.MS_NODEV | more
        kernel.mount("tmpfs", f"{folder}/{name}", "tmpfs", flags, f"size={size},nr_inodes={inodes},mode=1777")
    # Bubblewrap looks its child up in /proc by the number that it has in our namespace. The machine's own has such a
    # number by luck alone, and a container's has not.
    with contextlib.suppress(OSError):  # where parts of it are hidden, none may be mounted
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _with_imports(job: dict[str, Any]) -> dict[str, Any]:
    """Return the limits of a job, and for one that has imports to do before it comes, the time for them."""
    cpu_s = job["limits"]["cpu_s"] + (0 if job["modules"] is None else WARMING_CPU_S)
    return {**job["limits"], "cpu_s": cpu_s}


def resource_limits(limits: dict[str, Any], *, counted: bool) -> dict[int, int]:
    """Return what each process of the job may use, by itself."""
    largest = max(limits["output_bytes"], limits["scratch_bytes"])
    values = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(limits["cpu_s"]) + 1,
        resource.RLIMIT_FSIZE: largest + (1 << 20),  # a full tmpfs is to be the first to say no
        resource.RLIMIT_MEMLOCK: 1 << 20,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_NPROC: limits["pids"] + OWN_PROCESSES,
        resource.RLIMIT_SIGPENDING: SIGNALS_PENDING,
        resource.RLIMIT_STACK: STACK_BYTES,
    }
    return values if counted else {**values, resource.RLIMIT_DATA: limits["memory_mb"] << 20}


def arguments(job: dict[str, Any], *, slot: Slot, rules: int, status: int) -> bytes:
    """Return bubblewrap's arguments, as ``--args`` reads them: all but the command."""
    words = [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--uid", INSIDE, "--gid", INSIDE, "--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv"),
        *(word for name, value in environment(job).items() for word in ("--setenv", name, value)),
        *_system(),
        *("--perms", "0555", "--dir", "/etc"),
        *(word for path in ETC if os.path.exists(path) for word in ("--ro-bind", path, path)),
        *(word for name in PEOPLE for word in ("--ro-bind", f"{slot.job}/{name}", f"/etc/{name}")),
        *(word for pair in _trees(job, slot) for word in ("--ro-bind", *pair)),
        *("--ro-bind", f"{slot.job}/code", "/code", "--ro-bind", f"{slot.job}/input", "/input"),
        *(
            word
            for number, path in enumerate(job["inputs"])
            for word in ("--ro-bind", f"{slot.job}/more{number}", path)
        ),
        *("--proc", "/proc", "--dev", "/dev"),
        *(word for name, path in WRITABLE.items() for word in ("--bind", f"{slot.folder}/{name}", path)),
        *(word for path, target in job["links"].items() for word in ("--symlink", target, path)),
        # bubblewrap's own / and /dev are tmpfs without a size
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", job["folder"]),
        *("--seccomp", rules, "--json-status-fd", status),
    ]
    return b"".join(os.fsencode(str(word)) + b"\0" for word in words)


def environment(job: dict[str, Any]) -> dict[str, str]:
    """Return the job's environment."""
    threads = dict.fromkeys(THREADS, str(max(1, int(job["limits"]["cpus"]))))
    path = ":".join([BASE, *(f"{target}/bin" for _, target in job["trees"])])
    return {**ENVIRONMENT, **threads, "PATH": path, **job["environment"]}


def _system() -> list[str]:
    """Return the arguments for the programs and libraries of the machine."""
    words = ["--ro-bind", "/usr", "/usr"]
    for path in USR_LINKS:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    return words


def _trees(job: dict[str, Any], slot: Slot) -> list[tuple[str, str]]:
    if slot.user is None:
        return [(source, target) for source, target in job["trees"]]
    return [(f"{slot.folder}/tree{number}", target) for number, (_, target) in enumerate(job["trees"])]
