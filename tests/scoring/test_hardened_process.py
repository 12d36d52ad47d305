"""The scoring process with a reader in a sandbox: the same answers, and somebody to blame when there is none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from scoring.canonical.canonicaliser import Canonicaliser
from scoring.jobs import ScoreJob, ScoreResult
from scoring.process import ScoringProcess
from scoring.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.machines import slots
from tests.scoring import test_process

Jobs = Callable[..., ScoreJob]
job = test_process.job


@pytest.fixture(scope="module")
def reader() -> Iterator[Canonicaliser]:
    with Canonicaliser(Bubblewrap(slots=slots()), memory_mb=1024) as one:
        yield one


@pytest.fixture(scope="module")
def process() -> Iterator[ScoringProcess]:
    with ScoringProcess() as one:
        yield one


def both(process: ScoringProcess, reader: Canonicaliser, job: ScoreJob) -> tuple[ScoreResult, ScoreResult]:
    """Return the result that is found directly and the hardened one, without what was used."""
    direct = process.score(job, wall_s=20)
    hardened = process.score(replace(job, hardened=True), wall_s=20, reader=reader)
    return replace(direct, resources={}), replace(hardened, resources={})


def test_a_hardened_job_has_the_same_scores_and_hashes(
    process: ScoringProcess, reader: Canonicaliser, job: Jobs
) -> None:
    direct, hardened = both(process, reader, job())
    assert hardened == direct
    assert (hardened.verdict, hardened.rows) == ("scored", 4)


def test_a_hardened_job_is_rejected_with_the_same_words(
    process: ScoringProcess, reader: Canonicaliser, job: Jobs
) -> None:
    direct, hardened = both(process, reader, job("id,label\n\n1,0.1\n2,1.50\n3,x\n4,0.2\n"))
    assert hardened == direct
    assert hardened.error is not None
    assert [(one.row, one.column) for one in hardened.error.mistakes] == [(4, "label"), (5, "label")]
    assert "`1.50`" in hardened.error.mistakes[0].message


def test_the_reader_serves_one_job_after_the_other(process: ScoringProcess, reader: Canonicaliser, job: Jobs) -> None:
    reader.start()
    before = reader._served
    for content in ("id,label\n1,0.1\n2,0.9\n3,0.8\n4,0.2\n", "not a table", ""):
        process.score(replace(job(content), hardened=True), wall_s=20, reader=reader)
    assert reader._served == before + 3


def test_a_file_that_takes_too_long_is_rejected_as_it_is_directly(
    process: ScoringProcess, reader: Canonicaliser, job: Jobs
) -> None:
    process.score(replace(job(), hardened=True), wall_s=20, reader=reader)
    slow = job("id,label\n" + '"1",0.5\n' * 4_000_000, max_rows=10**8)
    result = process.score(replace(slow, hardened=True), wall_s=0.3, reader=reader)
    assert result.verdict == "rejected"
    assert result.error is not None
    assert result.error.code == "too_slow"
    assert process.score(replace(job(), hardened=True), wall_s=20, reader=reader).verdict == "scored"


def test_whoever_gives_up_meanwhile_ends_the_reader(process: ScoringProcess, reader: Canonicaliser, job: Jobs) -> None:
    def give_up() -> None:
        raise TimeoutError

    reader.start()
    slow = job("id,label\n" + '"1",0.5\n' * 2_000_000, max_rows=10**8)
    with pytest.raises(TimeoutError):
        process.score(replace(slow, hardened=True), wall_s=20, on_wait=give_up, wait_s=0.05, reader=reader)
    assert reader._running is None
    assert process.score(replace(job(), hardened=True), wall_s=20, reader=reader).verdict == "scored"


def test_a_hardened_job_without_a_reader_is_never_read_directly(process: ScoringProcess, job: Jobs) -> None:
    result = process.score(replace(job(), hardened=True), wall_s=20)
    assert (result.verdict, result.scores) == ("platform_error", ())
    assert "was given no reader" in result.detail


def test_a_reader_that_died_meanwhile_is_nobodys_fault(
    process: ScoringProcess, reader: Canonicaliser, job: Jobs
) -> None:
    reader.start()
    assert reader._running is not None
    reader._running.cancel()
    time.sleep(0.3)
    assert process.score(replace(job(), hardened=True), wall_s=20, reader=reader).verdict == "scored"
