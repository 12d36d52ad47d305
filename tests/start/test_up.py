"""`manage.py up`, started and stopped as a person would."""

import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import free_port
from tests.start.site import Site, left_after, manage


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that runs while this module's tests look at it."""
    with Site(tmp_path_factory.mktemp("first") / "data") as running:
        yield running


@pytest.fixture
def prepared(site: Site, tmp_path: Path) -> Path:
    """A data folder whose tables and static files are there already, so that a start is quick."""
    copy = tmp_path / "data"
    copy.mkdir(mode=0o700)
    for name in ("podium.sqlite3", "podium.sqlite3-wal", "static", "secret_key"):
        source = site.data / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        elif source.exists():
            shutil.copy(source, copy / name)
    return copy


def test_it_prints_its_address_once_it_answers_there(site: Site) -> None:
    address = site.wait_for(r"http://localhost:\d+")
    assert address == f"http://localhost:{site.port}"
    assert site.answer("/health/") == 200


def test_an_empty_site_prints_a_link_that_makes_one_its_owner(site: Site) -> None:
    link = site.wait_for(r"owner, within a day: http://\S+").rpartition(" ")[2]
    assert site.answer(link.removeprefix(f"http://localhost:{site.port}")) == 200


def test_its_data_is_its_owners_alone(site: Site) -> None:
    assert site.data.stat().st_mode & 0o077 == 0
    assert (site.data / "secret_key").stat().st_mode & 0o077 == 0


def test_a_second_start_on_the_same_data_says_so_and_ends(site: Site) -> None:
    second = manage("up", "--port", str(free_port()), data=site.data)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already running on {site.data} (http://localhost:{site.port})" in second.stderr
    assert re.search(r"PODIUM_DATA_DIR=\S+ python3 manage.py up --port \d+", second.stderr)


def test_doctor_sees_the_running_worker_and_beat(site: Site) -> None:
    report = manage("doctor", data=site.data)
    assert report.returncode == 0, report.stdout
    assert re.search(r"✓ ok +Worker +running on", report.stdout)
    assert re.search(r"✓ ok +Coder +running on", report.stdout)
    assert re.search(r"✓ ok +Beat +running on", report.stdout)
    assert re.search(r"✓ ok +Queue “code” +0 waiting, 0 running, \d+ at once", report.stdout)


def test_links_of_other_commands_name_the_address_that_it_runs_at(site: Site) -> None:
    made = manage("owner", "create", "grace@example.org", data=site.data)
    assert made.stdout.startswith(f"http://localhost:{site.port}/")


def test_a_program_that_dies_is_started_again_and_said_so(site: Site) -> None:
    worker = site.child("worker@")
    worker.kill()
    site.wait_for(r"worker ended \(by SIGKILL\)\. Starting it again in \d+ s\. Its log: \S+worker\.log")
    deadline = time.monotonic() + 120
    while not (again := site.children_with("worker@")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert again[0].pid != worker.pid


def test_a_web_server_that_dies_loses_no_visitor(site: Site) -> None:
    site.child("gunicorn").kill()
    assert site.answer("/health/") == 200  # the address stays taken: a visitor waits instead of being refused
    site.wait_for(r"web ended \(by SIGKILL\)")


def test_ctrl_c_ends_all_of_them_and_leaves_no_process(prepared: Path) -> None:
    with Site(prepared) as site:
        family = site.family()
        programs = ("gunicorn", "worker@", "coder@", "beat")
        assert {name for one in family for name in programs if name in " ".join(one.cmdline())} == set(programs)
        assert site.stop(signal.SIGINT) == 0
        assert left_after(family, seconds=1) == []
        assert "Stopped. Everything is kept in" in site.text


def test_a_parent_that_is_killed_leaves_no_process(prepared: Path) -> None:
    with Site(prepared) as site:
        family = site.family()
        site.stop(signal.SIGKILL)
        assert left_after(family, seconds=60) == []


def test_started_again_it_goes_on_with_what_is_there(prepared: Path) -> None:
    manage("owner", "create", "grace@example.org", data=prepared)
    before = (prepared / "secret_key").read_text()
    with Site(prepared) as site:
        assert "Making the tables" not in site.text
        assert "Preparing the static files" not in site.text
        assert site.stop(signal.SIGTERM) == 0
    assert (prepared / "secret_key").read_text() == before


def test_a_port_in_use_names_the_command_with_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = manage("up", "--port", str(port), data=tmp_path / "data")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"Port {port} is in use." in refused.stderr
    assert re.search(r"python3 manage.py up --port \d+\n$", refused.stderr)


def test_an_address_that_this_machine_has_not_names_one_that_it_has(tmp_path: Path) -> None:
    refused = manage("up", "--bind", "203.0.113.7", data=tmp_path / "data")
    assert refused.returncode == 1
    assert refused.stderr == (
        "This machine has no address 203.0.113.7. Start Podium on one that it has:"
        " python3 manage.py up --bind 127.0.0.1 --port 8000\n"
    )


@pytest.mark.parametrize("command", ["up", "doctor", "migrate"])
def test_a_data_folder_that_cannot_be_written_names_the_command_with_another(command: str, tmp_path: Path) -> None:
    in_the_way = tmp_path / "data"
    in_the_way.write_text("a file")
    refused = manage(command, data=in_the_way)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Podium keeps its data in {in_the_way}, and that is a file, not a folder."
        f" Choose another folder: PODIUM_DATA_DIR=~/podium-data python3 manage.py {command}\n"
    )


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    refused = manage(
        "up", "--port", str(free_port()), data=tmp_path / "data", DATABASE_URL="postgres://nobody@127.0.0.1:1/none"
    )
    assert refused.returncode == 1
    assert "The database does not answer" in refused.stderr.splitlines()[-1]
    assert refused.stderr.endswith("See what is missing: python3 manage.py doctor\n")
