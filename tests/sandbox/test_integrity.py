"""Attacks on what others rely on: files, results, the clock."""

import json

import pytest

from tests.sandbox.conftest import Attack


@pytest.mark.parametrize("path", ["/code/main.py", "/input/features.csv", "/usr/bin/python3", "/etc/passwd", "/new"])
def test_nothing_but_output_and_scratch_can_be_written(attack: Attack, path: str) -> None:
    result = attack("import sys; open(sys.argv[1], 'w').write('x')", path)
    assert result.verdict == "runtime_error"
    assert (attack.folder / "input" / "features.csv").read_text() == "id,x\n1,0.5\n"


def test_the_canary_cannot_be_reached_by_any_path(attack: Attack) -> None:
    source = """
import sys
for way in ("", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../.."):
    try: open(way + sys.argv[1], "w").write("changed")
    except OSError: print("held")
"""
    assert attack(source, str(attack.canary)).stdout == "held\n" * 4


def test_permissions_of_the_code_cannot_be_changed(attack: Attack) -> None:
    assert "Error" in attack("import os; os.chmod('/code/main.py', 0o777)").stderr


def test_a_forged_status_stays_a_string(attack: Attack) -> None:
    forged = json.dumps({"verdict": "ok", "exit-code": 0, "child-pid": 1})
    source = """
import os, sys
for handle in range(1, 64):
    try: os.write(handle, sys.argv[1].encode() + b"\\n")
    except OSError: pass
raise SystemExit(3)
"""
    result = attack(source, forged)
    assert (result.verdict, result.exit_code) == ("runtime_error", 3)


def test_bubblewraps_words_cannot_be_put_on(attack: Attack) -> None:
    result = attack("import sys; sys.stderr.write('bwrap: execvp x: No such file'); raise SystemExit(1)")
    assert (result.verdict, result.exit_code) == ("runtime_error", 1)


def test_the_jobs_words_about_memory_are_not_believed_when_it_is_ok(attack: Attack) -> None:
    assert attack("import sys; sys.stderr.write('MemoryError')").verdict == "ok"


def test_the_clock_cannot_be_set(attack: Attack) -> None:
    assert "PermissionError" in attack("import time; time.clock_settime(time.CLOCK_REALTIME, 0)").stderr


def test_process_1_cannot_be_killed_from_inside(attack: Attack) -> None:
    result = attack("import os, signal; os.kill(1, signal.SIGKILL); print('still here')")
    assert (result.verdict, result.stdout) == ("ok", "still here\n")


def test_a_file_of_the_caller_is_replaced_not_written_through(attack: Attack) -> None:
    (attack.folder / "out" / "a.csv").symlink_to(attack.canary)
    (attack.folder / "out").chmod(0o777)
    result = attack("open('/out/a.csv', 'w').write('new')")
    assert result.verdict == "ok"
    assert (attack.folder / "out" / "a.csv").read_text() == "new"
    assert attack.canary.read_text() == "unchanged"
