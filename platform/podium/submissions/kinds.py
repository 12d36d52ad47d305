"""What kind of submission a file is: it follows from its name, and of a zip from the names in it.

Looked at in the web process, before anything is stored: a zip's list of names is read only where it is short, and
nothing in it is unpacked.
"""

import struct
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import PurePosixPath
from typing import IO, Any

from podium.challenges.models import Phase
from podium.challenges.scorers import reads_files
from podium.core import isolation
from podium.core.errors import WrongType
from podium.submissions.models import Submission
from scoring.fitting import ENGINES

Kind = Submission.Kind
TABLES = (".csv", ".tsv", ".parquet", ".csv.gz", ".tsv.gz", ".csv.zip", ".tsv.zip", ".parquet.zip", ".zip")
FOR_PROGRAMS = (".json", ".jsonl", ".txt", ".npz", ".npy")
ENDINGS: dict[str, tuple[str, ...]] = {
    Kind.PREDICTIONS: TABLES,
    Kind.CODE: (".py", ".zip"),
    Kind.NOTEBOOK: (".ipynb", ".zip"),
    Kind.MODEL: (".onnx", ".skops", ".zip"),
    Kind.CONTAINER: (".tar", ".tar.gz", ".tgz"),
}
WHAT: dict[str, str] = {
    Kind.PREDICTIONS: "predictions (.csv, .tsv or .parquet, also as .gz or .zip)",
    Kind.CODE: "code (a .zip with predict.py or main.py, or one .py)",
    Kind.NOTEBOOK: "a notebook (.ipynb)",
    Kind.MODEL: "a model (.onnx or .skops)",
    Kind.CONTAINER: "a container (the .tar of `docker save`)",
}
CODE_KINDS = frozenset({Kind.CODE, Kind.NOTEBOOK, Kind.MODEL, Kind.CONTAINER})
ENTRY_POINTS = ("predict.py", "main.py")
MOST_NAMES, MOST_LIST_BYTES = 1000, 1 << 20
END_OF_ZIP = struct.Struct("<4s4H2LH")


def kinds_of(phase: Phase) -> list[str]:
    """Return the kinds that a phase takes, in the order in which pages name them."""
    return [kind for kind in ENDINGS if kind in (phase.kinds or [Kind.PREDICTIONS])]


def runnable() -> frozenset[str]:
    """Return the kinds that this site runs: images need a container engine."""
    return CODE_KINDS if isolation.backend() in ENGINES else CODE_KINDS - {Kind.CONTAINER}


def runs_code(phase: Phase) -> bool:
    """Tell whether a phase takes something that has to be run."""
    return not CODE_KINDS.isdisjoint(kinds_of(phase))


def endings_of(phase: Phase) -> list[str]:
    """Return the endings of the files that a phase takes, for a file chooser."""
    return list(dict.fromkeys(ending for kind in kinds_of(phase) for ending in endings_in(phase, kind)))


def endings_in(phase: Phase, kind: str) -> tuple[str, ...]:
    """Return the endings of a kind in a phase: what a program of the hosts reads may be more than a table."""
    more = FOR_PROGRAMS if kind == Kind.PREDICTIONS and reads_files(phase) else ()
    return (*ENDINGS[kind], *more)


class Look:
    """A file as it comes in: its name, and of a zip the names in it, read once."""

    def __init__(self, name: str, file: IO[bytes] | Any) -> None:
        self.name, self._file = name, file

    @cached_property
    def inside(self) -> tuple[str, ...] | None:
        """The names in a zip, without the one folder that all are in; None where it is no zip, or has too many."""
        try:
            self._file.seek(0)
            names = _names(self._file)
        finally:
            self._file.seek(0)
        return names

    def kind(self, phase: Phase) -> str:
        """Return the kind that this is in a phase. Raises `WrongType`, which says what the phase takes."""
        taken = kinds_of(phase)
        fits = [kind for kind in taken if self.name.lower().endswith(endings_in(phase, kind))]
        if not fits:
            raise self._wrong(phase)
        if fits == [Kind.PREDICTIONS] or not self.name.lower().endswith(".zip"):
            return fits[0]
        return self._of_zip(phase, fits)

    def _of_zip(self, phase: Phase, fits: Sequence[str]) -> str:
        inside = self.inside or ()
        notebooks = [name for name in inside if name.lower().endswith(".ipynb")]
        models = [name for name in inside if name.lower().endswith((".onnx", ".skops"))]
        is_code = any(name in ENTRY_POINTS for name in inside)
        found = [Kind.CODE] * is_code + [Kind.NOTEBOOK] * (len(notebooks) == 1)
        found += [Kind.MODEL] * (len(models) == 1 and not found)  # beside code it is what the code loads
        asked = [kind for kind in found if kind in fits]
        if len(asked) > 1:
            raise WrongType(
                f"“{self._shown}” holds an entry point and {notebooks[0][-60:]}, so it could be code or a notebook. "
                "Send only what is to be run, or the notebook by itself."
            )
        if asked:
            return asked[0]
        if Kind.PREDICTIONS in fits:
            return Kind.PREDICTIONS
        raise self._wrong(phase)

    @property
    def _shown(self) -> str:
        return self.name[-60:] or "a file without a name"

    def _wrong(self, phase: Phase) -> WrongType:
        taken = kinds_of(phase)
        if taken == [Kind.PREDICTIONS]:
            more = f", or {', '.join(FOR_PROGRAMS)}" if reads_files(phase) else ""
            return WrongType(
                f"“{self._shown}” cannot be scored. Send .csv, .tsv or .parquet, also as .gz or .zip{more}."
            )
        what = " or ".join(WHAT[kind] for kind in taken)
        return WrongType(f"“{self._shown}” is nothing that this phase takes. Send {what}.")


def _names(file: IO[bytes]) -> tuple[str, ...] | None:
    """Return the names in a zip whose list of names is short."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - (1 << 16) - END_OF_ZIP.size))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    is_zip64 = tail[max(at - 20, 0) : at].startswith(b"PK\6\7")  # whose counts stand elsewhere: none that is small
    if at < 0 or len(tail) - at < END_OF_ZIP.size or is_zip64:
        return None
    _, _, _, _, names, list_bytes, _, _ = END_OF_ZIP.unpack_from(tail, at)
    if names > MOST_NAMES or list_bytes > MOST_LIST_BYTES:
        return None
    with suppress(zipfile.BadZipFile, ValueError, OSError, NotImplementedError), zipfile.ZipFile(file) as archive:
        return _unwrapped([name for name in archive.namelist() if not name.endswith("/")])
    return None


def _unwrapped(names: Sequence[str]) -> tuple[str, ...]:
    """Return names without the one folder that all of them are in."""
    paths = [PurePosixPath(name) for name in names if not name.startswith("__MACOSX/")]
    if paths and all(len(path.parts) > 1 for path in paths) and len({path.parts[0] for path in paths}) == 1:
        return tuple("/".join(path.parts[1:]) for path in paths)
    return tuple(str(path) for path in paths)
