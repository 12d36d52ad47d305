"""Copies files into a slot before a job, and out of it afterwards, when nobody can change them any more.

Everything is opened through the handle of its folder, and no link is followed. What comes out is taken byte by byte:
no owner, no mode, no link, no time of its own.
"""

# The supervisor is started for each job, and pathlib would be most of what it loads.
# ruff: noqa: PTH101, PTH102, PTH103, PTH108, PTH123

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
DEPTH = 16
PATH_BYTES = 1024
REFUSED_KEPT = 100
CHUNK = 1 << 20

KINDS = {
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
"""Reasons for what is no file; the others are hard_link, odd_name, too_deep, too_many, too_large and unreadable."""


def copy_in(source: str | None, target: str, *, look_up: Callable[[], None] = lambda: None, new: bool = True) -> None:
    """Copy the regular files below ``source``, if any, to the folder ``target``, for all who may pass to it.

    ``look_up`` is called now and then, and may raise where nobody wants the copy any more. ``new`` says whether the
    folder is to be made.
    """
    if new:
        _make(target)
    if source is None:
        return
    top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _copy_folder(top, target, look_up)
    finally:
        os.close(top)


def _make(target: str) -> None:
    os.mkdir(target)
    os.chmod(target, 0o755)  # noqa: S103 - past the umask, in a slot whose folder only its user passes


def _copy_folder(handle: int, target: str, look_up: Callable[[], None]) -> None:
    for name in os.listdir(handle):
        kind = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
        if not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
            continue
        inner = os.open(name, FOLDER if stat.S_ISDIR(kind) else FILE, dir_fd=handle)
        try:
            if stat.S_ISDIR(kind):
                _make(f"{target}/{name}")
                _copy_folder(inner, f"{target}/{name}", look_up)
            else:
                _copy_file(inner, f"{target}/{name}", look_up)
        finally:
            os.close(inner)


def _copy_file(source: int, target: str, look_up: Callable[[], None]) -> None:
    found = os.fstat(source)
    if not stat.S_ISREG(found.st_mode):  # exchanged since it was looked at
        return
    new = os.open(target, NEW, 0o600)
    try:
        look_up()
        while os.sendfile(new, source, None, CHUNK):
            look_up()
        os.fchmod(new, 0o755 if found.st_mode & 0o100 else 0o644)
    finally:
        os.close(new)


class Collection:
    """What came out of a job: ``collected``, ``refused``, and whether a cap was passed (``over``)."""

    def __init__(self, limits: dict[str, Any]) -> None:
        self.collected: list[dict[str, Any]] = []
        self.refused: list[dict[str, str]] = []
        self.over = False
        self._files, self._left = limits["output_files"], limits["output_bytes"]

    def take(self, handle: int, target: str) -> None:
        """Copy what may come out of the folder ``handle`` into the folder ``target`` of the caller."""
        os.makedirs(target, exist_ok=True)
        for path, folder, name in self._entries(handle, "", 0):
            reason = self._copy(folder, name, path, target)
            if reason is not None:
                self.refuse(path, reason)

    def refuse(self, path: str, reason: str) -> None:
        """Note what does not come out; the first hundred are enough to know why."""
        self.over |= reason in {"too_many", "too_large"}
        if len(self.refused) < REFUSED_KEPT:
            self.refused.append({"path": _shown(path), "reason": reason})

    def _entries(self, handle: int, prefix: str, depth: int) -> Iterator[tuple[str, int, str]]:
        """Yield (path, handle of its folder, name) of all that is no folder and has a plain name, in order."""
        for name in sorted(os.listdir(handle)):
            path = prefix + name
            if not plain(name) or len(path) > PATH_BYTES:
                self.refuse(path, "odd_name")
            elif not stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                yield path, handle, name
            elif depth == DEPTH:
                self.refuse(path, "too_deep")
            else:
                yield from self._inside(handle, name, path, depth)

    def _inside(self, handle: int, name: str, path: str, depth: int) -> Iterator[tuple[str, int, str]]:
        try:
            inner = os.open(name, FOLDER, dir_fd=handle)
        except OSError:
            self.refuse(path, "unreadable")
            return
        try:
            yield from self._entries(inner, f"{path}/", depth + 1)
        finally:
            os.close(inner)

    def _copy(self, folder: int, name: str, path: str, target: str) -> str | None:
        """Copy one file; return the reason where it is refused."""
        kind = stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        if kind in KINDS:
            return KINDS[kind]
        try:
            handle = os.open(name, FILE, dir_fd=folder)
        except OSError:
            return "unreadable"
        try:
            found = os.fstat(handle)
            reason = self._reason(found)
            if reason is None:
                digest = write_out(handle, found.st_size, target, path)
                self.collected.append({"path": path, "size": found.st_size, "sha256": digest})
                self._left -= found.st_size
            return reason
        finally:
            os.close(handle)

    def _reason(self, found: os.stat_result) -> str | None:
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return "hard_link"
        if len(self.collected) >= self._files:
            return "too_many"
        return "too_large" if found.st_size > self._left else None


def plain(name: str) -> bool:
    """Return whether a file's name is made of characters that can be seen, and means the same everywhere.

    >>> plain("scores.csv"), plain("a\\nb"), plain("..\\\\b"), plain("\\udcff")
    (True, False, False, False)
    """
    return name.isprintable() and "\\" not in name and name == name.strip()


def write_out(handle: int, size: int, target: str, path: str) -> str:
    """Copy ``size`` bytes to ``path`` below ``target``, where a file of that name is replaced; return their SHA-256."""
    import hashlib  # noqa: PLC0415 - a job without output does not wait for it

    *folders, name = path.split("/")
    parent = "/".join([target, *folders])
    os.makedirs(parent, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{parent}/{name}")
    digest = hashlib.sha256()
    with open(os.open(f"{parent}/{name}", NEW, 0o644), "wb") as new:
        while size and (part := os.read(handle, min(size, CHUNK))):
            digest.update(part)
            new.write(part)
            size -= len(part)
    return digest.hexdigest()


def _shown(path: str) -> str:
    """Return a path as any reader can take it."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode()
        for character in path[:PATH_BYTES]
    )
