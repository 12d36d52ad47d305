"""Controls: with one layer taken away the attack must win, or the tests of that layer prove nothing.

The layer is taken away in the supervisor of one job, by a line of Python that runs before it.
"""

import socket
from collections.abc import Callable

import pytest

from scoring.sandbox import bubblewrap
from tests.sandbox.conftest import Attack

Weaken = Callable[[str], None]


@pytest.fixture
def weaken(monkeypatch: pytest.MonkeyPatch) -> Weaken:
    def patch(lines: str) -> None:
        start, end = bubblewrap.PROGRAM.split("; from ")
        parts = "from scoring.sandbox import cgroups, collecting, kernel, launching, supervisor"
        monkeypatch.setattr(bubblewrap, "PROGRAM", f"{start}\n{parts}\n{lines}\nfrom {end}")

    return patch


WITHOUT_WORDS = """
original = launching.arguments
def arguments(*positional, **named):
    return original(*positional, **named).replace({old!r}, {new!r})
launching.arguments = arguments
"""

UNCOUNTED = """
supervisor.find_parents = lambda **_: cgroups.Parents(0, {})
launching.resource_limits = lambda limits, counted: {}
"""


def test_without_the_filter_keyrings_are_open(here: Attack, weaken: Weaken) -> None:
    weaken("import struct\nsupervisor._filter = lambda counted: struct.pack('=HBBI', 6, 0, 0, 0x7FFF0000)")
    source = """
import ctypes, os
number = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
print(ctypes.CDLL(None).syscall(number, 0, -3, 1) > 0)
"""
    assert here(source).stdout == "True\n"


def test_without_the_network_namespace_loopback_is_reached(here: Attack, weaken: Weaken) -> None:
    weaken(WITHOUT_WORDS.format(old=b"--unshare-all\0", new=b"--unshare-all\0--share-net\0"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=2); print('in')"
        assert here(source, str(server.getsockname()[1])).stdout == "in\n"


def test_without_counting_memory_a_large_process_lives(here: Attack, weaken: Weaken) -> None:
    weaken(f"{UNCOUNTED}\nsupervisor.Job._weigh = lambda self: None")
    result = here("x = bytearray(200 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('filled')")
    assert (result.verdict, result.stdout) == ("ok", "filled\n")


def test_without_counting_processes_more_are_started(here: Attack, weaken: Weaken) -> None:
    weaken(UNCOUNTED)
    source = "import subprocess\nfor n in range(20): subprocess.Popen(['sleep', '9'])\nprint('all')"
    assert here(source, pids=10).stdout == "all\n"


def test_without_the_look_at_what_it_is_a_link_brings_the_label_out(here: Attack, weaken: Weaken) -> None:
    weaken("import os, stat\ncollecting.KINDS = {}\ncollecting.FILE = os.O_RDONLY\nkernel.MS_NOSYMFOLLOW = 0")
    labels = here.folder / "labels.csv"
    labels.write_text("the-labels")
    here(f"import os; os.symlink({str(labels)!r}, '/out/link')")
    assert (here.folder / "out" / "link").read_text() == "the-labels"


def test_with_an_environment_of_its_own_bubblewrap_gives_it_away(here: Attack, weaken: Weaken) -> None:
    weaken("""
import os
execve = os.execve
os.execve = lambda path, words, environment: execve(path, words, {"KEY": "the-workers-secret"})
""")
    assert "the-workers-secret" in here("print(open('/proc/1/environ').read())").stdout


def test_without_sizes_scratch_space_has_none(here: Attack, weaken: Weaken) -> None:
    weaken("""
mount = kernel.mount
kernel.mount = lambda s, t, k, f, o="": mount(s, t, k, f, "mode=1777" if k == "tmpfs" else o)
""")
    source = "print(sum(open('/tmp/big', 'wb', buffering=0).write(bytes(1 << 20)) for _ in range(16)))"
    assert here(source, scratch_bytes=1 << 20).stdout == f"{1 << 20 << 4}\n"


def test_with_a_writable_bind_the_code_is_changed(here: Attack, weaken: Weaken) -> None:
    open_to_all = """
make = collecting._make
collecting._make = lambda path: (make(path), os.chmod(path, 0o777))
"""
    weaken("import os" + open_to_all + WITHOUT_WORDS.format(old=b"--ro-bind\0", new=b"--bind\0"))
    assert here("open('/code/new.py', 'w').write('x'); print('changed')").stdout == "changed\n"
