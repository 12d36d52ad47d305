"""The REST API as the client's commands use it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from podium import __version__
from podium.client.login import Login
from podium.client.troubles import Trouble

PATIENCE = httpx.Timeout(30, connect=10)
LONGEST_PAUSE = 60  # seconds that a “come back later” is waited for

Json = dict[str, Any]


class Api:
    """A connection to a site. Use it in a `with` statement."""

    def __init__(self, login: Login) -> None:
        self.login = login
        headers = {"User-Agent": f"podium/{__version__}", "Accept": "application/json"}
        if login.token:
            headers["Authorization"] = f"Bearer {login.token}"
        try:
            self.http = httpx.Client(headers=headers, timeout=PATIENCE, base_url=f"{login.url}/api/v1/")
        except (httpx.InvalidURL, ValueError):  # a token that no header can hold, an address that is none
            raise Trouble("bad_login", "The address or the token holds odd characters. Run “podium login”.") from None

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Json:
        """Ask, and ask once more when told to come back in a little while."""
        asked = {key: value for key, value in query.items() if value not in (None, "")}
        answer = self.ask("GET", path, params=asked)
        if answer.status_code == 429 and (pause := pause_of(answer)) <= LONGEST_PAUSE:
            time.sleep(pause)
            answer = self.ask("GET", path, params=asked)
        return self.read(answer)

    def post(self, path: str, body: Json) -> Json:
        """Send JSON."""
        return self.read(self.ask("POST", path, json=body))

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        """Yield the pages of a list. `next` is followed for its question alone: a site behind a proxy may not know its
        own address, and the token goes to no other."""
        page = self.get(path, **query)
        yield page
        while page.get("next"):
            page = self.get(path, **dict(httpx.URL(page["next"]).params))
            yield page

    def everything(self, path: str, **query: Any) -> list[Json]:
        """Return the results of all pages."""
        return [result for page in self.pages(path, page_size=200, **query) for result in page["results"]]

    def ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        """Ask; `Trouble` where no answer comes."""
        with self.kindly():
            return self.http.request(method, path, **rest)

    @contextmanager
    def kindly(self) -> Iterator[None]:
        """Say what is wrong with the connection in words."""
        try:
            yield
        except httpx.TimeoutException:
            raise Trouble("timeout", f"{self.login.url} takes too long to answer. Try again in a while.") from None
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise Trouble("bad_url", f"“{self.login.url}” is no address. Run “podium login --url …”.") from None
        except httpx.TransportError as error:
            message = f"No answer from {self.login.url}. Is the address right, and is the site up? ({error})"
            raise Trouble("unreachable", message) from None

    def read(self, answer: httpx.Response) -> Json:
        """Return the JSON of an answer; `Trouble` with the site's own words where it says no."""
        self.check(answer)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._no_podium(answer)
        return found

    def check(self, answer: httpx.Response) -> None:
        """Raise `Trouble` unless the answer is a good one."""
        if answer.is_success:
            return
        if answer.has_redirect_location:
            place = answer.headers["Location"]
            raise Trouble("moved", f"{self.login.url} points to {place}. Run “podium login --url” with that site.")
        if answer.status_code == 401:
            raise self._no_entry()
        try:
            error = answer.json()["error"]
            raise Trouble(str(error["code"]), str(error["message"]), field=str(error.get("field", "")))
        except (ValueError, KeyError, TypeError):
            raise self._no_podium(answer) from None

    def _no_podium(self, answer: httpx.Response) -> Trouble:
        if answer.status_code >= 500:
            message = f"{self.login.url} has a trouble of its own ({answer.status_code}). Try again in a while."
            return Trouble("unavailable", message)
        message = f"There is no Podium at {self.login.url} (it answered {answer.status_code}). Check the address."
        return Trouble("no_podium", message)

    def _no_entry(self) -> Trouble:
        page = self.login.tokens_page
        if not self.login.token:
            return Trouble("no_token", f"Log in first: make a token at {page}, then run “podium login”.")
        return Trouble("bad_token", f"The token is unknown or revoked. Make one at {page}, then run “podium login”.")


def address(*parts: str | int) -> str:
    """Return a path of the API, each part quoted: `address("challenges", slug, "files")` → `challenges/…/files`."""
    return "/".join(quote(str(part), safe="") for part in parts)


def pause_of(answer: httpx.Response) -> float:
    """Return the seconds after which an answer says to come back; a second where it says nothing."""
    text = answer.headers.get("Retry-After", "1")
    try:
        return max(float(text), 0.1)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.1)
    except (TypeError, ValueError):
        return 1.0
