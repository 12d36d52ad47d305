"""Django system checks: what is wrong in production settings, each with an id and what to do.

`manage.py check --deploy` prints them, and so does `manage.py doctor`.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks
from django.db import connection

from podium.bootstrap import is_loopback

OWN = "podium"  # the tag of these checks: `manage.py check --deploy --tag podium`
SHORTEST_SECRET = 40


def is_public() -> bool:
    """Is this site for more people than the one at this machine? Its own address says so."""
    return not is_loopback(urlsplit(settings.BASE_URL).hostname or "")


@register(OWN, deploy=True)
def debug_is_off_in_public(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """With DEBUG on, an error page shows settings and source to whoever caused it."""
    if not (settings.DEBUG and is_public()):
        return []
    message = "PODIUM_DEBUG is on at a public address: error pages would show source and settings to anybody."
    return [Error(message, hint="Unset PODIUM_DEBUG.", id="podium.E001")]


@register(OWN, deploy=True)
def secret_key_is_long(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Sessions and one-time links are signed with it."""
    if len(settings.SECRET_KEY) >= SHORTEST_SECRET:
        return []
    hint = f"Unset PODIUM_SECRET_KEY and one is made, or give it {SHORTEST_SECRET} random characters or more."
    return [Error("The secret key is short enough to be guessed.", hint=hint, id="podium.E002")]


@register(OWN, deploy=True)
def any_host_is_not_allowed(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """A wildcard lets a forged Host header into the links of mails."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "List the names under which people reach the site, separated by commas."
    return [Error("PODIUM_ALLOWED_HOSTS allows any name.", hint=hint, id="podium.E003")]


@register(OWN, deploy=True)
def public_address_is_https(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Passwords travel over it."""
    if not is_public() or settings.BEHIND_TLS:
        return []
    hint = "Put a proxy with a certificate in front, then set PODIUM_URL=https://… and PODIUM_BEHIND_PROXY=true."
    return [
        Warning(f"{settings.BASE_URL} is not encrypted: passwords can be read on the way.", hint=hint, id="podium.W001")
    ]


@register(OWN, deploy=True)
def mail_can_be_sent(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """Without mail nobody can verify an address or reset a password."""
    if settings.EMAIL_URL or not is_public():
        return []
    hint = "Set PODIUM_MAIL_URL=smtp+tls://USER:PASSWORD@SERVER:587 and PODIUM_MAIL_FROM."
    return [Warning("No mail server is named: sign-up and password reset reach nobody.", hint=hint, id="podium.W002")]


@register(OWN, deploy=True)
def demo_is_not_public(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """The demo's mails and log-ins are for one machine."""
    if not (settings.DEMO and is_public()):
        return []
    hint = "Use `manage.py up` with an own PODIUM_DATA_DIR for real use."
    return [
        Warning(
            "The demo runs at a public address; its people are invented, its log-ins printed.",
            hint=hint,
            id="podium.W003",
        )
    ]


@register(OWN, deploy=True)
def public_site_has_redis_with_postgresql(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """PostgreSQL says that several machines are meant; a queue in a folder is for one."""
    if settings.REDIS_URL or connection.vendor == "sqlite":
        return []
    hint = "Set REDIS_URL=redis://SERVER:6379/0, unless everything runs on one machine."
    return [Warning("PostgreSQL is used with a queue and a cache in folders.", hint=hint, id="podium.W004")]


@register(OWN, deploy=True)
def uploads_are_read_in_a_sandbox(app_configs: Any, **_: Any) -> Sequence[CheckMessage]:
    """A reader of tables is a large program, and strangers' files are what it is given."""
    if settings.HARDENED != "off" or not is_public():
        return []
    hint = "Unset PODIUM_HARDENED: uploads are then read in a sandbox, where one works."
    return [Warning("Strangers' files are read beside the labels.", hint=hint, id="podium.W005")]


def production_mistakes() -> list[CheckMessage]:
    """Return what all of these have to object to."""
    return run_checks(tags=[OWN], include_deployment_checks=True)
