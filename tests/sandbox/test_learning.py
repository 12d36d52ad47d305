"""Interpreters that wait for the jobs that come next: what they have imported, and that they take no job's room."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scoring.environments import Environment
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec, Limits, Tree
from scoring.sandbox.learning import WarmPools
from scoring.sandbox.naming import modules_of
from tests.sandbox.machines import slots

LOOKS = "import sys\nprint('numpy' in sys.modules, 'pandas' in sys.modules)\n"
LATE = f"{LOOKS}if 0:\n    import numpy.linalg as la\n"
LIMITS = Limits(wall_s=20, memory_mb=400)
Made = Callable[..., JobSpec]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Return a function that makes a job of a script."""
    environment = Environment.of_this_python()

    def make(source: str, **files: str) -> JobSpec:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        (folder / "code").mkdir(parents=True)
        for name, text in {"main": source, **files}.items():
            (folder / "code" / f"{name}.py").write_text(text)
        command = (environment.python, "-I", "-u", "/code/main.py")
        return JobSpec(
            command=command, code=folder / "code", out=folder / "out", trees=environment.trees(), limits=LIMITS
        )

    return make


@pytest.fixture
def pools() -> Iterator[Callable[..., WarmPools]]:
    """Return a function that makes what waits; it is ended with the test."""
    there: list[WarmPools] = []

    def make(**options: object) -> WarmPools:
        there.append(WarmPools(Bubblewrap(slots=slots()), **options))  # type: ignore[arg-type]
        return there[-1]

    yield make
    for one in there:
        one.close()


def test_the_second_job_of_a_kind_finds_its_imports_done(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools()
    assert pool.run(made(LATE)).stdout == "False False\n"
    assert pool.run(made(LATE)).stdout == "True False\n"
    assert pool.run(made(LATE)).stdout == "True False\n"  # and so does the next


def test_code_that_names_less_gets_nothing_that_it_would_not_have_imported(
    made: Made, pools: Callable[..., WarmPools]
) -> None:
    pool = pools()
    pool.run(made(LATE))
    assert pool.run(made(LOOKS)).stdout == "False False\n"
    assert pool.run(made(LATE + "    import pandas\n")).stdout == "True False\n"  # more is no matter


def test_what_waits_is_ended_for_a_job_that_needs_its_room(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools(room=1)
    running = pool.start(made(LATE))
    assert pool.waiting == []  # no room beside it
    running.wait()
    [waits] = pool.waiting
    other = pool.start(replace(made(LOOKS), limits=Limits(wall_s=20, memory_mb=300)))
    assert not waits.alive
    assert pool.waiting == []
    assert other.wait().verdict == "ok"
    assert len(pool.waiting) == 1


def test_a_job_that_weighs_more_leaves_no_room(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools(room=2, weigh=lambda limits: 2 if limits.cpus > 1 else 1)
    running = pool.start(replace(made(LATE), limits=replace(LIMITS, cpus=2)))
    assert pool.waiting == []
    running.wait()
    assert len(pool.waiting) == 1


def test_a_job_whose_interpreter_dies_before_it_begins_is_run_cold(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools()
    pool.run(made(LATE))
    [waits] = pool.waiting
    os.kill(waits.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
    running = pool.start(made(LATE))
    os.kill(waits.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    assert running.wait().stdout == "False False\n"
    pool.reap()
    assert pool.reap() == 0


def test_a_warm_job_is_cancelled_like_any_other(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools()
    pool.run(made(LATE))
    running = pool.start(made(f"{LATE}import time\ntime.sleep(60)\n"))
    running.cancel()
    assert running.wait().detail.endswith("cancelled")


def test_an_environment_that_was_built_again_has_its_own(
    made: Made, pools: Callable[..., WarmPools], tmp_path: Path
) -> None:
    pool = pools()
    extra = tmp_path / "extra"
    extra.mkdir()
    job = made(LATE)
    job = replace(job, trees=(*job.trees, Tree(source=extra, target="/extra")))
    pool.run(job)
    extra.rename(tmp_path / "old")
    extra.mkdir()
    assert pool.run(job).stdout == "False False\n"
    assert pool.run(job).stdout == "True False\n"


def test_all_that_waits_ends_with_it(made: Made, pools: Callable[..., WarmPools]) -> None:
    pool = pools()
    pool.run(made(LATE))
    [waits] = pool.waiting
    pool.close()
    assert not waits.alive
    pool.run(made(LATE))
    assert pool.waiting == []


def test_names_are_read_from_the_script_and_what_it_imports_of_its_own(made: Made) -> None:
    job = made(
        "import os, numpy as np, helper\nfrom sklearn.ensemble import (\n    Forest)\nfrom . import pandas\n",
        helper="from scipy import stats\ndef f():\n    import pandas.io\n# import torch\n",
        unused="import torch\n",
    )
    assert modules_of(job) == ("numpy", "pandas.io", "scipy", "sklearn.ensemble")


@pytest.mark.parametrize("name", ["statistics", "numpy", "joblib"])
def test_code_with_a_module_of_that_name_of_its_own_is_run_cold(made: Made, name: str) -> None:
    assert modules_of(made("import numpy", **{name: ""})) == ()


def test_links_in_code_are_not_followed(made: Made) -> None:
    job = made("import helper\n")
    assert job.code is not None
    aside = job.code.parent / "aside.py"
    aside.write_text("import numpy\n")
    (job.code / "helper.py").symlink_to(aside)
    assert modules_of(job) == ()
