"""A site that a test starts as a person does: `manage.py up`, in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import psutil

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180  # on a machine that does ten other things; seconds on an idle one
STOP_SECONDS = 60


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person who has set nothing but the data folder."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PODIUM_", "DJANGO_", "DATABASE_", "REDIS_", "PYTEST"))
    }
    return {**kept, "PODIUM_DATA_DIR": str(data), "PODIUM_WORKERS": "1", "PODIUM_WEB_WORKERS": "1", **more}


def manage(*words: str, data: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end."""
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(
        command, env=environment(data, **more), capture_output=True, text=True, timeout=START_SECONDS, check=False
    )


class Site:
    """A running `manage.py up`, what it has printed so far, and its processes."""

    def __init__(self, data: Path, *words: str, settings: Mapping[str, str] | None = None) -> None:
        self.data, self.port = data, free_port()
        self.printed: list[str] = []
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(self.port), *words]
        self.process = subprocess.Popen(
            command,
            env=environment(data, **(settings or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.printed.append(line)

    def __enter__(self) -> "Site":
        try:
            self.wait_for("Ctrl-C stops it")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self.reader.join(timeout=5)
        if self.process.stdout:
            self.process.stdout.close()

    @property
    def text(self) -> str:
        """Everything printed so far."""
        return "".join(self.printed)

    def wait_for(self, pattern: str) -> str:
        """Wait until it has printed something, and return that."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.text):
                return found.group()
            if self.process.poll() is not None and not re.search(pattern, self.text):
                time.sleep(0.2)  # the reader may be behind
                break
            time.sleep(0.05)
        assert re.search(pattern, self.text), f"never printed “{pattern}”, but:\n{self.text}"
        return pattern

    def answer(self, path: str) -> int:
        """Return the status with which a page answers."""
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=60) as answer:
            return int(answer.status)

    def family(self) -> list[psutil.Process]:
        """Return every process that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def children_with(self, words: str) -> list[psutil.Process]:
        """Return the programs whose command lines have these words."""
        own = psutil.Process(self.process.pid).children()
        return [one for one in own if one.status() != psutil.STATUS_ZOMBIE and words in " ".join(one.cmdline())]

    def child(self, words: str) -> psutil.Process:
        """Return the one program whose command line has these words; wait for one that is being started again."""
        deadline = time.monotonic() + START_SECONDS
        while not (found := self.children_with(words)) and time.monotonic() < deadline:
            time.sleep(0.1)
        (one,) = found
        return one

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=STOP_SECONDS)


def left_after(family: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Return which of these processes still run after at most so many seconds."""
    _, alive = psutil.wait_procs(family, timeout=seconds)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
