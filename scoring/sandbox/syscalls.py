"""Numbers of the system calls that the filter knows, for x86_64 and aarch64: those of Linux's own tables."""

from __future__ import annotations

NEWEST = 462
"""``mseal``, of Linux 6.10: the newest call that was looked at. Newer ones are answered as if there were none."""
UNUSED_X86_64 = (335, 424)
"""From the first to before the second, x86_64 has nothing that a program needs."""

X86_64, AARCH64 = 0, 1
"""Positions in the pairs below; None where a machine has no such call."""

REFUSED: dict[str, tuple[int | None, int | None]] = {
    # other processes: their memory, their descriptors
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    # namespaces and mounts
    "chroot": (161, 51),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "pivot_root": (155, 41),
    "setns": (308, 268),
    "umount2": (166, 39),
    "unshare": (272, 97),
    # what no namespace divides, and where the kernel's holes were
    "add_key": (248, 217),
    "bpf": (321, 280),
    "fanotify_init": (300, 262),
    "keyctl": (250, 219),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "perf_event_open": (298, 241),
    "request_key": (249, 218),
    "userfaultfd": (323, 282),
    # the machine
    "_sysctl": (156, None),
    "acct": (163, 89),
    "adjtimex": (159, 171),
    "afs_syscall": (183, None),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "nfsservctl": (180, 42),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "uselib": (134, None),
    "ustat": (136, None),
    "vhangup": (153, 58),
    "vserver": (236, None),
}
"""Answered with EPERM."""

ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435),  # its flags lie in memory, which a filter cannot read; libraries fall back on clone
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),  # makes sockets past the rule below
    "listmount": (458, 458),
    "statmount": (457, 457),
}
"""Answered with ENOSYS, as by a kernel that has no such call: programs then take another way."""

UNCOUNTED: dict[str, tuple[int | None, int | None]] = {
    "memfd_create": (319, 279),
    "msgget": (68, 186),
    "semget": (64, 190),
    "shmget": (29, 194),
}
"""Memory that only a cgroup counts, in files without a name and in System V's objects: refused where there is none."""

OTHERS: dict[str, tuple[int | None, int | None]] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "kill": (62, 129),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "setpriority": (141, 140),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "vfork": (58, None),
}
"""How a process makes others, or does something to them."""

CLONE = (56, 220)
IOCTL = (16, 29)
PERSONALITY = (135, 92)
PRLIMIT = (302, 261)
SOCKET = (41, 198)
SOCKETPAIR = (53, 199)
