"""Blobs on disk: received, hashed, synced, renamed, and only then named in the database.

A crash between the rename and the row leaves an orphan, which `sweep` removes; it never leaves a row without bytes.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from podium.core.errors import TooLarge
from podium.core.models import Blob

CHUNK = 1 << 20
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
        _settle(temporary, blob_path(digest.hexdigest()))
    finally:
        temporary.unlink(missing_ok=True)
    blob, _ = Blob.objects.get_or_create(sha256=digest.hexdigest(), defaults={"size": size})
    return blob


def store_file(path: Path, *, limit: int | None = None) -> Blob:
    """Keep a copy of a file on this machine."""
    with path.open("rb") as file:
        return store(chunks_of(file), limit=limit)


def store_bytes(data: bytes) -> Blob:
    """Keep these bytes."""
    return store([data])


def _settle(temporary: Path, final: Path) -> None:
    """Rename into place and sync the folder, so that the name survives a power cut as well."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep() -> int:
    """Remove bytes without a row and unfinished uploads, older than six hours; return how many went."""
    oldest = (timezone.now() - ORPHAN_AGE).timestamp()
    gone = 0
    for path in incoming_folder().iterdir():
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    for path in (Path(settings.FILES_DIR) / "blobs").glob("??/*"):
        if path.stat().st_mtime < oldest and not Blob.objects.filter(sha256=path.name).exists():
            path.unlink(missing_ok=True)
            gone += 1
    return gone
