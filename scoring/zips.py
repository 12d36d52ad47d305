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

END_RECORD, END_BYTES, COMMENT_BYTES = b"PK\x05\x06", 22, 65_535
LARGEST_DIRECTORY = 1 << 20
CLUTTER = {"__MACOSX", "__pycache__", ".DS_Store", "Thumbs.db"}
"""What machines put into archives beside what people mean to send."""


def from_zip(stream: IO[bytes], *, limits: Limits) -> Content:
    """Return the one file in a zip file. Raises SubmissionError."""
    with open_zip(stream) as archive:
        member = _only_member(archive)
        with archive.open(member) as inner:
            data = drain(inner, packed=max(member.compress_size, 1), limits=limits)
    return unpacked(data, name=member.filename)


@contextlib.contextmanager
def open_zip(stream: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose members have harmless paths. Raises SubmissionError for what is wrong with it."""
    # Thousands of files are refused before the directory is read.
    if directory_of(stream)[1] > LARGEST_DIRECTORY:
        raise fail("archive_many", "The zip file holds thousands of files, expected exactly one: your table.")
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                _check_path(member.orig_filename)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise fail("archive_damaged", "The zip file is damaged and cannot be unpacked. Make it again.") from error


def directory_of(stream: IO[bytes]) -> tuple[int, int]:
    """Return how many entries a zip's directory says that it has, and its bytes. Raises SubmissionError for no end."""
    stream.seek(max(0, stream.seek(0, 2) - END_BYTES - COMMENT_BYTES))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) - at < END_BYTES:
        raise fail("truncated", "The zip file has no end: it was cut off. Send the whole file again.")
    return int.from_bytes(tail[at + 10 : at + 12], "little"), int.from_bytes(tail[at + 12 : at + 16], "little")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir() and not is_clutter(member.filename)]
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
            "The zip file uses an uncommon compression. Make it with the usual one (deflate).",
        )


def is_clutter(name: str) -> bool:
    """Return whether a path in an archive is none of what somebody meant to send."""
    return not CLUTTER.isdisjoint(PurePosixPath(name.replace("\\", "/")).parts)
