"""A whole site that runs, with Forest on it and people who send; and ways to hurt it."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.cast import predictions
from tests.start.site import ROOT, Site, environment, left_after

PEOPLE = 7
LEASE_SECONDS = 4
SETTINGS = {"PODIUM_RUN_LEASE_SECONDS": str(LEASE_SECONDS), "PODIUM_WORKERS": "2", "PODIUM_CODE_SLOTS": "0"}
ANSWER = """
import contextlib, io, json, sys, traceback
import django
django.setup()
from django.db import connections
answers = sys.stdout
for line in sys.stdin:
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {"json": json})
        answer = {"printed": printed.getvalue()}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    connections.close_all()
    print(json.dumps(answer), file=answers, flush=True)
"""
FILL = """
from tests.cast import assemble, person
from podium.accounts.services import token_create
from podium.challenges.models import Phase
from podium.challenges.services import challenge_join
cast = assemble()
Phase.objects.update(daily_limit=100)
people = [person(f"p{number}") for number in range({people})]
for one in people:
    challenge_join(cast.forest, user=one)
print(json.dumps([token_create(one, name="t")[1] for one in people]))
"""
FACTS = """
from podium.core.models import Event
from podium.leaderboards.models import Entry
from podium.submissions.models import Run, Score, Submission
facts = {}
for one in Submission.objects.filter(pk__gt={after}):
    names = list(Event.objects.filter(subject=f"submission:{one.pk}").values_list("name", flat=True))
    facts[one.pk] = {
        "state": one.state,
        "uses_quota": one.uses_quota,
        "runs": one.runs.count(),
        "attempt": max(one.runs.values_list("attempt", flat=True), default=0),
        "scores": Score.objects.filter(seat__submission=one).count(),
        "ends": sum(name in ("submission_score", "submission_fail") for name in names),
        "entries": Entry.objects.filter(team=one.team).count(),
    }
print(json.dumps(facts))
"""


class Living:
    """A running site. Its people send by REST, each for a team of one."""

    def __init__(self, site: Site, settings: dict[str, str]) -> None:
        self.site, self.settings = site, settings
        own = {
            **settings,
            "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "podium.config.settings",
        }
        self.django = subprocess.Popen(
            [sys.executable, "-c", ANSWER],
            env=environment(site.data, **own),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tokens: list[str] = self.ask(FILL.replace("{people}", str(PEOPLE)))
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{site.port}/api/v1/", timeout=30)

    def ask(self, words: str) -> Any:
        """Run words in a Django of the same settings, started once; return what they print, as JSON."""
        assert self.django.stdin
        assert self.django.stdout
        self.django.stdin.write(json.dumps(words) + "\n")
        self.django.stdin.flush()
        answer = json.loads(self.django.stdout.readline())
        assert "error" not in answer, answer["error"]
        return json.loads(answer["printed"].splitlines()[-1])

    def close(self) -> None:
        """End what was started to ask."""
        self.client.close()
        self.django.communicate(timeout=20)

    def send(self, number: int, *, key: str = "") -> httpx.Response:
        """Send a file as the person of this number."""
        headers = {"Authorization": f"Bearer {self.tokens[number % PEOPLE]}"}
        if key:
            headers["Idempotency-Key"] = key
        files = {"file": (f"mine-{number}.csv", predictions(number % 20))}
        return self.client.post("challenges/forest/submissions/", files=files, headers=headers)

    def take(self, number: int) -> int:
        """Send a file, which is taken; return the submission's key."""
        answer = self.send(number)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def state(self, pk: int, number: int) -> str:
        """Return the state of a submission of the person of this number."""
        headers = {"Authorization": f"Bearer {self.tokens[number % PEOPLE]}"}
        return str(self.client.get(f"submissions/{pk}/", headers=headers).json()["state"])

    def newest(self) -> int:
        """Return the key of the newest submission, 0 where there is none."""
        words = "from podium.submissions.models import Submission as S; from django.db.models import Max\n"
        return int(self.ask(words + "print(json.dumps(S.objects.aggregate(m=Max('pk'))['m'] or 0))"))

    def facts(self, after: int = 0) -> dict[str, dict[str, Any]]:
        """Return what the database holds of the submissions after one."""
        facts: dict[str, dict[str, Any]] = self.ask(FACTS.replace("{after}", str(after)))
        return facts

    # Its processes

    def worker(self) -> psutil.Process:
        """Return Celery's worker."""
        return self.site.child("worker@")

    def pool(self) -> list[psutil.Process]:
        """Return the worker's pool."""
        return _children(self.worker())

    def scorers(self) -> list[psutil.Process]:
        """Return the scoring processes."""
        return [child for one in self.pool() for child in _children(one)]

    def wait_until_warm(self) -> None:
        """Wait for a pool with a scoring process each; who lost its own starts another at its next run, or dies now."""
        with contextlib.suppress(AssertionError):
            soon(self._is_warm, seconds=5)
            return
        for one in self.pool():
            if not one.children() or not all(_runs(child) for child in one.children()):
                kill(one)
        soon(self._is_warm, seconds=60)

    def _is_warm(self) -> bool:
        return len(self.scorers()) == len(self.pool()) == int(SETTINGS["PODIUM_WORKERS"])


def _children(process: psutil.Process) -> list[psutil.Process]:
    """Return the children that run; none of one that has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child for child in process.children() if _runs(child)]
    return []


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def soon(true: Callable[[], bool], *, seconds: float = 40) -> None:
    """Wait until something is true; what is not there yet is not yet true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess, ValueError, httpx.TransportError):
            if true():
                return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@contextlib.contextmanager
def standing_still(processes: list[psutil.Process]) -> Iterator[None]:
    """Stop processes for a while, as a machine does that swaps; those that are killed meanwhile stay dead."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def kill(process: psutil.Process) -> None:
    """End a process as a machine that is out of memory does."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


@contextlib.contextmanager
def living(folder: Path, **addresses: str) -> Iterator[Living]:
    """Run a site; afterwards look that none of its processes is left."""
    settings = {**SETTINGS, **addresses}
    with Site(folder, settings=settings) as site:
        alive = Living(site, settings)
        yield alive
        family = site.family()
    alive.close()
    assert not left_after(family, seconds=10)
