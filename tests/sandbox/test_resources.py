"""Attacks on what there is a limit of."""

from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.conftest import Attack

MIB = 1 << 20


def test_a_job_that_behaves_is_ok(attack: Attack) -> None:
    result = attack("print('hello'); open('/out/a.csv', 'w').write('id\\n1\\n')", expects=("a.csv",))
    assert (result.verdict, result.exit_code, result.stdout) == ("ok", 0, "hello\n")
    assert [(item.path, item.size) for item in result.collected] == [("a.csv", 5)]
    assert (attack.folder / "out" / "a.csv").read_text() == "id\n1\n"


def test_an_exit_status_is_the_jobs_own(attack: Attack) -> None:
    result = attack("raise SystemExit(7)")
    assert (result.verdict, result.exit_code, result.signal) == ("runtime_error", 7, None)


def test_a_signal_is_told_as_one(attack: Attack) -> None:
    result = attack("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (result.verdict, result.exit_code, result.signal) == ("runtime_error", None, 11)


def test_a_command_that_is_not_there_is_the_jobs_fault(attack: Attack) -> None:
    assert attack.command("no-such-program").verdict == "runtime_error"


def test_a_file_that_is_not_left_is_missed(attack: Attack) -> None:
    assert attack("pass", expects=("predictions.csv",)).verdict == "missing_output"


def test_a_fork_bomb_stays_within_its_processes(attack: Attack) -> None:
    source = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    assert attack(source, wall_s=1).verdict == "time"


def test_processes_are_counted(attack: Attack) -> None:
    source = """
import os, time
for started in range(100):
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        break
print(started)
"""
    result = attack(source, pids=10)
    assert 5 <= int(result.stdout) <= 12


def test_threads_are_counted_as_processes(attack: Attack) -> None:
    source = """
import threading, time
for started in range(100):
    try:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    except RuntimeError:
        break
print(started, flush=True)
"""
    result = attack(source, pids=10)
    assert 5 <= int(result.stdout) <= 12


def test_descriptors_are_counted(attack: Attack) -> None:
    source = "held = []\ntry:\n  while True: held.append(open('/dev/null'))\nexcept OSError: print(len(held))"
    assert int(attack(source, open_files=64).stdout) <= 64


def test_one_process_with_too_much_memory_ends(attack: Attack) -> None:
    result = attack("x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1")
    assert result.verdict == "memory"
    assert result.memory_mb <= 97


def test_the_least_memory_is_too_little_and_that_is_the_jobs_fault(attack: Attack) -> None:
    assert attack("x = bytearray(50 << 20)", memory_mb=9).verdict in {"memory", "runtime_error"}


def test_many_processes_with_too_much_memory_end(attack: Attack) -> None:
    source = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(40 << 20)
        for i in range(0, len(x), 4096): x[i] = 1
        time.sleep(60)
time.sleep(60)
"""
    result = attack(source)
    assert result.verdict == "memory"
    assert result.memory_mb <= 6 * 45


def test_a_file_in_memory_counts_as_memory(attack: Attack) -> None:
    source = """
import os
handle = os.memfd_create("hidden")
for _ in range(300): os.write(handle, bytes(1 << 20))
print("filled")
"""
    result = attack(source)
    assert result.verdict in {"memory", "runtime_error"}
    assert "filled" not in result.stdout


def test_shared_memory_of_system_v_counts_as_memory(attack: Attack) -> None:
    source = """
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
key = libc.shmget(0, 300 << 20, 0o1600)
assert key != -1
ctypes.memset(libc.shmat(key, None, 0), 1, 300 << 20)
print("filled")
"""
    result = attack(source)
    assert result.verdict in {"memory", "runtime_error"}
    assert "filled" not in result.stdout


def test_scratch_space_is_sized(attack: Attack) -> None:
    source = """
import os
for place in ("/tmp", "/dev/shm"):
    size = 0
    try:
        with open(place + "/big", "wb", buffering=0) as stream:
            while size < 64 << 20: size += stream.write(bytes(1 << 20))
    except OSError as error:
        print(place, size >> 20, error.errno)
"""
    assert attack(source, scratch_bytes=8 * MIB).stdout == "/tmp 8 28\n/dev/shm 8 28\n"


def test_scratch_space_is_memory_too(attack: Attack) -> None:
    source = "with open('/tmp/big', 'wb') as stream:\n    for _ in range(300): stream.write(bytes(1 << 20))"
    assert attack(source, scratch_bytes=64 * MIB).verdict in {"memory", "runtime_error"}


def test_output_that_is_too_large_is_told(attack: Attack) -> None:
    source = "with open('/out/big', 'wb') as stream:\n    for _ in range(20): stream.write(bytes(1 << 20))"
    result = attack(source, output_bytes=8 * MIB)
    assert result.verdict == "output"


def test_a_job_cannot_use_up_inodes(attack: Attack) -> None:
    source = "for number in range(5000): open(f'/out/{number}', 'w').close()"
    result = attack(source, output_files=10)
    assert result.verdict == "output"
    assert len(result.collected) == 10
    assert len(result.refused) <= 100


def test_a_sparse_file_is_as_large_as_it_says(attack: Attack) -> None:
    source = "import os\nfor n in range(20): os.truncate(os.open(f'/out/{n}', os.O_CREAT | os.O_RDWR), 1 << 20)"
    result = attack(source, output_bytes=4 * MIB)
    assert result.verdict == "output"
    assert sum(item.size for item in result.collected) <= 4 * MIB


def test_a_flood_on_standard_output_is_cut_off(attack: Attack) -> None:
    result = attack("while True: print('x' * 1000)")
    assert result.verdict == "output"
    assert len(result.stdout) == 64 << 10


def test_what_is_kept_of_a_stream_is_its_end(attack: Attack) -> None:
    result = attack("import sys; sys.stderr.write('é' * 100_000 + 'end')")
    assert result.verdict == "ok"
    assert result.stderr.endswith("éend")
    assert "\ufffd" not in result.stderr


def test_a_spinning_job_is_stopped(attack: Attack) -> None:
    result = attack("while True: pass", wall_s=1)
    assert result.verdict == "time"
    assert result.wall_s < 3


def test_cpu_time_has_a_limit_of_its_own(attack: Attack) -> None:
    result = attack("while True: pass", cpu_s=1, wall_s=20)
    assert result.verdict == "time"
    assert result.wall_s < 15


def test_a_sleeper_that_ignores_signals_is_stopped(attack: Attack) -> None:
    source = """
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(number, signal.SIG_IGN)
time.sleep(60)
"""
    assert attack(source, wall_s=1).verdict == "time"


def test_a_job_that_stops_itself_is_stopped(attack: Attack) -> None:
    source = "import os, signal; os.kill(0, signal.SIGSTOP); os.kill(-1, signal.SIGSTOP)"
    assert attack(source, wall_s=1).verdict == "time"


def test_a_daemon_does_not_outlive_its_parent(attack: Attack) -> None:
    source = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
os.wait()
print("left")
"""
    result = attack(source)
    assert (result.verdict, result.stdout) == ("ok", "left\n")
    assert result.wall_s < 5


def test_no_core_is_dumped(attack: Attack) -> None:
    result = attack("import os, resource; print(resource.getrlimit(resource.RLIMIT_CORE), flush=True); os.abort()")
    assert (result.stdout, result.signal) == ("(0, 0)\n", 6)


def test_limits_cannot_be_raised(attack: Attack) -> None:
    source = """
import resource
for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
    try: resource.setrlimit(kind, (1 << 30, 1 << 30))
    except (ValueError, PermissionError): print("held")
"""
    assert attack(source).stdout == "held\n" * 3


def test_jobs_at_one_time_do_not_count_as_each_other(attack: Attack) -> None:
    specs = [attack.spec("sleep", "0.3", pids=4) for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        assert [result.verdict for result in pool.map(attack.machine.run, specs)] == ["ok"] * 3
