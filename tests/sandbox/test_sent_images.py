"""Images that participants send, from the archive to the predictions."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoring.environments import Environment, adopt
from scoring.runners.predicting import Predicted, PredictJob, start
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.container import Container
from scoring.sandbox.watching import SandboxError
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import quick
from tests.sandbox.tiny import identity, saved

PROGRAM = 'cat /input/features.csv > "$PODIUM_OUTPUT"; echo printed; [ ! -e /runner ]'


def predicted(archive: Path, folder: Path, sandbox: Any) -> Predicted:
    job = PredictJob(
        kind="container",
        submission=archive,
        filename="image.tar",
        input=folder / "input",
        out=folder / "out",
        environment=Environment.of_this_python(),
        limits=quick(),
        live=folder / "live",
    )
    found = start(job, sandbox).wait(60)
    assert found is not None
    return found


def test_an_image_reads_the_data_and_leaves_its_predictions(contained: Attack) -> None:
    found = predicted(saved(contained.folder, PROGRAM), contained.folder, contained.machine)
    assert (found.verdict, found.detail) == ("predicted", None)
    assert found.predictions is not None
    assert found.predictions.read_text() == "id,x\n1,0.5\n"
    assert (contained.folder / "live").read_text() == "printed\n"


def test_two_jobs_of_one_image_end_well_whichever_is_first(contained: Attack) -> None:
    assert isinstance(contained.machine, Container)
    path = saved(contained.folder, "sleep $(cat /input/seconds); echo id > $PODIUM_OUTPUT")
    folders = [contained.folder / name for name in ("soon", "later")]
    for folder, seconds in zip(folders, ("0", "2"), strict=True):
        for part in ("input", "out"):
            (folder / part).mkdir(parents=True)
        (folder / "input" / "seconds").write_text(seconds)
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda folder: predicted(path, folder, contained.machine), folders))
    assert [each.verdict for each in found] == ["predicted", "predicted"]
    with pytest.raises(SandboxError):
        contained.machine._tool().inspect("image", identity(path))


@pytest.mark.parametrize("contained", ["docker"], indirect=True)
def test_what_is_no_image_is_the_senders_matter(contained: Attack) -> None:
    (contained.folder / "bad.tar").write_bytes(b"x" * 1024)
    found = predicted(contained.folder / "bad.tar", contained.folder, contained.machine)
    assert found.error is not None
    assert (found.verdict, found.error.code) == ("rejected", "image_invalid")


@pytest.mark.parametrize("contained", ["docker"], indirect=True)
def test_code_runs_in_an_image_that_is_an_environment(contained: Attack) -> None:
    made = adopt(contained.folder / "environments", "mine", "podium-sandbox", contained.machine)
    assert made.version.startswith("3.")
    (contained.folder / "mine.py").write_text("def predict(i, o): open(o, 'w').write(i)")
    job = PredictJob(
        kind="code",
        submission=contained.folder / "mine.py",
        filename="mine.py",
        input=contained.folder / "input",
        out=contained.folder / "out",
        environment=made,
        limits=quick(),
    )
    found = start(job, contained.machine).wait(60)
    assert found is not None
    assert found.predictions is not None, found
    assert found.predictions.read_text() == "/input"
    other = start(replace(job, environment=Environment.of_this_python()), contained.machine).wait(60)
    assert other is not None
    assert other.verdict == "host_error"


def test_without_an_engine_nothing_runs(tmp_path: Path) -> None:
    for name in ("input", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "image.tar").write_bytes(b"x")
    found = predicted(tmp_path / "image.tar", tmp_path, Bubblewrap())
    assert found.error is not None
    assert (found.verdict, found.error.code) == ("host_error", "no_engine")
