"""`podium run`: code on a challenge's public sample, before it is sent."""

import pytest

from podium.challenges.services import dataset_publish
from podium.client.main import run
from podium.core.storage import store_bytes

CODE = "def predict(inputs, output):\n    open(output, 'w').write(open(f'{inputs}/test.csv').read())\n"


@pytest.fixture
def sampled(site, home):
    """A challenge with a sample for code, and code."""
    files = {"sample_inputs/test.csv": store_bytes(b"id,a\n1,2\n")}
    dataset_publish(site.cast.forest, name="sample", audience="participants", files=files, actor=None)
    site.sign_in("ada")
    (home / "mine.py").write_text(CODE)
    return site


def test_code_runs_on_the_sample_as_on_the_site(sampled, home, capfd):
    assert run(["run", "mine.py", "--challenge", "forest", "--out", "result"]) == 0
    assert (home / "forest" / "sample_inputs" / "test.csv").is_file()
    assert not (home / "forest" / "train.csv").exists()
    assert (home / "result" / "predictions.csv").read_text() == "id,a\n1,2\n"
    assert "predicted in" in capfd.readouterr().out


def test_its_own_failure_is_status_two(sampled, home, capfd):
    (home / "mine.py").write_text("1/0")
    assert run(["run", "mine.py", "--input", "."]) == 2
    assert "mine.py, line 1: ZeroDivisionError: division by zero" in capfd.readouterr().err


def test_a_challenge_without_a_sample_says_so(site, podium, home):
    site.sign_in("ada")
    (home / "mine.py").write_text(CODE)
    error = podium("run", "mine.py", "--challenge", "forest", "--json").json["error"]
    assert error["code"] == "no_sample"
    assert "--input DIR" in error["message"]


def test_one_says_on_what(podium, home):
    (home / "mine.py").write_text(CODE)
    assert "--challenge SLUG" in podium("run", "mine.py", "--json").json["error"]["message"]
