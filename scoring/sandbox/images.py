"""Takes an image that somebody sent, as ``docker save`` writes it, into a container engine, under a tag that we make.

Such an archive says which names its images get: loaded as it is, it could take the place of any image that the
operator has, the keeper's among them. So nothing of it reaches the engine but one configuration and its layers, in an
archive that we write. A layer is not unpacked here: the engine does that, in a place of its own, as it does for any
image that is pulled. What is counted here is what the layers come to when they are unpacked.

The same image may be sent twice and run at one time: each has a tag of its own, which goes with its job, and the engine
removes an image with its last tag. A tag says until when it is wanted, for the worker may be killed meanwhile: then
``Container.reap()`` removes it.

What is wrong with an archive is a :class:`BadImageError`, whose words are for its sender.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

from scoring.sandbox.container import Container
from scoring.sandbox.engine import Engine, ended, said, sent
from scoring.sandbox.watching import SandboxError

CONFIG_BYTES = 4 << 20
LAYERS = 200
MEMBERS = 10_000
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
LARGEST = 8 << 30
LOAD_S = 900.0
"""How long an engine may take to unpack the largest."""


class BadImageError(Exception):
    """The archive is not one image, or is too large. The words are for its sender."""


def load(archive: Path, sandbox: Container, *, wanted_s: float, largest: int = LARGEST) -> str:
    """Load the one image of ``archive`` and return its tag, for ``Container(image=…, keeper=…)``.

    ``wanted_s`` is for how long nobody else may remove it, ``largest`` how many bytes its layers may have when they are
    unpacked. Raises BadImageError and SandboxError.
    """
    tool, tag = sandbox._tool(), sent(wanted_s)
    with tempfile.TemporaryFile() as clean:
        _rewrite(archive, clean, largest, tag)
        try:
            _load(tool, clean, tag)
        except SandboxError:  # another job that ran the same image may have removed it in the middle of this
            tool.say("version")  # else it is not the image's fault
            _load_again(tool, clean, tag)
    return tag


def _load(tool: Engine, clean: IO[bytes], tag: str) -> None:
    clean.seek(0)
    said(*ended(tool.start("load", "--quiet", stdin=clean), ["load"], seconds=LOAD_S))
    tool.inspect("image", tag)


def _load_again(tool: Engine, clean: IO[bytes], tag: str) -> None:
    try:
        _load(tool, clean, tag)
    except SandboxError as error:
        if "no space left" in str(error):
            raise
        raise BadImageError(f"The engine does not take this image: {error}") from error


def remove(tag: str, sandbox: Container) -> None:
    """Remove an image that was loaded, if nobody else has it. Raises SandboxError where it is in use."""
    sandbox._tool().say("rmi", tag)


def _rewrite(archive: Path, clean: IO[bytes], largest: int, tag: str) -> None:
    """Write an archive that has only what we mean to load."""
    try:
        with tarfile.open(archive, mode="r:*") as source, tarfile.open(fileobj=clean, mode="w") as target:
            files = _files(source)
            config_name, layers = _manifest(source, files)
            config = _small(source, files, config_name)
            known = _json(config, config_name)
            if not isinstance(known, dict) or not isinstance(known.get("rootfs"), dict):
                raise BadImageError(f"{config_name} is not the configuration of an image.")
            digest = hashlib.sha256(config).hexdigest()
            names = [f"layer{number}.tar" for number in range(len(layers))]
            manifest = [{"Config": f"{digest}.json", "RepoTags": [tag], "Layers": names}]
            for name, content in (("manifest.json", json.dumps(manifest).encode()), (f"{digest}.json", config)):
                _add(target, name, io.BytesIO(content), len(content))
            left = largest
            for name, layer in zip(names, layers, strict=True):
                with tempfile.TemporaryFile() as spool:
                    size = _unpack(_opened(source, files, layer), spool, left)
                    _add(target, name, spool, size)
                left -= size
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadImageError(f"This is not an archive as `docker save` writes it: {error}") from error


def _files(source: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Return the regular files of the archive by their names. Links among them, which older engines wrote, are not."""
    files: dict[str, tarfile.TarInfo] = {}
    for number, member in enumerate(source):
        if number >= MEMBERS:
            raise BadImageError(f"The archive has more than {MEMBERS} entries.")
        if member.isreg():
            files[member.name] = member
    return files


def _manifest(source: tarfile.TarFile, files: dict[str, tarfile.TarInfo]) -> tuple[str, list[str]]:
    if "manifest.json" not in files:
        raise BadImageError("There is no manifest.json in the archive: make it with `docker save IMAGE -o image.tar`.")
    images = _json(_small(source, files, "manifest.json"), "manifest.json")
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], dict):
        raise BadImageError("The archive must hold exactly one image: name one at `docker save`.")
    config, layers = images[0].get("Config"), images[0].get("Layers")
    if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
        raise BadImageError("manifest.json names no configuration, or no layers.")
    if not 0 < len(layers) <= LAYERS:
        raise BadImageError(f"An image may have 1 to {LAYERS} layers, not {len(layers)}.")
    return config, layers


def _opened(source: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str) -> IO[bytes]:
    if name not in files or (found := source.extractfile(files[name])) is None:
        raise BadImageError(f"{name!r} is not in the archive.")
    return found


def _small(source: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str) -> bytes:
    found = _opened(source, files, name)
    if files[name].size > CONFIG_BYTES:
        raise BadImageError(f"{name!r} is larger than {CONFIG_BYTES >> 20} MiB.")
    return found.read()


def _json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadImageError(f"{name!r} is not JSON: {error}") from error


def _unpack(stream: IO[bytes], target: IO[bytes], left: int) -> int:
    """Write a layer as it is without compression, to be read from its beginning; return its size."""
    packed = stream.read(len(GZIP)) == GZIP
    stream.seek(0)
    size = 0
    with gzip.open(stream, "rb") if packed else contextlib.nullcontext(stream) as whole:
        while part := whole.read(CHUNK):
            size += len(part)
            if size > left:
                raise BadImageError("The layers of the image are larger than they may be when they are unpacked.")
            target.write(part)
    target.seek(0)
    return size


def _add(target: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    target.addfile(member, content)
