"""What a container engine has left when somebody is killed: a supervisor, its caller, a command midway, all of them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.sandbox import container
from scoring.sandbox.bubblewrap import ROOT
from scoring.sandbox.container import Container
from scoring.sandbox.engine import UNTIL, Names, of_slot
from tests.sandbox.conftest import Attack, commands
from tests.sandbox.machines import slots, wait_until
from tests.sandbox.test_container import engine, forever

CALLER = """
import sys, time
from pathlib import Path
from scoring.sandbox.backend import sandbox_here
from scoring.sandbox.jobs import JobSpec
engine, folder, token, first, last = sys.argv[1:]
spec = JobSpec(
    command=("python3", "main.py"), code=Path(folder, "code"), out=Path(folder, "out"), environment={"ATTACK": token}
)
sandbox_here(engine, slots=range(int(first), int(last))).start(spec)
time.sleep(60)
"""
GONE, BUSY = (f"podium-sandbox-{worker}-0-1-{os.urandom(6).hex()}" for worker in ("gone", "busy"))
TRIES = 40
by_podman = pytest.mark.parametrize("contained", ["podman"], indirect=True)  # docker's daemon ends what it began


def left(attack: Attack) -> list[str]:
    """Return the jobs of our slots that the engine has something of."""
    return [job for job in engine(attack)._tool().left() if job.startswith(tuple(map(of_slot, slots())))]


def in_one_slot(attack: Attack) -> Container:
    """Return the sandbox with one slot alone, which the next job must take as well."""
    return Container(engine=engine(attack).name, slots=slots()[:1])


def kill(pid: int) -> None:
    """Kill a supervisor and the engine's commands that it started, at one time."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for each in (pid, *map(int, children)):
        os.kill(each, signal.SIGKILL)


@pytest.mark.parametrize("after_s", [0.3, 0.6, 0.9, 1.5])
def test_what_a_killed_supervisor_left_is_reaped(contained: Attack, after_s: float) -> None:
    forever(contained)
    running = engine(contained).start(contained.spec("python3", "main.py"))
    time.sleep(after_s)
    os.kill(running.pid, signal.SIGKILL)
    assert running.wait().verdict == "sandbox_error"
    reap_to_the_end(contained)


@pytest.mark.parametrize("after_s", [0.15, 0.45, 0.75])
def test_whatever_is_killed_midway_the_next_job_of_the_slot_runs(contained: Attack, after_s: float) -> None:
    forever(contained)
    running = in_one_slot(contained).start(contained.spec("python3", "main.py"))
    time.sleep(after_s)
    kill(running.pid)
    assert running.wait().verdict == "sandbox_error"
    assert in_one_slot(contained).run(contained.spec("echo", "next")).stdout == "next\n"
    reap_to_the_end(contained)


def reap_to_the_end(attack: Attack) -> None:
    """Reap when the engine has done what it was told last. What is attached to a job ends with that."""
    tool = engine(attack)._tool().path
    wait_until(lambda: all(not text.startswith(tool) or "--attach" in text for text in commands().values()), 20)
    engine(attack).reap()
    assert attack.survivors() == []
    assert left(attack) == []


def test_a_caller_that_is_killed_takes_the_job_along(contained: Attack) -> None:
    forever(contained)
    numbers = [str(slots().start), str(slots().stop)]
    words = [sys.executable, "-c", CALLER, engine(contained).name, contained.folder, contained.token, *numbers]
    caller = subprocess.Popen(words, cwd=ROOT)
    wait_until(lambda: len(contained.survivors()) >= 4, 10)
    caller.kill()
    caller.wait()
    wait_until(lambda: left(contained) == [], 10)


def test_what_another_worker_left_goes_when_its_time_is_over(contained: Attack) -> None:
    tool = engine(contained)._tool()
    for name, until in ((GONE, 1_000_000_000), (BUSY, 4_000_000_000)):
        tool.say("volume", "create", "--label", f"{UNTIL}={until}", f"{name}-out")
    engine(contained).reap()
    assert {GONE, BUSY} & set(tool.left()) == {BUSY}
    tool.remove(BUSY)


@pytest.fixture
def half_make(contained: Attack) -> Callable[[str], None]:
    """Kills `podman create` when the container of that name has its storage, and podman does not know it yet."""
    tool = engine(contained)._tool()
    root = Path(tool.say("info", "--format", "{{.Store.GraphRoot}}"))
    [store] = root.glob("*-containers/containers.json")

    def make(name: str) -> None:
        for _ in range(TRIES):
            making = tool.start("create", "--name", name, "podium-sandbox", "true")
            while making.poll() is None:  # a millisecond at a time
                time.sleep(0.001)
                making.send_signal(signal.SIGSTOP)
                if name in store.read_text():
                    break
                making.send_signal(signal.SIGCONT)
            making.kill()
            making.communicate()
            if known(contained, name) == "storage":
                return
            tool.say("rm", "--force", name)
        pytest.fail(f"In {TRIES} tries podman was never killed in time.")

    return make


def known(attack: Attack, name: str) -> str:
    """Return the state in which podman has a container of that name, or nothing."""
    said = engine(attack)._tool().say("ps", "--all", "--external", "--filter", f"name=^{name}$", "--format", "json")
    return "".join(row["State"] for row in json.loads(said))


@by_podman
def test_a_half_made_container_stands_in_nobodys_way(contained: Attack, half_make: Callable[[str], None]) -> None:
    name = Names(slots().start).job
    half_make(name)
    assert in_one_slot(contained).run(contained.spec("echo", "next")).stdout == "next\n"
    assert known(contained, name) == ""


@by_podman
def test_a_half_made_container_is_reaped(contained: Attack, half_make: Callable[[str], None]) -> None:
    name = Names(slots().start).keeper
    half_make(name)
    assert engine(contained).reap() == 1
    assert known(contained, name) == ""


@by_podman
def test_what_another_worker_is_making_is_left_to_it_for_a_while(
    contained: Attack, half_make: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    half_make(GONE)
    engine(contained).reap()
    assert known(contained, GONE) == "storage"
    later = time.time() + 600
    monkeypatch.setattr(container.time, "time", lambda: later)
    engine(contained).reap()
    assert known(contained, GONE) == ""
