"""A host's own score(): run unchanged, with limits, and with everything that it may do told apart."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Optional

import pytest

from scoring.errors import HostError, SubmissionError
from scoring.jobs import ScoreResult
from scoring.scorers import FunctionJob, FunctionLimits, FunctionSpec
from scoring.scorers.calling import FunctionFailedError, call, load_function, read_params
from scoring.scorers.frames import read_aligned, read_solution, splits
from scoring.scorers.function import TrustedChild

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = "id,label,kind,Usage\n01,1,a,Public\n2,2,b,Public\n3,3,c,Private\n4,4,d,Private\n5,99,e,Ignored\n"
MINE = "label,id\n4,4\n3,3\n2,2\n2,01\n0,5\n"
MEAN = """
    import pandas as pd

    class ParticipantVisibleError(Exception):
        pass

    def score(
        solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str, power: float = 1.0, least: int = 0
    ) -> float:
        del solution[row_id_column_name], submission[row_id_column_name]
        if (submission["label"] < least).any():
            raise ParticipantVisibleError(f"Labels begin at {least}.")
        assert list(solution.columns) == ["label", "kind"]
        return ((solution["label"] - submission["label"]).abs() ** power).mean()
"""
Jobs = Callable[..., FunctionJob]


@pytest.fixture
def job(tmp_path: Path) -> Jobs:
    """Make a job out of texts."""

    def _job(
        source: str = MEAN, *, mine: str = MINE, solution: str = SOLUTION, limits: Any = None, **params: Any
    ) -> FunctionJob:
        texts = {"metric.py": textwrap.dedent(source), "solution.csv": solution, "mine.csv": mine}
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        return FunctionJob(
            metric=tmp_path / "metric.py",
            solution=tmp_path / "solution.csv",
            submission=tmp_path / "mine.csv",
            filename="mine.csv",
            params=params,
            limits=limits or FunctionLimits(wall_s=60),
        )

    return _job


def outcome(source: str, job: Jobs, **options: Any) -> ScoreResult:
    """Return what becomes of a metric whose body is ``source``."""
    body = textwrap.indent(textwrap.dedent(source), "    ")
    return TrustedChild().score(job(f"def score(solution, submission, row_id_column_name):\n{body}", **options))


# Scoring


def test_a_kaggle_file_is_run_once_a_split_with_its_parameters(job: Jobs) -> None:
    result = TrustedChild().score(job(power="2"))
    assert [(score.key, score.split, score.value) for score in result.scores] == [
        ("score", "public", 0.5),
        ("score", "private", 0.0),
    ]
    assert (result.verdict, result.rows) == ("scored", 5)
    assert {"pandas", "numpy"} <= set(result.versions)
    assert set(result.hashes) == {"metric", "reference", "submission"}


def test_the_frames_hold_all_columns_but_the_split_and_stand_in_one_order(job: Jobs) -> None:
    work = job()
    solution = read_solution(work.solution, id_column=None, split_column=None)
    mine = read_aligned(work.submission, filename="mine.csv", solution=solution)
    seen = {name: (truth, sent) for name, truth, sent in splits(solution, mine)}
    assert set(seen) == {"public", "private"}
    truth, sent = seen["private"]
    assert (list(truth.columns), list(sent.columns)) == (["id", "label", "kind"], ["label", "id"])
    assert truth["id"].tolist() == sent["id"].tolist() == [3, 4]
    assert truth.index.tolist() == sent.index.tolist() == [0, 1]


def test_what_a_metric_changes_in_one_split_is_not_seen_in_the_next(job: Jobs) -> None:
    done = outcome("solution['label'] *= 0\nsubmission.drop(index=0, inplace=True)\nreturn len(submission)", job)
    assert [score.value for score in done.scores] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("mine", "code"),
    [
        (MINE.replace("4,4", "4,7"), "id_unknown"),
        (MINE.replace("2,01", "2,1"), "id_spelling"),
        (MINE.replace("label,id", "label,row"), "column_missing"),
        (MINE.replace("3,3", "3,3,3"), "ragged_row"),
        ("", "empty_file"),
    ],
)
def test_a_file_that_cannot_be_aligned_is_the_participant_s_fault(job: Jobs, mine: str, code: str) -> None:
    work = job(mine=mine)
    solution = read_solution(work.solution, id_column=None, split_column=None)
    with pytest.raises(SubmissionError) as caught:
        read_aligned(work.submission, filename="mine.csv", solution=solution)
    assert caught.value.first.code == code


@pytest.mark.parametrize(
    ("solution", "code"),
    [
        (SOLUTION.replace("4,4", "3,4"), "solution_ids"),
        (SOLUTION.replace("Ignored", ""), "solution_split"),
        ("id,label,Usage\n1,1,Ignored\n", "solution_split"),
        ("id,label,label\n1,2\n", "solution_ragged_row"),
    ],
)
def test_a_solution_that_cannot_be_read_is_the_host_s_fault(job: Jobs, solution: str, code: str) -> None:
    with pytest.raises(HostError) as caught:
        read_solution(job(solution=solution).solution, id_column=None, split_column=None)
    assert caught.value.code == code


# Whose fault


def test_a_participant_visible_error_is_the_participant_s(job: Jobs) -> None:
    result = TrustedChild().score(job(least="3"))
    assert (result.verdict, result.error and result.error.message) == ("rejected", "Labels begin at 3.")


def test_only_the_name_of_the_class_counts(tmp_path: Path) -> None:
    class ParticipantVisibleErrors(Exception):
        pass

    def score(*_: Any) -> float:
        raise ParticipantVisibleErrors("the label of row 7 is 3")

    with pytest.raises(HostError) as caught:
        call(score, path=tmp_path, split="public", params={})
    assert "label" not in caught.value.message


def test_any_other_exception_is_the_host_s_and_names_its_line(job: Jobs) -> None:
    result = outcome("total = 0\nreturn solution['nothing'].sum() + total", job)
    assert (result.verdict, result.error and result.error.message) == (
        "host_error", "`score` stopped with KeyError in line 3 of metric.py.",
    )  # fmt: skip
    assert "solution['nothing'].sum()" in result.detail
    assert "calling.py" not in result.detail


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (float("nan"), "`nan`"),
        (float("inf"), "`inf`"),
        (None, "type `NoneType`"),
        ("0.5", "type `str`"),
        (True, "type `bool`"),
        ([0.5], "type `list`"),
    ],
)
def test_a_score_is_one_finite_number(tmp_path: Path, value: Any, found: str) -> None:
    with pytest.raises(FunctionFailedError, match="expected one finite number") as caught:
        call(lambda: value, path=tmp_path, split="public", params={})
    assert found in caught.value.message


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def score(:\n", "metric_failed", "SyntaxError in line 1 of metric.py"),
        ("x = 1\nraise SystemExit\n", "metric_failed", "SystemExit in line 2"),
        ("def scores(): ...\n", "metric_invalid", "has no function `score`"),
        ("def score(a, b): ...\n", "metric_invalid", "row_id_column_name"),
    ],
)
def test_a_file_without_a_score_is_the_host_s_fault(
    job: Jobs, monkeypatch: pytest.MonkeyPatch, source: str, code: str, words: str
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "metric", sys)
    with pytest.raises(HostError) as caught:
        load_function(job(source).metric)
    assert caught.value.code == code
    assert words in caught.value.message


# Parameters


def everything(
    solution: Any,
    submission: Any,
    row_id_column_name: str,
    whole: int,
    real: float = 1.0,
    word: str = "a",
    flag: bool = False,
    maybe: Optional[float] = None,  # noqa: UP045 - as hosts write it
    either: int | str = 0,
    choice: Literal["low", 0] = "low",
    many: list[float] = [],  # noqa: B006
    pair: tuple[int, int] = (0, 0),
    bare=3,  # type: ignore[no-untyped-def]
) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("real", "2", 2.0),
        ("word", "2", "2"),
        ("flag", "true", True),
        ("flag", "No", False),
        ("maybe", "none", None),
        ("maybe", "0.5", 0.5),
        ("either", "7", 7),
        ("either", "seven", "seven"),
        ("choice", "0", 0),
        ("many", "[0.5, 1]", [0.5, 1]),
        ("pair", "[1, 2]", (1, 2)),
        ("bare", "4", 4),
    ],
)
def test_texts_are_read_as_the_annotations_say(name: str, text: str, value: Any) -> None:
    read = read_params(everything, {"whole": "1", name: text})[name]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs the parameter `whole`"),
        ({"whole": "1.5"}, "`whole` is `1.5`, expected `int`"),
        ({"whole": "1", "flag": "maybe"}, "expected `bool`"),
        ({"whole": "1", "choice": "high"}, "expected `typing.Literal"),
        ({"whole": "1", "many": "0.5"}, r"expected `list\[float\]`"),
        ({"whole": "1", "other": "1"}, "has no parameter `other`"),
        ({"whole": "1", "solution": "1"}, "has no parameter `solution`"),
    ],
)
def test_a_wrong_parameter_is_named(given: dict[str, str], words: str) -> None:
    with pytest.raises(HostError, match=words):
        read_params(everything, given)


# Limits


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("import time; time.sleep(60)", "metric_too_slow"),
        ("return len(bytearray(1 << 40))", "metric_too_large"),
        ("import os; os._exit(0)", "metric_crashed"),
        ("import os; os.kill(os.getpid(), 11)", "metric_crashed"),
    ],
)
def test_a_metric_that_breaks_a_limit_or_ends_is_the_host_s_fault(job: Jobs, body: str, code: str) -> None:
    result = outcome(body, job, limits=FunctionLimits(wall_s=3 if code == "metric_too_slow" else 60))
    assert (result.verdict, result.error and result.error.code) == ("host_error", code), result


def test_a_metric_has_limits_a_folder_and_an_environment_of_its_own(
    job: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the caller")
    source = """
        import json, os, resource
        facts = {name: resource.getrlimit(getattr(resource, name))[1] for name in
                 ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_CORE")}
        facts |= {"cwd": os.getcwd(), "files": os.listdir(), "environment": sorted(os.environ)}
        open(%r, "w").write(json.dumps(facts))
        return 0
    """
    limits = FunctionLimits(memory_mb=3000, wall_s=30, open_files=99, largest_file=1 << 20)
    assert outcome(source % str(tmp_path / "facts.json"), job, limits=limits).verdict == "scored"
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["RLIMIT_AS"] == 3000 << 20
    assert (facts["RLIMIT_CPU"], facts["RLIMIT_NOFILE"], facts["RLIMIT_FSIZE"]) == (31, 99, 1 << 20)
    assert facts["RLIMIT_CORE"] == 0
    assert 0 < facts["RLIMIT_NPROC"] < 1 << 20
    assert facts["files"] == []
    assert not Path(facts["cwd"]).exists()
    assert "SECRET_KEY" not in facts["environment"]


def test_what_a_metric_started_ends_with_it(job: Jobs, tmp_path: Path) -> None:
    source = f"""
        import subprocess
        child = subprocess.Popen(["/bin/sleep", "600"])
        open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
        return 0
    """
    assert outcome(source, job).verdict == "scored"
    wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_metric_dies_with_whoever_started_it(job: Jobs, tmp_path: Path) -> None:
    source = f"""
        import os, time
        open({str(tmp_path / "pid.part")!r}, "w").write(str(os.getpid()))
        os.rename({str(tmp_path / "pid.part")!r}, {str(tmp_path / "pid")!r})
        time.sleep(600)
    """
    body = textwrap.indent(textwrap.dedent(source), "    ")
    work = job(f"def score(solution, submission, row_id_column_name):\n{body}")
    program = (
        "import json, sys; from scoring.scorers import FunctionJob; from scoring.scorers.function import TrustedChild;"
        "TrustedChild().score(FunctionJob.from_dict(json.loads(sys.argv[1])))"
    )
    caller = subprocess.Popen([sys.executable, "-c", program, json.dumps(work.to_dict())], cwd=ROOT)
    end = time.monotonic() + 30
    while not (tmp_path / "pid").exists():
        assert caller.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    wait_until_gone(int((tmp_path / "pid").read_text()))


def wait_until_gone(pid: int) -> None:
    """Wait until a process has ended; a zombie has."""
    end = time.monotonic() + 5
    while _is_there(pid):
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.01)


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_nothing_appears_beside_the_host_s_file(job: Jobs, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("VALUE = 2.5\n")
    assert [score.value for score in outcome("import helper; return helper.VALUE", job).scores] == [2.5, 2.5]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "metric.py", "mine.csv", "solution.csv"]


# As data


def test_a_job_survives_the_way_through_json(job: Jobs) -> None:
    work = replace(job(power=2.0), id_column="id")
    assert FunctionJob.from_dict(json.loads(json.dumps(work.to_dict()))) == work


@pytest.mark.parametrize("wrong", [{}, {"id": "id"}, {"id": "id", "source": 1}, {"id": "id", "source": "x", "a": 1},
    {"id": "id", "source": "x", "split": 1}, {"id": "id", "source": "x", "greater_is_better": "yes"}])  # fmt: skip
def test_a_wrong_spec_of_a_function_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(HostError):
        FunctionSpec.from_dict(wrong)
