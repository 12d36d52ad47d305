"""With PODIUM_HARDENED=on every upload is read in a sandbox, and nobody who sends one can tell."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from podium.core import checks, doctor, hardening, isolation
from podium.hosts.launch import missing
from podium.submissions import scorers
from podium.submissions.models import Run, Submission, Worker
from podium.submissions.opening import why_closed
from scoring.sandbox.jobs import Canary, Isolation
from tests.cast import Cast, predictions
from tests.submissions.coding import takes_code
from tests.submissions.sending import newest, send
from tests.submissions.test_bad_files import BAD, GOOD, GOOD_TOO, without_limit, zipped

pytestmark = pytest.mark.django_db
Work = Callable[[], None]
COLUMNS = b"id," + b",".join(b"c%d" % number for number in range(1_000_000)) + b"\nrow-1,0\n"
BOMB = zipped(mine_csv=b"id,label\n" + b"row-1,0\n" * 6_000_000)


@pytest.fixture
def hardened(settings: Settings) -> None:
    settings.HARDENED = "on"


def outcome(cast: Cast, work: Work, data: bytes, *, name: str = "mine.csv") -> Submission:
    assert send(cast.client("ada"), data, name=name).status_code == 302
    work()
    return newest()


def said(sent: Submission) -> tuple[object, ...]:
    """Return what a team is told, and the scores."""
    scores = list(sent.seats.values_list("scores__key", "scores__split", "scores__value"))
    return sent.state, sent.error_code, sent.error_message, sent.error_row, sent.error_column, sorted(map(str, scores))


def test_a_file_has_the_same_outcome_as_it_has_without(cast: Cast, work: Work, settings: Settings) -> None:
    without_limit(cast)
    # A few of each: tests.scoring.test_canonical has them all.
    files = [(name, data) for name, data, *_ in [*list(BAD.values())[::4], *list(GOOD_TOO.values())[::3]]]
    told = {}
    for settings.HARDENED in ("off", "on"):
        told[settings.HARDENED] = [said(outcome(cast, work, data, name=name)) for name, data in files]
    assert told["on"] == told["off"]
    assert {state for state, *_ in told["on"]} == {"rejected", "scored"}


@pytest.mark.usefixtures("hardened")
def test_the_scoring_process_opens_no_upload_and_the_reader_does(cast: Cast, work: Work) -> None:
    before = scorers._reader()._served
    assert outcome(cast, work, GOOD).state == "scored"
    assert scorers._reader()._served == before + 1


@pytest.mark.usefixtures("hardened")
@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (COLUMNS, "mine.csv", " columns or more; at most 4,096 are read. Leave out the others."),
        (BOMB, "mine.zip", "The file unpacks to more than 200 times its size, which no table does."),
    ],
    ids=["a million columns", "a bomb"],
)
def test_a_file_that_is_made_to_hurt_is_rejected_and_the_worker_lives(
    cast: Cast, work: Work, data: bytes, name: str, words: str
) -> None:
    sent = outcome(cast, work, data, name=name)
    assert (sent.state, sent.uses_quota) == ("rejected", False)
    assert words in sent.error_message
    assert outcome(cast, work, GOOD).state == "scored"


@pytest.mark.usefixtures("hardened")
def test_a_reader_that_was_killed_is_replaced_for_the_next_file(cast: Cast, work: Work) -> None:
    assert outcome(cast, work, GOOD).state == "scored"
    running = scorers._reader()._running
    assert running is not None
    running.cancel()
    time.sleep(0.3)
    assert outcome(cast, work, predictions(13)).state == "scored"


def nothing() -> Isolation:
    """Return what a machine without bubblewrap offers."""
    canary = Canary(name="start", held=False, seen="bwrap is not there", mend="sudo apt install bubblewrap")
    return Isolation(backend="bubblewrap", canaries=(canary,), memory="rlimit", user="caller")


def test_without_a_sandbox_nothing_is_taken_where_one_is_demanded(
    cast: Cast, work: Work, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HARDENED = "on"
    monkeypatch.setattr(hardening, "isolation_here", nothing)
    answer = send(cast.client("ada"), GOOD)
    assert answer.status_code == 409
    assert "This site reads every file in a sandbox, and none works at present." in answer.text
    assert "none works at present" in cast.client("ada").get("/challenges/forest/submit/").text
    [found] = doctor.hardened()
    assert (found.state, found.text) == ("missing", "no sandbox works here: start")


def test_a_worker_without_a_sandbox_scores_nothing_directly_where_one_is_demanded(
    cast: Cast, work: Work, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(cast.client("ada"), GOOD).status_code == 302
    settings.HARDENED = "on"
    monkeypatch.setattr(hardening, "isolation_here", nothing)
    work()
    assert newest().state != "scored"
    assert "in a sandbox, and none works" in Run.objects.latest("pk").log


@pytest.mark.parametrize(
    ("asked", "address", "on"),
    [
        ("auto", "http://localhost:8000", False),
        ("auto", "https://podium.example.org", True),
        ("on", "http://localhost:8000", True),
        ("off", "https://podium.example.org", False),
    ],
)
def test_it_is_on_by_itself_where_the_site_is_for_others(
    settings: Settings, asked: str, address: str, on: bool
) -> None:
    settings.HARDENED, settings.BASE_URL = asked, address
    assert hardening.is_on_here() == on
    [found] = doctor.hardened()
    assert (found.state, found.text.startswith("on: ")) == ("ok", on)


def test_where_programs_run_in_containers_it_is_still_bubblewrap_that_has_to_work(settings: Settings) -> None:
    settings.SANDBOX, settings.HARDENED = "docker", "on"
    assert (hardening.isolation_here().backend, hardening.is_shut()) == ("bubblewrap", False)


def test_a_public_site_that_does_without_hears_of_it(settings: Settings) -> None:
    settings.HARDENED, settings.BASE_URL = "off", "https://podium.example.org"
    assert "podium.W005" in {found.id for found in checks.production_mistakes()}


def test_what_a_worker_found_counts_for_the_whole_site(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HARDENED = "on"
    hardening.announce()
    monkeypatch.setattr(hardening, "isolation_here", nothing)  # a web server elsewhere
    assert not hardening.is_shut()


def test_code_is_not_taken_where_containers_run_it_and_nothing_reads_what_it_writes(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    phase = takes_code(cast.forest, kinds=["container"])  # an image, which needs no environment of ours
    settings.SANDBOX = "docker"
    answers = {"docker": replace(nothing(), canaries=(Canary(name="start", held=True, seen="A job ran."),))}
    monkeypatch.setattr(isolation, "isolation", lambda kind="", **_: answers.get(kind or "docker", nothing()))
    answer = send(cast.client("ada"), b"layers", name="image.tar")
    assert answer.status_code == 409
    assert "read in a sandbox of bubblewrap, also where “docker” runs it" in answer.text
    assert "sudo apt install bubblewrap" in answer.text
    assert any("also where “docker” runs it" in one for one in missing(cast.forest))
    found = {one.name: one for one in doctor.hardened()}
    assert found["What code writes"].state == "warn"
    answers["bubblewrap"] = answers["docker"]
    assert why_closed(phase) is None
    assert [one.name for one in doctor.hardened()] == ["Hardened reading"]


def test_a_worker_says_whether_it_can_read_what_code_writes(cast: Cast) -> None:
    phase = takes_code(cast.forest)
    held = Isolation(
        backend="docker", canaries=(Canary(name="start", held=True, seen=""),), memory="cgroup v2", user="pool"
    )
    facts = {"pid": 7, "queues": ["code"]}
    Worker.objects.create(name="coder@oak", host="oak", isolation={**held.to_dict(), "unread": ""}, **facts)
    assert why_closed(phase) is None
    Worker.objects.create(name="coder@elm", host="elm", isolation={**held.to_dict(), "unread": "No bwrap."}, **facts)
    closed = why_closed(phase)
    assert closed is not None
    assert closed.why == "On elm: No bwrap."
    phase.tasks.update(scorer={"kind": "function", "spec": {}})  # which is handed the file as it is
    assert why_closed(phase) is None
