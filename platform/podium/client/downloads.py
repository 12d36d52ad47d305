"""Fetching a challenge's files: resumed where they broke off, checked by their SHA-256, kept inside one folder."""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import httpx

from podium.client.api import Api, Json, address
from podium.client.show import Advance
from podium.client.troubles import Trouble

CHUNK = 1 << 16
ATTEMPTS = 5
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps to itself


def chosen(files: Sequence[Json], names: Sequence[str]) -> list[Json]:
    """Return the files that a person asked for by name or pattern; all where none is named."""
    for name in names:
        if not any(fnmatchcase(str(file["name"]), name) for file in files):
            there = ", ".join(str(file["name"]) for file in files) or "none"
            raise Trouble("no_such_file", f"There is no file “{name}”. The files are: {there}.")
    return [file for file in files if not names or any(fnmatchcase(str(file["name"]), name) for name in names)]


def place_of(folder: Path, name: str) -> Path:
    """Return where a file goes; refuse a name that leads out of the folder, on any system."""
    parts = name.split("/")
    odd = re.search(r'[\\:\x00-\x1f<>"|?*]', name)
    if odd or any(part in ("", ".", "..") or RESERVED.fullmatch(part) for part in parts):
        raise Trouble("unsafe_name", f"The site names a file {name!r}, which could lead elsewhere. It was not fetched.")
    place = folder.joinpath(*parts)
    if not place.resolve().is_relative_to(folder.resolve()):
        raise Trouble("unsafe_name", f"{place} leads out of {folder} by a link. It was not fetched.")
    return place


def fetch(api: Api, *, slug: str, file: Json, place: Path, advance: Advance) -> str:
    """Bring one file to its place. Returns `kept` when it is there already, else `downloaded`."""
    sha256, size = str(file["sha256"]), int(file["size"])
    if place.is_file() and place.stat().st_size == size and _sha256(place) == sha256:
        return "kept"
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{sha256[:12]}.part")  # of these very bytes: an older version's is another
    path = f"{address('challenges', slug, 'files')}/{address(*[str(file['name'])]).replace('%2F', '/')}"
    _patiently(lambda: _take(api, path, part=part, sha256=sha256, size=size, advance=advance))
    if _sha256(part) != sha256:
        part.unlink()
        raise Trouble("damaged", f"{file['name']} arrived damaged: its SHA-256 is another. Run the command again.")
    part.replace(place)
    return "downloaded"


def _patiently(take: Callable[[], None]) -> None:
    """Go on after a broken connection, up to five times, a little later each time."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return take()
        except Trouble as trouble:
            if trouble.code not in ("unreachable", "timeout", "short") or attempt == ATTEMPTS:
                raise
        time.sleep(0.5 * 2**attempt)
    return None


def _take(api: Api, path: str, *, part: Path, sha256: str, size: int, advance: Advance) -> None:
    """Fetch what is missing of a file."""
    there = part.stat().st_size if part.is_file() else 0
    if there > size:
        part.unlink()
        there = 0
    if there == size and part.is_file():
        return
    headers = {"Range": f"bytes={there}-", "If-Range": f'"{sha256}"'} if there else {}
    with api.kindly(), api.http.stream("GET", path, headers=headers) as answer:
        if not answer.is_success:
            answer.read()
        api.check(answer)
        _write(answer, part, there=there if answer.status_code == 206 else 0, size=size, advance=advance)


def _write(answer: httpx.Response, part: Path, *, there: int, size: int, advance: Advance) -> None:
    """Write down what comes, and never more than was announced."""
    with part.open("ab" if there else "wb") as target:
        for chunk in answer.iter_raw(CHUNK):
            there += len(chunk)
            if there > size:
                break
            target.write(chunk)
            advance(there)
    if there != size:
        raise Trouble("short", f"The connection ended after {there:,} of {size:,} bytes. Run the command again.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
