"""EvalAI's evaluate(), from a zip, a folder or one file, in a sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoring.errors import HostError
from scoring.jobs import ScoreResult
from scoring.scorers.evaluate import EvaluateJob
from scoring.scorers.keys import read_leaderboard
from scoring.scorers.sandboxed import SandboxScorer
from tests.scoring.scorers.conftest import Folder

MAIN = """
    import json
    from .tools import share
    def evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs):
        print("Starting Evaluation.....", kwargs["submission_metadata"]["id"])
        truth, mine = json.load(open(test_annotation_file)), json.load(open(user_submission_file))
        output = {"result": [{"test_split": {"Accuracy": share(truth, mine), "Total": share(truth, mine) / 2}}]}
        if phase_codename == "final":
            output["result"].append({"hidden_split": {"Accuracy": 0.25, "Total": float("nan")}, "ignored": {}})
        output["submission_result"] = output["result"][0]
        return output
"""
PACKAGE = {
    "__init__.py": "from .main import evaluate\n",
    "main.py": MAIN,
    "tools.py": "import numpy as np\ndef share(a, b): return np.mean(np.array(a) == np.array(b))\n",
    "requirements.txt": "numpy\n",
}
KEYS = [{"key": "Accuracy"}, {"key": "Total", "greater_is_better": False}]
SPLIT = {"public": "test_split", "private": "hidden_split"}


def evaluated(scorer: SandboxScorer, script: Path, tmp_path: Path, **fields: Any) -> ScoreResult:
    (tmp_path / "truth.json").write_text("[1, 2, 3, 4]")
    (tmp_path / "mine.json").write_text("[1, 2, 3, 5]")
    spec = {"leaderboard": KEYS, "split": fields.pop("split", None)}
    given = {"phase": "dev", "metadata": {"id": 7}, **fields}
    job = EvaluateJob(
        script=script,
        annotations=tmp_path / "truth.json",
        submission=tmp_path / "mine.json",
        filename="mine.json",
        leaderboard=read_leaderboard(spec),
        **given,
    )
    return scorer.score(job)


def test_a_package_is_run_with_paths_by_position_and_metadata_by_name(
    scorer: SandboxScorer, zipped: Folder, tmp_path: Path
) -> None:
    script = zipped("evaluation_script", **PACKAGE)
    result = evaluated(scorer, script, tmp_path)
    assert [(one.key, one.split, one.value) for one in result.scores] == [
        ("Accuracy", "all", 0.75), ("Total", "all", 0.375),
    ], result  # fmt: skip
    assert "Starting Evaluation..... 7" in result.detail
    assert set(result.hashes) == {"reference", "submission", "scorer"}


def test_each_split_has_our_name_and_what_is_no_number_is_undefined(
    scorer: SandboxScorer, folder: Folder, tmp_path: Path
) -> None:
    result = evaluated(scorer, folder("script", **PACKAGE), tmp_path, phase="final", split=SPLIT)
    assert [(one.key, one.split, one.value) for one in result.scores] == [
        ("Accuracy", "public", 0.75), ("Total", "public", 0.375),
        ("Accuracy", "private", 0.25), ("Total", "private", None),
    ], result  # fmt: skip


RETURN = "def evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs):\n    {}\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return {}", 'must return {"result":'),
        (
            "return {'result': [{'val_split': {'Accuracy': 1}}]}",
            "returned the split `val_split`; known are `test_split`",
        ),
        ("return {'result': [{'test_split': {'Other': 1}}]}", "none of the declared scores, which are `Accuracy`"),
        ("return {'result': [{'test_split': 1}]}", "holds no object with scores"),
        ("x = 1; return {}['nothing']", "`evaluate` stopped with KeyError in line 2 of main.py."),
        ("import nothing_such", "needs the module `nothing_such`, which its environment `here` does not have"),
        ("import os; os._exit(0)", "ended by itself in stage score, without an answer"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-m', 'x'], check=True)", "CalledProcessError"),
    ],
)
def test_what_goes_wrong_is_the_host_s_and_is_said_exactly(
    scorer: SandboxScorer, tmp_path: Path, body: str, words: str
) -> None:
    (tmp_path / "script.py").write_text(RETURN.format(body))
    result = evaluated(scorer, tmp_path / "script.py", tmp_path, split=SPLIT)
    assert (result.verdict, words in (result.error.message if result.error else "")) == ("host_error", True), result


def test_what_it_needs_and_its_environment_lacks_is_named_before_it_runs(
    scorer: SandboxScorer, folder: Folder, tmp_path: Path
) -> None:
    needs = "numpy<1.24\nno-such-thing==1.0  # for metrics\npyarrow\n"
    result = evaluated(scorer, folder("script", **{**PACKAGE, "requirements.txt": needs}), tmp_path)
    assert result.error is not None
    assert "`here` does not have: `numpy<1.24` (it has 2." in result.error.message
    assert "`no-such-thing==1.0`" in result.error.message
    assert "pyarrow" not in result.error.message


def test_a_zip_that_leads_outside_is_the_host_s_fault(scorer: SandboxScorer, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../main.py", "x")
    result = evaluated(scorer, tmp_path / "bad.zip", tmp_path)
    assert (result.verdict, result.error and result.error.code) == ("host_error", "scorer_archive")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "`leaderboard` lists the scores"),
        ({"leaderboard": [{"key": "a" * 65}]}, "is not 1 to 64 characters"),
        ({"leaderboard": [{"key": "a"}, {"key": "a"}]}, "stands twice"),
        ({"leaderboard": [{"key": "a", "sort": "asc"}]}, "may have `label`"),
        ({"leaderboard": [{"key": "a"}], "split": {"public": "x"}}, "says what both are called"),
    ],
)
def test_a_leaderboard_that_cannot_be_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(HostError, match=words):
        read_leaderboard(spec)
