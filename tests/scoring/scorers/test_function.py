"""A host's score() in a sandbox: the same scores as outside, and nothing but scores comes out."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scoring.environments import Environment
from scoring.errors import HostError
from scoring.fitting import check_fits
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.container import Container
from scoring.scorers import FunctionJob, FunctionLimits
from scoring.scorers.answers import NoAnswerError, read_result
from scoring.scorers.function import TrustedChild
from scoring.scorers.sandboxed import SandboxScorer

SOLUTION = "id,label,Usage\n1,1,Public\n2,2,Public\n3,3,Private\n4,4,Private\n"
MINE = "id,label\n4,4\n3,3.25\n2,2\n1,1.1\n"
MEAN = """
    import pandas as pd
    class ParticipantVisibleError(Exception): ...
    def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str, power: float = 1.0) -> float:
        print("the label of row 3 is 3")
        if (submission["label"] < 0).any():
            raise ParticipantVisibleError("Labels begin at 0.")
        return float(((solution["label"] - submission["label"]).abs() ** power).mean())
"""
Jobs = Callable[..., FunctionJob]


@pytest.fixture
def job(tmp_path: Path) -> Jobs:
    def make(source: str = MEAN, mine: str = MINE, **fields: object) -> FunctionJob:
        for name, text in {"metric.py": textwrap.dedent(source), "solution.csv": SOLUTION, "mine.csv": mine}.items():
            (tmp_path / name).write_text(text)
        paths = {"metric": "metric.py", "solution": "solution.csv", "submission": "mine.csv"}
        found = {name: tmp_path / path for name, path in paths.items()}
        return FunctionJob(**{**found, "filename": "mine.csv", "limits": FunctionLimits(wall_s=60), **fields})  # type: ignore[arg-type]

    return make


def body(source: str) -> str:
    return "def score(solution, submission, row_id_column_name):\n" + textwrap.indent(textwrap.dedent(source), "    ")


def test_it_gives_the_scores_that_it_gives_outside_and_its_prints_go_to_the_hosts(
    scorer: SandboxScorer, job: Jobs
) -> None:
    inside, outside = scorer.score(job(params={"power": "2"})), TrustedChild().score(job(params={"power": "2"}))
    assert (inside.verdict, inside.scores) == ("scored", outside.scores)
    assert (inside.versions, inside.hashes, inside.rows) == (outside.versions, outside.hashes, outside.rows)
    assert "the label of row 3 is 3" in inside.detail
    assert inside.resources["memory_mb"] > 0


def test_only_a_participant_visible_error_is_the_participant_s(scorer: SandboxScorer, job: Jobs) -> None:
    told = scorer.score(job(mine=MINE.replace("1,1.1", "1,-1")))
    assert (told.verdict, told.error and told.error.message) == ("rejected", "Labels begin at 0.")
    kept = scorer.score(job(mine=MINE.replace("label", "cover")))
    assert (kept.verdict, kept.error and kept.error.message) == (
        "host_error", "`score` stopped with KeyError in line 6 of metric.py.",
    )  # fmt: skip
    assert "Traceback" in kept.detail


def test_it_finds_no_network_no_file_of_ours_and_no_secret(
    scorer: SandboxScorer, job: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PODIUM_SECRET_KEY", "of the worker")
    (tmp_path / "other.csv").write_text("another team's")
    source = f"""
        import os, socket
        assert not os.path.exists({str(tmp_path / "other.csv")!r})
        assert "PODIUM_SECRET_KEY" not in os.environ
        for place in ("/code/x", "/input/x", "/podium/scoring/x", "/x"):
            try:
                open(place, "w")
            except OSError:
                continue
            raise AssertionError(place)
        try:
            socket.create_connection(("127.0.0.1", 22), timeout=1)
        except OSError as error:
            return float(error.errno is not None)
    """
    assert [score.value for score in scorer.score(job(body(source))).scores] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import time; time.sleep(60)", "metric_too_slow"),
        ("import numpy; return numpy.ones(1 << 30).sum()", "metric_too_large"),
        ("import os; os._exit(0)", "metric_crashed"),
        ("print('{\"result\": {\"verdict\": \"scored\"}}', flush=True); import os; os._exit(0)", "metric_crashed"),
        ("open('/out/answer', 'a').write('{\"result\": {\"verdict\": \"platform_error\"}}\\n'); import os; os._exit(0)",
         "metric_crashed"),
    ],
)  # fmt: skip
def test_what_breaks_a_limit_or_pretends_an_answer_is_the_host_s_fault(
    scorer: SandboxScorer, job: Jobs, source: str, code: str
) -> None:
    slow = "slow" in code
    result = scorer.score(job(body(source), limits=FunctionLimits(wall_s=4 if slow else 60, memory_mb=600)))
    assert (result.verdict, result.error and result.error.code, result.scores) == ("host_error", code, ())


def test_who_waits_no_more_ends_it(scorer: SandboxScorer, job: Jobs) -> None:
    class EnoughError(Exception):
        pass

    def enough() -> None:
        raise EnoughError

    began = time.monotonic()
    with pytest.raises(EnoughError):
        scorer.score(job(body("import time; time.sleep(60)")), on_wait=enough)
    assert time.monotonic() - began < 10


GOOD = {
    "verdict": "scored", "scores": [{"key": "score", "split": "all", "value": 0.5}], "error": None, "rows": 4,
    "resources": {"wall_s": 1.0}, "versions": {"numpy": "2"}, "detail": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "platform_error"},
        {"verdict": ["scored"]},
        {"scores": [{"key": "score", "split": "all"}]},
        {"scores": [{"key": 1, "split": "all", "value": 1}]},
        {"scores": GOOD["scores"] * 1001},  # type: ignore[operator]
        {"verdict": "rejected"},
        {
            "error": {"code": "Bad Code", "message": "x", "row": None, "column": None, "mistakes": []},
            "verdict": "rejected",
        },
        {"rows": -1},
        {"detail": 7},
    ],
)
def test_what_has_not_the_form_of_an_answer_is_none(wrong: dict[str, object]) -> None:
    assert read_result(json.loads(json.dumps(GOOD))).scores[0].value == 0.5
    with pytest.raises(NoAnswerError):
        read_result({**GOOD, **wrong})


def test_a_text_of_an_answer_is_cut_and_a_number_that_is_not_finite_is_none() -> None:
    long = {**GOOD, "detail": "x" * 99_999, "scores": [{"key": "k" * 99, "split": "all", "value": 10**400}]}
    read = read_result(long)
    assert (len(read.detail), len(read.scores[0].key), read.scores[0].value) == (16_384, 64, None)
    assert replace(read, detail="").error is None


def test_no_environment_fits_kubernetes_which_is_said_before_anything_starts() -> None:
    with pytest.raises(HostError, match="bubblewrap, docker or podman on the workers"):
        check_fits(Environment.of_this_python(), "kubernetes")


def test_an_environment_that_its_sandbox_cannot_start_is_said_with_what_to_run(job: Jobs, tmp_path: Path) -> None:
    folder = Environment.of_this_python()
    image = replace(folder, name="vision", image="sha256:1")
    for sandbox, environment, code, words in (
        (Container(), folder, "environment_engine", "manage.py environment image NAME IMAGE"),
        (Bubblewrap(), image, "no_engine", "The environment `vision` is an image, which needs an engine."),
    ):
        result = SandboxScorer(sandbox, environment, folder=tmp_path).score(job())
        assert result.error is not None
        assert (result.verdict, result.error.code, words in result.error.message) == ("host_error", code, True)
