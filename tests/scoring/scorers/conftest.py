"""A sandbox of this machine, and hosts' scorers to run in it."""

from __future__ import annotations

import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.environments import Environment
from scoring.sandbox.backend import sandbox_here
from scoring.scorers.sandboxed import SandboxScorer


@pytest.fixture(scope="session")
def scorer() -> SandboxScorer:
    """What scores, in the environment that the tests run in."""
    return SandboxScorer(sandbox_here(), Environment.of_this_python(), wait_s=0.2)


Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Call it to make a folder of files: `folder("program", **{"score.py": "…"})`."""

    def make(name: str, **files: str) -> Path:
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(textwrap.dedent(text))
        return tmp_path / name

    return make


@pytest.fixture
def zipped(folder: Folder, tmp_path: Path) -> Folder:
    """Call it to make a zip of files."""

    def make(name: str, **files: str) -> Path:
        source, target = folder(f"{name}-files", **files), tmp_path / f"{name}.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for path in sorted(source.rglob("*")):
                archive.write(path, path.relative_to(source))
        return target

    return make
