"""What participants send, run in a real sandbox with the packages of the tests' own Python."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from scoring.environments import Environment, build
from scoring.runners.predicting import Predicted, PredictJob, start
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import Limits

ROWS = "id,a,b\n" + "".join(f"{row:03},{row * 0.5},{row % 3}\n" for row in range(10))
Run = Callable[..., Predicted]


def zipped(**files: str | bytes) -> bytes:
    """Return a zip file; the names are given with / as __ and . as _dot_."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_dot_", ".").replace("__", "/"), content)
    return target.getvalue()


def notebook(*cells: str) -> str:
    """Return a notebook with these cells of code."""
    empty = {"metadata": {}, "outputs": [], "execution_count": None}
    listed = [{"cell_type": "code", "source": source, **empty} for source in cells]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with one environment, really installed: small, but with what runs ONNX, which no extra of ours brings.

    One for all processes that run tests.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with FileLock(shared / "environments.lock"):
        if not (shared / "environments" / "small").exists():
            packages = ["packaging>=24", "pandas", "onnxruntime>=1.20"]
            build(shared / "environments", "small", packages=packages, python=sys._base_executable)
    return shared / "environments"


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., PredictJob]:
    """Return a function that makes a job of what a participant sends."""

    def make(content: str | bytes, filename: str = "predict.py", kind: str = "code", **options: Any) -> PredictJob:
        for name in ("input", "out"):
            (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / "input" / "test.csv").write_text(ROWS)
        (tmp_path / "sent").write_bytes(content.encode() if isinstance(content, str) else content)
        settings = {"environment": Environment.of_this_python(), "limits": Limits(wall_s=60), **options}
        return PredictJob(
            kind=kind,
            submission=tmp_path / "sent",
            filename=filename,
            input=tmp_path / "input",
            out=tmp_path / "out",
            live=tmp_path / "live",
            **settings,
        )

    return make


@pytest.fixture
def run(job: Callable[..., PredictJob], tmp_path: Path) -> Run:
    """Run what a participant sends, and see that nothing of ours is left beside it."""

    def do(*sent: Any, **options: Any) -> Predicted:
        predicted = start(job(*sent, **options), Bubblewrap()).wait(90)
        assert predicted is not None
        assert {item.name for item in tmp_path.iterdir()} <= {"input", "out", "sent", "live"}
        return predicted

    return do
