"""A worker takes what the whole site enqueues: a queue that nobody takes from would leave work lying for good."""

import json
import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from kombu import Connection

import podium
import scoring
from podium.core import folder_queue

MESSAGES = 1_500

ASK = """
import json, sys
from celery.signals import celeryd_after_setup
from podium.config.celery import app
worker = app.Worker(concurrency=1, queues=json.loads(sys.argv[1]))
celeryd_after_setup.send(sender="here", instance=worker, conf=app.conf)
from podium.core.tasks import QUEUES
print(json.dumps([sorted(app.amqp.queues.consume_from), sorted(QUEUES)]))
"""


def taken_and_named(queues: list[str] | None, **settings: str) -> tuple[list[str], list[str]]:
    """Return the queues from which a worker takes, and those that tasks name."""
    sources = os.pathsep.join(str(Path(str(each.__file__)).parents[1]) for each in (podium, scoring))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, json.dumps(queues)],
        env={**os.environ, "PYTHONPATH": sources, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    taken, named = json.loads(done.stdout.splitlines()[-1])
    return taken, named


def test_a_worker_takes_from_every_queue_that_a_task_names_but_that_of_a_gpu() -> None:
    taken, named = taken_and_named(None)
    assert taken == [queue for queue in named if queue != "gpu"]
    assert {"score", "code", "gpu", "sweep", "measure"} <= set(named)


@pytest.mark.parametrize(
    ("told", "taken"), [("code", ["code"]), ("score", ["measure", "score", "sweep"]), ("gpu", ["gpu"])]
)
def test_what_a_worker_may_take_is_told_by_the_class_and_housekeeping_goes_with_scores(
    told: str, taken: list[str]
) -> None:
    assert taken_and_named(None, PODIUM_QUEUES=told)[0] == taken


def test_a_worker_that_was_told_which_queue_takes_from_that_one() -> None:
    taken, _ = taken_and_named(["sweep"])
    assert taken == ["sweep"]


def test_no_message_is_lost_to_a_worker_that_looks_while_it_is_written(tmp_path: Path) -> None:
    folders = {"data_folder_in": str(tmp_path / "in"), "data_folder_out": str(tmp_path / "in")}
    (tmp_path / "in").mkdir()
    folder_queue.use()
    options = {**folders, "control_folder": str(tmp_path / "control")}
    # kombu remembers bindings by name for the whole process: one made for another folder would send these nowhere
    name = f"queue-{uuid.uuid4()}"
    seen: list[int] = []
    ready, done = threading.Event(), threading.Event()

    def take() -> None:
        with Connection("filesystem://", transport_options=options) as connection:
            queue = connection.SimpleQueue(name)
            ready.set()
            while True:
                finished = done.is_set()  # asked before looking: what was put by then is still found
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    if finished:
                        return
                    continue
                message.ack()
                seen.append(message.payload)

    worker = threading.Thread(target=take)
    worker.start()
    assert ready.wait(30)  # two who declare the same queue at once meet in kombu's own file; here it is about messages
    with Connection("filesystem://", transport_options=options) as connection:
        queue = connection.SimpleQueue(name)
        for number in range(MESSAGES):
            queue.put(number)
    done.set()
    worker.join(60)
    assert sorted(seen) == list(range(MESSAGES))
