"""Blobs on disk: received, hashed, synced, renamed, and only then named in the database.

A crash between the rename and the row leaves an orphan, which `sweep` removes; it never leaves a row without bytes.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from podium.core.errors import TooLarge
from podium.core.models import Blob

CHUNK = 1 << 20
ASKED_AT_ONCE = 500
ORPHAN_AGE = timedelta(hours=6)


def blob_path(sha256: str) -> Path:
    """Return where the bytes with this hash lie."""
    return Path(settings.FILES_DIR) / "blobs" / sha256[:2] / sha256


def incoming_folder() -> Path:
    """Return the folder for bytes on their way in, made when missing."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces of one MiB."""
    while chunk := file.read(CHUNK):
        yield chunk


def store(chunks: Iterable[bytes], *, limit: int | None = None) -> Blob:
    """Keep the bytes and return their blob; the same bytes twice are kept once.

    Call it before any transaction: it waits for the disk. Raises `TooLarge` as soon as more than `limit` bytes came.
    """
    temporary = incoming_folder() / f"blob-{secrets.token_hex(8)}"
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise TooLarge(f"The file is larger than the limit of {limit:,} bytes.")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        final = blob_path(digest.hexdigest())
        with _held(_made(final.parent), fcntl.LOCK_SH):
            _settle(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    blob, _ = Blob.objects.get_or_create(sha256=final.name, defaults={"size": size})
    return blob


def store_bytes(data: bytes) -> Blob:
    """Keep these bytes."""
    return store([data])


def _settle(temporary: Path, final: Path) -> None:
    """Rename into place and sync the folder, so that the name survives a power cut as well."""
    temporary.replace(final)
    _sync(final.parent)


def _made(folder: Path) -> Path:
    """Make a folder that is not there, for good."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        _sync(folder.parent)
    return folder


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """Hold a folder of blobs, across processes: shared by those who bring one, alone for who sweeps."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)  # which lets go


def sweep() -> int:
    """Remove bytes without a row and unfinished uploads, older than six hours; return how many went."""
    oldest = (timezone.now() - ORPHAN_AGE).timestamp()
    gone = _remove(_older(incoming_folder(), oldest))
    for folder in (Path(settings.FILES_DIR) / "blobs").glob("??"):
        for names in batched(sorted(path.name for path in _older(folder, oldest))):
            nobodys = unnamed(names)
            with _held(folder, fcntl.LOCK_EX):  # the same bytes may have come again meanwhile: then they are young
                gone += _remove(_older(folder, oldest, nobodys))
    return gone


def batched(names: list[str]) -> Iterator[list[str]]:
    """Yield names in lists of a size that a database likes to be asked for."""
    yield from (names[start : start + ASKED_AT_ONCE] for start in range(0, len(names), ASKED_AT_ONCE))


def unnamed(names: list[str]) -> set[str]:
    """Return those of these hashes that no row names."""
    return set(names) - set(Blob.objects.filter(sha256__in=names).values_list("sha256", flat=True))


def _older(folder: Path, oldest: float, names: Iterable[str] | None = None) -> Iterator[Path]:
    """Yield the files of a folder (these names, or all) that were last written before a moment."""
    for path in list(folder.iterdir()) if names is None else [folder / name for name in names]:
        with suppress(FileNotFoundError):  # files come and go
            if path.is_file() and path.stat().st_mtime < oldest:
                yield path


def _remove(paths: Iterable[Path]) -> int:
    gone = 0
    for path in paths:
        path.unlink(missing_ok=True)
        gone += 1
    return gone
