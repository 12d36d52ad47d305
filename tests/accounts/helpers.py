"""What the tests of accounts share: reading mails, following links, drawing pictures."""

import io
import re
from urllib.parse import urlsplit

from django.core import mail
from django.test import Client
from PIL import Image

PASSWORD = "correct horse"


def link_in(text: str) -> str:
    """Return the path of the one link of a mail that leads anywhere but home."""
    links = [urlsplit(link).path for link in re.findall(r"https?://\S+", text)]
    (path,) = {path for path in links if path not in ("", "/")}
    return path


def last_mail() -> mail.EmailMessage:
    """Return the mail that was sent last."""
    return mail.outbox[-1]


def sign_up(client: Client, username: str = "ines", **data: str) -> None:
    """Fill in the form that creates an account."""
    form = {"email": f"{username}@example.org", "username": username, "password1": PASSWORD} | data
    answer = client.post("/accounts/signup/", form)
    assert answer.status_code == 302, answer.context["form"].errors


def sign_in(client: Client, login: str, password: str = PASSWORD, **data: str) -> int:
    """Fill in the form that signs in; return the status, which is 302 where it worked."""
    return client.post("/accounts/login/", {"login": login, "password": password} | data).status_code


def confirm(client: Client, password: str = PASSWORD) -> None:
    """Give the password once more, as changes to the account itself ask for."""
    client.post("/accounts/reauthenticate/", {"password": password})


def is_signed_in(client: Client) -> bool:
    """Tell whether a browser is signed in."""
    return client.get("/settings/").status_code == 200


def picture(size: tuple[int, int] = (640, 480), kind: str = "PNG", **options: object) -> io.BytesIO:
    """Return a picture as a file."""
    file = io.BytesIO()
    Image.new("RGB", size, "seagreen").save(file, kind, **options)
    file.seek(0)
    file.name = f"me.{kind.lower()}"
    return file
