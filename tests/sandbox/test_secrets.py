"""Attacks on what a job must not see."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

import scoring
from tests.sandbox.conftest import Attack

LISTED = "import os, sys\nfor top, folders, files in os.walk(sys.argv[1]):\n    print(*folders, *files, sep='\\n')"


def test_labels_beside_the_input_are_not_there(attack: Attack) -> None:
    labels = attack.folder / "labels.csv"
    labels.write_text("the-labels")
    result = attack("import sys; print(open(sys.argv[1]).read())", str(labels))
    assert result.verdict == "runtime_error"
    assert "FileNotFoundError" in result.stderr


def test_other_submissions_are_not_there(attack: Attack) -> None:
    other = attack.folder / "other.zip"
    other.write_text("another teams work")
    source = "import os, sys; print([p for p in sys.argv[1:] if os.path.exists(p)])"
    places = [] if attack.contained else ["/var/tmp", "/root", "/home", "/srv", "/mnt"]  # an image has its own
    assert attack(source, str(other), str(attack.folder), "/work", *places).stdout == "[]\n"


def test_the_workers_source_is_not_there(attack: Attack) -> None:
    result = attack("import sys; print(open(sys.argv[1]).read())", scoring.__file__)
    assert "FileNotFoundError" in result.stderr


def test_the_root_holds_only_what_is_meant(attack: Attack) -> None:
    ours, linux = "code input out tmp", "bin dev etc lib lib32 lib64 libx32 proc sbin usr"
    if attack.contained:
        linux += " .dockerenv boot home media mnt opt root run srv sys var"  # the image's, and one mark
    assert set(attack("import os; print(*os.listdir('/'))").stdout.split()) <= set(f"{ours} {linux}".split())


def test_what_is_in_etc_tells_nothing(attack: Attack) -> None:
    rows = attack("print(open('/etc/passwd').read())").stdout.splitlines()
    own = Path("/etc/passwd").read_text().splitlines()
    assert attack.contained or [row.count(":") for row in rows if row] == [6]
    assert not {row for row in rows if row.endswith("sh")} & set(own) - {"root:x:0:0:root:/root:/bin/bash"}
    assert "Error" in attack("open('/etc/shadow')").stderr


def test_the_environment_is_ours(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_KEY", "the-workers-secret")
    source = """
import os
print(sorted(os.environ))
for name in os.listdir("/proc"):
    for file in ("environ", "cmdline") if name.isdigit() else ():
        try: print("secret" in open(f"/proc/{name}/{file}").read(), file)
        except OSError: pass
"""
    out = attack(source).stdout
    assert "PODIUM" not in out
    assert "True" not in out
    assert "PATH" in out


def test_the_memory_of_process_1_is_closed_or_clean(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_KEY", "the-workers-secret")
    source = """
found = False
try:
    with open("/proc/1/maps") as maps, open("/proc/1/mem", "rb") as memory:
        for line in maps:
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                memory.seek(low)
                found |= b"the-workers-" + b"secret" in memory.read(high - low)
            except (OSError, OverflowError, ValueError): pass
except OSError: pass
print(found)
"""
    assert attack(source).stdout == "False\n"


def test_no_descriptor_is_inherited(attack: Attack) -> None:
    source = """
import os
print(sorted(os.listdir("/proc/self/fd")), os.readlink("/proc/self/fd/0"))
try: print(sorted(os.readlink("/proc/1/fd/" + n) for n in os.listdir("/proc/1/fd")))
except OSError as error: print(error)
"""
    own, first = attack(source).stdout.splitlines()
    assert own == "['0', '1', '2', '3'] /dev/null"  # 3 is the listing itself
    assert "memfd" not in first
    assert "socket" not in first


def test_loopback_of_the_host_is_out_of_reach(attack: Attack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=2)"
        result = attack(source, str(server.getsockname()[1]))
    assert "Error" in result.stderr


def test_no_datagram_leaves(attack: Attack) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        source = "import socket, sys; socket.socket(type=2).sendto(b'x', ('127.0.0.1', int(sys.argv[1])))"
        attack(source, str(server.getsockname()[1]))
        with pytest.raises(TimeoutError):
            server.recv(1)


def test_names_are_not_resolved_and_the_world_is_not_there(attack: Attack) -> None:
    source = """
import socket
for call in (lambda: socket.getaddrinfo("example.org", 80), lambda: socket.create_connection(("192.0.2.1", 80), 2)):
    try: print(call())
    except OSError: print("nothing")
"""
    assert attack(source).stdout == "nothing\nnothing\n"


def test_abstract_sockets_of_the_host_are_out_of_reach(attack: Attack) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0podium-{attack.token}")
        server.listen()
        source = "import socket, sys; socket.socket(socket.AF_UNIX).connect('\\0podium-' + sys.argv[1])"
        assert "ConnectionRefusedError" in attack(source, attack.token).stderr


def test_a_socket_among_the_input_does_not_come_in(attack: Attack) -> None:
    path = attack.folder / "input" / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert attack(LISTED, "/input").stdout == "features.csv\n"


def test_sockets_that_no_namespace_divides_are_refused(attack: Attack) -> None:
    source = """
import socket
for family in (40, 16, 38, 17):  # VSOCK, NETLINK, ALG, PACKET
    try: print(socket.socket(family, 3))
    except OSError as error: print(error.errno)
"""
    # an engine's profile cannot have one answer for these and allow the others
    assert attack(source).stdout in {"97\n" * 4} | ({"1\n" * 4, "38\n" * 4} if attack.contained else set())


def test_keyrings_are_closed(attack: Attack) -> None:
    source = """
import ctypes, os
add, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
libc = ctypes.CDLL(None)
print(libc.syscall(add, b"user", b"name", b"secret", 6, -3), libc.syscall(keyctl, 0, -3, 1))
"""
    assert attack(source).stdout == "-1 -1\n"


def test_nothing_remains_for_the_next_job(attack: Attack) -> None:
    source = """
import os
for place in ("/tmp", "/dev/shm", "/out"):
    print(os.listdir(place))
    open(place + "/residue", "w").close()
"""
    assert attack(source).stdout == "[]\n" * 3
    assert attack(source).stdout == "[]\n" * 3


def test_other_processes_of_the_host_are_not_there(attack: Attack) -> None:
    result = attack("import os; print(*(n for n in os.listdir('/proc') if n.isdigit()))")
    assert len(result.stdout.split()) <= 3


def test_a_link_in_the_code_does_not_bring_its_target_in(attack: Attack) -> None:
    labels = attack.folder / "labels.csv"
    labels.write_text("the-labels")
    (attack.folder / "code" / "link").symlink_to(labels)
    (attack.folder / "code" / "folder").symlink_to(attack.folder)
    assert attack(LISTED, "/code").stdout == "main.py\n"


def test_a_program_sees_none_of_our_groups(attack: Attack) -> None:
    result = attack("import os; print(os.getuid(), os.getgid(), set(os.getgroups()) <= {65534})")
    assert result.stdout == "65534 65534 True\n"


def test_the_terminal_is_not_there(attack: Attack) -> None:
    assert "Error" in attack("open('/dev/tty')").stderr


def test_the_supervisor_loads_little() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import scoring.sandbox.supervisor; print(*sys.modules)"
    root = Path(scoring.__file__).parents[1]
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, root], capture_output=True, text=True, check=True)
    assert not {"pathlib", "dataclasses", "numpy"} & set(done.stdout.split())
