"""The hardened mode: whether uploads are read in a sandbox, which holds no label, before they meet a reference.

PODIUM_HARDENED is `auto`, `on` or `off`. With `auto` it is on where a sandbox works and the site is there for more than
the one person at this machine; with `on` and no sandbox nothing is taken, for a file that is not read in a sandbox is
then not to be read at all. What a worker found when it started counts for every process of the site; where none has
said anything, the process looks at its own machine.

Files are read by our own Python, which bubblewrap shows to a job: so it is bubblewrap that has to work, also on a site
whose other sandboxes are containers.
"""

import functools
import time

from django.conf import settings
from django.core.cache import cache

from podium.core import isolation
from podium.core.checks import is_public
from scoring.sandbox.backend import DEFAULT, sandbox_here
from scoring.sandbox.jobs import Isolation

KEY = "hardening-sandbox-holds"
SHORTLY_S = 60
RETRY_S = 600
AUTO, ON, OFF = "auto", "on", "off"
SHUT = (
    "This site reads every file in a sandbox, and none works at present. Nothing is lost: send it when the operators "
    "have mended it."
)


def isolation_here() -> Isolation:
    """Return what isolation this machine offers to what reads uploads."""
    return isolation.isolation() if isolation.backend() == DEFAULT else _beside(int(time.time() // RETRY_S))


@functools.lru_cache(maxsize=1)
def _beside(period: int) -> Isolation:
    return sandbox_here(DEFAULT).probe()


def announce() -> None:
    """Tell the other processes of the site what a worker's machine offers."""
    cache.set(KEY, isolation_here().holds, None)


def is_asked() -> bool:
    """Return whether uploads are to be read in a sandbox, where there is one."""
    return settings.HARDENED == ON or (settings.HARDENED == AUTO and is_public())


def is_on_here() -> bool:
    """Return whether this process, a worker's, reads uploads in a sandbox. With `on` it must, whether it can or not."""
    return settings.HARDENED == ON or (is_asked() and isolation_here().holds)


def is_shut() -> bool:
    """Return whether nothing can be taken, for want of a sandbox."""
    return settings.HARDENED == ON and not _holds()


def _holds() -> bool:
    known = cache.get(KEY)
    if known is None:
        known = isolation_here().holds
        cache.set(KEY, known, SHORTLY_S)
    return bool(known)


def summary() -> str:
    """Return in words whether uploads are read in a sandbox, and why or why not."""
    if settings.HARDENED == OFF:
        return "off, as PODIUM_HARDENED says: files are read beside the labels"
    if not is_asked():
        return "off, for the site is there for this machine alone (PODIUM_HARDENED=auto)"
    if isolation_here().holds:
        return "on: uploads are read in a sandbox without labels"
    return f"no sandbox works here: {', '.join(lacking())}"


def lacking() -> list[str]:
    """Return the canaries that isolation here does not hold."""
    return [canary.name for canary in isolation_here().canaries if not canary.held] or ["bubblewrap is not there"]


def fails() -> bool:
    """Return whether it is asked for and cannot be had."""
    return is_asked() and not isolation_here().holds
