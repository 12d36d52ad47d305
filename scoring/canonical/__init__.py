"""Reads files that nobody vouches for where nothing is to be found: in a sandbox without labels or credentials.

A prediction file is foreign bytes, and a table's reader is a large program in C++. In the hardened mode it reads in
here, and only what comes out, a clean table, meets the reference:

    scoring process ── order: columns, limits ──► worker ── order, bytes ──► reader in its sandbox
                    ◄── clean table, mistakes ──        ◄── columns, mistakes ──

**The reader** (:mod:`scoring.canonical.inside`) is our own reading code with NumPy and Arrow, which it sees read-only,
in a sandbox that lives as long as the worker's scoring process, so that imports are paid for once. For each file it
forks a child, which gets two handles: a copy of the file in memory that is sealed, and a socket for this file alone.
Before it looks at a byte it gives up, by a second system call filter, to start processes and programs and to signal
or limit others; it can write no file. So it ends with its last thread, and nothing of one file can wait for the next.
Its parent cannot be opened by it, never sees a byte of the file, and says how it ended.

**The clean table** (:mod:`scoring.canonical.clean`) is not trusted either: a child that a file has taken over says what
it wants. So it is no Parquet and no Arrow stream, whose readers are what we keep away from, but fixed fields and plain
arrays: a count of rows, a kind and a length for each column that was asked for; doubles, or offsets and UTF-8. It is
read with ``numpy.frombuffer`` and checked: lengths, finite numbers, offsets, letters. What a taken-over child can still
do is to send a wrong table, which is a submission like any other.

Which ids there must be, what a cell must hold, and every sentence about it is decided outside, on the clean table, by
the very code that reads a file directly (:mod:`scoring.tables`). Where it wants to know more, how a number was written
or on which line a row stands, it asks the child, which has the table open until the score is there.
"""
