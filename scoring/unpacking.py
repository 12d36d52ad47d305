"""From a zip of several files to a folder: of a participant's code, of a host's program, of results to be scored.

It happens outside of the sandbox, so nothing but zip's own format is read here: no code is parsed, no link is made, no
path leaves the folder, and sizes that an archive states are not believed. What is wrong is a SubmissionError; where the
zip is the host's, the caller says so.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from scoring.errors import SubmissionError, fail, shown
from scoring.zips import END_RECORD, LARGEST_DIRECTORY, check_member, directory_of, is_clutter

MIB = 1 << 20
CHUNK = 1 << 20
LONGEST_PATH, DEEPEST = 200, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """What an archive may come to. Its ratio is looked at only beyond ``ratio_from`` bytes."""

    files: int = 1000
    total_bytes: int = 1024 * MIB
    ratio: int = 100
    ratio_from: int = 16 * MIB


CODE = UnpackLimits(files=200, total_bytes=512 * MIB, ratio_from=MIB)
"""What people write themselves; results, which may be long columns of one number, pack much better."""
FILES = UnpackLimits()


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip, however it is called."""
    with path.open("rb") as stream:
        return stream.read(4) in {b"PK\x03\x04", END_RECORD}


def unpack_zip(source: Path, target: Path, *, limits: UnpackLimits = FILES, unwrap: bool = False) -> list[str]:
    """Unpack a zip into ``target``, regular files only, and return their paths in it. Raises SubmissionError.

    With ``unwrap`` the one folder that is around all files is left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as stream:
        _check_directory(stream, limits=limits)
        try:
            with zipfile.ZipFile(stream) as archive:
                members = [item for item in archive.infolist() if not is_clutter(item.filename)]
                if len(members) > limits.files:
                    raise _too_many(limits)
                files = _checked(members)
                _extract(archive, _unwrapped(files) if unwrap else files, target=target, limits=limits)
                return sorted(_unwrapped(files) if unwrap else files)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
            raise fail("archive_damaged", "The zip file is damaged and cannot be unpacked. Make it again.") from error


def inner_folder(folder: Path, *names: str) -> Path:
    """Return the folder that holds one of ``names``: this one, or the only one in it, as zips are often made."""
    if any((folder / name).is_file() for name in names):
        return folder
    inside = list(folder.iterdir())
    alone = inside[0] if len(inside) == 1 and inside[0].is_dir() else None
    return alone if alone is not None and any((alone / name).is_file() for name in names) else folder


def _check_directory(stream: IO[bytes], *, limits: UnpackLimits) -> None:
    """Refuse an archive cut off at its end, and one with too many entries, before its directory is read."""
    stated, size = directory_of(stream)
    # What a Mac adds is not counted, and is as many again.
    if stated > 2 * limits.files + 10 or size > LARGEST_DIRECTORY:
        raise _too_many(limits)


def _too_many(limits: UnpackLimits) -> SubmissionError:
    return fail("archive_many", f"The zip file holds more than {limits.files:,} files, the most that it may.")


def _checked(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the files by their paths. Raises SubmissionError."""
    for member in members:
        _check_plain(member)
        check_member(member)
    files = {str(PurePosixPath(item.filename)): item for item in members if not item.is_dir()}
    if not files:
        raise fail("archive_empty", "The zip file is empty: it holds no file.")
    if len(files) < sum(not item.is_dir() for item in members):
        raise fail("archive_twice", "The zip file holds two files of the same path. Make it again.")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    if both := sorted(folders & files.keys()):
        raise fail("archive_twice", f"The zip file holds {shown(both[0])} as a file and as a folder. Make it again.")
    return files


def _check_plain(member: zipfile.ZipInfo) -> None:
    """Refuse a path that leads elsewhere, and what is no regular file or folder."""
    name = member.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name or not name.isprintable():
        raise fail("archive_path", f"The zip file holds {shown(name)}, a path that is not allowed. Use plain names.")
    if len(name.encode()) > LONGEST_PATH or len(path.parts) > DEEPEST:
        raise fail("archive_path", f"The zip file holds {shown(name)}, which is too long or too deep a path.")
    if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise fail("archive_link", f"The zip file holds {shown(name)}, a link or device. Zip the files themselves.")


def _unwrapped(files: dict[str, zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    tops = {PurePosixPath(name).parts[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.partition("/")[2]: item for name, item in files.items()}
    return files


def _extract(
    archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], *, target: Path, limits: UnpackLimits
) -> None:
    """Write the files, counting what comes out."""
    total = packed = 0
    for name, member in files.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        packed += max(member.compress_size, 1)
        with archive.open(member) as inner, place.open("xb") as out:
            while part := inner.read(CHUNK):
                total += len(part)
                _check_total(total, packed=packed, limits=limits)
                out.write(part)


def _check_total(total: int, *, packed: int, limits: UnpackLimits) -> None:
    if total > limits.total_bytes:
        most = f"{limits.total_bytes / MIB:,.0f} MB"
        raise fail("too_large", f"The zip file unpacks to more than {most}, the most that it may.")
    if total > limits.ratio_from and total > packed * limits.ratio:
        raise fail(
            "zip_bomb", f"The zip file unpacks to more than {limits.ratio} times its size. Send it uncompressed."
        )
