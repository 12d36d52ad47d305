"""Unpacking a zip of several files into a folder: nothing in it is trusted, and what comes out is counted."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from scoring.errors import fail, many, shown
from scoring.kinds import kind_of
from scoring.zips import check_member, open_zip

CHUNK = 1 << 20
RATIO_GRACE = 16 << 20
CLUTTER = {"__MACOSX", ".DS_Store", "Thumbs.db"}
SYMLINK = 0o120000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """What an archive may come to."""

    files: int = 1000
    total_bytes: int = 1 << 30
    ratio: int = 100


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip, however it is called."""
    with path.open("rb") as stream:
        return kind_of(stream.read(4096)) in {"zip", "npz"}


def unpack(source: Path, target: Path, *, limits: UnpackLimits | None = None) -> None:
    """Unpack a zip into a new folder: regular files only. Raises SubmissionError, which says what is wrong with it."""
    limits = limits or UnpackLimits()
    target.mkdir(parents=True, exist_ok=True)
    left = limits.total_bytes
    with source.open("rb") as stream, open_zip(stream, size=source.stat().st_size) as archive:
        members = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member)]
        if len(members) > limits.files:
            message = f"The zip file holds {many(len(members), 'file')}, expected at most {limits.files:,}."
            raise fail("archive_many", message)
        for member in members:
            check_member(member)
            if member.external_attr >> 16 & 0o170000 == SYMLINK:
                raise fail(
                    "archive_link", f"The zip file holds {shown(member.filename)}, a link. Pack the file itself."
                )
            with archive.open(member) as inner:
                left -= _copy(inner, _place(target, member.filename), left=left, member=member, limits=limits)


def _copy(inner: IO[bytes], target: Path, *, left: int, member: zipfile.ZipInfo, limits: UnpackLimits) -> int:
    """Copy what comes out, and return how much it was."""
    size = 0
    with target.open("xb") as new:
        while part := inner.read(CHUNK):
            size += len(part)
            if size > left:
                most = f"{limits.total_bytes / (1 << 20):,.0f} MB"
                raise fail("too_large", f"The zip file unpacks to more than {most}, the most that it may.")
            if size > RATIO_GRACE and size > member.compress_size * limits.ratio:
                message = f"{shown(member.filename)} unpacks to more than {limits.ratio} times its size."
                raise fail("zip_bomb", f"{message} Send it without compression.")
            new.write(part)
    return size


def _place(target: Path, name: str) -> Path:
    """Return where a member goes. Raises SubmissionError where another one is there."""
    path = target.joinpath(*PurePosixPath(name.replace("\\", "/")).parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise fail("archive_path", f"The zip file holds {shown(name)} below what is a file in it too.") from None
    if path.exists():
        raise fail("archive_path", f"The zip file holds {shown(name)} twice.")
    return path


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    return not CLUTTER.isdisjoint(PurePosixPath(member.filename.replace("\\", "/")).parts)


def inner_folder(folder: Path, *names: str) -> Path:
    """Return the folder that holds one of ``names``: this one, or the only one in it, as zips are often made."""
    if any((folder / name).is_file() for name in names):
        return folder
    inside = list(folder.iterdir())
    alone = inside[0] if len(inside) == 1 and inside[0].is_dir() else None
    return alone if alone is not None and any((alone / name).is_file() for name in names) else folder
