"""What goes wrong around a submission: a broker that fails, bytes that vanish, rows that nobody can work on, and the
requests of those who try what a server does with them."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import CeleryError
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from kombu.exceptions import ChannelError, OperationalError

from podium.core import storage
from podium.core.caching import PatientCache
from podium.core.models import Blob
from podium.core.storage import blob_path, incoming_folder, store_bytes
from podium.submissions import evaluation, tasks
from podium.submissions.evaluation import lapsed_release, run_claim, submission_queue
from podium.submissions.models import Run, Submission
from podium.submissions.scorers import Outcome, Verdict
from podium.submissions.states import SubmissionState
from scoring.process import START_S
from tests.cast import IDS, Cast, predictions
from tests.servers import free_port
from tests.submissions.sending import newest, send

LONG_AGO = time.time() - 7 * 3600


@pytest.fixture(autouse=True)
def files_of_its_own(settings: Any, tmp_path: Path) -> None:
    """Give each test empty folders, so that it can count."""
    settings.FILES_DIR, settings.FILE_UPLOAD_TEMP_DIR = tmp_path, tmp_path / "incoming"


def aged(path: Path) -> Path:
    """Make a file look seven hours old."""
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def orphan(data: bytes) -> Path:
    """Leave bytes without a row, as a crash between the two does, seven hours ago."""
    blob = store_bytes(data)
    blob.delete()
    return aged(blob_path(blob.sha256))


# The broker


@pytest.mark.parametrize(
    "error", [OperationalError, ChannelError, ConnectionError, TimeoutError, CeleryError, ValueError]
)
@pytest.mark.django_db(transaction=True)
def test_whatever_a_broker_fails_with_the_file_is_taken(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, work: Callable[[], None], error: type[Exception]
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise error("the broker is gone")

    with monkeypatch.context() as broken:
        broken.setattr(tasks.advance.celery, "apply_async", fails)
        assert send(cast.client("ada"), predictions(14)).status_code == 302
    work()
    assert newest().state == SubmissionState.SCORED


def test_the_sweep_never_waits_behind_the_work() -> None:
    assert tasks.sweep.queue not in {tasks.advance.queue, tasks.evaluate.queue, tasks.drain.queue}


def test_a_slow_machine_has_time_to_warm_its_scoring_process() -> None:
    assert settings.CELERY_WORKER_PROC_ALIVE_TIMEOUT > START_S


def test_a_cache_that_is_away_is_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientCache, "away_until", 0.0)
    cache = PatientCache(f"redis://127.0.0.1:{free_port()}/0", {})
    assert cache.get("a", 7) == 7
    assert cache.add("a", 1)
    with pytest.raises(ValueError, match="no 'a'"):
        cache.incr("a")
    cache.set("a", 1)
    assert cache.get_many(["a"]) == {}
    assert not cache.has_key("a")
    assert not cache.delete("a")
    cache.clear()


# What nobody can work on


def test_a_run_without_a_submission_keeps_nobody_waiting(cast: Cast, work: Callable[[], None]) -> None:
    send(cast.client("ada"), predictions(3))
    submission_queue(newest().pk)
    newest().delete()
    send(cast.client("ada"), predictions(4))
    before = time.monotonic()
    work()
    assert newest().state == SubmissionState.SCORED
    assert time.monotonic() - before < tasks.DRAIN_SECONDS / 2


def test_one_that_cannot_be_queued_keeps_nobody_waiting(
    cast: Cast, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(cast.client("ada"), predictions(3))
    broken, queue = newest().pk, evaluation.submission_queue

    def fails(pk: int) -> bool:
        if pk == broken:
            raise RuntimeError("this one cannot be queued")
        return queue(pk)

    monkeypatch.setattr(evaluation, "submission_queue", fails)
    send(cast.client("ada"), predictions(4))
    work()
    assert newest().state == SubmissionState.SCORED


def test_a_run_that_cannot_be_taken_up_keeps_no_other_from_it(cast: Cast) -> None:
    for right in (3, 4):
        send(cast.client("ada"), predictions(right))
        submission_queue(newest().pk)
        assert run_claim(newest().runs.get().pk)
    Run.objects.update(lease_until="2001-01-01T00:00Z", attempt=settings.RUN_ATTEMPTS)
    Submission.objects.order_by("pk")[0].delete()
    lapsed_release()
    assert newest().state == SubmissionState.FAILED


@pytest.mark.parametrize(
    "data",
    [
        b"id,label\nrow-\x001,1\n",
        b"id,label\x00\nrow-1,1\n",
        b"id,label\nrow-1,\x00\n",
        b"\x00" * 50,
        "id,label,\udcff\n".encode("utf-8", "surrogatepass"),
    ],
)
def test_characters_that_a_database_refuses_are_still_the_files_fault(
    cast: Cast, work: Callable[[], None], data: bytes
) -> None:
    rest = "".join(f"{one},1\n" for one in IDS[1:]).encode()
    send(cast.client("ada"), data + rest)
    work()
    assert newest().state == SubmissionState.REJECTED


def test_a_log_that_a_database_refuses_still_ends_a_run(
    cast: Cast, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Outcome(verdict=Verdict.HOST_ERROR, log="a\x00b\udcff", versions={"numpy": "\x00"})
    monkeypatch.setattr(evaluation, "evaluate_run", lambda run, on_wait: broken)
    send(cast.client("ada"), predictions(3))
    work()
    assert (newest().state, newest().error_code) == (SubmissionState.FAILED, "host_error")


# Bytes


def test_the_sweep_of_files_takes_what_is_old_and_nobodys(db: None) -> None:
    kept, young = aged(blob_path(store_bytes(b"kept").sha256)), store_bytes(b"young")
    young.delete()
    broken_off, fresh = (incoming_folder() / name for name in ("blob-broken-off", "blob-on-its-way"))
    for path in (broken_off, fresh):
        path.write_bytes(b"half")
    gone = [orphan(b"gone"), aged(broken_off)]
    assert storage.sweep() == 2
    assert all(path.exists() for path in (kept, fresh, blob_path(young.sha256)))
    assert not any(path.exists() for path in gone)


@pytest.mark.django_db(transaction=True)
def test_bytes_that_come_again_while_their_orphan_is_swept_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    path = orphan(b"the same bytes")
    looked, look = threading.Event(), storage.unnamed
    blobs: list[Blob] = []

    def slowly(names: Any) -> Any:
        nobodys = look(names)
        looked.set()
        time.sleep(0.5)  # the moment in which the bytes come again
        return nobodys

    def again() -> None:
        looked.wait(10)
        blobs.append(store_bytes(b"the same bytes"))
        connections.close_all()

    monkeypatch.setattr(storage, "unnamed", slowly)
    sender = threading.Thread(target=again)
    sender.start()
    storage.sweep()
    sender.join(10)
    assert blobs
    assert path.read_bytes() == b"the same bytes"


def test_sweeping_many_files_costs_few_questions(db: None, django_assert_max_num_queries: Any) -> None:
    names = [aged(blob_path(store_bytes(b"%d" % number).sha256)) for number in range(40)]
    folders = {path.parent for path in names}
    with django_assert_max_num_queries(len(list((settings.FILES_DIR / "blobs").iterdir()))):
        storage.sweep()
    assert len(folders) < len(names)
    assert all(path.exists() for path in names)


def test_files_that_vanish_while_they_are_swept_disturb_nothing(db: None) -> None:
    (incoming_folder() / "blob-gone-a-moment-later").symlink_to("/nowhere")
    path = orphan(b"vanishing")
    assert storage.sweep() == 1
    assert not path.exists()


# Requests


@pytest.mark.parametrize(
    "fields",
    [{"once": "x" * 201}, {"once": "a\x00b"}, {"phase": "a\x00b"}, {"phase": "x" * 500}, {"description": "a\x00b"}],
)
def test_odd_fields_are_refused_with_a_sentence(cast: Cast, fields: dict[str, str]) -> None:
    answer = send(cast.client("ada"), predictions(3), **fields)
    assert 400 <= answer.status_code < 500
    assert not Submission.objects.exists()


@pytest.mark.parametrize("query", ["?phase=%00", "?page=%00", "?phase=%F0%9F%92%A9", "?page=-1"])
def test_odd_addresses_are_answered(cast: Cast, query: str) -> None:
    assert cast.client("ada").get(f"/challenges/forest/submit/{query}").status_code < 500


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "..\\..\\a.csv", "a\x00b.csv", "x" * 400 + ".csv", "\u202egnp.csv", ".csv", "%2e%2e.csv"],
)
def test_file_names_are_kept_harmless(cast: Cast, name: str) -> None:
    assert send(cast.client("ada"), predictions(3), name=name).status_code == 302
    kept = newest().files.get().name
    assert not {"/", "\\"} & set(kept)
    assert kept.isprintable()
    assert len(kept) <= 200
    assert kept.endswith(".csv")
    answer = cast.client("ada").get(f"/submissions/{newest().pk}/file/")
    assert answer.getvalue() == predictions(3)
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=" + "9" * 5000 + "-", 416),
        ("bytes=0-" + "9" * 5000, 206),
        ("bytes=-" + "9" * 5000, 206),
        ("bytes=5-3", 416),
        ("bytes=-0", 416),
        ("bytes=-", 200),
        ("bytes=0-1,3-4", 200),
        ("bytes=\u00b2-", 200),
        ("lines=0-1", 200),
        ("bytes=0-0", 206),
    ],
)
def test_odd_ranges_are_answered(cast: Cast, asked: str, status: int) -> None:
    send(cast.client("ada"), predictions(3))
    answer = cast.client("ada").get(f"/submissions/{newest().pk}/file/", headers={"Range": asked})
    assert answer.status_code == status
    answer.getvalue()


@pytest.fixture
def visitor(db: None) -> Iterator[Client]:
    """Somebody who is nobody, and a server that answers 500 instead of raising."""
    before = set(incoming_folder().iterdir())
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/accounts/login/")  # with a cookie the token is looked for in the body
    yield client
    assert set(incoming_folder().iterdir()) == before  # nothing is left lying


def test_nobody_parks_large_files_at_an_address_that_takes_none(visitor: Client) -> None:
    answer = visitor.post("/accounts/login/", {"file": SimpleUploadedFile("a.csv", b"x" * (7 << 20))})
    assert answer.status_code in {400, 413}


def test_many_files_count_together(visitor: Client) -> None:
    form = {f"file{number}": SimpleUploadedFile("a.csv", b"x" * (1 << 20)) for number in range(7)}
    assert visitor.post("/accounts/login/", form).status_code in {400, 413}
