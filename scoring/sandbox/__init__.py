"""Runs code that nobody vouches for: what it may use is counted, what it may see is listed, what it leaves is checked.

This page is about bubblewrap, the backend where none is named. Two others keep to the same rules by other means, and
their modules say how: :mod:`scoring.sandbox.container` and :mod:`scoring.sandbox.kubernetes`.

**Theory of operation.** A job is a command, a folder of code, a folder of input, and limits. Each job gets a slot: a
number, a folder, a lock, and, where we are root, a user id that nobody else has. A supervisor of its own, a small
Python process without environment, then goes through these steps:

1. It copies code and input into the slot with the caller's rights: regular files only, no link is followed.
2. It makes the slot's cgroups (memory, processes, CPU) where the machine lets it, and reads every limit back.
3. A forked child joins them, drops to the slot's user id for good, and enters a user, a mount and a process namespace.
   The first process of that namespace asks to die with the supervisor, mounts a sized tmpfs for each place that can be
   written (``/out``, ``/tmp``, ``/dev/shm``), lowers its resource limits, and becomes bubblewrap. The mounts exist in
   that namespace alone: whatever is killed, none is left on the host.
4. Bubblewrap makes the namespaces of the job (process ids, network, IPC, host name, cgroups, user, mounts), binds
   ``/usr``, ``/code`` and ``/input`` read-only, remounts ``/`` and ``/dev`` read-only, drops every capability, loads
   the seccomp filter of :mod:`scoring.sandbox.seccomp`, and starts the command with an environment of ours.
5. The supervisor reads the streams up to their cap, and watches wall time, CPU time and memory. What it kills is that
   first process, with which the kernel ends all others; it waits until that is so.
6. Only then, when nobody can change it any more, ``/out`` is read through a handle: regular files with one link and a
   plain name, up to their caps. Their bytes are copied into the caller's folder; everything else is listed as refused.

A job may have a channel: standard input and output are then one socket, whose other end the caller has. It may have a
live log, a file of the caller's into which the supervisor writes what the job prints while it runs.

**Warm slots** (:mod:`scoring.sandbox.warm`) go through steps 1 to 4 early, with empty folders and an interpreter that
does its imports and waits on one more socket. When a job comes the supervisor copies code and input to where they are
bound, starts the clocks and tells the interpreter the script. The socket is closed before the script begins; no slot is
used twice.

The caller and the supervisor share a pipe: when the caller ends, is killed, or wants no more, the supervisor kills the
job and clears the slot. When the supervisor itself is killed, the job ends with it, and the next ``reap()`` removes the
cgroups and the folder.

A job ends with one of the verdicts of :class:`scoring.sandbox.jobs.Verdict`. What is our fault is ``sandbox_error``
and nothing else is. Exit codes, streams and files are the job's own words: they are data, never instructions.

**Two ways to limit memory.** With cgroups (version 1 or 2) the kernel counts every page, those of a tmpfs too. Without
them each process is limited by RLIMIT_DATA, the sum of all is looked at every 100 ms, memfd and System V memory are
refused, and a tmpfs counts beside it. That second way bounds mistakes and plain attacks. It can be passed for 100 ms,
and it does not see what the kernel holds for a job: the buffers of sockets and pipes, for one.

**What it does not defend.**

- A hole in the kernel. Jobs share the host's kernel: a public site with open registration should use a backend with a
  kernel of its own, or a machine for each worker.
- Side channels: time, caches, what ``/proc/meminfo`` and ``/proc/loadavg`` say about the machine.
- What lies under ``/usr``, which jobs can read: no secret, no source of a challenge and no socket may be there.
- Disk: the slot's copy of code and input takes room beside the caller's.
- What a job knows leaves by its output. Who may read the streams and files is the caller's to decide.
"""
