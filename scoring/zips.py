"""Zip files: one table in one file, or the arrays of an NPZ file. The directory is looked at before it is read."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from scoring.archives import Content, Limits, drain, unpacked
from scoring.errors import fail, listed, many, shown

END_RECORD = b"PK\x05\x06"
LARGEST_DIRECTORY = 1 << 20


def from_zip(stream: IO[bytes], *, size: int, limits: Limits) -> Content:
    """Return the one file in a zip file. Raises SubmissionError."""
    with open_zip(stream, size=size) as archive:
        member = _only_member(archive)
        with archive.open(member) as inner:
            data = drain(inner, packed=max(member.compress_size, 1), limits=limits)
    return unpacked(data, name=member.filename)


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
