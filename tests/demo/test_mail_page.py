"""The page of the mails that the demo would have sent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage, get_connection
from django.test import Client

PATH = "/demo/mail/"


@pytest.fixture
def mails(settings: Any, tmp_path: Path) -> Path:
    """Let the site be the demo, with a folder of mails."""
    settings.DEMO, settings.MAIL_DIR = True, tmp_path / "mail"
    return settings.MAIL_DIR  # type: ignore[no-any-return]


def send(folder: Path, subject: str, text: str = "Open https://podium.example/x/ now.", second: int = 0) -> None:
    """Have Django's file backend keep a mail."""
    with time_machine.travel(datetime(2026, 12, 1, 12, 0, second, tzinfo=UTC), tick=False):
        backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(folder))
        EmailMessage(subject, text, "podium@localhost", ["ines@example.org"], connection=backend).send()


def test_mails_stand_there_newest_first_with_links_to_click(mails: Path) -> None:
    send(mails, "The first", second=1)
    send(mails, "The second – with a dash", text="Größe <b>x</b>\n\nhttps://podium.example/y/", second=2)
    page = Client().get(PATH).text
    assert page.index("The second – with a dash") < page.index("The first")
    assert '<a href="https://podium.example/x/"' in page
    assert "ines@example.org" in page
    assert "Größe &lt;b&gt;x&lt;/b&gt;" in page


def test_several_mails_of_one_file_are_told_apart(mails: Path) -> None:
    with get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(mails)) as backend:
        for subject in ("One", "Two"):
            EmailMessage(subject, "Text.", "podium@localhost", ["a@example.org"], connection=backend).send()
    page = Client().get(PATH).text
    assert page.index(">Two<") < page.index(">One<")


def test_an_empty_page_says_what_to_do(mails: Path) -> None:
    assert "No mail yet" in Client().get(PATH).text


def test_only_the_demo_shows_mails(mails: Path, settings: Any) -> None:
    settings.DEMO = False
    assert Client().get(PATH).status_code == 404


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_who_sits_at_the_machine_sees_them(mails: Path, address: str) -> None:
    assert Client().get(PATH, REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "", "unix:"])
def test_nobody_else_does(mails: Path, address: str) -> None:
    send(mails, "Secret")
    answer = Client().get(PATH, REMOTE_ADDR=address)
    assert answer.status_code == 404
    assert "Secret" not in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host"])
def test_nobody_comes_through_a_proxy_on_the_machine_whatever_it_says(mails: Path, header: str) -> None:
    assert Client().get(PATH, REMOTE_ADDR="127.0.0.1", headers={header: "127.0.0.1"}).status_code == 404
    assert Client().get(PATH, REMOTE_ADDR="192.0.2.7", headers={header: "127.0.0.1"}).status_code == 404
