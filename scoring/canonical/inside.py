"""The reader in its sandbox: a parent that holds no file, and a child for each. ``scoring.canonical`` tells why.

The parent gets two handles at a time, a socket and a sealed copy of a file, and answers with the child's status when it
has ended. The child answers on the socket alone.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from scoring.canonical.clean import line_parts, parts_of, text_parts
from scoring.canonical.orders import Order, open_here
from scoring.canonical.wire import (
    BROKEN,
    CLEAN,
    HEAD,
    LONGEST_WORDS,
    MEMORY,
    MISTAKES,
    READY,
    STATUS,
    plain_mistakes,
)
from scoring.confinement import lower
from scoring.errors import SubmissionError
from scoring.reading import Table
from scoring.sandbox import kernel, seccomp

TRACE_CHARACTERS = 8000


def main(memory_mb: int) -> None:
    """Serve files until the channel ends."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # the child, of our user, is to open nothing of ours
    channel = socket.socket(fileno=os.dup(0))
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    _warm_up()
    program = seccomp.assemble_alone(os.uname().machine)
    gc.freeze()
    channel.sendall(READY)
    while True:
        word, handles, _, _ = socket.recv_fds(channel, 1, 2)
        if not word:
            return
        child = os.fork()
        if child == 0:
            channel.close()
            _serve_and_end(*handles, memory_mb=memory_mb, program=program)
        for handle in handles:
            os.close(handle)
        _, status = os.waitpid(child, 0)
        channel.sendall(STATUS.pack(status))


def _warm_up() -> None:
    from scoring.allocator import give_back_early  # noqa: PLC0415

    give_back_early()
    import pyarrow.compute  # noqa: PLC0415 - the first file is not to wait for these
    import pyarrow.csv  # noqa: PLC0415
    import pyarrow.json  # noqa: PLC0415
    import pyarrow.parquet  # noqa: PLC0415, F401

    import scoring.json_tables  # noqa: PLC0415
    import scoring.npz  # noqa: PLC0415
    import scoring.zips  # noqa: PLC0415, F401
    from scoring.arrow import leave_pandas_alone  # noqa: PLC0415

    leave_pandas_alone()


def _serve_and_end(way: int, file: int, *, memory_mb: int, program: bytes) -> NoReturn:
    """Give up what a reader does not need, read one file, and answer questions about it."""
    code = 1
    try:
        for number in (1, 2):
            os.dup2(0, number)
        lower({resource.RLIMIT_AS: memory_mb << 20, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0})
        kernel.filter_calls(program)
        with socket.socket(fileno=way) as stream:
            _serve(stream, Path(f"/proc/self/fd/{file}"))
        code = 0
    finally:
        os._exit(code)


def _serve(stream: socket.socket, path: Path) -> None:
    order = Order.from_dict(_asked(stream) or {})
    tables: list[Table] = []

    def read() -> list[bytes]:
        tables.append(open_here(path, order))
        return parts_of(tables[0], order)

    going_on = _answer(stream, read)
    while going_on and (question := _asked(stream)) is not None:
        going_on = _answer(stream, _known(tables[0], question))


def _known(table: Table, question: dict[str, Any]) -> Callable[[], list[bytes]]:
    if "text" in question:
        return lambda: text_parts(table.rows, table.text(question["text"]))
    return lambda: line_parts(table.lines(question["lines"]))


def _asked(stream: socket.socket) -> dict[str, Any] | None:
    """Return what was asked, or None where nothing more is."""
    head = _exactly(stream, HEAD.size)
    if head is None:
        return None
    _, size = HEAD.unpack(head)
    words = _exactly(stream, size)
    if words is None:
        return None
    question: dict[str, Any] = json.loads(words)
    return question


def _exactly(stream: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = stream.recv(min(size - len(data), LONGEST_WORDS))
        if not part:
            return None
        data += part
    return bytes(data)


def _answer(stream: socket.socket, find: Callable[[], list[bytes]]) -> bool:
    """Send what ``find`` returns, or why there is nothing. Returns whether more may be asked."""
    try:
        kind, parts = CLEAN, find()
    except SubmissionError as error:
        kind, parts = MISTAKES, [json.dumps(plain_mistakes(error.mistakes)).encode()]
    except Exception as error:
        if isinstance(error, MemoryError) or "can't start new thread" in str(error):
            kind, parts = MEMORY, []
        else:
            kind, parts = BROKEN, [traceback.format_exc()[-TRACE_CHARACTERS:].encode(errors="replace")]
    try:
        for part in (HEAD.pack(kind, sum(map(len, parts))), *filter(None, parts)):
            stream.sendall(part)
    except BrokenPipeError:  # nobody wants it any more
        return False
    return kind == CLEAN
