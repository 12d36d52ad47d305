"""The two commands, as people and programs call them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scoring.sandbox.bubblewrap import ROOT, Bubblewrap
from scoring.sandbox.jobs import Verdict
from tests.sandbox.conftest import Attack

KEYS = [
    *("verdict", "exit_code", "signal", "wall_s", "cpu_s", "memory_mb", "stdout", "stderr", "collected", "refused"),
]


def scoring(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scoring", "sandbox", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def run(here: Attack, *words: str, options: tuple[object, ...] = ()) -> tuple[int, dict[str, Any]]:
    """Run a command by `sandbox run --json`; return exit status and the one object."""
    folders = [f"--{name}={here.folder / name}" for name in ("code", "input", "out")]
    done = scoring("run", *folders, *options, "--json", "--", *words)
    [line] = done.stdout.splitlines()
    return done.returncode, json.loads(line)


def test_run_prints_what_the_contract_says(here: Attack) -> None:
    (here.folder / "code" / "main.py").write_text("""
import sys
print(open("/input/features.csv").readline().strip(), sys.argv[1:])
open("/out/predictions.csv", "w").write("id,p\\n1,0.5\\n")
""")
    status, report = run(here, "python3", "/code/main.py", "--json")
    assert (status, list(report)) == (0, KEYS)
    assert (report["verdict"], report["exit_code"], report["stdout"]) == ("ok", 0, "id,x ['--json']\n")
    assert [(item["path"], item["size"]) for item in report["collected"]] == [("predictions.csv", 11)]
    assert (here.folder / "out" / "predictions.csv").read_text() == "id,p\n1,0.5\n"


def test_run_tells_the_jobs_fault_by_status_2(here: Attack) -> None:
    status, report = run(here, "sleep", "30", options=("--wall", 0.5))
    assert (status, report["verdict"]) == (2, "time")


def test_run_holds_memory_and_processes(here: Attack) -> None:
    eater = "x = b'x' * (200 << 20)"
    status, report = run(here, "python3", "-c", eater, options=("--memory", 64, "--pids", 8))
    assert (status, report["verdict"]) == (2, "memory")


def test_run_has_the_tools_of_usr_bin(here: Attack) -> None:
    status, report = run(here, "sh", "-c", "command -v python3 && sort --version | head -1")
    assert status == 0
    assert "python3\nsort (GNU" in report["stdout"]


def test_run_has_the_running_python_too(here: Attack) -> None:
    """Also where it lies in a private home, which the slot's user could not pass."""
    python = Path(sys.base_prefix).resolve() / "bin" / "python3"
    status, report = run(here, str(python), "-c", "import sys; print(sys.version_info[:3])")
    assert (status, report["stdout"]) == (0, f"{sys.version_info[:3]}\n")


def test_run_without_json_is_for_people(here: Attack) -> None:
    folders = [f"--{name}={here.folder / name}" for name in ("code", "input", "out")]
    done = scoring("run", *folders, "--", "sh", "-c", "printf 'hel\\033lo\\n'; ln -s /etc/passwd /out/l")
    assert done.stdout.splitlines()[:2] == ["hel�lo", "refused l: symlink"]
    assert done.stdout.splitlines()[-1].startswith("ok: ")


@pytest.mark.parametrize("words", [(), ("--code", "/nowhere", "--input", "/tmp", "--out", "/tmp", "--", "true")])
def test_a_wrong_command_line_is_told_as_one(words: tuple[str, ...]) -> None:
    done = scoring("run", *words, "--json") if not words else scoring("run", "--json", *words)
    assert done.returncode == 64
    assert json.loads(done.stdout)["error"]["code"] == "usage"


def test_check_says_that_this_machine_holds() -> None:
    done = scoring("check", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["holds"]) == (0, True), report
    assert {item["name"] for item in report["canaries"]} >= {"network", "label", "memory", "output", "namespaces"}
    assert all(item["held"] and item["seen"] for item in report["canaries"])


def test_check_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    isolation = Bubblewrap().probe()
    assert not isolation.holds
    assert [(item.name, item.held) for item in isolation.canaries] == [("bubblewrap", False)]
    assert "apt-get install bubblewrap" in isolation.canaries[0].mend


def test_a_machine_without_user_namespaces_does_not_hold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from scoring.sandbox import bubblewrap

    start, end = bubblewrap.PROGRAM.split("; from ")
    broken = f"{start}\nfrom scoring.sandbox import kernel\ndef no(flags): raise PermissionError('unshare')\n"
    monkeypatch.setattr(bubblewrap, "PROGRAM", f"{broken}kernel.unshare = no\nfrom {end}")
    isolation = Bubblewrap().probe()
    assert not isolation.holds
    assert isolation.canaries[-1].name == "start"
    assert "user namespaces" in isolation.canaries[-1].mend


def test_what_is_ours_is_never_the_jobs(here: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.sandbox.bubblewrap.PROGRAM", "raise SystemExit('broken')")
    result = here.machine.run(here.spec("true"))
    assert result.verdict is Verdict.SANDBOX_ERROR
    assert "broken" in result.detail
