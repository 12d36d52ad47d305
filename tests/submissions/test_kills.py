"""A whole site in real processes, while parts of it are killed: every submission comes to its end, once.

Leases are four seconds instead of thirty; everything else is as people run it.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from tests.servers import start_postgres, start_redis
from tests.submissions.living import Living, kill, living, soon, standing_still

pytestmark = pytest.mark.servers
ONCE = {"state": "scored", "uses_quota": True, "runs": 1, "scores": 2, "ends": 1, "entries": 2}


class Servers:
    """PostgreSQL and a Redis that can go and come back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stack, self.broker = folder, contextlib.ExitStack(), contextlib.ExitStack()
        self.database = self.stack.enter_context(start_postgres(folder))
        self.redis = self.broker.enter_context(start_redis(folder))

    def stop_redis(self) -> None:
        """End it."""
        self.broker.close()

    def start_redis(self) -> None:
        """Start an empty one at the same address."""
        port = int(self.redis.rpartition(":")[2].partition("/")[0])
        self.broker.enter_context(start_redis(self.folder, port=port))


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """The servers of this file's site: nobody else's messages are lost here."""
    with tempfile.TemporaryDirectory(prefix="podium-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        both = Servers(Path(name))
        yield both
        both.stop_redis()
        both.stack.close()


@pytest.fixture(scope="module")
def on_servers(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A site on PostgreSQL and Redis."""
    data = tmp_path_factory.mktemp("servers")
    with living(data, DATABASE_URL=servers.database, REDIS_URL=servers.redis) as site:
        yield site


@pytest.fixture(scope="module")
def on_a_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A site on SQLite and folders."""
    with living(tmp_path_factory.mktemp("laptop")) as site:
        yield site


@pytest.fixture(params=["on_servers", "on_a_laptop"])
def site(request: pytest.FixtureRequest) -> Living:
    """Each of the two, one after the other."""
    site: Living = request.getfixturevalue(request.param)
    site.wait_until_warm()
    return site


def ended(site: Living, after: int, number: int) -> None:
    """Wait until so many submissions are scored; each was finished once."""
    soon(lambda: all(facts["state"] == "scored" for facts in site.facts(after).values()))
    found = site.facts(after)
    assert len(found) == number
    assert all({name: facts[name] for name in ONCE} == ONCE for facts in found.values()), found


@contextlib.contextmanager
def a_run_that_stands_still(site: Living) -> Iterator[int]:
    """Send files until one is with a scoring process that was made to stand still: one just started is too quick."""
    for _ in range(10):
        with standing_still(site.scorers()):
            pk = site.take(0)
            # setting the scene, not what is tested: after an earlier kill the supervisor may be pausing
            soon(lambda pk=pk: site.state(pk, 0) in {"running", "scored"}, seconds=120)
            time.sleep(0.5)
            if site.state(pk, 0) == "running":
                yield pk
                return
    raise AssertionError("every run was over before it could be hurt")


@pytest.mark.parametrize(
    ("victims", "attempt"),
    [
        pytest.param(lambda site: site.scorers(), 1, id="its scoring process"),
        pytest.param(lambda site: site.pool(), 2, id="the pool"),
        pytest.param(lambda site: [site.worker()], 2, id="the whole worker"),
    ],
)
def test_a_run_goes_on_when_what_works_on_it_is_killed(
    site: Living, victims: Callable[[Living], list[psutil.Process]], attempt: int
) -> None:
    with a_run_that_stands_still(site) as pk:
        for victim in victims(site):
            kill(victim)
    ended(site, pk - 1, 1)
    assert site.facts(pk - 1)[str(pk)]["attempt"] == attempt


def test_what_was_only_received_is_scored_by_the_next_worker(site: Living) -> None:
    before, worker = site.newest(), site.worker()
    with standing_still([worker, *site.pool()]):
        for number in range(3):
            site.take(number)
        assert {facts["state"] for facts in site.facts(before).values()} == {"received"}
        kill(worker)
    ended(site, before, 3)


def test_twenty_that_wait_while_redis_is_wiped_are_scored(on_servers: Living, servers: Servers) -> None:
    on_servers.wait_until_warm()
    before = on_servers.newest()
    with standing_still([on_servers.worker(), *on_servers.pool()]):
        for number in range(20):
            on_servers.take(number)
        with redis.from_url(servers.redis) as broker:
            broker.flushall()
    ended(on_servers, before, 20)
    pk = on_servers.take(0)  # and messages arrive again
    soon(lambda: on_servers.state(pk, 0) == "scored", seconds=8)


def test_what_is_sent_while_redis_is_away_is_taken_and_scored_when_it_is_back(
    on_servers: Living, servers: Servers
) -> None:
    on_servers.wait_until_warm()
    before = on_servers.newest()
    servers.stop_redis()
    try:
        for number in range(3):
            on_servers.take(number)
    finally:
        servers.start_redis()
    ended(on_servers, before, 3)


def test_a_redis_that_is_silent_keeps_nobody_waiting(on_servers: Living, servers: Servers) -> None:
    on_servers.wait_until_warm()
    before = on_servers.newest()
    with redis.from_url(servers.redis) as broker:
        (silent,) = (
            process
            for process in psutil.process_iter(["pid"])
            if process.pid == int(broker.info("server")["process_id"])
        )
    with standing_still([silent]):
        on_servers.take(0)
    ended(on_servers, before, 1)


def test_after_three_attempts_it_fails_with_the_quota_given_back(on_servers: Living) -> None:
    on_servers.wait_until_warm()
    before = on_servers.newest()
    with standing_still(on_servers.scorers()):
        pk = on_servers.take(1)
        soon(lambda: on_servers.state(pk, 1) == "running")
        for process in on_servers.scorers():
            kill(process)

    def killed_until_it_fails() -> bool:
        for process in on_servers.scorers():
            kill(process)
        return on_servers.state(pk, 1) == "failed"

    soon(killed_until_it_fails)
    facts = on_servers.facts(before)[str(pk)]
    assert (facts["attempt"], facts["uses_quota"], facts["scores"], facts["ends"]) == (3, False, 0, 1)
