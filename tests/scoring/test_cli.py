"""`python -m scoring`, as a person or a program starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scoring.metrics import registry

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scoring", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {
        "solution.csv": "id,label,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,0,Private\n",
        "whole.csv": "id,label\n1,0\n2,1\n3,1\n4,0\n",
        "mine.csv": "id,label\n4,0.2\n3,0.8\n2,0.9\n1,0.1\n",
        "labels.csv": "id,label\n1,0\n2,1\n3,0\n4,0\n",
        "bad.csv": "id,label\n1,0.1\n2,high\n3,0.8\n4,0.2\n",
        "wine.csv": "row,kind\na,red\nb,rose\nc,white\n",
        "wine_mine.csv": "row,red,rose,white\na,0.5,0.25,0.25\nb,0.25,0.5,0.25\nc,0.25,0.25,0.5\n",
        "two.csv": "id,a,b,fold\n1,0,1,x\n2,2,3,y\n",
        "two_mine.csv": "id,b,a\n2,3,2\n1,1,1\n",
    }
    for name, content in made.items():
        (tmp_path / name).write_text(content)
    return {name: tmp_path / name for name in made}


def score(files: dict[str, Path], metric: str, solution: str, submission: str, *more: str) -> tuple[int, Any]:
    done = run(
        "score", "--metric", metric, "--solution", files[solution], "--submission", files[submission], *more, "--json"
    )
    assert len(done.stdout.splitlines()) == 1, done
    return done.returncode, json.loads(done.stdout)


def test_a_score_is_one_object_on_one_line(files: dict[str, Path]) -> None:
    status, answer = score(files, "auc", "solution.csv", "mine.csv")
    assert (status, answer["metric"], answer["rows"]) == (0, "roc_auc_score", 4)
    assert answer["scores"] == {
        "public": {"value": 1.0, "ci_low": None, "ci_high": None},
        "private": {"value": 1.0, "ci_low": None, "ci_high": None},
    }


def test_without_a_split_column_the_key_is_all(files: dict[str, Path]) -> None:
    assert list(score(files, "auc", "whole.csv", "mine.csv")[1]["scores"]) == ["all"]


def test_parameters_are_given_by_name(files: dict[str, Path]) -> None:
    macro = score(files, "f1", "whole.csv", "labels.csv", "--param", "average=macro")
    assert macro[1] == score(files, "f1_macro", "whole.csv", "labels.csv")[1]
    positive = score(files, "f1", "whole.csv", "labels.csv", "--param", "pos_label=0")
    assert positive[1]["scores"]["all"]["value"] == pytest.approx(0.8)


def test_columns_are_matched_by_name_and_the_split_column_may_be_told(files: dict[str, Path]) -> None:
    status, answer = score(files, "mae", "two.csv", "two_mine.csv", "--id", "id", "--split-column", "fold")
    assert (status, {name: item["value"] for name, item in answer["scores"].items()}) == (0, {"x": 0.5, "y": 0.0})


def test_a_column_for_each_class_is_understood(files: dict[str, Path]) -> None:
    status, answer = score(files, "log_loss", "wine.csv", "wine_mine.csv")
    assert (status, answer["scores"]["all"]["value"]) == (0, pytest.approx(0.6931471805599453))


def test_the_submission_s_fault_is_status_2(files: dict[str, Path]) -> None:
    status, answer = score(files, "auc", "solution.csv", "bad.csv")
    assert status == 2
    assert answer == {
        "error": {
            "code": "not_a_number",
            "message": "Row 3, column `label`: found `high`, expected a number.",
            "row": 3,
            "column": "label",
        }
    }


@pytest.mark.parametrize(
    ("metric", "solution", "more"),
    [
        ("aucc", "solution.csv", ()),
        ("f1", "whole.csv", ("--param", "average=best")),
        ("auc", "solution.csv", ("--split-column", "nowhere")),
        ("auc", "wine.csv", ("--id", "nowhere")),
        ("rmse", "wine.csv", ()),
    ],
)
def test_the_solution_s_or_the_metric_s_fault_is_status_3(
    files: dict[str, Path], metric: str, solution: str, more: tuple[str, ...]
) -> None:
    status, answer = score(files, metric, solution, "mine.csv", *more)
    assert (status, set(answer)) == (3, {"error"})


def test_a_missing_file_is_named(files: dict[str, Path]) -> None:
    files["none.csv"] = files["mine.csv"].with_name("none.csv")
    assert score(files, "auc", "none.csv", "mine.csv")[0] == 3
    status, answer = score(files, "auc", "solution.csv", "none.csv")
    assert (status, answer["error"]["code"]) == (2, "file_missing")


def test_a_wrong_command_line_is_neither_s_fault() -> None:
    done = run("score", "--metric", "auc", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (64, "usage")
    assert run("sandbox").returncode == 64


def test_a_person_gets_a_table_and_a_mistake_goes_to_standard_error(files: dict[str, Path]) -> None:
    good = run("score", "--metric", "auc", "--solution", files["solution.csv"], "--submission", files["mine.csv"])
    assert (good.returncode, "public" in good.stdout, "4 rows; higher is better." in good.stdout) == (0, True, True)
    bad = run("score", "--metric", "auc", "--solution", files["solution.csv"], "--submission", files["bad.csv"])
    assert (bad.returncode, bad.stdout, bad.stderr) == (
        2,
        "",
        "Row 3, column `label`: found `high`, expected a number.\n",
    )


def test_metrics_are_listed_for_people_and_for_programs() -> None:
    shown, data = run("metrics"), json.loads(run("metrics", "--json").stdout)
    assert {entry["name"] for entry in data["metrics"]} == {entry.name for entry in registry}
    assert all(entry.name in shown.stdout for entry in registry)


def test_a_command_loads_only_what_it_needs(files: dict[str, Path]) -> None:
    program = (
        "import sys; from scoring.cli import main; main(sys.argv[1:]);"
        "print(sorted({'scipy', 'sklearn', 'pandas', 'rich', 'django'} & set(sys.modules)))"
    )
    arguments = ["score", "--metric", "auc", "--solution", files["solution.csv"], "--submission", files["mine.csv"]]
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
