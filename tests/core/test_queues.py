"""A worker takes what the whole site enqueues: a queue that nobody takes from would leave work lying for good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import podium
import scoring

ASK = """
import json, sys
from celery.signals import celeryd_after_setup
from podium.config.celery import app
worker = app.Worker(concurrency=1, queues=json.loads(sys.argv[1]))
celeryd_after_setup.send(sender="here", instance=worker, conf=app.conf)
from podium.core.tasks import QUEUES
print(json.dumps([sorted(app.amqp.queues.consume_from), sorted(QUEUES)]))
"""


def taken_and_named(queues: list[str] | None) -> tuple[list[str], list[str]]:
    """Return the queues from which a worker takes, and those that tasks name."""
    sources = os.pathsep.join(str(Path(str(each.__file__)).parents[1]) for each in (podium, scoring))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, json.dumps(queues)],
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=True,
    )
    taken, named = json.loads(done.stdout.splitlines()[-1])
    return taken, named


def test_a_worker_takes_from_every_queue_that_a_task_names() -> None:
    taken, named = taken_and_named(None)
    assert taken == named
    assert len(named) > 1


def test_a_worker_that_was_told_which_queue_takes_from_that_one() -> None:
    taken, _ = taken_and_named(["sweep"])
    assert taken == ["sweep"]
