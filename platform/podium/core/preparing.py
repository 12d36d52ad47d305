"""What must stand before the site serves: its folder held, its address taken, tables and static files in place."""

import contextlib
import errno
import hashlib
import io
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import ConnectionHandler, OperationalError
from filelock import FileLock, Timeout

from podium.core.console import say


def command_line(*words: str) -> str:
    """Return how a person types a command of this site, quoted."""
    return shlex.join(["python3", "manage.py", *words])


def this_command() -> str:
    """Return up or demo: what the person started."""
    return next((word for word in sys.argv[1:2] if word in {"up", "demo"}), "up")


@contextlib.contextmanager
def sole_use_of_data_folder() -> Iterator[None]:
    """Hold the data folder while the site runs; end with one sentence where another start holds it."""
    lock = FileLock(settings.DATA_DIR / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        at = _address_file().read_text().strip() if _address_file().exists() else "just starting"
        other = command_line(this_command(), "--port", str(free_port(8001)))
        raise SystemExit(
            f"Podium is already running on {settings.DATA_DIR} ({at}). Use that one, or start a second one"
            f" on another folder: PODIUM_DATA_DIR=~/podium-2 {other}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _address_file() -> Path:
    return Path(settings.DATA_DIR) / "address"


def note_address(url: str) -> None:
    """Keep the address for other commands, which print links (see `podium.bootstrap.settle_address`)."""
    _address_file().write_text(url + "\n")


def bound_socket(*, bind: str, port: int) -> socket.socket:
    """Take the address before the work begins, without answering there yet: that is for the web server."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((bind.strip("[]"), port))
        taken.set_inheritable(True)
    except OSError as error:
        taken.close()
        raise SystemExit(_why_not(error, bind=bind, port=port)) from None
    return taken


def _why_not(error: OSError, *, bind: str, port: int) -> str:
    words = [this_command(), "--port"]
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Start Podium on another one: {command_line(*words, str(free_port(port + 1)))}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Port {port} is kept for the system. Start Podium on another one: {command_line(*words, '8000')}"
    mend = command_line(this_command(), "--bind", "127.0.0.1", "--port", str(port))
    return f"This machine has no address {bind}. Start Podium on one that it has: {mend}"


def free_port(first: int) -> int:
    """Return the first port from `first` on that nobody uses."""
    for port in range(first, 65_536):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return 0


def reach_database() -> None:
    """Connect once, past the pool, which would try for half a minute. Raises `OperationalError` without an answer."""
    options = {"connect_timeout": 5} if connection.vendor == "postgresql" else settings.DATABASES["default"]["OPTIONS"]
    once = ConnectionHandler({"default": {**settings.DATABASES["default"], "OPTIONS": options}})["default"]
    once.ensure_connection()
    once.close()


def make_tables() -> None:
    """Bring the database to this version's tables."""
    try:
        reach_database()
        waiting = waiting_migrations()
    except OperationalError as error:
        why = str(error).splitlines()[0]
        raise SystemExit(
            f"The database does not answer ({why}). See what is missing: {command_line('doctor')}"
        ) from None
    if waiting:
        say(f"Making the tables ({waiting} steps) …")
        call_command("migrate", interactive=False, verbosity=0)


def waiting_migrations() -> int:
    """Return how many migrations this version has that the database has not."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static_files() -> None:
    """Gather, compress and name the static files by their content; nothing to do where none has changed."""
    stamp = Path(settings.STATIC_ROOT) / ".fingerprint"
    now = _static_fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    say("Preparing the static files …")
    call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
    stamp.write_text(now)


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(["CVS", ".*", "*~"]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def make_folders() -> None:
    """Make the folders that programs expect to find."""
    for folder in (settings.QUEUE_DIR / "messages", settings.QUEUE_DIR / "control", settings.DATA_DIR / "logs"):
        folder.mkdir(parents=True, exist_ok=True)


def prepare() -> None:
    """Make folders, tables and static files, one process at a time: several web containers may start at once."""
    with FileLock(settings.DATA_DIR / "prepare.lock"):
        make_folders()
        make_tables()
        collect_static_files()
