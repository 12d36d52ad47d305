"""The passwords of the demo's three people: made at the first start, kept in the data folder for its owner alone."""

import json
import os
import secrets
from pathlib import Path

from django.conf import settings

from podium.accounts.models import User
from podium.demo.people import ADA, GRACE, ROOT

PURPOSE = {ADA: "takes part and leads a team", GRACE: "hosts", ROOT: "operates the site"}


def logins_file() -> Path:
    """Return where the passwords are kept."""
    return Path(settings.DATA_DIR) / "demo-logins.json"


def passwords() -> dict[str, str]:
    """Return the passwords by user name; make them where there are none yet."""
    try:
        kept: dict[str, str] = json.loads(logins_file().read_text())
        return kept
    except (FileNotFoundError, json.JSONDecodeError):
        return _make()


def _make() -> dict[str, str]:
    made = {name: secrets.token_urlsafe(9) for name in PURPOSE}
    fresh = logins_file().with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file)
    fresh.replace(logins_file())
    for name, password in made.items():
        for user in User.objects.filter(username=name):
            user.set_password(password)
            user.save(update_fields=["password"])
    return made


def lines() -> list[str]:
    """Return what is printed of them. A password that was changed on the site is not printed: it is not known."""
    known = passwords()
    people = {user.username: user for user in User.objects.filter(username__in=known)}
    return [_line(name, password, people.get(name)) for name, password in known.items()]


def _line(name: str, password: str, user: User | None) -> str:
    if user is None:
        return f"{name:<6} has no account any more"
    shown = password if user.check_password(password) else "(changed since)"
    return f"{name:<6} {shown:<16} {PURPOSE[name]}"
