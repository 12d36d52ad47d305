"""What this installation has and what it lacks: one finding a line, each with the one command to mend it.

`ok` needs nothing. `warn` works, with a reason to look. `missing` stops something that a site needs.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from celery.exceptions import CeleryError
from django.conf import settings
from django.core.cache import cache
from django.core.checks import Error
from django.db import connection
from django.db.utils import DatabaseError
from kombu.exceptions import OperationalError as BrokerError
from packaging.requirements import Requirement
from redis.exceptions import RedisError

from podium.config.celery import app
from podium.config.env import PROJECT_ROOT
from podium.core import hardening, heartbeats, isolation, machine, room
from podium.core.checks import production_mistakes
from podium.core.preparing import command_line, reach_database, waiting_migrations
from scoring.environments import listed
from scoring.errors import HostError
from scoring.sandbox.backend import DEFAULT

OK, WARN, MISSING = "ok", "warn", "missing"
OLDEST_PYTHON = (3, 11)
LITTLE_SPACE, TOO_LITTLE_SPACE = 5 * 2**30, 2**28


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    state: str
    text: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the line for programs."""
        return asdict(self)


def python() -> Iterator[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("Python", OK, f"{version}, {sys.executable}")
    else:
        yield Finding("Python", MISSING, f"{version} is older than 3.11", "sudo apt install python3.11 python3.11-venv")


def packages() -> Iterator[Finding]:
    """The packages: those that are needed, and whether they are the tested ones."""
    mend = "rm -r .venv && " + command_line("doctor")
    wrong = list(_unfit_packages())
    other = _differing_packages()
    if wrong:
        yield Finding("Packages", MISSING, "not as pyproject.toml asks: " + ", ".join(wrong), mend)
    elif other:
        text = f"{len(other)} not in the tested version: {', '.join(other[:5])}{' …' if len(other) > 5 else ''}"
        yield Finding("Packages", WARN, text, mend)
    else:
        yield Finding("Packages", OK, "all there, in the tested versions")


def _unfit_packages() -> Iterator[str]:
    for text in metadata.requires("podium") or () if _is_installed("podium") else ():
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not _is_installed(requirement.name):
            yield requirement.name
        elif not requirement.specifier.contains(metadata.version(requirement.name), prereleases=True):
            yield f"{requirement.name} {metadata.version(requirement.name)}"


def _differing_packages() -> list[str]:
    listed = PROJECT_ROOT / ".ci" / "constraints.txt"
    lines = listed.read_text().splitlines() if listed.exists() else []
    pins = [Requirement(line) for line in lines if re.match(r"\w", line)]
    return [
        f"{pin.name} {metadata.version(pin.name)}"
        for pin in pins
        if (not pin.marker or pin.marker.evaluate())
        and _is_installed(pin.name)
        and not pin.specifier.contains(metadata.version(pin.name), prereleases=True)
    ]


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def data_folder() -> Iterator[Finding]:
    """Where everything is kept: private, with room left."""
    folder = Path(settings.DATA_DIR)
    if folder.stat().st_mode & 0o077:
        yield Finding(
            "Data folder", WARN, f"{folder} can be read by other users of this machine", f"chmod 700 {folder}"
        )
    else:
        yield Finding("Data folder", OK, f"{folder}, readable by you alone")
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GB free"
    if free < TOO_LITTLE_SPACE:
        yield Finding("Disk", MISSING, text, f"du -sh {folder}/*")
    else:
        yield Finding(
            "Disk", WARN if free < LITTLE_SPACE else OK, text, f"du -sh {folder}/*" if free < LITTLE_SPACE else ""
        )


def database() -> Iterator[Finding]:
    """The database: reached, and with this version's tables."""
    kind = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    try:
        reach_database()
        version = ".".join(map(str, connection.get_database_version()))
        waiting = waiting_migrations()
    except DatabaseError as error:
        yield Finding("Database", MISSING, f"{kind} does not answer: {_first_line(error)}", "check DATABASE_URL")
        return
    yield Finding("Database", OK, f"{kind} {version}")
    if waiting:
        yield Finding("Tables", MISSING, f"{waiting} migrations are not applied", command_line("migrate"))
    else:
        yield Finding("Tables", OK, "as this version needs them")


def broker() -> Iterator[Finding]:
    """The queue between web and workers, and the cache that all processes share."""
    kind = "Redis" if settings.REDIS_URL else "a folder on this machine"
    try:
        with app.connection_for_write() as queue:
            queue.ensure_connection(max_retries=0, timeout=3)
        yield Finding("Queue", OK, kind)
    except (BrokerError, CeleryError, OSError) as error:
        yield Finding("Queue", MISSING, f"{kind} does not answer: {_first_line(error)}", "check REDIS_URL")
    try:
        cache.set("doctor", "was here", 5)
        found = cache.get("doctor") == "was here"
    except (RedisError, OSError):
        found = False
    if found:
        yield Finding("Cache", OK, kind)
    else:
        yield Finding("Cache", MISSING, f"{kind} does not keep what it is given", "check REDIS_URL")


def processes() -> Iterator[Finding]:
    """Workers and beat, by their signs of life."""
    for role, purpose in (
        ("worker", "submissions wait until one runs"),
        ("coder", "code that is sent in waits until one runs"),
        ("beat", "nothing is swept up or released on time"),
    ):
        machines = sorted(heartbeats.alive(role))
        if machines:
            yield Finding(role.capitalize(), OK, "running on " + ", ".join(machines))
        else:
            yield Finding(role.capitalize(), WARN, f"not running: {purpose}", command_line("up"))


def sandbox() -> Iterator[Finding]:
    """What the machine brings for other people's code, and for the tests."""
    for part, lacking in ((machine.BUBBLEWRAP, WARN), (machine.CHROMIUM, WARN)):
        found = part.find()
        if found:
            yield Finding(part.name, OK, f"{found}: {part.purpose}")
        else:
            yield Finding(part.name, lacking, f"not there; it {part.purpose}", machine.mend(part))


def isolated() -> Iterator[Finding]:
    """What isolation this machine offers to other people's code, canary by canary, and what that code runs in."""
    found = isolation.isolation()
    held = ", ".join(canary.name for canary in found.canaries if canary.held)
    if found.holds:
        whose = "users of their own" if found.user == "pool" else "this user"
        text = f"holds ({held}); {found.backend}, memory by {found.memory}, jobs run as {whose}"
        yield Finding("Isolation", OK, text)
        yield Finding("Room", OK, f"{room.shares()} at once: {room.cores()} cores, {room.memory_mb():,} MiB of memory")
    for canary in found.canaries:
        if not canary.held:
            yield Finding("Isolation", WARN, f"“{canary.name}” did not hold: {canary.seen}", canary.mend)
    yield from _environments()


def _environments() -> Iterator[Finding]:
    mend = command_line("environment", "build")
    try:
        found = listed(Path(settings.ENVIRONMENTS_DIR))
    except HostError as error:
        yield Finding("Environments", WARN, error.message, f"{mend} --again")
        return
    if not found:
        yield Finding("Environments", WARN, "none is built: phases that take code are closed", mend)
    for each in found:
        yield Finding("Environment", OK, f"“{each.name}”, Python {each.version}, {len(each.packages)} packages")


def hardened() -> Iterator[Finding]:
    """Whether uploads are read in a sandbox."""
    state = (MISSING if settings.HARDENED == hardening.ON else WARN) if hardening.fails() else OK
    mend = "sudo apt install bubblewrap && python -m scoring sandbox check"
    yield Finding("Hardened reading", state, hardening.summary(), mend if hardening.fails() else "")
    if isolation.backend() != DEFAULT and (why := hardening.why_not_read(hardening.isolation_here())):
        yield Finding("What code writes", WARN, f"phases that take code are closed. {why}", mend)


def address() -> Iterator[Finding]:
    """The address under which people know the site, and mail to reach them."""
    yield Finding("Address", OK, f"{settings.BASE_URL} (PODIUM_URL), answering to {', '.join(settings.ALLOWED_HOSTS)}")
    if settings.EMAIL_URL:
        yield Finding("Mail", OK, f"sent through {settings.EMAIL_HOST} as {settings.DEFAULT_FROM_EMAIL}")
    else:
        where = "shown by the demo" if settings.DEMO else "printed on the screen"
        mend = "set PODIUM_MAIL_URL=smtp+tls://USER:PASSWORD@SERVER:587"
        yield Finding("Mail", WARN, f"no mail server is named: mails are {where}", mend)


def production() -> Iterator[Finding]:
    """What the system checks have to say about the settings."""
    mistakes = production_mistakes()
    for found in mistakes:
        yield Finding(str(found.id), MISSING if isinstance(found, Error) else WARN, found.msg, found.hint or "")
    if not mistakes:
        yield Finding("Settings", OK, "nothing to object to")


LOOKS: list[Callable[[], Iterator[Finding]]] = [
    python,
    packages,
    data_folder,
    database,
    broker,
    processes,
    address,
    sandbox,
    isolated,
    hardened,
    production,
]


def examine() -> list[Finding]:
    """Look at everything."""
    return [finding for look in LOOKS for finding in look()]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
