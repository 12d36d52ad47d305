"""A worker that runs code and is killed, at each stage: nothing of the job is left, and the submission ends right."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from podium.challenges.models import Phase
from podium.challenges.services import dataset_publish
from podium.core import isolation
from podium.core.models import Event
from podium.core.storage import store_bytes
from podium.submissions import evaluation, tasks, workers
from podium.submissions.models import Run, RunLog, Score
from scoring.sandbox.slots import folder_of_all
from tests.cast import Cast
from tests.sandbox.conftest import cgroups
from tests.sandbox.machines import slots
from tests.start.site import left_after
from tests.submissions.coding import INPUTS, takes_code
from tests.submissions.coding import soon as soon_
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "hush-hush"
WORKER = """
import sys
import django
django.setup()
from podium.core import isolation
isolation.SPARE["bubblewrap"] = {"slots": range(int(sys.argv[2]), int(sys.argv[3])), "spare": True}
from podium.submissions import evaluation
evaluation.run_evaluate(int(sys.argv[1]))
"""
# It is slow where its input says so: the worker that comes after a killed one gets another input
CODE = """
import os, time

def secrets():
    for name in filter(str.isdigit, os.listdir("/proc")):
        for what in ("environ", "mem"):
            try:
                with open(f"/proc/{name}/{what}", "rb") as file:
                    yield b"hush" + b"-hush" in file.read(1 << 20)
            except OSError:
                pass

def predict(inputs_dir, output_path):
    how = open(f"{inputs_dir}/how.txt").read() if os.path.exists(f"{inputs_dir}/how.txt") else ""
    print("sees a secret:", any(secrets()), "sees its worker:", WORKER in os.listdir("/proc"), flush=True)
    if how == "large":
        with open(os.path.dirname(output_path) + "/large.bin", "wb") as file:
            for _ in range(160):
                file.write(bytes(1 << 20))
    with open(f"{inputs_dir}/test.csv") as source, open(output_path, "w") as target:
        target.write(source.read().replace("id,x", "id,label"))
    if how == "sleep":
        print("sleeping", flush=True)
        time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Slots that no other tests take, for this process as for its workers."""
    own = {"slots": slots(), "spare": True}
    monkeypatch.setitem(isolation.SPARE, "bubblewrap", own)
    monkeypatch.setattr(isolation._Mine, "sandbox", None)
    monkeypatch.setattr(workers, "sandbox_here", lambda _: isolation.sandbox())
    yield
    isolation.sandbox().close()


def worker(run: Run) -> subprocess.Popen[bytes]:
    """A worker with secrets in its environment, which takes one run."""
    facts = connection.settings_dict
    user = f"{facts['USER']}:{facts['PASSWORD']}@" if facts["PASSWORD"] else f"{facts['USER']}@"
    postgres = f"postgres://{user}{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    own = {
        "PYTHONPATH": os.pathsep.join(["platform", "."]),
        "DATABASE_URL": f"sqlite:///{facts['NAME']}" if connection.vendor == "sqlite" else postgres,
        "PODIUM_SECRET_KEY": SECRET,
        "PODIUM_MAIL_URL": f"smtp://me:{SECRET}@localhost",
    }
    numbers = slots()
    words = [sys.executable, "-c", WORKER, str(run.pk), str(numbers.start), str(numbers.stop)]
    return subprocess.Popen(words, env={**os.environ, **own}, cwd=Path(__file__).parents[2])


def soon(true: Callable[[], bool]) -> None:
    """Wait for a moment that may be short."""
    soon_(true, seconds=40, every=0.005)


def data(cast: Cast, how: str) -> None:
    """Have code read the usual test data, and how it is to behave."""
    files = {"test.csv": store_bytes(INPUTS.encode())} | ({"how.txt": store_bytes(how.encode())} if how else {})
    version = dataset_publish(cast.forest, name="inputs", audience="scoring", files=files, actor=cast.grace)
    Phase.objects.filter(challenge=cast.forest).update(inputs=version)


def queued(cast: Cast) -> Run:
    """A run of ada's code that waits."""
    send(cast.client("ada"), CODE.replace("WORKER", repr(str(os.getpid()))).encode(), name="predict.py")
    evaluation.submission_queue(newest().pk)
    return Run.objects.get(submissions=newest())


def at(run: Run, stage: str) -> bool:
    return Run.objects.get(pk=run.pk).stage == stage


def collected(run: Run) -> bool:
    """Whether something that the job wrote is on its way to us: or was, a moment ago."""
    place = Path(settings.FILES_DIR) / "running" / f"{run.pk}-1" / "inputs"
    return any(file.name == "large.bin" for file in place.rglob("*")) or at(run, "score")


MOMENTS: dict[str, tuple[str, Callable[[Run], bool]]] = {
    "when it has begun": ("", lambda run: Run.objects.get(pk=run.pk).state == "claimed"),
    "while the code runs": ("sleep", lambda run: RunLog.objects.filter(run=run, text__contains="sleeping").exists()),
    "while its files are collected": ("large", collected),
    "while it scores": ("", lambda run: at(run, "score")),
}


def test_a_worker_that_is_killed_leaves_nothing_and_its_submission_is_scored_by_the_next(cast: Cast) -> None:
    takes_code(cast.forest, sample=False, daily_limit=9)
    for moment, (how, come) in MOMENTS.items():
        data(cast, how)
        run = queued(cast)
        with worker(run) as killed:
            soon(lambda come=come, run=run: come(run))
            family = psutil.Process(killed.pid).children(recursive=True)
            killed.kill()
        assert left_after(family, seconds=10) == [], moment
        workers._reap()
        assert cgroups() == [], moment
        assert folder_of_all() not in Path("/proc/self/mountinfo").read_text(), moment
        data(cast, "")
        Run.objects.filter(pk=run.pk, state="claimed").update(lease_until=timezone.now())
        tasks.sweep()
        tasks.drain()
        run.refresh_from_db()
        assert (newest().state, run.attempt, newest().uses_quota) == ("scored", 2, True), moment
        assert Score.objects.filter(seat__run=run).count() == 2, moment
        ends = Event.objects.filter(subject=f"submission:{newest().pk}", name="submission_score")
        assert ends.count() == 1, moment


def test_a_machine_that_is_cut_off_leaves_what_the_next_worker_clears(cast: Cast) -> None:
    takes_code(cast.forest, sample=False)
    data(cast, "sleep")
    run = queued(cast)
    with worker(run) as killed:
        soon(lambda: RunLog.objects.filter(run=run, text__contains="sleeping").exists())
        family = psutil.Process(killed.pid).children(recursive=True)
        for process in (killed, *family):  # the supervisors too, so that nobody clears up
            process.kill()
    assert left_after(family, seconds=10) == []
    assert isolation.sandbox().reap() == 1
    assert cgroups() == []


def test_who_makes_sandboxes_and_who_runs_in_one_knows_no_secret_of_the_worker(cast: Cast) -> None:
    takes_code(cast.forest, sample=False)
    data(cast, "sleep")
    run = queued(cast)
    with worker(run) as busy:
        soon(lambda: RunLog.objects.filter(run=run, text__contains="sleeping").exists())
        assert SECRET in environment(busy.pid)
        family = psutil.Process(busy.pid).children(recursive=True)
        assert len(family) >= 3  # supervisor, the sandbox's first process, and the code
        known = {process.pid: environment(process.pid) for process in family}
        busy.kill()
    for words in (SECRET, "DATABASE_URL", "REDIS_URL", "PODIUM_SECRET_KEY", "PODIUM_MAIL_URL"):
        assert [pid for pid, text in known.items() if words in text] == [], words
    printed = RunLog.objects.get(run=run).text
    assert "sees a secret: False sees its worker: False" in printed
    left_after(family, seconds=10)


def environment(pid: int) -> str:
    """Return what a process was started with, as its machine knows it."""
    return Path(f"/proc/{pid}/environ").read_text(errors="replace")
