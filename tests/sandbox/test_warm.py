"""Jobs in warm interpreters: they are what cold ones are, and nothing of the pool or of another job is in them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scoring.sandbox.bubblewrap import ROOT, Bubblewrap
from scoring.sandbox.jobs import JobSpec, Result
from scoring.sandbox.warm import WarmPool
from tests.sandbox.conftest import Attack, cgroups
from tests.sandbox.machines import slots

PYTHON = ("python3", "-I")
HOLDER = """
import sys, time
from pathlib import Path
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import JobSpec
from scoring.sandbox.warm import WarmPool
out, first, after = sys.argv[1:]
sandbox = Bubblewrap(slots=range(int(first), int(after)))
pool = WarmPool(sandbox, JobSpec(command=("python3", "-I"), out=Path(out)), 1)
print(pool._waiting[0].running.pid, flush=True)
time.sleep(60)
"""


class Warmed:
    """Runs attacks in warm interpreters, with cgroups and without."""

    def __init__(self, attack: Attack, *, cgroups: bool) -> None:
        self.attack = attack
        self.sandbox = Bubblewrap(slots=slots(), cgroups=cgroups)
        template = replace(attack.spec(*PYTHON), code=None, input=None)
        self.pool = WarmPool(self.sandbox, template, 1, modules=("json", "no_such_module"))

    def __call__(self, source: str, *words: str, expects: tuple[str, ...] = (), **limits: object) -> Result:
        return self.pool.run(self.spec(source, *words, expects=expects, **limits))

    def spec(self, source: str, *words: str, expects: tuple[str, ...] = (), **limits: object) -> JobSpec:
        (self.attack.folder / "code" / "main.py").write_text(source)
        spec = self.attack.spec(*PYTHON, "main.py", *words, expects=expects, **limits)
        assert self.pool.fits(spec)
        return spec


@pytest.fixture(params=["cgroups", "rlimit"])
def warmed(request: pytest.FixtureRequest, here: Attack) -> Iterator[Warmed]:
    warmed = Warmed(here, cgroups=request.param == "cgroups")
    yield warmed
    warmed.pool.close()
    assert cgroups() == []


@pytest.fixture
def warm(here: Attack) -> Iterator[Warmed]:
    warm = Warmed(here, cgroups=True)
    yield warm
    warm.pool.close()


def test_a_warm_job_finds_what_a_cold_one_finds(warm: Warmed) -> None:
    source = """
import sys, os
print(sys.argv, __name__, __file__, sys.path, os.getcwd(), sorted(globals()))
print(open("/input/features.csv").read(), sorted(os.environ.items()), os.listdir("/code"))
print(sys.modules["__main__"].sys is sys, sys.stdin.read() == "")
open("/out/made.txt", "w").write("x")
"""
    spec = warm.spec(source, "a", "b")
    hot, cold = warm.pool.run(spec), warm.sandbox.run(spec)
    assert hot.stdout.replace("'__cached__', ", "") == cold.stdout.replace("'__cached__', ", "")
    assert hot.collected == cold.collected


def test_the_imports_were_done_before_the_job(warm: Warmed) -> None:
    assert warm("import sys; print('json' in sys.modules)").stdout == "True\n"
    cold = replace(
        warm.spec("import sys; print('json' in sys.modules)"), folder="/tmp", command=(*PYTHON, "/code/main.py")
    )
    assert not warm.pool.fits(cold)
    assert warm.pool.run(cold).stdout == "False\n"


@pytest.mark.parametrize(
    "source", ["x = 1\n\ndef f():\n    return 1 / 0\n\nf()\n", "x = = 1\n", "import sys; sys.exit(3)\n"]
)
def test_an_error_looks_as_it_does_cold(warm: Warmed, source: str) -> None:
    spec = warm.spec(source)
    hot, cold = warm.pool.run(spec), warm.sandbox.run(spec)
    assert (hot.verdict, hot.exit_code, hot.stderr) == (cold.verdict, cold.exit_code, cold.stderr)
    assert hot.verdict == "runtime_error"


def test_modules_beside_the_script_are_found_unless_python_is_isolated(here: Attack) -> None:
    (here.folder / "code" / "beside.py").write_text("print('beside')")
    (here.folder / "code" / "main.py").write_text("import beside")
    pool = WarmPool(Bubblewrap(slots=slots()), replace(here.spec("python3"), code=None, input=None), 1)
    try:
        assert pool.run(here.spec("python3", "main.py")).stdout == "beside\n"
    finally:
        pool.close()


def test_nothing_of_the_pool_is_in_the_job(warmed: Warmed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SECRET_KEY", "the-workers-secret")
    source = """
import os
print(sorted(os.listdir("/proc/self/fd")), "PODIUM_SECRET_KEY" in os.environ)
for name in os.listdir("/proc"):
    for file in ("environ", "cmdline") if name.isdigit() else ():
        try: print("secret" in open(f"/proc/{name}/{file}").read())
        except OSError: pass
try: print([os.readlink("/proc/1/fd/" + n)[:4] for n in os.listdir("/proc/1/fd") if int(n) < 3])
except OSError: pass
"""
    out = warmed(source).stdout
    assert out.startswith("['0', '1', '2', '3'] False\n")  # 3 is the listing itself
    assert "True" not in out


def test_nobody_wakes_a_job_twice(warm: Warmed) -> None:
    source = """
import os
for number in os.listdir("/proc/1/fd") if os.access("/proc/1/fd", os.R_OK) else ():
    try: os.open("/proc/1/fd/" + number, os.O_RDWR)
    except OSError: continue
    if "socket" in os.readlink("/proc/1/fd/" + number): print("open")
"""
    assert warm(source).stdout == ""


def test_one_job_leaves_nothing_for_the_next(warmed: Warmed) -> None:
    leaving = """
import builtins, json, os
builtins.residue = json.residue = 1
for place in ("/tmp", "/dev/shm", "/out"): open(place + "/residue", "w").write("x")
"""
    assert warmed(leaving).verdict == "ok"
    looking = """
import builtins, json, os
print(hasattr(builtins, "residue"), hasattr(json, "residue"))
print([os.listdir(place) for place in ("/tmp", "/dev/shm", "/out")])
"""
    assert warmed(looking).stdout == "False False\n[[], [], []]\n"


def test_memory_is_limited(warmed: Warmed) -> None:
    result = warmed("kept = [bytes(bytearray(b'x')) * (1 << 20) for _ in range(400)]")
    assert result.verdict == "memory"
    assert result.memory_mb < 110


def test_processes_are_limited(warmed: Warmed) -> None:
    source = """
import os, time
made = 0
try:
    while made < 200:
        if os.fork() == 0: time.sleep(60)
        made += 1
except OSError: print("no more after", made < 60)
"""
    assert warmed(source).stdout == "no more after True\n"


def test_wall_time_counts_from_the_job_on(warmed: Warmed) -> None:
    time.sleep(0.3)
    result = warmed("import time; time.sleep(60)", wall_s=0.5)
    assert result.verdict == "time"
    assert 0.4 < result.wall_s < 1.5


def test_cpu_time_is_limited(warmed: Warmed) -> None:
    result = warmed("while True: pass", cpu_s=0.5)
    assert result.verdict == "time"
    assert 0.3 < result.cpu_s < 1.5


def test_a_flood_is_stopped(warmed: Warmed) -> None:
    assert warmed("while True: print('x' * 999)", stream_bytes=100_000).verdict == "output"


def test_symlinks_and_daemons_are_dealt_with(warmed: Warmed) -> None:
    source = """
import os, time
os.symlink("/etc/passwd", "/out/link")
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
"""
    result = warmed(source)
    assert [(refused.path, refused.reason) for refused in result.refused] == [("link", "symlink")]


def test_the_input_cannot_be_written(warmed: Warmed) -> None:
    source = """
for path in ("/code/main.py", "/input/features.csv", "/code/new"):
    try: open(path, "w")
    except OSError as error: print(error.errno)
"""
    assert warmed(source).stdout == "30\n30\n30\n"


def test_kernel_doors_stay_shut(warmed: Warmed) -> None:
    source = """
import ctypes, socket
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), libc.ptrace(0, 0, 0, 0))
try: socket.socket(40, 1)
except OSError as error: print(error.errno)
"""
    assert warmed(source).stdout == "-1 -1\n97\n"


def test_a_warm_job_is_cancelled_within_two_seconds(warm: Warmed) -> None:
    running = warm.pool.start(warm.spec("import time; time.sleep(60)"))
    time.sleep(0.2)
    began = time.monotonic()
    running.cancel()
    assert running.wait().detail.endswith("cancelled")
    assert time.monotonic() - began < 2


def test_a_channel_runs_warm_too(here: Attack) -> None:
    (here.folder / "code" / "main.py").write_text("import os; os.write(1, os.read(0, 10)[::-1])")
    spec = replace(here.spec(*PYTHON, "main.py"), channel=True)
    pool = WarmPool(Bubblewrap(slots=slots()), replace(spec, command=PYTHON, code=None, input=None), 1)
    try:
        running = pool.start(spec)
        with running.channel as channel:
            channel.sendall(b"abc")
            assert channel.recv(10) == b"cba"
        assert running.wait().verdict == "ok"
    finally:
        pool.close()


def waiting(pool: WarmPool) -> int:
    """Return the process id of the supervisor that waits."""
    [one] = pool._waiting
    return one.running.pid  # type: ignore[attr-defined, no-any-return]


def test_an_interpreter_that_died_is_replaced(warm: Warmed) -> None:
    dead = waiting(warm.pool)
    os.kill(dead, signal.SIGKILL)
    while Path(f"/proc/{dead}/stat").exists() and " Z " not in Path(f"/proc/{dead}/stat").read_text():
        time.sleep(0.01)
    assert warm("print('alive')").stdout == "alive\n"
    assert waiting(warm.pool) != dead
    warm.sandbox.reap()


def test_an_interpreter_that_waited_too_long_is_replaced(here: Attack) -> None:
    template = replace(here.spec(*PYTHON), code=None, input=None)
    pool = WarmPool(Bubblewrap(slots=slots()), template, 1, oldest_s=0.1)
    try:
        old = waiting(pool)
        time.sleep(0.15)
        pool.fill()
        assert waiting(pool) != old
        assert not Path(f"/proc/{old}").exists()
    finally:
        pool.close()


def test_a_pool_ends_with_its_process(here: Attack) -> None:
    words = [str(here.folder / "out"), str(slots().start), str(slots().stop)]
    caller = subprocess.Popen([sys.executable, "-c", HOLDER, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with caller:
        assert caller.stdout
        pid = caller.stdout.readline().strip()
        caller.kill()
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() or cgroups():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_pool_that_is_closed_leaves_nothing(warm: Warmed) -> None:
    pid = waiting(warm.pool)
    warm.pool.close()
    assert not Path(f"/proc/{pid}").exists()
    assert cgroups() == []
