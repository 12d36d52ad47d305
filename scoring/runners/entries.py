"""From the file that was sent to a folder of code, and the file in it to begin with."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scoring.errors import SubmissionError, fail, listed, many, shown
from scoring.unpacking import CODE, UnpackLimits, is_zip, unpack_zip

CODE_ENTRIES = ("predict.py", "main.py")
WITH_RIGHTS = re.compile(r"\.(pkl|pickle|joblib|pt|pth|dill)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A folder of what was sent. ``entry`` is the file to begin with, its path in the folder."""

    folder: Path
    entry: str
    files: frozenset[str]


def unpack(
    path: Path, *, filename: str, kind: str, target: Path, command: bool = False, limits: UnpackLimits = CODE
) -> Unpacked:
    """Put what was sent into the new folder ``target``, and find where it begins. Raises SubmissionError.

    ``command`` says that the phase names the command, so that no entry is needed.
    """
    target.mkdir()
    # A model of scikit-learn as skops writes it is a zip file itself.
    if is_zip(path) and not (kind == "model" and filename.lower().endswith(".skops")):
        files = unpack_zip(path, target, limits=limits, unwrap=True)
    else:
        files = [_copied(path, filename=filename, kind=kind, target=target)]
    entry = "" if command else _entry(files, kind=kind)
    return Unpacked(folder=target, entry=entry, files=frozenset(files))


def _copied(path: Path, *, filename: str, kind: str, target: Path) -> str:
    """Copy a file that came alone, and return its name there."""
    endings = {"code": (".py",), "notebook": (".ipynb",), "model": (".onnx", ".skops")}[kind]
    name = PurePosixPath(filename.replace("\\", "/")).name
    if not name.lower().endswith(endings):
        raise _wrong_file(name, kind=kind)
    safe = re.sub(r"[^\w.\- ]", "_", name, flags=re.ASCII)[-100:]
    if safe.startswith("."):
        safe = f"submission{safe}"
    shutil.copyfile(path, target / safe)
    return safe


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
