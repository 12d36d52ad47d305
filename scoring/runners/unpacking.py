"""From the file that was sent to a folder of code: a zip, unpacked with everything counted, or a single file.

It happens outside of the sandbox, so nothing but zip's own format is read here: no code is parsed, no link is made, no
path leaves the folder, and sizes that an archive states are not believed.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from scoring.errors import SubmissionError, fail, listed, many, shown

MIB = 1 << 20
CHUNK = 1 << 20
END, END_BYTES, COMMENT_BYTES = b"PK\x05\x06", 22, 65_535
RATIO_GRACE = MIB
LONGEST_PATH, DEEPEST = 200, 15
CODE_ENTRIES = ("predict.py", "main.py")
WITH_RIGHTS = re.compile(r"\.(pkl|pickle|joblib|pt|pth|dill)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLimits:
    """What an archive of code may hold."""

    entries: int = 200
    total_bytes: int = 512 * MIB
    ratio: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A folder of what was sent. ``entry`` is the file to begin with, its path in the folder."""

    folder: Path
    entry: str
    files: frozenset[str]


def unpack(
    path: Path, *, filename: str, kind: str, target: Path, command: bool = False, limits: PackLimits | None = None
) -> Unpacked:
    """Put what was sent into the new folder ``target``, and find where it begins. Raises SubmissionError.

    ``command`` says that the phase names the command, so that no entry is needed.
    """
    target.mkdir()
    with path.open("rb") as stream:
        zipped = stream.read(4) in {b"PK\x03\x04", END}
        stream.seek(0)
        # A model of scikit-learn as skops writes it is a zip file itself.
        if zipped and not (kind == "model" and filename.lower().endswith(".skops")):
            files = _from_zip(stream, target=target, limits=limits or PackLimits())
        else:
            files = _single(stream, filename=filename, kind=kind, target=target)
    entry = "" if command else _entry(files, kind=kind)
    return Unpacked(folder=target, entry=entry, files=frozenset(files))


def _single(stream: IO[bytes], *, filename: str, kind: str, target: Path) -> list[str]:
    """Copy a file that came alone, under its own name."""
    endings = {"code": (".py",), "notebook": (".ipynb",), "model": (".onnx", ".skops")}[kind]
    name = PurePosixPath(filename.replace("\\", "/")).name
    if not name.lower().endswith(endings):
        raise _wrong_file(name, kind=kind)
    safe = re.sub(r"[^\w.\- ]", "_", name, flags=re.ASCII)[-100:]
    if safe.startswith("."):
        safe = f"submission{safe}"
    with (target / safe).open("wb") as out:
        shutil.copyfileobj(stream, out, CHUNK)
    return [safe]


def _wrong_file(name: str, *, kind: str) -> SubmissionError:
    if kind == "model" and WITH_RIGHTS.search(name):
        return fail(
            "model_pickle",
            f"{shown(name)} is a pickle, which is a program. Save a scikit-learn model with skops.io.dump as .skops, "
            "or any model as .onnx.",
        )
    expected = {
        "code": "a .zip, or one .py file",
        "notebook": "an .ipynb file, or a .zip with one",
        "model": "an .onnx or a .skops file, or a .zip with one",
    }[kind]
    return fail("wrong_file", f"{shown(name)} cannot be run here. Send {expected}.")


def _entry(files: list[str], *, kind: str) -> str:
    if kind == "code":
        return _code_entry(files)
    endings = (".ipynb",) if kind == "notebook" else (".onnx", ".skops")
    found = [name for name in files if name.lower().endswith(endings)]
    if len(found) == 1:
        return found[0]
    if not found and kind == "model" and any(map(WITH_RIGHTS.search, files)):
        raise _wrong_file(next(name for name in files if WITH_RIGHTS.search(name)), kind=kind)
    what = " or ".join(endings)
    if not found:
        raise fail("no_entry", f"The zip file holds no {what} file. It holds {listed(files)}.")
    raise fail(
        "many_entries", f"The zip file holds {many(len(found), f'{what} file')} ({listed(found)}), expected one."
    )


def _code_entry(files: list[str]) -> str:
    for name in CODE_ENTRIES:
        if name in files:
            return name
    scripts = [name for name in files if name.endswith(".py") and "/" not in name]
    if len(scripts) == 1:
        return scripts[0]
    expected = "Put predict.py with a function predict(inputs_dir, output_path), or main.py, at its top."
    raise fail("no_entry", f"The zip file has no place to begin. {expected} It holds {listed(files)}.")


def _from_zip(stream: IO[bytes], *, target: Path, limits: PackLimits) -> list[str]:
    _check_directory(stream, limits=limits)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [item for item in archive.infolist() if not _is_clutter(item.filename)]
            if len(members) > limits.entries:
                raise _too_many(limits)
            paths = _checked(members)
            _extract(archive, paths, target=target, limits=limits)
            return sorted(paths)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        raise fail("archive_damaged", "The zip file is damaged and cannot be unpacked. Make it again.") from error


def _check_directory(stream: IO[bytes], *, limits: PackLimits) -> None:
    """Refuse an archive cut off at its end, and one with too many entries, before its directory is read."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - END_BYTES - COMMENT_BYTES))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_BYTES:
        raise fail("truncated", "The zip file has no end: it was cut off. Send the whole file again.")
    stated, directory = (
        int.from_bytes(tail[at + 10 : at + 12], "little"),
        int.from_bytes(tail[at + 12 : at + 16], "little"),
    )
    # What a Mac adds is not counted, and is as many again.
    if stated > 2 * limits.entries + 10 or directory > MIB:
        raise _too_many(limits)


def _too_many(limits: PackLimits) -> SubmissionError:
    return fail("archive_many", f"The zip file holds more than {limits.entries} files, the most that it may.")


def _checked(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the files by their paths, without the one folder around all of them. Raises SubmissionError."""
    for member in members:
        _check_member(member)
    files = {str(PurePosixPath(item.filename)): item for item in members if not item.is_dir()}
    if not files:
        raise fail("archive_empty", "The zip file is empty: it holds no file.")
    if len(files) < sum(not item.is_dir() for item in members):
        raise fail("archive_twice", "The zip file holds two files of the same path. Make it again.")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    if both := sorted(folders & files.keys()):
        raise fail("archive_twice", f"The zip file holds {shown(both[0])} as a file and as a folder. Make it again.")
    tops = {PurePosixPath(name).parts[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.partition("/")[2]: item for name, item in files.items()}
    return files


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name or not name.isprintable():
        raise fail("archive_path", f"The zip file holds {shown(name)}, a path that is not allowed. Use plain names.")
    if len(name.encode()) > LONGEST_PATH or len(path.parts) > DEEPEST:
        raise fail("archive_path", f"The zip file holds {shown(name)}, which is too long or too deep a path.")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise fail("archive_link", f"The zip file holds {shown(name)}, a link or device. Zip the files themselves.")
    if member.flag_bits & 0x1:
        raise fail("archive_encrypted", "The zip file is protected by a password. Send it without one.")
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise fail("archive_compression", "The zip file uses an uncommon compression. Make it with the usual one.")


def _extract(archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], *, target: Path, limits: PackLimits) -> None:
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


def _check_total(total: int, *, packed: int, limits: PackLimits) -> None:
    if total > limits.total_bytes:
        most = f"{limits.total_bytes / MIB:,.0f} MB"
        raise fail("too_large", f"The zip file unpacks to more than {most}, the most that it may.")
    if total > RATIO_GRACE and total > packed * limits.ratio:
        raise fail(
            "zip_bomb", f"The zip file unpacks to more than {limits.ratio} times its size. Send it uncompressed."
        )


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool({"__MACOSX", "__pycache__"} & set(parts)) or parts[-1:] in {(".DS_Store",), ("Thumbs.db",)}
