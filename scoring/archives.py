"""Opening what was sent: a plain file, or one file inside gzip or zip, with what comes out counted while it comes."""

from __future__ import annotations

import contextlib
import gzip
import mmap
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from scoring.errors import fail, listed, many, shown
from scoring.kinds import kind_of

CHUNK = 1 << 20
RATIO_GRACE = 16 << 20
END_RECORD = b"PK\x05\x06"
LARGEST_DIRECTORY = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a submission may take up. Bytes are counted after extraction."""

    max_bytes: int = 1 << 30
    max_ratio: int = 200
    max_columns: int = 4096
    max_line: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of one file, and the name that it has, inside the archive if it came in one."""

    data: bytes | mmap.mmap
    size: int
    name: str

    def forget(self) -> None:
        """Let go of the memory behind a file that was read; what is read again comes from the file again."""
        if isinstance(self.data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)


def open_content(path: Path, *, filename: str, limits: Limits) -> Content:
    """Return what ``path`` holds, out of gzip or zip if need be. What it is decides, not how it is called."""
    size = path.stat().st_size
    if size == 0:
        raise fail("empty_file", "The file is empty: it has 0 bytes. Send a header and one row for each id.")
    with path.open("rb") as stream:
        kind = kind_of(stream.read(4096))
        stream.seek(0)
        if kind == "gzip":
            return _from_gzip(stream, size=size, name=filename, limits=limits)
        if kind == "zip":
            return _from_zip(stream, size=size, limits=limits)
        if size > limits.max_bytes:
            raise too_large(limits)
        if size <= CHUNK:
            return Content(stream.read(), size, filename)
        return Content(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), size, filename)


def _from_gzip(stream: IO[bytes], *, size: int, name: str, limits: Limits) -> Content:
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            data = drain(unpacked, packed=size, limits=limits)
    except EOFError as error:
        raise fail("truncated", "The gzip file was cut off: it ends in the middle. Send it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise fail("archive_damaged", "The gzip file is damaged and cannot be unpacked. Make it again.") from error
    return _unpacked(data, name=name[:-3] if name.lower().endswith(".gz") else name)


def _from_zip(stream: IO[bytes], *, size: int, limits: Limits) -> Content:
    with open_zip(stream, size=size) as archive:
        member = _only_member(archive)
        with archive.open(member) as unpacked:
            data = drain(unpacked, packed=max(member.compress_size, 1), limits=limits)
    return _unpacked(data, name=member.filename)


@contextlib.contextmanager
def open_zip(stream: IO[bytes], *, size: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose members have harmless paths. Raises SubmissionError for what is wrong with it."""
    _check_directory(stream, size=size)
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                _check_path(member.orig_filename)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise fail("archive_damaged", "The zip file is damaged and cannot be unpacked. Make it again.") from error


def _check_directory(stream: IO[bytes], *, size: int) -> None:
    """Refuse an archive cut off at the end, and one with thousands of files, before its directory is read."""
    stream.seek(max(0, size - 65_557))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) - at < 22:
        raise fail("truncated", "The zip file has no end: it was cut off. Send the whole file again.")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > LARGEST_DIRECTORY:
        raise fail("archive_many", "The zip file holds thousands of files, expected exactly one: your table.")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member.filename)]
    if not members:
        raise fail(
            "archive_empty",
            "The zip file is empty: it holds no file. Put your table in it, or send the table as it is.",
        )
    if len(members) > 1:
        names = listed((member.filename for member in members[:6]), total=len(members))
        raise fail(
            "archive_many",
            f"The zip file holds {many(len(members), 'file')} ({names}), expected one: your table.",
        )
    check_member(members[0])
    return members[0]


def _check_path(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise fail(
            "archive_path",
            f"The zip file holds {shown(name)}, a path that leads outside of it. Zip your table alone, by its name.",
        )


def check_member(member: zipfile.ZipInfo) -> None:
    """Refuse a member that is encrypted or compressed in an uncommon way."""
    if member.flag_bits & 0x1:
        raise fail("archive_encrypted", "The zip file is protected by a password. Send it without one.")
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise fail(
            "archive_compression",
            "The zip file uses an uncommon compression. Make it with the usual one (deflate), or send a .csv.gz.",
        )


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1:] in {(".DS_Store",), ("Thumbs.db",)}


def drain(stream: IO[bytes] | gzip.GzipFile, *, packed: int, limits: Limits) -> bytes:
    """Return what comes out of ``stream``, of which ``packed`` bytes were sent. Raises SubmissionError at a limit."""
    # The sizes that an archive states are not believed: what comes out is counted.
    parts: list[bytes] = []
    size = 0
    while part := stream.read(CHUNK):
        parts.append(part)
        size += len(part)
        if size > limits.max_bytes:
            raise too_large(limits)
        if size > RATIO_GRACE and size > packed * limits.max_ratio:
            raise fail(
                "zip_bomb",
                f"The file unpacks to more than {limits.max_ratio} times its size, which no table does. "
                "Send it without compression.",
            )
    return b"".join(parts)


def _unpacked(data: bytes, *, name: str) -> Content:
    if not data:
        raise fail("empty_file", f"The archive holds {shown(name)}, which is empty: it has 0 bytes.")
    if kind_of(data[:4096]) in {"gzip", "zip", "npz"}:
        raise fail("archive_nested", "The archive holds another archive. Pack your table once, or send it as it is.")
    return Content(data, len(data), name)


def too_large(limits: Limits) -> Exception:
    """Return the error for a table that unpacks to more than the limit."""
    size = f"{limits.max_bytes / (1 << 20):,.0f} MB"
    return fail("too_large", f"The table is larger than {size}, the most that is read. Round your numbers.")
