"""Before Django: what `manage.py` says on a machine that lacks something, and what it keeps out of pip's way."""

import ast
import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from podium import bootstrap
from tests.start.site import ROOT, manage

PYPROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["no-such-package-here>=1"]\n'


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that wants a package which is not installed, and a machine with nothing on PATH."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def program(folder: Path, name: str, says: str = "", status: int = 0) -> None:
    """Put a program on the machine."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)


def what_it_says(checkout: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Start the site there, see it end, and return its last line."""
    with pytest.raises(SystemExit) as ended:
        bootstrap.make_ready(str(checkout), ["manage.py", "demo"])
    assert ended.value.code == 1
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", ["manage.py", "platform/podium/bootstrap.py", "platform/podium/__init__.py"])
def test_an_old_python_can_read_what_tells_it_that_it_is_too_old(name: str) -> None:
    ast.parse((ROOT / name).read_text(), feature_version=(3, 6))


def test_a_python_that_is_too_old_names_the_package_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(checkout / "bin", "apt-get")
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert what_it_says(checkout, capsys).endswith(
        "Mend it with: " + bootstrap._sudo() + "apt install python3.11 python3.11-venv"
    )


def test_a_python_that_is_too_old_steps_aside_for_a_newer_one(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(checkout / "bin", "python3.13", status=127)  # as a version manager's shim for what is not installed
    program(checkout / "bin", "python3.12", says="python\nvenv")
    started: list[list[str]] = []
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    def becomes(_path: str, words: list[str]) -> NoReturn:
        started.append(words)
        sys.exit(0)

    monkeypatch.setattr(os, "execv", becomes)
    with pytest.raises(SystemExit):
        bootstrap.make_ready(str(checkout), ["manage.py", "demo"])
    assert started == [[str(checkout / "bin/python3.12"), str(checkout / "manage.py"), "demo"]]


def test_a_python_without_venv_names_the_package_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(checkout / "bin", "apt-get")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else found(name))
    said = what_it_says(checkout, capsys)
    assert "cannot make virtual environments" in said
    assert said.endswith("-venv")


def test_uv_is_named_where_it_is_there(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(checkout / "bin", "uv")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert what_it_says(checkout, capsys).endswith("Mend it with: uv run manage.py demo")


def test_a_folder_that_cannot_be_written_names_who_must_own_it(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "_not_writable", lambda _folder: "it cannot be written (Permission denied)")
    said = what_it_says(checkout, capsys)
    assert "it cannot be written (Permission denied)" in said
    assert said.endswith(f'sudo chown -R "$USER" {checkout}')


def test_an_index_that_is_not_reached_is_one_sentence(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venv = checkout / ".venv" / "bin" / "python"
    venv.parent.mkdir(parents=True)
    venv.write_text('#!/bin/sh\n[ "$2" = pip ] || exit 0\necho "Temporary failure in name resolution"\nexit 1\n')
    venv.chmod(0o755)
    with pytest.raises(SystemExit):
        bootstrap._install(str(checkout), ["manage.py", "demo"], [], inside=False)
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == (
        "The package index could not be reached. Connect this machine to it, then again: python3 manage.py demo"
    )


def test_pip_hears_from_the_person_where_its_index_is_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_TARGET", "PIP_USER", "PIP_NO_DEPS", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "/somewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example.org/simple")
    environment = bootstrap._pip_environment()
    assert environment["PIP_INDEX_URL"] == "https://index.example.org/simple"
    assert environment["PIP_USER"] == "0"
    assert not {"PIP_TARGET", "PIP_NO_DEPS", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "VIRTUAL_ENV"} & set(environment)


def test_a_changed_list_of_packages_is_installed_again(checkout: Path) -> None:
    before = bootstrap._fingerprint(str(checkout))
    assert bootstrap._fingerprint(str(checkout)) == before
    (checkout / ".ci").mkdir()
    (checkout / ".ci" / "constraints.txt").write_text("django==5.2.1\n")
    assert bootstrap._fingerprint(str(checkout)) != before


def test_packages_of_other_projects_on_pythonpath_are_kept_out(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign" / "django"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("raise SystemExit('the wrong Django')")
    done = manage("--version", data=tmp_path / "data", PYTHONPATH=str(foreign.parent))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("5.2")


@pytest.mark.parametrize(
    ("words", "url", "hosts"),
    [
        (["up"], "http://localhost:8000", {"localhost"}),
        (["demo", "--port", "8123"], "http://localhost:8123", {"localhost"}),
        (["up", "--port=8123", "--bind=192.0.2.9"], "http://192.0.2.9:8123", {"192.0.2.9", "localhost"}),
    ],
)
def test_the_address_follows_from_where_it_listens(
    words: list[str], url: str, hosts: set[str], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PODIUM_URL", "PODIUM_ALLOWED_HOSTS", "PODIUM_DEMO"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    bootstrap.settle_address(str(checkout), ["manage.py", *words])
    assert os.environ["PODIUM_URL"] == url
    assert hosts <= set(os.environ["PODIUM_ALLOWED_HOSTS"].split(","))


def test_what_a_person_has_set_is_left_as_it_is(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_URL", "https://podium.example.org")
    monkeypatch.setenv("PODIUM_ALLOWED_HOSTS", "podium.example.org")
    bootstrap.settle_address(str(checkout), ["manage.py", "up", "--bind", "0.0.0.0"])
    assert os.environ["PODIUM_URL"] == "https://podium.example.org"
    assert os.environ["PODIUM_ALLOWED_HOSTS"] == "podium.example.org"
