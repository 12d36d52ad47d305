"""Where the client goes, and as whom."""

import io
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from podium.client.login import Login, clean_url, current_login, keep, login_file
from podium.client.troubles import Trouble

ROOT = Path(__file__).resolve().parents[2]


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_login_is_kept_where_only_its_owner_reads_it(site, podium, monkeypatch):
    key = site.sign_in("ada")
    monkeypatch.delenv("PODIUM_TOKEN")
    monkeypatch.delenv("PODIUM_URL")
    typed(monkeypatch, f"{key}\n")
    answer = podium("login", "--url", site.url, "--json")
    assert answer.json == {"url": site.url, "username": "ada", "name": "ada"}
    assert stat.S_IMODE(login_file().stat().st_mode) == 0o600
    assert current_login() == Login(site.url, key)
    assert podium("challenges", "--json").json["results"][0]["slug"] == "forest"
    assert key not in podium("challenges").out
    assert podium("logout", "--json").json == {"forgotten": True}
    assert podium("logout", "--json").json == {"forgotten": False}
    assert current_login().token == ""


def test_a_wrong_token_is_not_kept(site, podium, monkeypatch):
    typed(monkeypatch, "nonsense\n")
    answer = podium("login", "--url", site.url)
    assert answer.status == 1
    assert "/settings/tokens/" in answer.err
    assert not login_file().exists()


def test_without_a_token_it_says_where_to_make_one(site, podium, monkeypatch):
    monkeypatch.setenv("PODIUM_URL", site.url)
    answer = podium("submissions", "forest", "--json")
    assert answer.status == 1
    assert answer.json["error"]["code"] == "no_token"
    assert f"{site.url}/settings/tokens/" in answer.json["error"]["message"]
    typed(monkeypatch, "\n")
    assert podium("login").status == 1


def test_the_environment_holds_before_the_file(site, podium, monkeypatch):
    keep(Login(site.url, "nonsense"))
    site.sign_in("ben")
    typed(monkeypatch, "")
    assert podium("login", "--json").json["username"] == "ben"


def test_a_token_is_sent_to_no_other_site(monkeypatch):
    keep(Login("https://one.example", "secret"))
    monkeypatch.setenv("PODIUM_URL", "https://two.example")
    assert current_login() == Login("https://two.example", "")


def test_a_file_that_cannot_be_read(podium):
    keep(Login("https://one.example", "secret"))
    login_file().write_text("{")
    assert podium("challenges", "--json").json["error"]["code"] == "bad_login_file"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("podium.example.org/", "https://podium.example.org"),
        ("https://example.org/podium/api/v1/", "https://example.org/podium"),
        (" http://example.org ", "http://example.org"),
    ],
)
def test_addresses_as_people_write_them(typed, kept):
    assert clean_url(typed) == kept


@pytest.mark.parametrize("typed", ["", "ftp://example.org", "https://", "https://me:secret@example.org", "http://a?b"])
def test_addresses_that_are_none(typed):
    with pytest.raises(Trouble):
        clean_url(typed)


def test_a_site_that_is_away(podium, monkeypatch):
    monkeypatch.setenv("PODIUM_URL", "http://127.0.0.1:9")
    answer = podium("challenges", "--json")
    assert answer.status == 1
    assert answer.json["error"]["code"] == "unreachable"


def test_an_address_where_no_podium_is(site, podium, monkeypatch):
    monkeypatch.setenv("PODIUM_URL", f"{site.url}/health")
    error = podium("challenges", "--json").json["error"]
    assert error["code"] == "no_podium"
    assert "Check the address" in error["message"]


@pytest.mark.parametrize("arguments", [["--help"], ["submit", "-h"], ["--version"]])
def test_help_comes_without_anything_heavy(arguments):
    heavy = ["django", "rest_framework", "httpx", "rich", "numpy", "asyncio"]
    code = (
        "import sys; from podium.client.main import run; "
        f"status = run({arguments!r}); print(status, [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=path())
    assert done.stdout.splitlines()[-1] == "0 []"


def test_it_runs_as_a_module_and_knows_nothing_of_django():
    names = [path.stem for path in (ROOT / "platform/podium/client").glob("*.py") if path.stem != "__main__"]
    code = f"import sys, importlib; [importlib.import_module('podium.client.' + name) for name in {names!r}]; "
    done = subprocess.run([sys.executable, "-c", f"{code}assert 'django' not in sys.modules"], check=False, env=path())
    assert done.returncode == 0
    done = subprocess.run(
        [sys.executable, "-m", "podium.client", "--help"], check=True, capture_output=True, text=True, env=path()
    )
    assert "podium login" in done.stdout


def path():
    return {"PYTHONPATH": str(ROOT / "platform"), "PATH": "/usr/bin"}


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["submit", "forest", "nothing.csv"], ["challenges", "--state", "x"]]
)
def test_a_command_that_is_misspelt(podium, arguments):
    answer = podium(*arguments, "--json")
    assert answer.status == 1
    assert answer.json["error"]["code"] == "usage"
    assert podium(*arguments).out == ""
