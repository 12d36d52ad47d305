"""`manage.py doctor` and the system checks: what is wrong is said, with the one command to mend it."""

import json
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from podium.core import checks, doctor, heartbeats, machine
from tests.start.site import manage

WELL = {
    "DEBUG": False,
    "BASE_URL": "https://podium.example.org",
    "BEHIND_TLS": True,
    "EMAIL_URL": "smtp://mail",
    "DEMO": False,
}
LAPTOP = {**WELL, "BASE_URL": "http://localhost:8000", "BEHIND_TLS": False, "EMAIL_URL": ""}


def report(data: Path) -> dict[str, dict[str, str]]:
    """Return what doctor finds in a data folder, by name."""
    done = manage("doctor", "--json", data=data)
    said = json.loads(done.stdout)
    assert (done.returncode == 0) == said["healthy"]
    return {finding["name"]: finding for finding in said["findings"]}


def test_doctor_says_how_to_make_the_tables_and_then_that_all_is_well(tmp_path: Path) -> None:
    before = report(tmp_path / "data")
    assert before["Tables"]["state"] == "missing"
    assert before["Tables"]["mend"] == "python3 manage.py migrate"
    assert manage("migrate", "--verbosity", "0", data=tmp_path / "data").returncode == 0
    after = report(tmp_path / "data")
    assert after["Tables"]["state"] == "ok"
    assert after["Worker"] == {
        "name": "Worker",
        "state": "warn",
        "text": "not running: submissions wait until one runs",
        "mend": "python3 manage.py up",
    }
    assert {finding["state"] for finding in after.values()} <= {"ok", "warn"}


def test_doctor_sees_a_folder_that_others_can_read(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    tmp_path.chmod(0o755)
    (folder, _disk) = doctor.data_folder()
    assert (folder.state, folder.mend) == ("warn", f"chmod 700 {tmp_path}")


def test_doctor_sees_a_full_disk(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=2**20))
    (_folder, disk) = doctor.data_folder()
    assert (disk.state, disk.text) == ("missing", "0.0 GB free")


def test_doctor_names_the_package_that_brings_a_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (bubblewrap, _chromium) = doctor.sandbox()
    assert bubblewrap.state == "warn"
    assert bubblewrap.mend.endswith("install bubblewrap")


def test_doctor_says_what_isolation_the_machine_offers_and_that_code_has_nothing_to_run_in(
    tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR, settings.ENVIRONMENTS_DIR = tmp_path, tmp_path / "environments"
    isolation, room, environments = doctor.isolated()
    assert isolation.state == "ok"
    assert "label, network, user" in isolation.text
    assert re.match(r"\d+ at once: \d+ cores, [\d,]+ MiB of memory", room.text)
    assert (environments.state, environments.mend) == ("warn", "python3 manage.py environment build")


def test_doctor_names_each_canary_that_did_not_hold_and_what_to_do(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setenv("PATH", "/nowhere")
    isolation = next(doctor.isolated())
    assert isolation.state == "warn"
    assert "“bubblewrap” did not hold: It is not installed." in isolation.text
    assert "apt-get install bubblewrap" in isolation.mend


def test_a_worker_that_has_been_silent_for_long_is_not_alive(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "worker@here").touch()
    old = tmp_path / "alive" / "worker@gone"
    old.touch()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    assert list(heartbeats.alive("worker")) == ["here"]


def test_the_tests_parts_are_installed_by_the_systems_own_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "system", lambda: "debian")
    monkeypatch.setattr(machine, "as_root", lambda: ["sudo", "-n"])
    *_, install = machine.installers([machine.CHROMIUM, machine.BUBBLEWRAP])
    assert install[-2:] == ["chromium", "bubblewrap"]
    monkeypatch.setattr(machine, "as_root", lambda: None)
    assert machine.installers([machine.CHROMIUM]) == []


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, set()),
        ({"DEBUG": True}, {"podium.E001"}),
        ({"SECRET_KEY": "short"}, {"podium.E002"}),
        ({"ALLOWED_HOSTS": ["*"]}, {"podium.E003"}),
        ({"BASE_URL": "http://podium.example.org", "BEHIND_TLS": False}, {"podium.W001"}),
        ({"EMAIL_URL": ""}, {"podium.W002"}),
        ({"DEMO": True}, {"podium.W003"}),
        (LAPTOP | {"DEBUG": True, "DEMO": True}, set()),
    ],
)
def test_each_mistake_of_a_public_site_has_a_name_and_a_hint(
    wrong: dict[str, object], found: set[str], settings: Settings
) -> None:
    for name, value in {**WELL, **wrong}.items():
        setattr(settings, name, value)
    settings.REDIS_URL = "redis://redis:6379/0"
    own = checks.production_mistakes()
    assert {one.id for one in own} == found
    assert all(one.hint for one in own)


def test_postgresql_with_a_queue_in_a_folder_is_noticed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = ""
    monkeypatch.setattr(checks, "connection", SimpleNamespace(vendor="postgresql"))
    (found,) = checks.public_site_has_redis_with_postgresql(None)
    assert found.id == "podium.W004"
