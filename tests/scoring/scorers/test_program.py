"""Codabench's and CodaLab's programs, at their own paths, in sandboxes; ingestion never beside the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scoring.jobs import ScoreResult
from scoring.scorers.keys import read_leaderboard
from scoring.scorers.program import ProgramJob, command_of, substituted
from scoring.scorers.sandboxed import SandboxScorer
from tests.scoring.scorers.conftest import Folder

SCORE = """
    import json, os, sys
    from helper import read
    truth, mine = read("/app/input/ref/truth.txt"), read(os.path.join(sys.argv[1], "res", "answer.txt"))
    share = sum(a == b for a, b in zip(truth, mine)) / len(truth)
    with open(os.path.join(sys.argv[2], "scores.json"), "w") as stream:
        json.dump({"accuracy": share, "accuracy_final": 0.5, "unknown": {"nested": 1}}, stream)
    with open("/app/output/detailed_results.html", "w") as stream:
        stream.write("<h1>Well done</h1>")
    print(sorted(os.listdir("/app/input/res")))
"""
PROGRAM = {
    "metadata.yaml": "description: ours\ncommand: python3 score.py $input $output\n",
    "score.py": SCORE,
    "helper.py": "def read(path): return open(path).read().split()\n",
}
KEYS: dict[str, Any] = {"leaderboard": [{"key": "accuracy"}]}


@pytest.fixture
def job(folder: Folder, zipped: Folder) -> Any:
    def make(
        spec: dict[str, Any] = KEYS, *, program: Path | None = None, mine: Path | None = None, **fields: Any
    ) -> Any:
        return ProgramJob(
            program=program or folder("program", **PROGRAM),
            reference=folder("reference", **{"truth.txt": "a b c d"}),
            submission=mine or zipped("mine", **{"answer.txt": "a b c x"}),
            filename="mine.zip",
            leaderboard=read_leaderboard(spec),
            **fields,
        )

    return make


def values(result: ScoreResult) -> list[tuple[str, str, float | None]]:
    assert result.verdict == "scored", result
    return [(one.key, one.split, one.value) for one in result.scores]


def test_a_program_of_codabench_finds_everything_where_it_expects_it(scorer: SandboxScorer, job: Any) -> None:
    result = scorer.score(job())
    assert values(result) == [("accuracy", "all", 0.75)]
    assert (result.page, "['answer.txt']" in result.detail) == ("<h1>Well done</h1>", True)


def test_public_and_private_scores_have_the_names_that_the_host_gives_them(scorer: SandboxScorer, job: Any) -> None:
    spec = {**KEYS, "split": {"public": "{key}", "private": "{key}_final"}}
    assert values(scorer.score(job(spec))) == [("accuracy", "public", 0.75), ("accuracy", "private", 0.5)]


def test_a_program_of_codalab_writes_lines_and_is_found_in_a_folder_of_its_zip(
    scorer: SandboxScorer, job: Any, zipped: Folder
) -> None:
    old = {
        "program/metadata": "command: python $program/evaluate.py $hidden $predictions $tmp\n",
        "program/evaluate.py": """
            import sys
            assert sys.argv[1:] == ["/app/input/ref", "/app/input/res", "/app/output"], sys.argv
            open("/app/output/scores.txt", "w").write("accuracy:0.5\\nloss: 1e-1\\nnote: n/a\\nnan: nan\\n")
        """,
    }
    spec = {"leaderboard": [{"key": key} for key in ("accuracy", "loss", "note", "nan", "missing")]}
    assert values(scorer.score(job(spec, program=zipped("program", **old)))) == [
        ("accuracy", "all", 0.5), ("loss", "all", 0.1), ("note", "all", None), ("nan", "all", None),
    ]  # fmt: skip


INGESTION = """
    import os, sys
    sys.path.append("/app/ingested_program")
    import model
    data, out = sys.argv[1:3]
    assert data == "/app/input_data"
    with open(os.path.join(out, "answer.txt"), "w") as stream:
        stream.write(model.predict(open(os.path.join(data, "features.txt")).read()))
"""
MODEL = """
    import os
    def predict(text):
        seen = [place for place in ("/app/input/ref", "/app/input/res") if os.path.exists(place)]
        labels = [name for folder, _, names in os.walk("/app") for name in names if name == "truth.txt"]
        return "a b c d" if not seen and not labels else "it saw the labels"
"""


def test_ingestion_runs_the_participant_s_code_where_no_label_is(
    scorer: SandboxScorer, job: Any, folder: Folder, zipped: Folder
) -> None:
    result = scorer.score(
        job(
            mine=zipped("code", **{"model.py": MODEL}),
            ingestion=folder("ingestion", **{"ingestion.py": INGESTION}),
            input_data=folder("data", **{"features.txt": "1 2 3 4"}),
        )
    )
    assert values(result) == [("accuracy", "all", 1.0)]
    assert "['answer.txt', 'metadata', 'model.py']" in result.detail


def test_an_ingestion_that_fails_does_not_stop_scoring(scorer: SandboxScorer, job: Any, folder: Folder) -> None:
    result = scorer.score(job(ingestion=folder("ingestion", **{"ingestion.py": "import model"})))
    assert values(result) == [("accuracy", "all", 0.75)]
    assert "No module named 'model'" in result.detail


def test_a_submission_with_a_command_is_the_program_itself(scorer: SandboxScorer, job: Any, zipped: Folder) -> None:
    own = {
        "metadata": "command: python3 $program/main.py $input $output",
        "main.py": "import sys; open(sys.argv[2] + '/answer.txt', 'w').write('a b ' + sys.argv[1])",
    }
    result = scorer.score(job(mine=zipped("own", **own)))
    assert values(result) == [("accuracy", "all", 0.5)]
    assert "['answer.txt', 'metadata']" in result.detail


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print 'scores'", "ended with exit status 1. It is written for Python 2"),
        ("import no_such_module", "needs the module `no_such_module`"),
        ("", "wrote neither scores.json nor scores.txt"),
        ("open('/app/output/scores.json', 'w').write('[1]')", "scores.json holds no object"),
        ("open('/app/output/scores.json', 'w').write('{\"x\": 1}')", "none of the declared scores: `accuracy`"),
        ("open('/app/output/scores.json', 'w').write('[' * 99999)", "The scores cannot be read"),
        ("open('/app/output/scores.json', 'w').write(' ' * (5 << 20))", "is larger than 4 MB"),
        ("import os; os.symlink('/app/input/ref/truth.txt', '/app/output/scores.json')", "wrote neither"),
        ("import time; print('labels'); time.sleep(60)", "took more time than it may: 3 s"),
    ],
)
def test_what_a_program_does_wrong_is_its_hosts_matter(
    scorer: SandboxScorer, job: Any, folder: Folder, source: str, words: str
) -> None:
    from dataclasses import replace

    work = job(program=folder("broken", **{"score.py": source}))
    result = scorer.score(replace(work, limits=replace(work.limits, wall_s=3 if "3 s" in words else 60)))
    assert (result.verdict, words in (result.error.message if result.error else "")) == ("host_error", True), result


def test_a_zip_that_cannot_be_unpacked_is_the_participant_s_matter(
    scorer: SandboxScorer, job: Any, tmp_path: Path
) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        link = zipfile.ZipInfo("answer.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/app/input/ref/truth.txt")
    result = scorer.score(job(mine=tmp_path / "bad.zip"))
    assert (result.verdict, result.error and result.error.code) == ("rejected", "archive_link")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("command: python3 $program/a.py $input $output", "python3 $program/a.py $input $output"),
        ("description: x\ncommand: 'python a.py'", "python a.py"),
        ("command: >\n  python a.py\n  --more\nnext: 1", "python a.py --more"),
        ('\ufeff"command": python a.py', "python a.py"),
        ("commands: python a.py", None),
    ],
)
def test_a_command_is_found_however_it_is_written(tmp_path: Path, text: str, command: str | None) -> None:
    (tmp_path / "metadata").write_text(text)
    assert command_of(tmp_path) == command


def test_each_word_stands_for_a_folder() -> None:
    words = "$input $output $tmp $program $ingestion_program $hidden $shared $submission_program $predictions"
    assert substituted(words, kind="ingestion") == (
        "/app/input_data", "/app/output", "/app/output", "/app/program", "/app/program", "/app/input/ref",
        "/app/shared", "/app/ingested_program", "/app/output",
    )  # fmt: skip
    assert substituted(words, kind="scoring")[::8] == ("/app/input", "/app/input/res")
