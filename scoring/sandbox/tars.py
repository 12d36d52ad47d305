"""Folders as tar streams: how files reach a container or a pod that shares no disk with us, and how they come back.

What goes in is what :mod:`scoring.sandbox.collecting` would copy in: regular files, opened through their folder's
handle, no link followed. What comes back was written by a job and packed by an engine. It is read once from its start
to its end, no member is ever extracted by its own name, owner, mode or kind, and the same caps hold.
"""

# ruff: noqa: PTH103, PTH108, PTH123

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Callable
from typing import IO, Any

from scoring.sandbox.collecting import CHUNK, DEPTH, FILE, FOLDER, NEW, PATH_BYTES, Collection, plain
from scoring.sandbox.watching import SandboxError, stay_wanted

PAGE = os.sysconf("SC_PAGESIZE")
SLACK_BYTES = 64 << 20
"""What a tar may hold beside the files that may come out: headers, and files that are too large, up to a point."""

RESERVED = {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "out", "proc", "sbin", "sys", "tmp", "usr"}
"""The folders in a root that an image may have something in, or that are ours."""

KINDS = {
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hard_link",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
}
FILES = {tarfile.REGTYPE, tarfile.AREGTYPE}


class Packer:
    """Writes folders into a tar stream. ``look_up`` is called now and then, and may raise."""

    def __init__(self, stream: IO[bytes], *, look_up: Callable[[], None] = lambda: None) -> None:
        self._tar, self._look_up = tarfile.open(fileobj=stream, mode="w|"), look_up  # noqa: SIM115 - until end()

    def folder(self, source: str | None, target: str, *, dated: bool = False) -> None:
        """Add the regular files below ``source``, if any, at ``target``, which has no slash at its start.

        ``dated``: with the times at which they were written, by which Python knows which compiled ones are theirs.
        """
        self._dated = dated
        self._made(target, tarfile.DIRTYPE, 0o755)
        if source is not None:
            top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._fill(top, target)
            finally:
                os.close(top)

    def link(self, path: str, points_to: str) -> None:
        """Add a link."""
        self._made(path, tarfile.SYMTYPE, 0o777, points_to)

    def end(self) -> None:
        """Write what ends the stream."""
        self._tar.close()

    def _made(self, path: str, kind: bytes, mode: int, points_to: str = "") -> None:
        member = tarfile.TarInfo(path)
        member.type, member.mode, member.linkname = kind, mode, points_to
        self._tar.addfile(member)

    def _fill(self, handle: int, target: str) -> None:
        for name in os.listdir(handle):
            kind = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
            if not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
                continue
            inner = os.open(name, FOLDER if stat.S_ISDIR(kind) else FILE, dir_fd=handle)
            try:
                if stat.S_ISDIR(kind):
                    self._made(f"{target}/{name}", tarfile.DIRTYPE, 0o755)
                    self._fill(inner, f"{target}/{name}")
                else:
                    self._file(inner, f"{target}/{name}")
            finally:
                os.close(inner)

    def _file(self, handle: int, target: str) -> None:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):  # exchanged since it was looked at
            return
        member = tarfile.TarInfo(target)
        member.size, member.mode = found.st_size, 0o755 if found.st_mode & 0o100 else 0o644
        member.mtime = int(found.st_mtime) if self._dated else 0
        with os.fdopen(os.dup(handle), "rb") as stream:
            self._tar.addfile(member, Watched(stream, self._look_up))


class Pieces:
    """What goes in: the folders that each first part of a path inside holds, and trees, whose links are left out.

    Raises SandboxError for a strange path.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self.folders = {"input": job["input"], **{path.strip("/"): source for path, source in job["inputs"].items()}}
        if job["code"] is not None:  # an image may have code of its own there
            self.folders["code"] = job["code"]
        self.trees = {target.strip("/"): source for source, target in job["trees"]}
        self.links = {path.strip("/"): target for path, target in job["links"].items()}
        self.tops = sorted({path.partition("/")[0] for path in (*self.folders, *self.links)})
        strange = RESERVED & set(self.tops) or {path for path in self.links if "/" not in path}
        if strange:
            raise SandboxError(f"A container cannot have this of ours in its root: {', '.join(sorted(strange))}.")

    @property
    def places(self) -> list[str]:
        """Where something of it is to be written: the folders in the root, and the trees."""
        return [*self.tops, *self.trees]

    def has(self, folder: str) -> bool:
        """Return whether a job may start in that folder."""
        top = folder.strip("/").partition("/")[0]
        return top in {"out", "tmp", *self.tops}

    def pack(self, stream: IO[bytes]) -> None:
        """Write all of it as a tar."""
        packer = Packer(stream, look_up=stay_wanted)
        for path, source in sorted(self.folders.items()):
            packer.folder(source, path)
        for path, source in self.trees.items():
            packer.folder(source, path, dated=True)
        for path, target in self.links.items():
            packer.link(path, target)
        packer.end()
        stream.close()


class Watched(io.RawIOBase):
    """A stream that looks up at each read."""

    def __init__(self, stream: IO[bytes], look_up: Callable[[], None]) -> None:
        self._stream, self._look_up = stream, look_up

    def read(self, size: int = -1) -> bytes:
        """Read, after a look."""
        self._look_up()
        return self._stream.read(size)


class TarCollection(Collection):
    """What came out of a job as a tar stream: the rules of its base class, of which it knows all but unreadable files.

    ``full`` says whether the job had used up the room or the number of files that its /out has.
    """

    def __init__(self, limits: dict[str, Any], *, inodes: int) -> None:
        super().__init__(limits)
        self._room, self._inodes = limits["output_bytes"], inodes
        self._pages = self._members = 0

    @property
    def full(self) -> bool:
        """Whether nothing more fitted in."""
        return self._pages > self._room - PAGE or self._members >= self._inodes - 1

    def take_tar(self, stream: IO[bytes], target: str) -> None:
        """Copy what may come out of the tar ``stream``, whose names begin with ``./``, into the caller's ``target``.

        Raises tarfile.TarError or OSError where the stream is none, or is cut off.
        """
        os.makedirs(target, exist_ok=True)
        capped = Capped(stream, 2 * self._room + SLACK_BYTES + self._inodes * PAGE)
        try:
            with tarfile.open(fileobj=capped, mode="r|", bufsize=CHUNK) as tar:
                for member in tar:
                    self._take(tar, member, target)
        except tarfile.TarError:
            if not capped.over:
                raise
            self.refuse("(the rest)", "too_large")

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: str) -> None:
        path = member.name.removeprefix("./").rstrip("/")
        if path in {"", "."}:
            return
        self._members += 1
        self._pages += -(-member.size // PAGE) * PAGE
        reason = self._why_not(member, path)
        if reason == "hard_link":
            self._take_back(member.linkname.removeprefix("./"), target)
        if reason is not None:
            self.refuse(path, reason)
        elif not member.isdir():
            self._copy_member(tar, member, path, target)

    def _why_not(self, member: tarfile.TarInfo, path: str) -> str | None:
        names = path.split("/")
        if not all(map(plain, names)) or {"", ".", ".."} & set(names) or len(path) > PATH_BYTES:
            return "odd_name"
        if member.isdir():
            return "too_deep" if len(names) == DEPTH + 1 else None
        if len(names) > DEPTH + 1:
            return "too_deep"
        if member.type not in FILES:
            return KINDS.get(member.type, "unreadable")
        if len(self.collected) >= self._files:
            return "too_many"
        return "too_large" if member.size > self._left else None

    def _copy_member(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, target: str) -> None:
        source = tar.extractfile(member)
        if source is None:
            raise tarfile.ReadError(f"{path} has no content.")
        *folders, name = path.split("/")
        parent = "/".join([target, *folders])
        os.makedirs(parent, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{parent}/{name}")
        digest = hashlib.sha256()
        with open(os.open(f"{parent}/{name}", NEW, 0o644), "wb") as new:
            while part := source.read(CHUNK):
                digest.update(part)
                new.write(part)
        self.collected.append({"path": path, "size": member.size, "sha256": digest.hexdigest()})
        self._left -= member.size

    def _take_back(self, path: str, target: str) -> None:
        """Refuse a file that came out and is now known to have a second name."""
        for item in [item for item in self.collected if item["path"] == path]:
            self.collected.remove(item)
            self._left += item["size"]
            os.unlink(f"{target}/{path}")
            self.refuse(path, "hard_link")


class Capped(io.RawIOBase):
    """A stream that may have so many bytes; ``over`` says whether it had more, which is a ``tarfile.ReadError``."""

    def __init__(self, stream: IO[bytes], cap: int) -> None:
        self._stream, self._cap, self.over = stream, cap, False

    def read(self, size: int = -1) -> bytes:
        """Read what there is, up to the cap."""
        part = self._stream.read(size)
        self._cap -= len(part)
        if self._cap < 0:
            self.over = True
            raise tarfile.ReadError("The tar is longer than it may be.")
        return part
