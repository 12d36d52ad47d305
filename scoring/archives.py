"""Opening what was sent: a plain file, or one file inside gzip or zip, with what comes out counted while it comes."""

from __future__ import annotations

import mmap
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scoring.errors import fail, shown
from scoring.kinds import kind_of

if TYPE_CHECKING:
    from gzip import GzipFile

CHUNK = 1 << 20
RATIO_GRACE = 16 << 20


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
            from scoring.zips import from_zip  # noqa: PLC0415 - a plain file pays for no archive

            return from_zip(stream, limits=limits)
        if size > limits.max_bytes:
            raise too_large(limits)
        if size <= CHUNK:
            return Content(stream.read(), size, filename)
        return Content(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), size, filename)


def _from_gzip(stream: IO[bytes], *, size: int, name: str, limits: Limits) -> Content:
    import gzip  # noqa: PLC0415

    try:
        with gzip.GzipFile(fileobj=stream) as inner:
            data = drain(inner, packed=size, limits=limits)
    except EOFError as error:
        raise fail("truncated", "The gzip file was cut off: it ends in the middle. Send it again.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise fail("archive_damaged", "The gzip file is damaged and cannot be unpacked. Make it again.") from error
    return unpacked(data, name=name[:-3] if name.lower().endswith(".gz") else name)


def drain(stream: IO[bytes] | GzipFile, *, packed: int, limits: Limits) -> bytes:
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


def unpacked(data: bytes, *, name: str) -> Content:
    """Return what came out of an archive. Raises SubmissionError where that is nothing, or an archive again."""
    if not data:
        raise fail("empty_file", f"The archive holds {shown(name)}, which is empty: it has 0 bytes.")
    if kind_of(data[:4096]) in {"gzip", "zip", "npz"}:
        raise fail("archive_nested", "The archive holds another archive. Pack your table once, or send it as it is.")
    return Content(data, len(data), name)


def too_large(limits: Limits) -> Exception:
    """Return the error for a table that unpacks to more than the limit."""
    size = f"{limits.max_bytes / (1 << 20):,.0f} MB"
    return fail("too_large", f"The table is larger than {size}, the most that is read. Round your numbers.")
