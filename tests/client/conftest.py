"""The client, run against a site that really answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # models need Django to be set up, which comes after this
    from tests.cast import Cast


@dataclass
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object that it printed."""
        assert self.out.count("\n") == 1
        assert self.err == ""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one's own: no login, an empty folder to work in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("PODIUM_URL", raising=False)
    monkeypatch.delenv("PODIUM_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def podium(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Call it with arguments: the command `podium` in this process, nobody at the terminal."""
    from podium.client.main import run

    def command(*arguments: str) -> Outcome:
        capsys.readouterr()
        status = run(arguments)
        return Outcome(status, *capsys.readouterr())

    return command


@pytest.fixture
def site(live_server: Any, cast: "Cast", monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A site with the cast; `sign_in(name)` puts a token of theirs into the environment."""
    from podium.accounts.services import token_create

    def sign_in(name: str, url: str = "") -> str:
        key = token_create(getattr(cast, name), name="client")[1]
        monkeypatch.setenv("PODIUM_URL", url or live_server.url)
        monkeypatch.setenv("PODIUM_TOKEN", key)
        return key

    return SimpleNamespace(url=live_server.url, cast=cast, sign_in=sign_in)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> None:
    """No pause takes time; where the client waits for a score, a worker does its work."""
    import time

    from podium.client import downloads, uploads

    monkeypatch.setattr(uploads, "time", SimpleNamespace(sleep=lambda _: work(), monotonic=time.monotonic))
    monkeypatch.setattr(downloads, "time", SimpleNamespace(sleep=lambda _: None))
