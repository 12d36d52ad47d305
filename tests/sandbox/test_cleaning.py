"""What is left when somebody is killed: the supervisor at any moment, the caller, the job."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scoring.sandbox.bubblewrap import ROOT, Bubblewrap
from tests.sandbox.conftest import Attack, cgroups
from tests.sandbox.machines import slots, wait_until

FOREVER = """
import os, time
for _ in range(3):
    if os.fork() == 0: os.setsid()
print("up", flush=True)
time.sleep(60)
"""
CALLER = """
import sys
from pathlib import Path
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec
folder, token, first, last = sys.argv[1:]
spec = JobSpec(
    command=("python3", "main.py"), code=Path(folder, "code"), out=Path(folder, "out"), environment={"ATTACK": token}
)
sandbox = Bubblewrap(slots=range(int(first), int(last)), spare=True)
sandbox.start(spec)
"""
WAIT = "import time; time.sleep(60)"
SPARE = """
sandbox.run(JobSpec(command=("true",), out=Path(folder, "out")))
print(sandbox._spares[0].pid, flush=True)
"""


@pytest.fixture(autouse=True)
def forever(here: Attack) -> None:
    (here.folder / "code" / "main.py").write_text(FOREVER)


def test_a_job_that_is_cancelled_is_gone_within_two_seconds(here: Attack) -> None:
    running = Bubblewrap(slots=slots()).start(here.spec("python3", "main.py"))
    wait_until(lambda: len(here.survivors()) >= 4)
    began = time.monotonic()
    running.cancel()
    result = running.wait()
    assert time.monotonic() - began < 2
    assert (result.verdict, result.detail) == ("sandbox_error", "cancelled")


def test_a_job_is_cancelled_while_its_input_is_copied(here: Attack) -> None:
    with (here.folder / "input" / "large").open("wb") as stream:
        stream.truncate(8 << 30)
    running = Bubblewrap(slots=slots()).start(here.spec("true"))
    time.sleep(0.2)
    began = time.monotonic()
    running.cancel()
    assert running.wait().detail.endswith("cancelled")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.2])
def test_a_supervisor_that_is_killed_leaves_nothing_that_runs(here: Attack, after_s: float) -> None:
    sandbox = Bubblewrap(slots=slots())
    running = sandbox.start(here.spec("python3", "main.py"))
    time.sleep(after_s)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait().verdict == "sandbox_error"
    wait_until(lambda: here.survivors() == [])
    assert "podium-sandbox" not in Path("/proc/self/mountinfo").read_text()
    sandbox.reap()
    assert cgroups() == []


@pytest.mark.parametrize("after_s", [0.05, 0.1, 0.15])
def test_without_cgroups_nothing_is_left_that_runs_either(here: Attack, after_s: float) -> None:
    sandbox = Bubblewrap(slots=slots(), cgroups=False)
    running = sandbox.start(here.spec("python3", "main.py"))
    time.sleep(after_s)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    wait_until(lambda: here.survivors() == [])
    sandbox.reap()


def test_what_a_killed_supervisor_left_is_reaped(here: Attack) -> None:
    sandbox = Bubblewrap(slots=slots())
    running = sandbox.start(here.spec("python3", "main.py"))
    wait_until(lambda: len(here.survivors()) >= 4)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert sandbox.reap() == 1
    assert sandbox.reap() == 0
    assert cgroups() == []


def test_the_next_job_clears_what_it_finds(here: Attack) -> None:
    sandbox = Bubblewrap(slots=slots())
    running = sandbox.start(here.spec("python3", "main.py"))
    wait_until(lambda: len(here.survivors()) >= 4)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert here("print('next')").stdout == "next\n"


def test_a_caller_that_is_killed_takes_the_job_along(here: Attack) -> None:
    numbers = [str(slots().start), str(slots().stop)]
    caller = subprocess.Popen([sys.executable, "-c", CALLER + WAIT, here.folder, here.token, *numbers], cwd=ROOT)
    wait_until(lambda: len(here.survivors()) >= 4)
    caller.kill()
    caller.wait()
    wait_until(lambda: here.survivors() == [] and cgroups() == [])
    assert Bubblewrap(slots=slots()).reap() == 0


def test_bubblewrap_that_is_killed_is_our_fault(here: Attack) -> None:
    running = Bubblewrap(slots=slots()).start(here.spec("python3", "main.py"))
    wait_until(lambda: len(here.survivors()) >= 4)
    [first] = [int(child) for child in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]
    os.kill(first, signal.SIGKILL)
    assert running.wait().verdict == "sandbox_error"


def test_a_running_job_is_not_reaped(here: Attack) -> None:
    sandbox = Bubblewrap(slots=slots())
    running = sandbox.start(here.spec("python3", "main.py", wall_s=1))
    wait_until(lambda: len(here.survivors()) >= 4)
    assert sandbox.reap() == 0
    assert running.wait().verdict == "time"


def test_a_spare_supervisor_runs_one_job_and_ends(here: Attack) -> None:
    sandbox = Bubblewrap(slots=slots(), spare=True)
    for _ in range(3):
        result = sandbox.run(here.spec("sh", "-c", "ls /tmp; touch /tmp/residue"))
        assert (result.verdict, result.stdout) == ("ok", "")
    sandbox.close()


def test_a_spare_supervisor_ends_with_its_caller(here: Attack) -> None:
    words = [
        sys.executable,
        "-c",
        CALLER.replace("sandbox.start(spec)", SPARE) + WAIT,
        here.folder,
        here.token,
        str(slots().start),
        str(slots().stop),
    ]
    caller = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with caller:
        assert caller.stdout
        [spare] = caller.stdout.readline().split()
        caller.kill()
    wait_until(lambda: not Path(f"/proc/{spare}/cmdline").exists())
