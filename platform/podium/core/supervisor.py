"""Web, workers and beat under one parent: started together, kept running, ended together.

There are two workers, so that nobody waits for a score while other people's code runs for minutes: `worker` scores, in
a process for each score at once; `coder` runs code, in one process whose threads wait for sandboxes. The coder is
started where the program that makes sandboxes is installed; where it comes later, the coder does too.

Each program is a process group of its own, so that Ctrl-C reaches the parent alone, which then ends them in order. Each
is tethered: the kernel ends it when the parent dies, even by `kill -9`. One that dies by itself is started again, after
a pause that grows while it keeps dying. What they print goes to files in the data folder; what a person should see of
it, to the screen.
"""

import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from django.conf import settings

import podium
import scoring
from podium.core import heartbeats, machine, preparing, room, tether
from podium.core.console import coloured, say, worth_saying
from podium.core.tasks import CLASSES

READY_SECONDS = 60
STOP_SECONDS = 10.0
KILL_SECONDS = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
STEADY_SECONDS = 60.0  # one that ran this long has recovered: its next pause is the first again
UNWANTED_SECONDS = 30.0
LOG_BYTES, LOG_FILES = 5 * 2**20, 3


@dataclass(frozen=True)
class Program:
    """One of them: what to run, and the signals that end it, first politely, then at once."""

    name: str
    command: tuple[str, ...]
    polite: signal.Signals
    at_once: signal.Signals
    descriptors: tuple[int, ...] = ()
    queues: tuple[str, ...] = ()  # that a worker takes
    wanted: Callable[[], bool] = lambda: True  # asked before each start


def web(*, address: str, descriptors: tuple[int, ...] = ()) -> Program:
    """Return the web server, listening on `HOST:PORT` or on an open socket, `fd://N`."""
    command = (sys.executable, "-m", "gunicorn", "-c", "python:podium.core.webserver", "--bind", address)
    return Program("web", command, signal.SIGTERM, signal.SIGQUIT, descriptors)


QUICK = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # nobody listens; they cost seconds at start


def worker() -> Program:
    """Return the worker that scores. SIGTERM lets its tasks finish; SIGQUIT ends them and the pool."""
    size = ("--concurrency", str(settings.WORKER_CONCURRENCY), "--hostname", "worker@%h")
    command = (*_celery("worker"), *size, *QUICK)
    return Program("worker", command, signal.SIGTERM, signal.SIGQUIT, queues=("score",))


def coder() -> Program:
    """Return the worker that runs other people's code: a thread for each share of the machine. On SIGTERM it gives back
    to the queue what it runs."""
    size = ("--pool", "threads", "--concurrency", str(max(1, room.shares())), "--hostname", "coder@%h")
    queues = tuple(queue for queue in settings.WORKER_QUEUES if queue in CLASSES and queue != "score")
    command = (*_celery("worker"), *size, *QUICK)
    return Program("coder", command, signal.SIGTERM, signal.SIGQUIT, queues=queues, wanted=runs_code)


def runs_code() -> bool:
    """Tell whether this machine is to run code and has the program for it; whether that holds, the coder tries."""
    takes = room.shares() > 0 and bool({"code", "gpu"} & set(settings.WORKER_QUEUES))
    return takes and machine.sandbox_program(settings.SANDBOX) is not None


def beat() -> Program:
    """Return the clock, which enqueues what is due."""
    return Program("beat", (*_celery("beat"), "--pidfile="), signal.SIGTERM, signal.SIGTERM)


def _celery(role: str) -> tuple[str, ...]:
    hush = ("-W", "ignore:You're running the worker with superuser")  # who starts as root has reasons; the log is short
    options = ("--quiet", "--skip-checks", "--app", "podium.config.celery", role, "--loglevel", "INFO")
    return (sys.executable, *hush, "-m", "celery", *options)


def child_environment(program: Program | None = None) -> dict[str, str]:
    """Return this environment, with the folders of `podium` and `scoring` where a child finds them, and its queues."""
    sources = dict.fromkeys(str(Path(str(package.__file__)).parents[1]) for package in (podium, scoring))
    own = {"PODIUM_QUEUES": ",".join(program.queues)} if program and program.queues else {}
    return {**os.environ, **own, "PYTHONPATH": os.pathsep.join(sources), "PYTHONUNBUFFERED": "1"}


class Child:
    """A program that is running, or is to run again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = FIRST_PAUSE
        self.due = 0.0
        self.log = Path(settings.DATA_DIR) / "logs" / f"{program.name}.log"
        self.last_lines: list[str] = []

    def start_if_wanted(self) -> None:
        """Start the program, or ask again later."""
        if self.program.wanted():
            self.start()
        else:
            self.due = time.monotonic() + UNWANTED_SECONDS

    def start(self) -> None:
        """Start the program, tethered to this process, in a group and a session of its own."""
        program = self.program
        tie = [sys.executable, "-IS", str(tether.__file__), program.at_once.name, str(os.getpid())]
        self.process = subprocess.Popen(
            [*tie, *program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_environment(program),
            cwd=settings.DATA_DIR,
            start_new_session=True,
            pass_fds=program.descriptors,
        )
        self.started = time.monotonic()
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        keep = logging.handlers.RotatingFileHandler(self.log, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        for raw in process.stdout or ():
            line = raw.decode(errors="replace").rstrip()
            keep.emit(logging.makeLogRecord({"msg": line}))
            self.last_lines = [*self.last_lines[-9:], line]
            for text, colour in worth_saying(line):
                say(text, who=self.program.name, colour=colour)
        keep.close()
        if process.stdout:
            process.stdout.close()

    def look_after(self) -> None:
        """Start what is wanted now, and again what ended by itself, once its pause is over."""
        if self.process is None:
            if time.monotonic() >= self.due:
                self.start_if_wanted()
        elif self.process.poll() is not None:
            self._note_end(self.process)

    def _note_end(self, process: subprocess.Popen[bytes]) -> None:
        if time.monotonic() - self.started > STEADY_SECONDS:
            self.pause = FIRST_PAUSE
        how = _in_words(process.returncode)
        say(
            f"{self.program.name} ended ({how}). Starting it again in {self.pause:.0f} s. Its log: {self.log}",
            colour="error",
        )
        self._clear_group(process)
        self.process, self.due = None, time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def signal(self, number: signal.Signals) -> None:
        """Signal the program itself; what it started is its own affair while it lives."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, deadline: float) -> bool:
        """Wait for the end until a moment; return whether it came."""
        if self.process is None:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        return self.process.returncode is not None

    def finish(self) -> None:
        """Leave nothing of it behind."""
        if self.process:
            self._clear_group(self.process)
            self.process.wait()
            self.reader.join(timeout=1)

    @staticmethod
    def _clear_group(process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _in_words(status: int) -> str:
    return f"exit status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"


@dataclass
class Supervisor:
    """The parent of them all."""

    programs: list[Program]
    url: str
    probe: str
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.children = [Child(program) for program in self.programs]

    def run(self, *, ready: Callable[[], None]) -> None:
        """Start all, call `ready` once they answer, and look after them until asked to stop."""
        for role in ("worker", "coder", "beat"):
            heartbeats.forget(role)
        try:
            for child in self.children:
                child.start_if_wanted()
            self._wait_until_ready()
            if not self.stopping.is_set():
                ready()
            while not self.stopping.wait(0.2):
                for child in self.children:
                    child.look_after()
        finally:
            self.stop()

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Handle Ctrl-C and SIGTERM; a second one does not wait any longer."""
        if self.stopping.is_set():
            for child in self.children:
                child.finish()
        self.stopping.set()

    def _wait_until_ready(self) -> None:
        """Return once web answers and the worker has shown itself; end where one of them cannot start."""
        impatient = time.monotonic() + READY_SECONDS
        while not (answers(self.probe) and any(heartbeats.alive("worker"))):
            for child in self.children:
                if child.process and child.process.poll() is not None:
                    self._give_up(child)
            if time.monotonic() > impatient:
                say(f"Still waiting for an answer. The logs: {self.children[0].log.parent}", colour="warning")
                impatient = float("inf")
            if self.stopping.wait(0.1):
                return

    def _give_up(self, child: Child) -> None:
        child.reader.join(timeout=1)
        last = "\n".join(f"    {line}" for line in child.last_lines)
        raise SystemExit(f"{child.program.name} did not start. The end of its log, {child.log}:\n{last}")

    def stop(self) -> None:
        """End them together: first politely, then at once, then by force."""
        say("Stopping …")
        for step, seconds in (("polite", STOP_SECONDS), ("at_once", KILL_SECONDS)):
            for child in self.children:
                child.signal(getattr(child.program, step))
            deadline = time.monotonic() + seconds
            if all(child.wait(deadline) for child in self.children):
                break
        for child in self.children:
            child.finish()
        say("Stopped. Everything is kept in " + str(settings.DATA_DIR))


def answers(probe: str) -> bool:
    """Does the web server answer? Any answer below 500 is one: the name that we ask by may not be allowed."""
    try:
        with urllib.request.urlopen(probe, timeout=2):  # noqa: S310  (our own address)
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def default_banner(url: str) -> str:
    """Return what a person reads once the site answers."""
    return f"Podium is at {coloured(url, 'web')}\nCtrl-C stops it."


def run(
    *,
    port: int,
    bind: str = "127.0.0.1",
    banner: Callable[[str], str] = default_banner,
    before: Callable[[], None] | None = None,
) -> None:
    """Prepare the site and run it until Ctrl-C or SIGTERM.

    `before` is called when the tables are there and nothing answers yet: the demo fills the site in it. `banner` gets
    the site's address and returns what is printed once the site answers.
    """
    with _politely_interrupted(), preparing.sole_use_of_data_folder():
        taken = preparing.bound_socket(bind=bind, port=port)
        preparing.note_address(settings.BASE_URL)
        preparing.prepare()
        if before:
            before()
        _serve(taken, bind=bind, port=port, banner=banner)


def _serve(taken: socket.socket, *, bind: str, port: int, banner: Callable[[str], str]) -> None:
    number = taken.fileno()
    programs = [web(address=f"fd://{number}", descriptors=(number,)), worker(), coder(), beat()]
    supervisor = Supervisor(programs, settings.BASE_URL, f"http://{_reached_at(bind)}:{port}/health/")
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, supervisor.ask_to_stop)
    say("Starting web, workers and beat …")
    supervisor.run(ready=lambda: say(banner(settings.BASE_URL)))


def _reached_at(bind: str) -> str:
    if bind in {"0.0.0.0", "::", "[::]"}:  # noqa: S104  (compared, not listened on)
        return "[::1]" if ":" in bind else "127.0.0.1"
    return f"[{bind.strip('[]')}]" if ":" in bind else bind


@contextlib.contextmanager
def _politely_interrupted() -> Iterator[None]:
    """Make Ctrl-C and SIGTERM during the preparations end with a word instead of a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped before it began.")
        raise SystemExit(130) from None


def become(program: Program) -> None:
    """Become one of them, in this very process: for containers, where each is alone."""
    os.chdir(settings.DATA_DIR)
    os.execve(program.command[0], program.command, child_environment(program))  # noqa: S606
