"""The same filter over system calls as :mod:`scoring.sandbox.seccomp`, as container engines take it: JSON, with names.

What is refused, and how, comes from the tables of :mod:`scoring.sandbox.syscalls`. An engine cannot be told "a number
beyond the newest that we know": so here all others are listed, and what is in no list is answered with ENOSYS, or EPERM
by an engine too old to be told. Three answers differ from those of our own filter: a program of the x32 ABI is killed
like one of i386, and a socket, or a personality, of a kind that is not allowed gets the answer for unknown calls.
Source: ``SPEC`` of containers' runtimes, config-linux, seccomp.
"""

from __future__ import annotations

import json
from typing import Any

from scoring.sandbox import seccomp, syscalls

LOW_HALF = 0xFFFFFFFF
"""The kernel reads these arguments as 32 bits, and the filter as 64: what is above must make no difference."""
BITS = 32

ALLOWED = """
accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres clock_gettime
clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock
fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue futex_wait futex_waitv futex_wake
futimesat get_mempolicy get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid geteuid getgid
getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit
getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init
inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioprio_get
ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen
listxattr llistxattr lremovexattr lseek lsetxattr lsm_get_self_attr lsm_list_modules lsm_set_self_attr lstat madvise
map_shadow_stack mbind membarrier memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap
mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv
msgsnd msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal
pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease
pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg
remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending
rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
semtimedop sendfile sendmmsg sendmsg sendto set_mempolicy set_mempolicy_home_node set_robust_list set_thread_area
set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid
setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd
signalfd4 splice stat statfs statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time
timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime
timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid
write writev
""".split()  # noqa: SIM905 - a page of quotes is no list to look through
"""Every other call up to ``syscalls.NEWEST`` that a machine may have; an engine skips names that it does not know."""


def profile() -> str:
    """Return the profile, for the processor of whoever reads it and for no other ABI."""
    rules = [
        {"names": sorted(syscalls.REFUSED), "action": "SCMP_ACT_ERRNO", "errnoRet": seccomp.EPERM},
        {"names": sorted(syscalls.ABSENT), "action": "SCMP_ACT_ERRNO", "errnoRet": seccomp.ENOSYS},
        {"names": ALLOWED, "action": "SCMP_ACT_ALLOW"},
        _allowed("clone", 0, seccomp.NEW_NAMESPACES, 0),
        *(_allowed("ioctl", 1, *pair) for pair in differing(seccomp.FAKED_INPUT)),
        *(_allowed("personality", 0, LOW_HALF, value) for value in seccomp.PERSONALITIES),
        *(_allowed(name, 0, LOW_HALF, value) for name in ("socket", "socketpair") for value in seccomp.FAMILIES),
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": seccomp.ENOSYS, "syscalls": rules})


def _allowed(name: str, argument: int, mask: int, value: int) -> dict[str, Any]:
    """Return a rule that allows a call where the argument's bits in ``mask`` are those of ``value``."""
    condition = {"index": argument, "op": "SCMP_CMP_MASKED_EQ", "value": mask, "valueTwo": value}
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [condition]}


def differing(values: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return (mask, bits) such that a number matches one of them just where its low half is none of ``values``.

    An engine's rules have no "none of": a rule may test an argument once, and rules of one call are alternatives.

    >>> [(mask, bits) for mask, bits in differing((0b10,)) if mask < 4]
    [(3, 0), (3, 1), (3, 3)]
    """
    low = next(bit for bit in range(2, BITS) if len({value >> bit for value in values}) == 1)
    above = [(1 << bit, ~values[0] & (1 << bit)) for bit in range(low, BITS)]
    last = (1 << low) - 1
    return above + [(last, bits) for bits in range(1 << low) if bits not in {value & last for value in values}]
