"""How long a person waits: a file of 10,000 rows from POST until its score can be read, and the pages everybody opens.

    python -m tests.benchmarks.latency [--repeat N] [--rows N] [--url URL --data FOLDER]

Starts the demo in a folder of its own and puts up one more challenge in it; with `--url` and `--data` it uses a site
that runs. Files differ from one another, go through REST, and are asked for every 20 ms. DESIGN, section 7, wants a
median under 0.5 s on an idle site.
"""

import argparse
import contextlib
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 300
POLL_SECONDS = 0.02
LONGEST_SECONDS = 30.0
SLUG, PERSON = "latency-benchmark", "latency"
PAGES = ("/", "/challenges/", "/challenges/cells-under-the-microscope/leaderboard/")
WANTED = 0.5


def main() -> int:
    """Measure, print, and return 1 where the median is too long."""
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="podium-latency-") as folder:
        running = contextlib.nullcontext(options.url) if options.url else demo(Path(folder))
        with running as url:
            token = put_up_challenge(Path(options.data or folder), rows=options.rows)
            waits = [wait_for_score(url, token, rows=options.rows, seed=seed) for seed in range(options.repeat + 1)]
            report(f"POST to score, {options.rows:,} rows", waits[1:])  # the first one prepares the reference
            for page in PAGES:
                report(f"GET {page}", [seconds(lambda page=page: opened(url + page)) for _ in range(options.repeat)])
    return int(statistics.median(waits[1:]) >= WANTED)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--url", help="a site that runs; with --data")
    parser.add_argument("--data", help="the data folder of that site")
    options = parser.parse_args()
    if bool(options.url) != bool(options.data):
        parser.error("--url and --data go together")
    return options


def report(what: str, values: list[float]) -> None:
    """Print one line of figures."""
    ordered = sorted(values)
    late = ordered[int(0.95 * (len(ordered) - 1))]
    print(  # noqa: T201
        f"{what:<62} median {statistics.median(ordered):6.3f} s   from {ordered[0]:.3f}   95 % within {late:.3f}"
    )


def seconds(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def opened(address: str) -> bytes:
    """Fetch a page, whole."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return bytes(answer.read())


# The site


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run the demo on a folder until the end of the block; yield its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PODIUM_DATA_DIR": str(folder)}
    command = [sys.executable, "manage.py", "demo", "--port", str(port)]
    started = time.perf_counter()
    with (folder / "demo.log").open("w") as log:
        site = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until_ready(site, folder / "demo.log")
        print(f"The demo was ready after {time.perf_counter() - started:.1f} s.")  # noqa: T201
        yield f"http://localhost:{port}"
    finally:
        site.send_signal(signal.SIGINT)
        site.wait(30)


def wait_until_ready(site: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the demo has printed its address."""
    end = time.monotonic() + READY_SECONDS
    while "The demo is at" not in log.read_text():
        if site.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"The demo did not start:\n{log.read_text()}")
        time.sleep(0.1)


def put_up_challenge(folder: Path, *, rows: int) -> str:
    """Make a challenge with that many test rows in the site of a data folder; return a participant's token."""
    os.environ |= {
        "PODIUM_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "podium.config.settings",
        "PODIUM_LOG_LEVEL": "ERROR",
    }
    sys.path[:0] = [str(ROOT / "platform")]
    import django

    django.setup()
    from django.utils import timezone

    from podium.accounts.models import User
    from podium.accounts.services import token_create
    from podium.challenges.models import Challenge, Phase, PhaseTask, Task
    from podium.challenges.services import challenge_create, challenge_join, dataset_publish, rules_publish
    from podium.core.storage import store_bytes
    from podium.leaderboards.services import board_defaults

    person, made = User.objects.get_or_create(username=PERSON, defaults={"email": f"{PERSON}@example.org"})
    if made:
        person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    if not Challenge.objects.filter(slug=SLUG).exists():
        host = User.objects.get(username="grace")
        challenge = challenge_create(
            owner=host, slug=SLUG, title="Latency", summary="Measured.", organiser="A benchmark", visibility="public"
        )
        rules_publish(challenge, body="None.", actor=host)
        files = {"solution.csv": store_bytes(solution(rows))}
        reference = dataset_publish(challenge, name="solution", audience="scoring", files=files, actor=host)
        spec = {"id": "id", "split": "Usage", "target": ["y"], "metrics": [{"key": "auc", "metric": "roc_auc_score"}]}
        task = Task.objects.create(
            challenge=challenge, name="main", reference=reference, scorer={"kind": "metric", "spec": spec}
        )
        now = timezone.now()
        phase = Phase.objects.create(
            challenge=challenge,
            name="Main phase",
            opens=now - timedelta(days=1),
            closes=now + timedelta(days=30),
            kinds=["predictions"],
            daily_limit=0,
        )
        PhaseTask.objects.create(phase=phase, task=task)
        board_defaults(challenge, phase)
        challenge_join(challenge, user=person)
    return token_create(person, name="benchmark")[1]


def solution(rows: int) -> bytes:
    """Return labels, a third of them public."""
    draw = random.Random(0)
    lines = (f"{i},{draw.randint(0, 1)},{'public' if i % 3 else 'private'}\n" for i in range(rows))
    return ("id,y,Usage\n" + "".join(lines)).encode()


# What is measured


def wait_for_score(url: str, token: str, *, rows: int, seed: int) -> float:
    """Send a file and return the seconds from the POST until its score was read."""
    draw = random.Random(f"file {seed}")
    file = ("id,y\n" + "".join(f"{i},{draw.random():.6f}\n" for i in range(rows))).encode()
    with httpx.Client(base_url=f"{url}/api/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        client.get(f"challenges/{SLUG}/").raise_for_status()  # the connection is open before the clock runs
        return seconds(lambda: send_and_read(client, file))


def send_and_read(client: httpx.Client, file: bytes) -> None:
    """Send a file and ask until it is scored."""
    sent = client.post(f"challenges/{SLUG}/submissions/", files={"file": ("predictions.csv", file)})
    if sent.status_code != httpx.codes.CREATED:
        raise SystemExit(f"It was not taken: {sent.status_code} {sent.text}")
    end = time.monotonic() + LONGEST_SECONDS
    while True:
        state = client.get(f"submissions/{sent.json()['id']}/").raise_for_status().json()
        if state["scores"]:
            return
        if state["error"] or time.monotonic() > end:
            raise SystemExit(f"It was not scored: {state}")
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
