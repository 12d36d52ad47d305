"""What is a container engine's own: its images, its channels, and controls with one of its layers taken away."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scoring.sandbox import container
from scoring.sandbox.container import Container
from scoring.sandbox.jobs import Tree
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import missing, slots, wait_until
from tests.sandbox.test_cleaning import FOREVER

Weaken = Callable[[str], None]


def engine(attack: Attack) -> Container:
    assert isinstance(attack.machine, Container)
    return attack.machine


def forever(attack: Attack) -> None:
    (attack.folder / "code" / "main.py").write_text(FOREVER)


def test_a_job_that_is_cancelled_is_gone_within_two_seconds(contained: Attack) -> None:
    forever(contained)
    running = engine(contained).start(contained.spec("python3", "main.py"))
    wait_until(lambda: len(contained.survivors()) >= 4, 10)
    began = time.monotonic()
    running.cancel()
    wait_until(lambda: contained.survivors() == [])
    assert time.monotonic() - began < 2
    assert running.wait().detail == "cancelled"


def test_a_job_is_spoken_to_by_its_channel_and_its_prints_are_seen_live(contained: Attack) -> None:
    (contained.folder / "code" / "main.py").write_text("""
import os
way = os.dup(1)
os.dup2(2, 1)
print("a print", flush=True)
os.write(way, os.read(0, 100)[::-1])
os.read(0, 1)
""")
    live = contained.folder / "live.txt"
    spec = replace(contained.spec("python3", "main.py"), channel=True, live=live)
    running = engine(contained).start(spec)
    with running.channel as channel:
        channel.settimeout(10)
        channel.sendall(b"abc")
        assert channel.recv(100) == b"cba"
        wait_until(lambda: live.read_text() == "a print\n")
        channel.shutdown(socket.SHUT_WR)
        assert channel.recv(1) == b""
    result = running.wait()
    assert (result.verdict, result.stdout, result.stderr) == ("ok", "", "a print\n")


def test_further_inputs_links_and_trees_are_there(contained: Attack, open_folder: Path) -> None:
    more, tree = contained.folder / "more", contained.folder / "tree"
    for folder in (more, tree):
        folder.mkdir()
        (folder / "a.txt").write_text(folder.name)
    spec = replace(
        contained.spec("cat", "/app/input/ref/a.txt", "/app/program/main.py", "/opt/tree/a.txt"),
        inputs={"/app/input/ref": more},
        links={"/app/program": "/code"},
        trees=(Tree(source=tree, target="/opt/tree"),),
    )
    (contained.folder / "code" / "main.py").write_text(" code ")
    assert engine(contained).run(spec).stdout == "more code tree"


def test_nothing_of_ours_can_take_the_place_of_the_system(contained: Attack) -> None:
    spec = replace(contained.spec("true"), links={"/etc/passwd": "/code/passwd"})
    assert "its root: etc" in engine(contained).run(spec).detail


@pytest.fixture
def image(contained: Attack) -> Iterator[Callable[[str], Container]]:
    """Makes an image with more lines in its Dockerfile, and the sandbox that runs it."""
    made = []

    def build(lines: str) -> Container:
        name = f"podium-test-{contained.token}"
        build = [engine(contained).name, "build", "--tag", name, "-"]
        subprocess.run(build, input=f"FROM podium-sandbox\n{lines}\n", text=True, capture_output=True, check=True)
        made.append(name)
        return Container(engine=engine(contained).name, image=name, keeper="podium-sandbox", slots=slots())

    yield build
    for name in made:
        subprocess.run([engine(contained).name, "rmi", name], capture_output=True, check=True)


def test_an_image_runs_its_own_command_where_none_is_named(
    contained: Attack, image: Callable[[str], Container]
) -> None:
    sandbox = image(
        'ENV NAME=theirs\nWORKDIR /srv\nENTRYPOINT ["sh", "-c", "pwd; echo $NAME; cat /input/features.csv"]'
    )
    spec = replace(contained.spec(), code=None)
    assert sandbox.run(spec).stdout == "/srv\ntheirs\nid,x\n1,0.5\n"


def test_an_image_with_volumes_is_its_makers_fault(contained: Attack, image: Callable[[str], Container]) -> None:
    result = image("VOLUME /data").run(contained.spec("true"))
    assert result.verdict == "runtime_error"
    assert "(/data)" in result.stderr


def test_an_image_that_is_not_there_is_our_fault(contained: Attack) -> None:
    sandbox = Container(engine=engine(contained).name, image="podium-test-none", slots=slots())
    assert sandbox.run(contained.spec("true")).verdict == "sandbox_error"
    isolation = sandbox.probe()
    assert not isolation.holds
    assert "build -t podium-test-none" in isolation.canaries[-1].mend


def test_settings_of_the_user_do_not_reach_a_job(contained: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = contained.folder / "settings"
    settings.mkdir()
    proxy = {"proxies": {"default": {"httpProxy": "http://user:the-workers-secret@proxy"}}}
    (settings / "config.json").write_text(json.dumps(proxy))
    monkeypatch.setenv("DOCKER_CONFIG", str(settings))
    monkeypatch.setenv("HTTP_PROXY", "http://user:the-workers-secret@proxy")
    assert "secret" not in contained("import os; print(os.environ)").stdout


def test_every_canary_is_held(contained: Attack) -> None:
    isolation = engine(contained).probe()
    assert isolation.holds, isolation
    assert isolation.canaries[0].name == engine(contained).name


@pytest.fixture
def docker(contained: Attack) -> Attack:
    """Controls try one engine."""
    if engine(contained).name != "docker":
        pytest.skip("docker's controls are enough: podman is given the same words")
    return contained


@pytest.fixture
def weaken(monkeypatch: pytest.MonkeyPatch) -> Weaken:
    def patch(lines: str) -> None:
        start, end = container.PROGRAM.split("; from ")
        monkeypatch.setattr(
            container, "PROGRAM", f"{start}\nfrom scoring.sandbox import contained, engine\n{lines}\nfrom {end}"
        )

    return patch


UNCHECKED = "contained.Job._check = lambda *words: None"
WITHOUT = """
start = engine.Engine.start
def without(self, *words, **streams):
    return start(self, *({changes!r}.get(word, word) for word in words), **streams)
engine.Engine.start = without
"""


def test_without_the_profile_keyrings_are_open(docker: Attack, weaken: Weaken) -> None:
    weaken("""contained.profile = lambda: '{"defaultAction": "SCMP_ACT_ALLOW"}'""")
    source = """
import ctypes, os
number = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
print(ctypes.CDLL(None).syscall(number, 0, -3, 1) > 0)
"""
    assert docker(source).stdout == "True\n"


def test_without_a_network_of_its_own_loopback_is_reached(docker: Attack, weaken: Weaken) -> None:
    weaken(UNCHECKED + WITHOUT.format(changes={"none": "host"}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=2); print('in')"
        assert docker(source, str(server.getsockname()[1])).stdout == "in\n"


def test_without_a_read_only_root_disk_is_filled(docker: Attack, weaken: Weaken) -> None:
    weaken(UNCHECKED + WITHOUT.format(changes={"--read-only": "--read-only=false"}))
    source = "print(sum(open(f'/var/tmp/{n}', 'wb').write(bytes(1 << 20)) for n in range(32)))"
    assert docker(source, scratch_bytes=1 << 20, output_bytes=1 << 20).stdout == f"{32 << 20}\n"


def test_a_container_that_is_not_as_it_was_asked_for_does_not_start(docker: Attack, weaken: Weaken) -> None:
    weaken(WITHOUT.format(changes={"--read-only": "--read-only=false"}))
    assert docker("print('started')").detail == "SandboxError: The engine did not keep: read-only."


def test_without_a_limit_a_large_process_lives(docker: Attack, weaken: Weaken) -> None:
    small = str(96 << 20)
    weaken("contained.Job._read_back = lambda self: None" + WITHOUT.format(changes={small: str(1 << 30)}))
    result = docker("x = bytearray(200 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('filled')")
    assert (result.verdict, result.stdout) == ("ok", "filled\n")


def test_limits_that_the_kernel_does_not_keep_end_it(docker: Attack, weaken: Weaken) -> None:
    small = str(96 << 20)
    weaken(UNCHECKED + WITHOUT.format(changes={small: str(1 << 30)}))
    assert "Limits were not kept" in docker("print('started')").detail


def test_what_is_missing_is_said_where_no_engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    missing.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install docker.io" in missing("docker")
    missing.cache_clear()
    assert not Container().probe().holds


def test_graphics_cards_are_asked_of_the_engine(docker: Attack) -> None:
    sandbox = Container(gpus="all", slots=slots())
    assert "device driver" in sandbox.run(docker.spec("true")).detail  # this machine has none
