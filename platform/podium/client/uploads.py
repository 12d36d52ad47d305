"""Sending a file in, once, even where the connection breaks; and waiting for its scores."""

import time
import uuid
from pathlib import Path
from typing import BinaryIO

import httpx

from podium.client.api import Api, Json, address
from podium.client.show import Advance, note
from podium.client.troubles import Trouble

ATTEMPTS = 4
IN_FLIGHT = ("received", "queued", "running")
AWAY = ("unreachable", "timeout", "unavailable", "throttled")
FIRST_PAUSE, LONGEST_PAUSE, GIVE_UP = 0.2, 5.0, 120.0  # seconds
STORING = httpx.Timeout(30, connect=10, read=300)  # a large file takes a while to be written down and hashed


class Watched:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, advance: Advance) -> None:
        self.file = file
        self.advance = advance
        self.fileno = file.fileno
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        chunk = self.file.read(size)
        self.advance(self.file.tell())
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere: back to the beginning, for another attempt."""
        return self.file.seek(offset, whence)


def send(api: Api, *, slug: str, path: Path, fields: dict[str, str], advance: Advance) -> Json:
    """Send a file in and return the submission. Attempts share one key, so that the site takes the file once."""
    key = str(uuid.uuid4())
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _send(api, slug=slug, path=path, fields=fields, key=key, advance=advance)
        except Trouble as trouble:
            if trouble.code not in ("unreachable", "timeout", "unavailable") or attempt == ATTEMPTS:
                raise
            note(f"{trouble.message} Trying again …")
        time.sleep(0.5 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _send(api: Api, *, slug: str, path: Path, fields: dict[str, str], key: str, advance: Advance) -> Json:
    with path.open("rb") as file:
        # the phase stands in the address as well: from there its size limit is known before the file is read
        answer = api.ask(
            "POST",
            f"{address('challenges', slug, 'submissions')}/",
            params={"phase": fields["phase"]} if "phase" in fields else None,
            headers={"Idempotency-Key": key},
            data=fields,
            files={"file": (path.name, Watched(file, advance), "application/octet-stream")},
            timeout=STORING,
        )
    return api.read(answer)


def follow(api: Api, submission: Json) -> Json:
    """Return the submission once it is finished: asked for often at first, then less, through short absences."""
    pause, heard = FIRST_PAUSE, time.monotonic()
    while submission["state"] in IN_FLIGHT:
        time.sleep(pause)
        pause = min(pause * 1.4, LONGEST_PAUSE)
        try:
            submission = api.get(f"{address('submissions', submission['id'])}/")
            heard = time.monotonic()
        except Trouble as trouble:
            if trouble.code not in AWAY or time.monotonic() - heard > GIVE_UP:
                raise
    return submission
