#!/usr/bin/env python3
"""Bring compose.yaml up for real, submit through it, restart each service, and show that nothing is lost.

Needs root on Debian; installs docker.io, docker-compose and debootstrap where they are missing. No image is fetched:
the base images are made here, from Debian's own packages, and get the names that Dockerfile and compose.yaml use. They
are kept in CACHE between runs; everything else is removed at the end. Not part of the test suite (it takes minutes):

    sudo python3 tests/compose/run.py
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("PODIUM_COMPOSE_CACHE", "/var/cache/podium-compose"))
BOUND_SECONDS = 30 * 60
SERVICES = ("web", "worker", "coder", "beat", "redis", "postgres")
TOOLS = {
    "dockerd": "docker.io",
    "docker-compose": "docker-compose",
    "debootstrap": "debootstrap",
    "iptables": "iptables",
}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def say(text: str) -> None:
    """Say what comes next."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a program and return what it printed; end with the end of that where it fails."""
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(command)[:200]} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def have_tools() -> None:
    """Install what is missing."""
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if missing:
        say("Installing " + ", ".join(missing))
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing)


@contextlib.contextmanager
def docker_daemon(folder: Path) -> Iterator[None]:
    """Run a Docker daemon of our own, beside one that may be there, and end it."""
    log = (folder / "dockerd.log").open("w")
    places = {"--data-root": CACHE / "docker", "--exec-root": folder / "exec", "--pidfile": folder / "docker.pid"}
    command = ["dockerd", "--host", f"unix://{folder / 'docker.sock'}"]
    command += [word for name, path in places.items() for word in (name, str(path))]
    daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    os.environ["DOCKER_HOST"] = f"unix://{folder / 'docker.sock'}"
    os.environ["DOCKER_BUILDKIT"] = os.environ["COMPOSE_DOCKER_CLI_BUILD"] = "0"
    try:
        wait_until("dockerd answers", lambda: docker("info", quiet=True) == 0, seconds=60)
        yield
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        log.close()


def docker(*words: str | Path, quiet: bool = False) -> int:
    """Run docker; return its exit status where that is asked for quietly."""
    command = [shutil.which("docker", path="/usr/bin") or "docker", *map(str, words)]
    if quiet:
        return subprocess.run(command, capture_output=True, check=False).returncode
    run(*command)
    return 0


def wait_until(what: str, true: Callable[[], bool], *, seconds: float) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"Not within {seconds:.0f} s: {what}")
        time.sleep(0.5)


# The base images, made here


def make_images(folder: Path) -> None:
    """Make every image that Dockerfile and compose.yaml name; Docker keeps the steps that have not changed."""
    debian("debian:12-slim", "bookworm", folder)
    debian("podium-test/debian:13", "trixie", folder)
    for name in ("postgres:17", "redis:8"):
        say(f"Making {name}")
        docker("build", "--tag", name, "--file", HERE / f"{name.partition(':')[0]}.Dockerfile", HERE)


def debian(name: str, release: str, folder: Path) -> None:
    """Make a minimal Debian, which trusts and asks whom this machine does for its packages."""
    if docker("image", "inspect", name, quiet=True) == 0:
        return
    say(f"Making {name}")
    root = folder / release
    run("debootstrap", "--variant=minbase", release, root)
    own = Path("/usr/local/share/ca-certificates")
    shutil.copytree(own, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    (root / CERTIFICATES.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
    shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    index = os.environ.get("PIP_INDEX_URL")
    settings = [f"cert = {CERTIFICATES}", *([f"index-url = {index}"] if index else [])]
    (root / "etc/pip.conf").write_text("\n".join(["[global]", *settings, ""]))
    archive = folder / f"{release}.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    docker("import", archive, name)
    shutil.rmtree(root)
    archive.unlink()


# The site, as a person on the command line has it


class Compose:
    """A copy of the checkout with an .env of its own, and `docker-compose` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "podium"
        files = run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        for name in files:
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.folder / name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        settings = {"POSTGRES_PASSWORD": secrets.token_hex(24), "PODIUM_PORT": str(self.port), "PODIUM_URL": self.url}
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def __call__(self, *words: str) -> str:
        """Run docker-compose; return what it printed."""
        return run("docker-compose", "--project-name", "podium-test", *words, cwd=self.folder)

    def healthy(self) -> bool:
        """Are all services well, by their own health checks?"""
        ids = self("ps", "--quiet").split()
        states = run("docker", "inspect", "--format", "{{.State.Health.Status}}", *ids).split() if ids else []
        return states == ["healthy"] * len(SERVICES)

    def wait_healthy(self) -> None:
        """Wait until all of them are."""
        wait_until("all services are healthy", self.healthy, seconds=180)

    def python(self, code: str) -> str:
        """Run Python inside the site, and return what it printed."""
        cast = (ROOT / "tests" / "cast.py").read_text()
        start = "import sys, types\ncast = sys.modules['cast'] = types.ModuleType('cast')\n"
        start += f"exec({cast!r}, cast.__dict__)\n"
        return self("exec", "-T", "web", "manage.py", "shell", "--no-imports", "-c", start + textwrap.dedent(code))

    def api(self, path: str, token: str, *, file: bytes | None = None) -> dict[str, object]:
        """Ask the REST API, or send it a file."""
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        if file is not None:
            boundary = hashlib.sha256(file).hexdigest()
            request.add_header("Content-Type", f"multipart/form-data; boundary={boundary}")
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="mine.csv"\r\n\r\n'
            request.data = head.encode() + file + f"\r\n--{boundary}--\r\n".encode()
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))


CONTENT = """
    from django.core.management import call_command
    made = cast.assemble()
    made.forest.phases.update(daily_limit=1000)
    call_command("token", "create", "ada")
"""
COUNT = "from podium.submissions.models import Submission; print(Submission.objects.count())"
PREDICTIONS = "from cast import predictions; print(predictions({right}).decode(), end='')"


class Proof:
    """What was sent, and whether it is still there."""

    def __init__(self, site: Compose, token: str) -> None:
        self.site, self.token = site, token
        self.file = site.python(PREDICTIONS.format(right=15)).encode()
        self.sent: list[int] = []

    def submit(self) -> int:
        """Send one; the site has it from the moment that it answers."""
        answer = self.site.api("challenges/forest/submissions/", self.token, file=self.file)
        self.sent.append(int(str(answer["id"])))
        return self.sent[-1]

    def is_scored(self, number: int) -> bool:
        """Has a worker scored it?"""
        try:
            answer = self.site.api(f"submissions/{number}/", self.token)
        except OSError:
            return False
        if answer["state"] in {"failed", "rejected", "cancelled"}:
            sys.exit(f"Submission {number} is {answer['state']}: {answer}")
        return answer["state"] == "scored"

    def all_scored(self, *, seconds: float = 120) -> None:
        """Show that everything which was ever sent is there, and scored, once."""
        for number in self.sent:
            wait_until(f"submission {number} is scored", partial(self.is_scored, number), seconds=seconds)
        counted = self.site.python(COUNT)
        if int(counted) != len(self.sent):
            sys.exit(f"{len(self.sent)} were sent, {counted.strip()} are there")


def prove(site: Compose) -> None:
    """Go the whole way."""
    say("Building the image")
    site("build")
    say("Starting the services")
    site("up", "--detach")
    site.wait_healthy()
    link = site("run", "--rm", "web", "manage.py", "owner", "create", "you@example.org").strip().splitlines()[-1]
    say(f"The owner's link: {link.split('/owner/')[0]}/owner/…")
    with urllib.request.urlopen(link, timeout=30) as page:
        assert page.status == 200, page.status
    proof = Proof(site, site.python(CONTENT).strip().splitlines()[-1])
    proof.submit()
    proof.all_scored()
    for service in SERVICES:
        say(f"Restarting {service} with a submission on its way")
        proof.submit()
        site("restart", service)
        site.wait_healthy()
        proof.submit()
        proof.all_scored()
    say("Killing the worker with submissions on their way")
    proof.submit()
    site("kill", "-s", "SIGKILL", "worker")
    proof.submit()
    site("up", "--detach")
    site.wait_healthy()
    proof.all_scored()
    say("Taking everything down and up again")
    site("down")
    site("up", "--detach")
    site.wait_healthy()
    proof.submit()
    proof.all_scored()
    report = json.loads(site("exec", "-T", "web", "manage.py", "doctor", "--json"))
    assert report["healthy"], report
    say("Asking the coder for its isolation")
    found = json.loads(site("exec", "-T", "coder", "manage.py", "doctor", "--json"))["findings"]
    isolation = [finding for finding in found if finding["name"] == "Isolation"]
    assert [finding["state"] for finding in isolation] == ["ok"], isolation
    user = site("exec", "-T", "web", "id", "-u").strip()
    assert user != "0", "the site runs as root"
    say(f"Sent {len(proof.sent)}, lost none; as user {user}.")


def main() -> None:
    """Prove it within the bound, and leave nothing but the cached images."""
    if os.geteuid() != 0:
        sys.exit("Docker's daemon needs root. Mend it with: sudo python3 tests/compose/run.py")
    signal.alarm(BOUND_SECONDS)
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"Not done within {BOUND_SECONDS // 60} minutes."))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    have_tools()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="podium-compose-") as name, docker_daemon(Path(name)):
        make_images(Path(name))
        site = Compose(Path(name))
        try:
            prove(site)
        except BaseException:
            with contextlib.suppress(SystemExit):
                print(site("logs", "--no-color", "--tail", "40"), file=sys.stderr)
            raise
        finally:
            site("down", "--volumes", "--remove-orphans")
            docker("image", "rm", "--force", "podium", quiet=True)


if __name__ == "__main__":
    main()
