"""Files to people: resumable (one byte range, `If-Range`), with an ETag, never sniffed, never inline."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header

from podium.core.storage import CHUNK

RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)$")
MOST_DIGITS = 18  # of a number of bytes: more than any file has


def download(request: HttpRequest, path: Path, *, name: str, etag: str) -> HttpResponse | StreamingHttpResponse:
    """Answer with the file at `path` as an attachment called `name`; `etag` is the SHA-256 of its bytes."""
    quoted, size = f'"{etag}"', path.stat().st_size
    if request.headers.get("If-None-Match") == quoted:
        answer: HttpResponse | StreamingHttpResponse = HttpResponseNotModified()
    elif (span := _asked_range(request, size=size, etag=quoted)) is None:
        answer = FileResponse(path.open("rb"), content_type="application/octet-stream")
    elif span[0] >= size or span[0] > span[1]:
        answer = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        answer = _part(path, *span, size=size)
    answer["ETag"] = quoted
    answer["Accept-Ranges"] = "bytes"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _asked_range(request: HttpRequest, *, size: int, etag: str) -> tuple[int, int] | None:
    """Return first and last byte asked for; None for the whole file (no range, several, or of another version)."""
    match = RANGE.match(request.headers.get("Range", ""))
    if not match or match.group() == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = (digits.lstrip("0")[:MOST_DIGITS] or digits[:1] for digits in match.groups())
    if not first:  # the last so many bytes
        return max(size - int(last), 0), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _part(path: Path, first: int, last: int, *, size: int) -> StreamingHttpResponse:
    length = last - first + 1
    part = Part(path, first=first, length=length)
    answer = StreamingHttpResponse(part, status=206, content_type="application/octet-stream")
    answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    answer["Content-Length"] = str(length)
    return answer


class Part:
    """Some bytes of a file, piece by piece. The server closes it, also where nobody reads: the answer to HEAD."""

    def __init__(self, path: Path, *, first: int, length: int) -> None:
        self.file, self.left = path.open("rb"), length
        self.file.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        while self.left > 0 and (chunk := self.file.read(min(CHUNK, self.left))):
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self.file.close()
