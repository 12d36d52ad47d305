"""The files of a challenge: which one a person may have, and all of them as one zip.

Reference data are never among them, not even for hosts: what is here may be downloaded.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.http import Http404
from filelock import FileLock

from podium.challenges.models import Challenge, DataFile, Dataset, DatasetVersion, Phase
from podium.challenges.rules import Person
from podium.challenges.selectors import newest_versions
from podium.core.errors import Forbidden
from podium.core.storage import CHUNK, blob_path

SAMPLE_INPUTS = "sample_inputs/"  # before the names of the files that submitted code is tried on
NOT_JOINED = "Join the challenge to download its data."
FORMAT = 1  # of the zips made here: another number makes other zips of the same files
KEEP_UNUSED = 7 * 86_400  # seconds that a zip stays after its last download
STORED = re.compile(  # packed already
    r"\.(7z|bz2|gz|xz|zip|zst|whl|npz|parquet|feather|docx|xlsx|pdf"
    r"|avif|gif|jpeg|jpg|png|webp|flac|mp3|mp4|ogg|webm)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FileOffer:
    """A file that a person may see in a challenge's list of files."""

    name: str
    size: int
    sha256: str
    dataset: str
    audience: str
    may_download: bool


def files_for(user: Person, challenge: Challenge) -> list[FileOffer]:
    """Return the files that a person may see listed, by name: everybody who sees the challenge sees the list."""
    return [
        FileOffer(
            name=name,
            size=file.blob.size,
            sha256=file.blob.sha256,
            dataset=file.version.dataset.name,
            audience=audience,
            may_download=_may_have(user, challenge, audience),
        )
        for name, (file, audience) in sorted(_offered(challenge).items())
    ]


def file_for(user: Person, challenge: Challenge, name: str) -> DataFile:
    """Return the newest file of that name. `challenge` is one that the person may see.

    Raises 404 where there is none of that name, `Forbidden` (code `not_joined`) where it is not for this person.
    """
    everything = _offered(challenge)
    if name not in everything:
        raise Http404("this challenge has no such file")
    file, audience = everything[name]
    if not _may_have(user, challenge, audience):
        raise Forbidden(NOT_JOINED, code="not_joined")
    return file


def files_within_reach(user: Person, challenge: Challenge) -> dict[str, DataFile]:
    """Return all files that a person may download, by name.

    Raises 404 where the challenge has no files, `Forbidden` (code `not_joined`) where none is for this person.
    """
    everything = _offered(challenge)
    if not everything:
        raise Http404("this challenge has no files")
    mine = {name: file for name, (file, audience) in everything.items() if _may_have(user, challenge, audience)}
    if not mine:
        raise Forbidden(NOT_JOINED, code="not_joined")
    return mine


def sample_names(phase: Phase) -> list[str]:
    """Return the names under which people find the sample that a phase tries code on."""
    if phase.sample_inputs is None or phase.sample_inputs.dataset.audience == Dataset.Audience.SCORING:
        return []
    return [f"{SAMPLE_INPUTS}{file.path}" for file in phase.sample_inputs.files.all()]


def _offered(challenge: Challenge) -> dict[str, tuple[DataFile, str]]:
    """Return each offered file with its audience. Of two with one name, the one for fewer people is kept."""
    samples = Phase.objects.filter(challenge=challenge, sample_inputs__isnull=False).values("sample_inputs")
    own = DatasetVersion.objects.filter(pk__in=samples).select_related("dataset").prefetch_related("files__blob")
    offered = [("", version) for version in newest_versions(challenge).exclude(dataset__versions__in=samples)]
    offered += [(SAMPLE_INPUTS, version) for version in own]
    offered = [each for each in offered if each[1].dataset.audience != Dataset.Audience.SCORING]
    offered.sort(key=lambda each: each[1].dataset.audience != Dataset.Audience.PUBLIC)
    return {
        f"{folder}{file.path}": (file, version.dataset.audience)
        for folder, version in offered
        for file in version.files.all()
    }


def _may_have(user: Person, challenge: Challenge, audience: str) -> bool:
    return audience == Dataset.Audience.PUBLIC or user.has_perm("challenges.download", challenge)


def all_as_zip(challenge: Challenge, files: Mapping[str, DataFile]) -> tuple[Path, str]:
    """Return the path of a zip of these files and the SHA-256 of its bytes; made once for each set of bytes.

    The bytes are the same whoever asks and whenever, so a broken download goes on where it stopped.
    """
    folder = settings.DATA_DIR / "zips" / str(challenge.pk)
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(files)
    with FileLock(folder / f"{key}.lock"):
        path = next(folder.glob(f"{key}.*.zip"), None) or _make(folder, key, files)
    os.utime(path)  # it was wanted just now
    _drop_unused(folder)
    return path, path.name.split(".")[1]


def _key(files: Mapping[str, DataFile]) -> str:
    contents = [FORMAT, sorted((name, file.blob.sha256) for name, file in files.items())]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:32]


def _make(folder: Path, key: str, files: Mapping[str, DataFile]) -> Path:
    """Write the zip beside its place and rename it into it: nobody ever sees half a zip."""
    temporary = folder / f"{key}.{secrets.token_hex(4)}.part"
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in sorted(files):
                _add(archive, _inside(name), blob_path(files[name].blob.sha256))
        with temporary.open("rb") as made:
            digest = hashlib.file_digest(made, "sha256").hexdigest()
        return temporary.rename(folder / f"{key}.{digest}.zip")
    finally:
        temporary.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    """Add a file piece by piece, with a date of its own choosing: the zip's bytes depend on its files alone."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.file_size = path.stat().st_size
    entry.compress_type = zipfile.ZIP_STORED if STORED.search(name) else zipfile.ZIP_DEFLATED
    entry._compresslevel = 1  # type: ignore[attr-defined]  # somebody waits for the first one
    with path.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, CHUNK)


def _inside(name: str) -> str:
    """Return a name that stays in the folder into which a person unpacks."""
    return "/".join(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", "."))


def _drop_unused(folder: Path) -> None:
    """Remove zips that nobody wants any more, and halves that a killed process left."""
    for path in [*folder.glob("*.zip"), *folder.glob("*.part")]:
        if path.stat().st_mtime < time.time() - KEEP_UNUSED:
            path.unlink(missing_ok=True)
