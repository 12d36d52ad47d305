"""`python -m scoring`, as a person or a program starts it."""

from __future__ import annotations

import json
import math
import os
import pty
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
        "groups.csv": "id,label,sex,n\n" + "".join(f"{i},{i % 2},{'FM'[i % 3 == 0]},{i % 5 + 1}\n" for i in range(300)),
        "groups_mine.csv": "id,label\n" + "".join(f"{i},{i * 37 % 101 / 101}\n" for i in range(300)),
        "queries.csv": "query,item,gain\n1,a,1\n1,b,0\n2,c,1\n",
        "queries_mine.csv": "query,item,score\n1,b,0.9\n1,a,0.5\n2,c,0.1\n",
        "relevant.csv": "query,item\n1,a\n1,b\n2,c\n",
        "cells.csv": "query,items\n1,a\n2,c\n",
        "bounds_mine.csv": "id,low,high\n1,-1,1\n2,0.5,2\n3,0,2\n4,1,2\n",
        "masks.csv": "id,mask,h,w\n1,1 3,2,2\n",
        "masks_alone.csv": "id,mask\n1,1 3\n",
        "masks_mine.csv": "id,mask\n1,1 2\n",
        "metric.py": """
class ParticipantVisibleError(Exception): ...
def score(solution, submission, row_id_column_name, power: int = 1):
    if submission["label"].max() > 1:
        raise ParticipantVisibleError("Labels are at most 1.")
    return float(((solution["label"] - submission["label"]).abs() ** power).mean()) / power
""",
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


def test_columns_of_classes_may_have_a_prefix_and_be_scored_as_labels(files: dict[str, Path]) -> None:
    plain = score(files, "log_loss", "wine.csv", "wine_mine.csv")
    assert score(files, "accuracy", "wine.csv", "wine_mine.csv")[1]["scores"]["all"]["value"] == 1
    files["wine_mine.csv"].write_text(
        files["wine_mine.csv"].read_text().replace("red,rose,white", "p_red,p_rose,p_white")
    )
    assert score(files, "log_loss", "wine.csv", "wine_mine.csv") == plain


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


def test_one_metric_is_shown_in_full() -> None:
    shown, data = run("metrics", "f1_macro").stdout, json.loads(run("metrics", "f1_macro", "--json").stdout)
    for words in ("F1 (f1_score)", "with average=macro", "Harmonic mean", "pos_label", "--metric f1_score"):
        assert words in shown
    assert (data["metric"]["name"], data["params"]) == ("f1_score", {"average": "macro"})
    assert "Harmonic mean" in data["metric"]["description"]
    assert run("metrics", "nonsense").returncode == 3


def test_on_a_narrow_terminal_names_are_whole() -> None:
    shown = on_a_terminal("metrics", COLUMNS="80", NO_COLOR="1")
    assert all(entry.name in shown for entry in registry)
    assert "Also called" not in shown


def test_ranges_and_columns_are_said_in_words() -> None:
    shown = run("metrics", "map@5").stdout
    for words in ("a whole number, 1 to 1,000,000", "lists, in one column"):
        assert words in shown
    assert "0 or more" in run("metrics", "rmse").stdout


# Intervals, and columns with a role


def test_an_interval_that_is_not_known_is_said_to_be(files: dict[str, Path]) -> None:
    perfect = ("score", "--metric", "mae", "--solution", files["whole.csv"], "--submission", files["whole.csv"])
    assert "not known" in run(*perfect, "--ci", "0.9").stdout
    assert "Interval" not in run(*perfect).stdout


def test_an_interval_is_computed_only_where_it_is_asked_for(files: dict[str, Path]) -> None:
    status, answer = score(files, "auc", "groups.csv", "groups_mine.csv", *BESIDE, "--ci", "0.9")
    assert status == 0
    narrow, wide = (
        answer["scores"]["all"],
        score(files, "auc", "groups.csv", "groups_mine.csv", *BESIDE, "--ci", "0.99")[1]["scores"]["all"],
    )
    assert wide["ci_low"] < narrow["ci_low"] < narrow["value"] == wide["value"] < narrow["ci_high"] < wide["ci_high"]


BESIDE = ("--slice", "sex", "--weight", "n")


def test_the_weight_column_counts(files: dict[str, Path]) -> None:
    plain = score(files, "mae", "groups.csv", "groups_mine.csv", "--cluster", "sex", "--slice", "n")[1]
    weighted = score(files, "mae", "groups.csv", "groups_mine.csv", "--cluster", "sex", "--weight", "n")[1]
    assert plain["scores"]["all"] != weighted["scores"]["all"]
    assert "all:n=3" in plain["scores"]


def test_slices_are_scores_of_their_own(files: dict[str, Path]) -> None:
    answer = score(files, "auc", "groups.csv", "groups_mine.csv", "--slice", "sex", "--weight", "n")[1]
    assert {"all", "all:sex=F", "all:sex=M", "all:sex:gap"} <= set(answer["scores"])


def test_a_column_that_is_not_there_is_the_host_s_fault(files: dict[str, Path]) -> None:
    status, answer = score(files, "auc", "groups.csv", "groups_mine.csv", "--weight", "nowhere")
    assert (status, "nowhere" in answer["error"]["message"]) == (3, True)


@pytest.mark.parametrize("level", ["0.2", "1", "95", "much"])
def test_a_level_that_is_none_is_refused(level: str) -> None:
    done = run("score", "--metric", "auc", "--solution", "s", "--submission", "p", "--ci", level)
    assert (done.returncode, "--ci" in done.stderr) == (64, True)


# A host's own metric


def test_a_metric_file_runs_in_a_sandbox_and_sees_nothing_of_its_caller(files: dict[str, Path]) -> None:
    secret = files["metric.py"].with_name("secret.txt")
    secret.write_text("of the caller")
    look = f"assert not __import__('os').path.exists({str(secret)!r}), 'it is outside'\n"
    files["metric.py"].write_text(look + files["metric.py"].read_text())
    status, answer = own(files, "solution.csv", "mine.csv", "--param", "power=2")
    assert (status, answer["rows"]) == (0, 4)
    assert answer["scores"]["public"] == {"value": pytest.approx(0.005), "ci_low": None, "ci_high": None}
    status, answer = own(files, "solution.csv", "mine.csv", "--param", "power=2", "--trust")
    assert answer["error"]["message"] == "`metric.py` stopped with AssertionError in line 1 of metric.py."


def test_a_metric_file_without_a_sandbox_says_what_is_missing_and_what_trust_does(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    status, answer = own(files, "whole.csv", "mine.csv")
    assert (status, answer["error"]["code"]) == (64, "usage")
    assert "Install bubblewrap" in answer["error"]["message"]
    assert "add --trust: it then runs outside a sandbox" in answer["error"]["message"]


def test_a_metric_file_is_scored_like_any_metric(files: dict[str, Path]) -> None:
    status, answer = own(files, "solution.csv", "mine.csv", "--trust", "--param", "power=2")
    assert (status, answer["metric"], answer["rows"]) == (0, "metric.py", 4)
    assert answer["scores"]["public"] == {"value": pytest.approx(0.005), "ci_low": None, "ci_high": None}
    assert list(answer["scores"]) == ["public", "private"]


def test_what_a_metric_says_to_participants_is_status_2_and_what_it_does_wrong_is_3(files: dict[str, Path]) -> None:
    files["mine.csv"].write_text(files["mine.csv"].read_text().replace("0.9", "1.9"))
    status, answer = own(files, "whole.csv", "mine.csv", "--trust")
    assert (status, answer) == (2, {"error": {"code": "metric_refused", "message": "Labels are at most 1."}})
    files["mine.csv"].write_text("id,cover\n1,1\n2,1\n3,1\n4,1\n")
    status, answer = own(files, "whole.csv", "mine.csv", "--trust")
    message = "`score` stopped with KeyError in line 4 of metric.py."
    assert (status, answer) == (3, {"error": {"code": "metric_failed", "message": message}})
    plain = run("score", *OWN(files, "whole.csv", "mine.csv"), "--trust")
    assert (plain.returncode, plain.stdout) == (3, "")
    assert plain.stderr.startswith(message + "\nTraceback")


@pytest.mark.parametrize("more", [("--ci", "0.95"), ("--weight", "label"), ("--param", "power")])
def test_what_a_metric_file_cannot_have_is_refused(files: dict[str, Path], more: tuple[str, ...]) -> None:
    assert own(files, "whole.csv", "mine.csv", "--trust", *more)[0] == 64


def OWN(files: dict[str, Path], solution: str, submission: str) -> list[str | Path]:
    return ["--metric-file", files["metric.py"], "--solution", files[solution], "--submission", files[submission]]


def own(files: dict[str, Path], solution: str, submission: str, *more: str) -> tuple[int, Any]:
    done = run("score", *OWN(files, solution, submission), *more, "--json")
    assert len(done.stdout.splitlines()) == 1, done
    return done.returncode, json.loads(done.stdout)


# Checking a file before it is sent


def test_a_file_is_checked_against_the_sample(files: dict[str, Path]) -> None:
    good = run("check", "--sample", files["whole.csv"], files["mine.csv"], "--json")
    assert (good.returncode, json.loads(good.stdout)) == (0, {"ok": True, "rows": 4, "id": "id", "columns": ["label"]})
    bad = run("check", "--sample", files["whole.csv"], files["bad.csv"], "--json")
    mistakes = json.loads(bad.stdout)["error"]["mistakes"]
    assert (bad.returncode, [(item["row"], item["column"]) for item in mistakes]) == (2, [(3, "label")])
    assert run("check", "--sample", files["mine.csv"].with_name("none.csv"), files["mine.csv"]).returncode == 3


def test_a_person_reads_all_mistakes_one_a_line(files: dict[str, Path]) -> None:
    files["bad.csv"].write_text("id,label\n1,low\n2,high\n4,\n5,1\n")
    done = run("check", "--sample", files["whole.csv"], files["bad.csv"])
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 4)
    assert done.stderr.startswith("Row 2, column `label`: found `low`")
    assert "1 more has this mistake" in done.stderr


# Terminals


@pytest.mark.parametrize(("setting", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_stand_on_a_terminal_only(files: dict[str, Path], setting: dict[str, str], coloured: bool) -> None:
    arguments = ["--metric", "auc", "--solution", files["whole.csv"], "--submission", files["mine.csv"]]
    shown = on_a_terminal("score", *arguments, **setting)
    assert ("\x1b[36m" in shown or "\x1b[1;36m" in shown) is coloured
    assert "\x1b" not in run("score", *arguments).stdout


def on_a_terminal(*arguments: str | Path, **setting: str) -> str:
    """Return what a command prints on a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", **setting}
    command = [sys.executable, "-m", "scoring", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(30) == 0
    return shown.decode()


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


# What the columns' names suggest


def test_long_lists_are_scored_by_their_items(files: dict[str, Path]) -> None:
    status, answer = score(files, "map@5", "queries.csv", "queries_mine.csv", "--id", "query", "--item", "item")
    assert (status, answer["scores"]["all"]["value"]) == (0, 0.75)


def test_bounds_are_the_submission_s_columns(files: dict[str, Path]) -> None:
    status, answer = score(files, "coverage", "whole.csv", "bounds_mine.csv")
    assert (status, answer["scores"]["all"]["value"]) == (0, 0.75)


@pytest.mark.parametrize(
    ("solution", "submission"),
    [
        ("queries.csv", "query,item,score\n1,b,0.9\n1,a,0.5\n2,c,0.1\n"),
        ("queries.csv", "query,item,rank\n1,b,1\n1,a,2\n2,c,1\n"),
        ("queries.csv", "query,item,gain\n1,b,0.9\n1,a,0.5\n2,c,0.1\n"),
        ("queries.csv", "query,item\n1,b\n1,a\n2,c\n"),
        ("relevant.csv", "query,item\n1,b\n1,d\n1,a\n2,c\n"),
        ("cells.csv", "query,items\n1,b a\n2,c\n"),
    ],
)
def test_rankings_are_found_long_or_in_cells(files: dict[str, Path], solution: str, submission: str) -> None:
    files["queries_mine.csv"].write_text(submission)
    expected = (5 / 6 + 1) / 2 if solution == "relevant.csv" else (1 / 2 + 1) / 2
    status, answer = score(files, "map@5", solution, "queries_mine.csv")
    assert (status, answer["scores"]["all"]["value"]) == (0, pytest.approx(expected))


@pytest.mark.parametrize(
    ("submission", "column"), [("query,item,score,more\n1,a,1,1\n", "more"), ("query,score\n1,1\n", "item")]
)
def test_a_ranking_s_wrong_columns_are_the_submission_s_fault(
    files: dict[str, Path], submission: str, column: str
) -> None:
    files["queries_mine.csv"].write_text(submission)
    status, answer = score(files, "map@5", "queries.csv", "queries_mine.csv")
    assert (status, f"`{column}`" in answer["error"]["message"]) == (2, True)


@pytest.mark.parametrize("columns", ["low", "low,high,more"])
def test_a_wrong_number_of_bounds_is_the_submission_s_fault(files: dict[str, Path], columns: str) -> None:
    files["bounds_mine.csv"].write_text(f"id,{columns}\n1{',1' * len(columns.split(','))}\n")
    status, answer = score(files, "coverage", "whole.csv", "bounds_mine.csv")
    assert (status, answer["error"]["code"]) == (2, "column_count")


def test_what_a_metric_needs_is_found_by_its_name(files: dict[str, Path]) -> None:
    files["whole.csv"].write_text("id,time,Event\n1,3,1\n2,5,0\n3,1,1\n")
    files["mine.csv"].write_text("id,time\n1,3\n2,2\n3,1\n")
    named = score(files, "c_index", "whole.csv", "mine.csv", "--event", "Event")
    assert (named[0], score(files, "c_index", "whole.csv", "mine.csv")) == (0, named)


def test_columns_of_boxes_are_found_by_name_in_any_order(files: dict[str, Path]) -> None:
    files["whole.csv"].write_text("image,x,y,w,h,label\n1,0,0,10,10,1\n1,50,50,10,10,2\n")
    files["mine.csv"].write_text("image,label,score,h,w,y,x\n1,1,0.9,10,10,0,0\n1,2,0.8,10,10,50,50\n")
    assert score(files, "map50", "whole.csv", "mine.csv")[1]["scores"]["all"]["value"] == pytest.approx(1)


def test_corners_are_not_taken_for_sizes(files: dict[str, Path]) -> None:
    files["whole.csv"].write_text("image,label,xmin,ymin,xmax,ymax\n1,1,0,0,10,10\n")
    files["mine.csv"].write_text("image,label,x,y,w,h\n1,1,0,0,10,10\n")
    files["bad.csv"].write_text("image,label,xmin,ymin,xmax,ymax,score\n1,1,0,0,10,10,0.9\n")
    for solution, blamed in (("whole.csv", 3), ("mine.csv", 2)):
        status, answer = score(files, "map50", solution, "bad.csv")
        assert (status, "`xmax` looks like a corner's" in answer["error"]["message"]) == (blamed, True)


@pytest.mark.parametrize("more", [(), ("--group", "query")])
def test_items_may_be_scored_by_their_own_ids(files: dict[str, Path], more: tuple[str, ...]) -> None:
    files["queries.csv"].write_text("id,query,gain\n1,x,1\n2,x,0\n3,y,2\n4,y,0\n5,y,1\n")
    files["queries_mine.csv"].write_text("id,gain\n5,0.3\n1,0.1\n2,0.5\n3,1\n4,-2\n")
    status, answer = score(files, "ndcg@10", "queries.csv", "queries_mine.csv", *more)
    assert (status, answer["scores"]["all"]["value"]) == (0, pytest.approx((1 / math.log2(3) + 1) / 2))


def test_equal_scores_do_not_profit_from_the_solution_s_order(files: dict[str, Path]) -> None:
    files["queries.csv"].write_text("id,query,gain\n1,x,1\n2,x,0\n3,x,0\n")
    files["queries_mine.csv"].write_text("id,gain\n1,0.5\n2,0.5\n3,0.5\n")
    assert score(files, "mrr", "queries.csv", "queries_mine.csv")[1]["scores"]["all"]["value"] == pytest.approx(1 / 3)


def test_a_table_without_the_id_is_not_taken_for_a_column_a_class(files: dict[str, Path]) -> None:
    files["mine.json"] = files["mine.csv"].with_suffix(".json")
    files["mine.json"].write_text('{"1": 0.5, "2": 0.5, "3": 0.1, "4": 0.1}')
    status, answer = score(files, "log_loss", "whole.csv", "mine.json")
    assert (status, answer["error"]["message"][:64]) == (
        2,
        "Column `id` is missing. Expected 2 columns: `id` and `label`. Be",
    )


def test_a_level_that_is_no_number_is_called_by_its_name(files: dict[str, Path]) -> None:
    status, answer = score(files, "auc", "whole.csv", "mine.csv", "--ci", "high")
    assert (status, "high is no level of confidence" in answer["error"]["message"]) == (64, True)


def test_masks_have_their_images_sizes_in_columns_or_as_numbers(files: dict[str, Path]) -> None:
    named = score(files, "pixel_accuracy", "masks.csv", "masks_mine.csv")
    assert (named[0], named[1]["scores"]["all"]["value"]) == (0, 0.75)
    assert score(files, "pixel_accuracy", "masks.csv", "masks_mine.csv", "--shape", "h", "w") == named
    assert score(files, "pixel_accuracy", "masks_alone.csv", "masks_mine.csv", "--shape", "2", "2") == named


def test_masks_need_no_size_where_set_pixels_alone_count(files: dict[str, Path]) -> None:
    status, answer = score(files, "dice", "masks_alone.csv", "masks_mine.csv")
    assert (status, answer["scores"]["all"]["value"]) == (0, pytest.approx(0.8))
    status, answer = score(files, "pixel_accuracy", "masks_alone.csv", "masks_mine.csv")
    assert (status, "`shape`" in answer["error"]["message"]) == (3, True)


def test_a_large_file_s_names_are_read_from_its_beginning(tmp_path: Path) -> None:
    from scoring.files import spec_for

    large = tmp_path / "large.csv"
    large.write_text("id,label\n" + "".join(f"{i},{i % 2}\n" for i in range(200_000)))
    spec = spec_for(large, large, metric="auc", params={})
    assert (large.stat().st_size > 1 << 20, spec.id, spec.target) == (True, "id", ("label",))
