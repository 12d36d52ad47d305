"""`python -m scoring run`: a submission on one's own machine."""

import json

import pytest

from scoring.cli import main

GOOD = (
    "def predict(inputs, output):\n    print('hello')\n    open(output, 'w').write(open(f'{inputs}/test.csv').read())\n"
)
BAD = "def predict(inputs, output):\n    raise ValueError('mine')\n"


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Run a submission; return the exit status, the object, and what was shown beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.csv").write_text("id,a\n1,2\n")

    def run(source, *options, name="mine.py"):
        (tmp_path / name).write_text(source)
        capsys.readouterr()
        status = main(["run", name, "--input", "data", "--out", "result", *options])
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize("options", [(), ("--trust",)])
def test_predictions_come_to_the_folder_and_what_is_printed_to_the_terminal(command, tmp_path, options):
    status, out, err = command(GOOD, *options)
    assert status == 0
    assert (tmp_path / "result" / "predictions.csv").read_text() == "id,a\n1,2\n"
    assert "result/predictions.csv: predicted in" in out
    assert "hello" in err


def test_an_object_for_programs(command):
    status, out, err = command(GOOD, "--json")
    report = json.loads(out)
    assert (status, err, report["verdict"], report["sandbox"], report["environment"]) == (
        *(0, "", "predicted", True, "here"),
    )


@pytest.mark.parametrize("options", [(), ("--trust",)])
def test_its_own_failure_has_the_line_and_status_two(command, options):
    status, out, _ = command(BAD, "--json", *options)
    assert status == 2
    assert json.loads(out) == {"error": {"code": "runtime_error", "message": "mine.py, line 2: ValueError: mine"}}


def test_a_trusted_run_keeps_to_its_time(command):
    status, out, _ = command("import time\ntime.sleep(60)", "--trust", "--wall", "0.5", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "time")


def test_batches_are_fed_without_a_sandbox_too(command, tmp_path):
    stream = '{"batch_rows": 1, "id_column": "id"}'
    status, *_ = command("def predict_batch(batch): return batch.a", "--trust", "--stream", stream)
    assert status == 0
    assert (tmp_path / "result" / "predictions.csv").read_text() == "id,prediction\n1,2\n"


def test_without_a_sandbox_nothing_runs_unless_somebody_says_so(command, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    status, _, err = command(GOOD)
    assert status == 64
    assert "install bubblewrap" in err
    assert "--trust" in err


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--environment", "none"), 3, "Run: manage.py environment build none"),
        (("--stream", "3"), 64, "expected a JSON object"),
        (("--stream", "{}"), 3, "either it or `group`"),
        (("--wall", "0"), 64, "wall_s must be more than 0"),
    ],
)
def test_what_is_asked_wrongly_is_said(command, options, status, words):
    found, _, err = command(GOOD, *options)
    assert found == status
    assert words in err
