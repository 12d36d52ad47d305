"""Where the client goes and as whom: from the environment, else from a file that its owner alone may read."""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from podium.client.troubles import Trouble

DEFAULT_URL = "http://localhost:8000"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Login:
    """A site, and the token to use there (empty: none)."""

    url: str
    token: str

    @property
    def tokens_page(self) -> str:
        """Where a person makes a token."""
        return f"{self.url}/settings/tokens/"

    @property
    def is_open_to_listeners(self) -> bool:
        """Whether the token travels unencrypted over a network."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in LOOPBACK


def login_file() -> Path:
    """Return where the login is kept: the platform's folder for settings."""
    return Path(click.get_app_dir("podium")) / "login.json"


def current_login(*, url: str = "") -> Login:
    """Return the login that holds: `PODIUM_URL` and `PODIUM_TOKEN` before the file. A token kept for one site is never
    sent to another."""
    kept = _kept()
    wanted = clean_url(url or os.environ.get("PODIUM_URL", "") or kept.url)
    token = os.environ.get("PODIUM_TOKEN", "").strip()
    return Login(wanted, token or (kept.token if kept.url == wanted else ""))


def keep(login: Login) -> Path:
    """Keep a login, in a file that nobody else may read from its first byte on."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": login.url, "token": login.token}, file)
    Path(temporary).replace(path)
    return path


def forget() -> bool:
    """Forget the login; tell whether there was one."""
    with suppress(FileNotFoundError):
        login_file().unlink()
        return True
    return False


def clean_url(text: str) -> str:
    """Return the address of a site as it is kept: with its scheme, without a slash at the end."""
    text = text.strip()
    if "://" not in text:
        host = text.split("/", 1)[0].rsplit(":", 1)[0].strip("[]")
        text = f"{'http' if host in LOOPBACK else 'https'}://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise Trouble("bad_url", f"“{text}” is no address of a site. Write it like https://podium.example.org.")
    return text.rstrip("/").removesuffix("/api/v1").rstrip("/")


def _kept() -> Login:
    try:
        kept = json.loads(login_file().read_text())
        return Login(str(kept["url"]), str(kept["token"]))
    except FileNotFoundError:
        return Login(DEFAULT_URL, "")
    except (OSError, ValueError, KeyError, TypeError):
        raise Trouble("bad_login_file", f"{login_file()} cannot be read. Run “podium login” again.") from None
