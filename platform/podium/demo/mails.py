"""The mails that the demo would have sent: Django's file backend writes each message into the folder MAIL_DIR."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

RULE = b"-" * 79  # what the file backend writes after each message
MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, as far as a person reads it."""

    subject: str
    to: str
    at: datetime
    text: str


def latest(most: int = 50) -> list[Mail]:
    """Return the newest mails first."""
    folder = Path(settings.MAIL_DIR)
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True) if folder.is_dir() else []
    mails = [mail for path in files[:MOST_FILES] for mail in _in_file(path)]
    return sorted(mails, key=lambda mail: mail.at, reverse=True)[:most]


def _in_file(path: Path) -> Iterator[Mail]:
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_current_timezone())
    for part in reversed(path.read_bytes().split(RULE)):  # of one second: the later first
        if part.strip():
            yield _read(message_from_bytes(part.lstrip(), policy=policy.default), written=written)


def _read(message: "EmailMessage[Any, Any]", *, written: datetime) -> Mail:
    body = message.get_body(("plain",))
    sent = message["Date"].datetime.replace(tzinfo=UTC) if message["Date"] else None  # Django writes UTC, as “-0000”
    return Mail(
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        at=sent or written,
        text=str(body.get_content()).strip() if body else "",
    )
