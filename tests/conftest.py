"""Ground for every test: a data folder of its own, quick passwords, the cast.

The database is SQLite unless DATABASE_URL names another; `manage.py test` starts real servers and sets it.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DATA = Path(tempfile.mkdtemp(prefix="podium-tests-"))
for folder in ("static", "queue/messages", "queue/control"):
    (DATA / folder).mkdir(parents=True)
os.environ["PODIUM_DATA_DIR"] = str(DATA)
os.environ["PODIUM_LOG_LEVEL"] = "WARNING"
os.environ["PODIUM_WARM"] = "0"  # imports for jobs that no test sends would take the CPU from those that come
if "REDIS_URL" in os.environ:  # a part of the one Redis for each parallel worker, which empties it after every test
    part = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].rpartition("/")[0] + f"/{part}"
os.environ["DJANGO_SETTINGS_MODULE"] = "podium.config.settings"


def pytest_configure() -> None:
    """Make passwords quick and static files plain: neither is what these tests are about."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith(
        "sqlite3"
    ):  # in a file, for in memory its threads do not wait for each other's locks
        database.setdefault("TEST", {})["NAME"] = DATA / "test.sqlite3"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker have a folder of its own: were the settings named in what it inherits, it would read them before
    this file, with our folder, and all would share one cache and one store of files."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.fixture
def cast(db: None) -> "Cast":
    """The people and their two challenges: see tests/cast.py."""
    from tests.cast import Cast, assemble

    cast: Cast = assemble()
    return cast


@pytest.fixture
def work() -> Callable[[], None]:
    """Call it to do what a worker would do now: everything that waits."""
    from podium.submissions.tasks import drain

    return drain


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    """Rate limits of one test do not reach the next."""
    yield
    from django.core.cache import cache

    cache.clear()


if False:  # for type checkers: importing the cast imports models, which need Django to be set up
    from tests.cast import Cast
