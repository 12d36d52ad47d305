"""Code that participants send: what is run, and what they hear when it fails."""

import time

import pytest

from scoring.runners.predicting import INSIDE, RUNNER, places, start
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec, Limits, Tree
from scoring.sandbox.warm import WarmPool
from tests.scoring.runners.conftest import zipped

GOOD = """
import csv, helper
def predict(inputs, output):
    with open(f"{inputs}/test.csv") as stream, open(output, "w") as out:
        out.write("id,prediction\\n")
        for row in csv.DictReader(stream):
            out.write(f"{row['id']},{helper.twice(row['a'])}\\n")
"""
HELPER = "def twice(text):\n    return 2 * float(text)\n"
ANSWERS = "id,prediction\n" + "".join(f"{row:03},{float(row)}\n" for row in range(10))


@pytest.mark.parametrize("folder", ["", "mine__"])
def test_predict_is_called_with_the_inputs_and_the_place_for_its_output(run, folder):
    names = {f"{folder}predict_dot_py": GOOD, f"{folder}helper_dot_py": HELPER, ".DS_Store": b""}
    predicted = run(zipped(**names), "my.zip")
    assert predicted.verdict == "predicted"
    assert predicted.predictions.read_text() == ANSWERS


def test_a_main_program_gets_both_as_arguments_and_in_its_environment(run):
    words = (
        "import os, sys\nopen(sys.argv[2], 'w').write(sys.argv[1])\nassert sys.argv[2] == os.environ['PODIUM_OUTPUT']"
    )
    assert run(zipped(main_dot_py=words), "my.zip").predictions.read_text() == "/input"


def test_one_file_with_a_function_predict_may_have_any_name(run):
    assert run("def predict(i, o):\n    open(o, 'w').write(__file__)", "My model.py").predictions.read_text() == (
        "/code/My model.py"
    )


def test_a_command_of_the_phase_is_run_instead(run):
    sent = zipped(start_dot_py="import sys\nopen(sys.argv[1], 'w').write('x')")
    assert run(sent, "my.zip", command=("python3", "start.py", "$output")).predictions.read_text() == "x"


def test_an_error_names_the_line_of_their_own_file_only_in_the_fuller_words(run):
    helper = "def twice(text):\n    return {}['the secret']\n"
    predicted = run(zipped(predict_dot_py=GOOD, lib__x="", helper_dot_py=helper), "my.zip")
    assert predicted.verdict == "rejected"
    assert predicted.error.message == "The code stopped with an error."
    assert predicted.detail.message == "helper.py, line 2: KeyError: 'the secret'"
    assert (predicted.detail.column, predicted.detail.row) == ("helper.py", 2)
    assert "podium" not in predicted.result.stderr
    assert "/runner" not in predicted.result.stderr


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("def predict(i, o)\n    pass", "runtime_error", "predict.py, line 1: SyntaxError: expected ':'"),
        ("import sys\nsys.exit('bad\\x1b[1m luck')", "runtime_error", "predict.py, line 2: SystemExit: bad�[1m luck"),
        ("x = 1", "no_predict", "The file has no function `predict(inputs_dir, output_path)`."),
        ("def predict(i, o): pass", "missing_output", "left no predictions.csv: write it where output_path says."),
        ("def predict(i, o): open('/out/other.csv', 'w')", "missing_output", "It left `other.csv`."),
        ("import os\nos.kill(os.getpid(), 9)", "runtime_error", "It was ended by signal 9."),
        ("def predict(i, o): bytearray(1 << 33)", "memory", "more than the 256 MB of memory"),
        ("while True: print('x' * 1000)", "output", "1 MB printed"),
    ],
)
def test_each_failure_has_its_words(run, source, code, words):
    predicted = run(source, limits=Limits(wall_s=20, memory_mb=256))
    assert predicted.verdict == "rejected"
    assert predicted.error.code == code
    assert words in predicted.detail.message


def test_what_runs_too_long_hears_how_long_it_may(run):
    predicted = run("import time\ntime.sleep(60)", limits=Limits(wall_s=0.4))
    assert predicted.error.code == "time"
    assert "the 0.4 s" in predicted.error.message


def test_a_report_that_the_code_forged_says_nothing_that_is_not_so(run):
    forged = {
        "kind": "exception",
        "type": "Not<b>a name",
        "message": "x\ny",
        "frames": [["../../etc/passwd", 1], ["predict.py", "1"], ["predict.py", -1], 7],
    }
    code = f"import json, os\njson.dump({forged!r}, open('/out/podium-report.json', 'w'))\nos._exit(1)"
    predicted = run(code)
    assert predicted.error.message == "The code stopped with an error."
    assert predicted.detail.message == "x y"
    assert predicted.detail.row is None


@pytest.mark.parametrize("content", ["[]", "{", '{"kind": {}}', "[" * 50_000, '{"kind": "' + "x" * 70_000 + '"}'])
def test_a_report_that_is_none_is_ignored(run, content):
    code = f"import os\nopen('/out/podium-report.json', 'w').write({content!r})\nos._exit(3)"
    assert run(code).detail.message == "The code stopped with an error. It ended with exit status 3."


def test_what_is_printed_can_be_read_while_it_runs_and_a_cancelled_job_ends_at_once(job, tmp_path):
    running = start(job("print('here')\nimport time\ntime.sleep(60)"), Bubblewrap())
    until = time.monotonic() + 20
    while "here" not in (tmp_path / "live").read_text() if (tmp_path / "live").exists() else True:
        assert time.monotonic() < until
        assert running.wait(0.05) is None
    began = time.monotonic()
    running.cancel()
    assert running.wait(10).verdict == "cancelled"
    assert time.monotonic() - began < 2


def test_a_warm_interpreter_runs_it_as_well(job):
    made = job("import sys\ndef predict(i, o): open(o, 'w').write(str('colorsys' in sys.modules))")
    trees = (*made.environment.trees(), Tree(source=INSIDE, target=RUNNER))
    command = (made.environment.python, "-I", "-u")
    template = JobSpec(command=command, out=made.out, trees=trees, limits=made.limits, environment=places(made))
    pool = WarmPool(Bubblewrap(), template, 1, modules=("colorsys",))
    try:
        assert start(made, pool).wait(60).predictions.read_text() == "True"
    finally:
        pool.close()


def test_a_phase_that_asks_for_what_its_environment_lacks_is_the_hosts_matter(job):
    import dataclasses

    made = job("{}", "x.ipynb", "notebook")
    poor = dataclasses.replace(made, environment=dataclasses.replace(made.environment, name="poor", packages={}))
    predicted = start(poor, Bubblewrap()).wait(10)
    assert predicted.verdict == "host_error"
    assert "`nbclient`, `nbconvert` and `ipykernel`, which the environment `poor` lacks" in predicted.error.message
