"""The filter over system calls, as the kernel reads it: classic BPF, assembled here for x86_64 and aarch64.

It lists what is refused. A call that it does not know because it is newer is answered with ENOSYS, so that a new kernel
opens nothing. Programs of another architecture (i386 on x86_64) are killed at their first call; those of the x32 ABI
get ENOSYS. Sources: ``seccomp(2)``, ``linux/filter.h``, ``linux/seccomp.h``.
"""

from __future__ import annotations

import struct

from scoring.sandbox import syscalls

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where these are in ``struct seccomp_data``; each argument has 8 bytes, the low half first."""
X32 = 0x40000000

MACHINES = {"x86_64": (syscalls.X86_64, 0xC000003E), "aarch64": (syscalls.AARCH64, 0xC00000B7)}
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
THREAD = 0x00010000
"""CLONE_THREAD."""
FAKED_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX type on a terminal."""
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET and AF_INET6, which the network namespace divides; AF_VSOCK, AF_ALG, AF_NETLINK and others go."""
PERSONALITIES = (0, 0xFFFFFFFF)
"""Linux's own, and the question which it is."""

Instruction = tuple[int, int, int, int]
"""Code, how many to skip if true, how many if false, operand."""


def assemble(machine: str, *, counted: bool) -> bytes:
    """Return the filter for ``machine`` ("x86_64" or "aarch64"), as bubblewrap's ``--seccomp`` takes it.

    ``counted`` says whether a cgroup counts memory; without one, memory that only a cgroup sees is refused.
    Raises KeyError for another machine.
    """
    which, architecture = MACHINES[machine]
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        *_unknown(which),
        *_answered(syscalls.ABSENT, which, ENOSYS),
        *_answered(syscalls.REFUSED, which, EPERM),
        *([] if counted else _answered(syscalls.UNCOUNTED, which, EPERM)),
        *_if(syscalls.CLONE[which], [_argument(0), (ANY_BIT, 0, 1, NEW_NAMESPACES), _errno(EPERM)]),
        *_if(syscalls.IOCTL[which], [_argument(1), *_none_of(FAKED_INPUT, EPERM)]),
        *_if(syscalls.PERSONALITY[which], [_argument(0), *_only(PERSONALITIES, EPERM)]),
        *_if(syscalls.SOCKET[which], [_argument(0), *_only(FAMILIES, EAFNOSUPPORT)]),
        *_if(syscalls.SOCKETPAIR[which], [_argument(0), *_only(FAMILIES, EAFNOSUPPORT)]),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def assemble_alone(machine: str) -> bytes:
    """Return a filter for a process that has all it needs, on top of the other: see :mod:`scoring.canonical`.

    It makes threads and no process, starts no program, and signals and limits nobody else.
    """
    which, architecture = MACHINES[machine]
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        *_unknown(which),
        *_answered({"clone3": syscalls.ABSENT["clone3"]}, which, ENOSYS),
        *_answered(syscalls.OTHERS, which, EPERM),
        *_if(syscalls.CLONE[which], [_argument(0), (ANY_BIT, 1, 0, THREAD), _errno(EPERM)]),
        *_if(syscalls.PRLIMIT[which], [_argument(0), *_only((0,), EPERM)]),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _unknown(which: int) -> list[Instruction]:
    newest: list[Instruction] = [(AT_LEAST, 0, 1, syscalls.NEWEST + 1), _errno(ENOSYS)]  # the numbers of x32 as well
    if which != syscalls.X86_64:
        return newest
    first, after = syscalls.UNUSED_X86_64
    return [*newest, (AT_LEAST, 0, 2, first), (AT_LEAST, 1, 0, after), _errno(ENOSYS)]


def _answered(table: dict[str, tuple[int | None, int | None]], which: int, error: int) -> list[Instruction]:
    numbers = [pair[which] for pair in table.values()]
    return _none_of([number for number in numbers if number is not None], error)


def _none_of(values: tuple[int, ...] | list[int], error: int) -> list[Instruction]:
    return [line for value in values for line in ((EQUAL, 0, 1, value), _errno(error))]


def _only(values: tuple[int, ...], error: int) -> list[Instruction]:
    allowed: list[Instruction] = [line for value in values for line in ((EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW))]
    return [*allowed, _errno(error)]


def _if(number: int, lines: list[Instruction]) -> list[Instruction]:
    """Return ``lines`` for the call ``number`` alone; what they do not answer is allowed."""
    return [(EQUAL, 0, len(lines) + 1, number), *lines, (RETURN, 0, 0, ALLOW)]


def _argument(position: int) -> Instruction:
    return LOAD, 0, 0, ARGUMENTS + 8 * position


def _errno(error: int) -> Instruction:
    return RETURN, 0, 0, ERRNO | error
