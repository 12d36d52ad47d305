"""Attacks on the kernel: system calls that a job has no use for."""

import json

import pytest

from scoring.sandbox import syscalls
from tests.sandbox.conftest import Attack

CALLS = """
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
position = {"x86_64": 0, "aarch64": 1}[os.uname().machine]
for name, pair in json.loads(sys.argv[1]).items():
    if pair[position] is not None:
        ctypes.set_errno(0)
        answer = libc.syscall(pair[position], 0, 0, 0, 0, 0, 0)
        print(name, answer, ctypes.get_errno())
"""


def call(attack: Attack, number: tuple[int, int], *arguments: object) -> str:
    """Make one system call; return its answer and errno."""
    words = ", ".join(map(str, arguments))
    source = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall({{"x86_64": {number[0]}, "aarch64": {number[1]}}}[os.uname().machine], {words}), ctypes.get_errno())
"""
    return attack(source).stdout.strip()


def refusals(attack: Attack) -> set[str]:
    """Return how calls with wrong arguments may be answered: an engine has one answer for all that is not allowed."""
    return {"-1 1", "-1 38"} if attack.contained else {"-1 1"}


def test_every_call_that_is_refused_is_refused(attack: Attack) -> None:
    result = attack(CALLS, json.dumps(syscalls.REFUSED))
    rows = [line.split() for line in result.stdout.splitlines()]
    assert len(rows) > 40
    assert [name for name, answer, error in rows if (answer, error) != ("-1", "1")] == []


def test_calls_that_are_as_if_absent(attack: Attack) -> None:
    result = attack(CALLS, json.dumps(syscalls.ABSENT | {"newer": (500, 500), "newest": (900, 900)}))
    rows = [line.split() for line in result.stdout.splitlines()]
    # an engine may be too old to be told what to answer to calls that no profile names
    allowed = {"1", "38"} if attack.contained else {"38"}
    assert [name for name, answer, error in rows if answer != "-1" or error not in allowed] == []
    assert {error for name, _, error in rows if name == "clone3"} == {"38"}  # else no thread starts


def test_no_namespace_is_cloned(attack: Attack) -> None:
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
for bit in (17, 25, 26, 27, 28, 29, 30):  # mounts, cgroups, host name, IPC, users, process ids, network
    print(libc.syscall(number, 1 << bit | 17, 0, 0, 0, 0), ctypes.get_errno())
"""
    answers = attack(source).stdout.splitlines()
    assert len(answers) == 7
    assert set(answers) <= refusals(attack)


def test_the_tool_for_namespaces_fails(attack: Attack) -> None:
    assert attack.command("unshare", "--user", "--map-root-user", "true").verdict == "runtime_error"


def test_typing_on_a_terminal_is_refused(attack: Attack) -> None:
    for request in (0x5412, 0x541C, 1 << 32 | 0x5412):  # the kernel reads the low half alone
        assert call(attack, syscalls.IOCTL, 0, f"ctypes.c_ulong({request})", 0) in refusals(attack)


def test_old_personalities_are_refused(attack: Attack) -> None:
    assert call(attack, syscalls.PERSONALITY, 0x0400000) in refusals(attack)
    assert call(attack, syscalls.PERSONALITY, 0xFFFFFFFF).startswith("0")


def test_calls_of_i386_end_the_program(attack: Attack) -> None:
    source = """
import ctypes, mmap, os
if os.uname().machine != "x86_64": os.kill(os.getpid(), 31)
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)(), flush=True)
"""
    result = attack(source)
    assert (result.signal, result.stdout) == (31, "")


def test_calls_of_x32_are_absent(attack: Attack) -> None:
    # an engine's filter takes them for another architecture, and ends the program before it can print
    assert call(attack, (0x40000000 | 39, 500)) == ("" if attack.contained else "-1 38")


@pytest.mark.parametrize("path", ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"])
def test_the_kernels_settings_are_out_of_reach(attack: Attack, path: str) -> None:
    assert "Error" in attack("import sys; open(sys.argv[1], 'w').write('-500')", path).stderr


def test_no_cgroup_and_no_device_of_the_machine_is_there(attack: Attack) -> None:
    source = "import os; print([name for _, _, names in os.walk('/sys') for name in names], sorted(os.listdir('/dev')))"
    result = attack(source)
    assert result.stdout.startswith("[] ")
    for name in ("kvm", "mem", "sda", "vda", "fuse", "kmsg"):
        assert f"'{name}'" not in result.stdout


def test_no_device_can_be_made(attack: Attack) -> None:
    assert "Error" in attack("import os, stat; os.mknod('/tmp/d', stat.S_IFBLK | 0o600, os.makedev(8, 0))").stderr


def test_no_capability_is_left(attack: Attack) -> None:
    source = """
rows = dict(line.split(":\\t") for line in open("/proc/self/status") if ":\\t" in line)
names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
print({rows[name].strip("0\\n") for name in names}, rows["NoNewPrivs"].strip())
"""
    assert attack(source).stdout == "{''} 1\n"


def test_a_program_with_the_set_user_bit_gives_nothing(attack: Attack) -> None:
    assert attack("import os; os.execvp('su', ['su', '-c', 'id'])").verdict == "runtime_error"


def test_programs_can_still_be_written(attack: Attack) -> None:
    source = """
import concurrent.futures, multiprocessing, subprocess, tempfile, os, socket
with concurrent.futures.ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(abs, [-3, -4]))
print(subprocess.run(["/bin/sh", "-c", "echo sh"], capture_output=True, text=True).stdout.strip())
with tempfile.NamedTemporaryFile() as file: print(os.path.dirname(file.name))
a, b = socket.socketpair(); a.send(b"x"); print(b.recv(1))
"""
    result = attack(source)
    assert result.stdout.splitlines() == ["[1, 2]", "[3, 4]", "sh", "/tmp", "b'x'"], result.stderr
