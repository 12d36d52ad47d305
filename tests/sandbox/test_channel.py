"""The channel to a job, its live log, and the places that a job may be given beside its own."""

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from scoring.sandbox.backend import sandbox_here
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import slots

ECHO = """
import os, sys
way = os.dup(1)
os.dup2(2, 1)
print("a print", flush=True)
os.write(way, os.read(0, 100)[::-1])
"""


def sandbox() -> Bubblewrap:
    return Bubblewrap(slots=slots())


def said(here: Attack, source: str, **changes: object) -> JobSpec:
    (here.folder / "code" / "main.py").write_text(source)
    return replace(here.spec("python3", "main.py"), **changes)  # type: ignore[arg-type]


def test_a_job_answers_through_its_channel_and_its_prints_go_to_the_log(here: Attack) -> None:
    running = sandbox().start(said(here, ECHO, channel=True))
    with running.channel as channel:
        channel.sendall(b"abc")
        assert channel.recv(100) == b"cba"
        assert channel.recv(100) == b""
    result = running.wait()
    assert (result.verdict, result.stdout, result.stderr) == ("ok", "", "a print\n")


def test_the_channel_is_the_only_socket_of_the_job(here: Attack) -> None:
    source = """
import os
print(sorted(os.listdir("/proc/self/fd")), [os.readlink(f"/proc/self/fd/{n}")[:6] for n in range(3)], flush=True)
try: print(sum("socket" in os.readlink("/proc/1/fd/" + n) for n in os.listdir("/proc/1/fd")))
except OSError: print("closed")
"""
    running = sandbox().start(said(here, source, channel=True))
    with running.channel as channel, channel.makefile() as lines:
        assert lines.readline() == "['0', '1', '2', '3'] ['socket', 'socket', 'pipe:[']\n"  # 3 is the listing itself
        assert lines.readline() in {"2\n", "closed\n"}
    assert running.wait().verdict == "ok"


def test_a_job_that_is_killed_ends_its_channel(here: Attack) -> None:
    running = sandbox().start(said(here, "import time; time.sleep(60)", channel=True))
    with running.channel as channel:
        running.cancel()
        channel.settimeout(2)
        assert channel.recv(1) == b""
    assert running.wait().detail.endswith("cancelled")


def test_a_job_that_floods_its_channel_waits_for_its_reader(here: Attack) -> None:
    running = sandbox().start(said(here, "import os\nwhile True: os.write(1, b'x' * 65536)", channel=True))
    with running.channel as channel:
        assert channel.recv(1) == b"x"
        running.cancel()
        assert running.wait().memory_mb < 96


def test_a_job_without_a_channel_has_none(here: Attack) -> None:
    running = sandbox().start(said(here, "print(len(input()))"))
    with pytest.raises(ValueError, match="channel"):
        running.channel.close()
    assert "EOFError" in running.wait().stderr


def test_a_supervisor_that_waits_can_be_given_a_channel(here: Attack) -> None:
    machine = Bubblewrap(slots=slots(), spare=True)
    try:
        assert machine.run(said(here, "print('first')")).stdout == "first\n"
        running = machine.start(said(here, ECHO, channel=True))
        with running.channel as channel:
            channel.sendall(b"abc")
            channel.shutdown(socket.SHUT_WR)
            assert channel.recv(100) == b"cba"
        assert running.wait().verdict == "ok"
    finally:
        machine.close()


def test_the_live_log_grows_while_the_job_runs(here: Attack) -> None:
    live = here.folder / "live.log"
    running = sandbox().start(said(here, "import time\nprint('first', flush=True)\ntime.sleep(60)", live=live))
    until = time.monotonic() + 5
    while not live.exists() or live.read_text() != "first\n":
        assert time.monotonic() < until
        time.sleep(0.01)
    running.cancel()
    running.wait()


def test_the_live_log_has_both_streams_and_a_cap(attack: Attack) -> None:
    live = attack.folder / "live.log"
    if attack.folder.owner() == "root":
        live.touch()
        live.chmod(0o666)
    source = "import sys\nfor n in range(9): print('out' * 9, flush=True); print('err' * 9, file=sys.stderr)"
    (attack.folder / "code" / "main.py").write_text(source)
    spec = attack.spec("python3", "main.py", stream_bytes=400)
    result = attack.machine.run(replace(spec, live=live))
    text = live.read_text()
    assert result.verdict == "ok"
    assert len(text) == 400
    assert "out" in text
    assert "err" in text


def test_a_live_log_that_is_a_link_is_not_written(here: Attack) -> None:
    live = here.folder / "live.log"
    live.symlink_to(here.canary)
    result = sandbox().run(said(here, "print('x')", live=live))
    assert result.verdict == "sandbox_error"
    assert "symbolic links" in result.detail


def test_a_program_of_hosts_finds_the_places_that_it_knows(attack: Attack) -> None:
    truth = attack.folder / "truth"
    truth.mkdir()
    (truth / "labels.csv").write_text("labels")
    (truth / "link").symlink_to("/etc/shadow")
    source = """
import os
print(open("/app/input/ref/labels.csv").read(), sorted(os.listdir("/app/input/ref")))
print(os.path.exists("/app/program/main.py"))
open("/app/output/scores.json", "w").write("{}")
for path in ("/app/input/ref/labels.csv", "/app/new", "/app/program/main.py"):
    try: open(path, "w")
    except OSError as error: print(error.errno)
"""
    (attack.folder / "code" / "main.py").write_text(source)
    links = {"/app/program": "/code", "/app/output": "/out"}
    spec = attack.spec("python3", "/app/program/main.py", expects=("scores.json",))
    result = attack.machine.run(replace(spec, links=links, inputs={"/app/input/ref": truth}, folder="/tmp"))
    assert result.verdict == "ok", result
    assert result.stdout == "labels ['labels.csv']\nTrue\n30\n30\n30\n"


def test_a_backend_is_found_by_its_name(tmp_path: Path) -> None:
    assert sandbox_here(slots=slots()).name == "bubblewrap"
    with pytest.raises(ValueError, match="There is no sandbox named 'chroot'"):
        sandbox_here("chroot")
