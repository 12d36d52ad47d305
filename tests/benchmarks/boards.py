"""How long a large board takes: 100,000 teams, 1,000,000 submissions, made in bulk in a database of its own.

    python -m tests.benchmarks.boards [--teams N] [--database sqlite|postgres] [--repeat N]

For each thing that people do on a board it prints the number of queries, the median time of these queries in the
database (sent, answered and fetched, nothing else), and the median time of the whole call with the rows made of it.
DESIGN, section 7, wants any page, a team's own rank and a search in under 50 ms in the database.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 1, 5, tzinfo=UTC)
SUBMISSIONS_A_TEAM = 10
WORDS = ["north", "tall", "held", "quiet", "second", "golden", "river", "paper", "stone", "winter", "lucky", "plain"]
THINGS = ["forest", "gradient", "kernel", "harbour", "minimum", "lantern", "meadow", "anchor", "residual", "compass"]


def main() -> None:
    """Make the board, measure, print."""
    options = read_options()
    with database(options.database) as url, tempfile.TemporaryDirectory(prefix="podium-boards-") as folder:
        os.environ |= {
            "PODIUM_DATA_DIR": folder,
            "DATABASE_URL": url or f"sqlite:///{folder}/boards.sqlite3",
            "DJANGO_SETTINGS_MODULE": "podium.config.settings",
            "PODIUM_LOG_LEVEL": "ERROR",
        }
        run(teams=options.teams, repeat=options.repeat, name=options.database)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--teams", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--repeat", type=int, default=15)
    return parser.parse_args()


@contextlib.contextmanager
def database(name: str) -> Iterator[str]:
    """Start PostgreSQL where it is asked for; yield its address, or nothing for SQLite."""
    if name == "sqlite":
        yield ""
        return
    from tests.servers import start_postgres

    with tempfile.TemporaryDirectory(prefix="podium-boards-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with start_postgres(Path(folder)) as url:
            yield url


def run(*, teams: int, repeat: int, name: str) -> None:
    """Fill the database and measure."""
    sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "platform")]
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    board = fill(teams)
    made = time.perf_counter() - started
    say(f"{name}: {teams:,} teams, {teams * SUBMISSIONS_A_TEAM:,} submissions made in {made:.0f} s")
    started = time.perf_counter()
    rebuild(board)
    say(f"the board computed from them in {time.perf_counter() - started:.0f} s\n")
    analyse()
    say(f"{'':34}{'queries':>8}{'database':>12}{'whole':>12}")
    for what, call in jobs(board):
        queries, inside, whole = measure(call, 3 if what.startswith("CSV") else repeat)
        say(f"{what:34}{queries:>8}{inside:>9.1f} ms{whole:>9.1f} ms")


def jobs(board: Any) -> list[tuple[str, Callable[[], object]]]:
    """Return what people do on a board."""
    from podium.leaderboards.exports import csv_lines
    from podium.leaderboards.models import Entry
    from podium.leaderboards.plots import plot_of
    from podium.leaderboards.selectors import board_facts, board_page, own_row, rank_of
    from podium.leaderboards.services import entry_refresh

    total = Entry.objects.filter(board=board).count()
    middle = Entry.objects.filter(board=board).order_by("place")[total // 2]
    last = Entry.objects.filter(board=board).order_by("-place")[0]
    pages = -(-total // 50)

    def page(number: int, text: str = "") -> Callable[[], object]:
        return lambda: board_page(board, number=number, viewer_team=middle.team, text=text)

    first = board_page(board, viewer_team=middle.team)
    return [
        ("first page, own row pinned", page(1)),
        ("page in the middle", page(pages // 2)),
        ("last page", page(pages)),
        ("own row and rank, in the middle", lambda: own_row(board, middle.team)),
        ("rank of the last", lambda: rank_of(last)),
        ("search, common (every 12th team)", page(1, "golden")),
        ("search, common, its last page", page(20, "golden")),
        ("search, rare (one team)", page(1, last.team.name)),
        ("search, nothing found", page(1, "zzzz")),
        ("the board in numbers", lambda: board_facts(board)),
        ("plot of best scores over time", lambda: plot_of(first)),
        ("one team's entry computed anew", lambda: entry_refresh(board, middle.team)),
        ("CSV, the whole board", lambda: sum(map(len, csv_lines(board)))),
    ]


def measure(call: Callable[[], object], repeat: int) -> tuple[int, float, float]:
    """Return how many queries a call makes, and the medians in ms of the queries alone and of the whole."""
    from django.db import connection

    asked: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        call()
    whole = [timed(call) for _ in range(repeat)]
    reads = [(sql, params) for sql, params in asked if sql.lstrip().startswith("SELECT")]
    inside = [timed(lambda: replay(reads)) for _ in range(repeat)]
    return len(asked), statistics.median(inside), statistics.median(whole)


def replay(queries: list[tuple[str, Any]]) -> None:
    """Send queries again and fetch their answers."""
    from django.db import connection

    with connection.cursor() as cursor:
        for sql, params in queries:
            cursor.execute(sql, params)
            cursor.fetchall()


def timed(call: Callable[[], object]) -> float:
    """Return how many ms a call takes."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def rebuild(board: Any) -> None:
    """Compute the board, and give it a yesterday."""
    from podium.leaderboards.services import board_rebuild, board_snapshot

    board_rebuild(board)
    board_snapshot(board, START.date())


def fill(teams: int) -> Any:
    """Make a challenge with its teams, people, submissions and scores; return its public board."""
    from podium.accounts.models import User
    from podium.challenges.models import Dataset, DatasetVersion, Phase, PhaseTask, Task
    from podium.challenges.services import challenge_create
    from podium.leaderboards.services import board_defaults

    host = User.objects.create_user("host", "host@example.org")
    challenge = challenge_create(owner=host, slug="large", title="Large", summary="", organiser="", visibility="public")
    dataset = Dataset.objects.create(challenge=challenge, name="solution", audience="scoring")
    reference = DatasetVersion.objects.create(dataset=dataset, number=1, sha256="")
    metrics = [{"key": "accuracy", "metric": "accuracy_score", "params": {}}]
    spec = {"id": "id", "split": "Usage", "target": ["label"], "predictions": ["label"], "metrics": metrics}
    scorer = {"kind": "metric", "spec": spec}
    task = Task.objects.create(challenge=challenge, name="main", reference=reference, scorer=scorer)
    closes = START + timedelta(days=365)
    phase = Phase.objects.create(challenge=challenge, name="Main", opens=START, closes=closes, kinds=["predictions"])
    PhaseTask.objects.create(phase=phase, task=task)
    fill_teams(challenge, teams)
    fill_submissions(phase, task)
    return board_defaults(challenge, phase)[0]


def fill_teams(challenge: Any, teams: int) -> None:
    """Make teams of one to three people."""
    from podium.accounts.models import User
    from podium.teams.models import Membership, Team

    def name(number: int) -> str:
        word, thing = WORDS[number % len(WORDS)], THINGS[number // len(WORDS) % len(THINGS)]
        return f"{word.capitalize()} {thing.capitalize()} {number}"

    for start in range(0, teams, 20_000):
        numbers = range(start, min(start + 20_000, teams))
        made = Team.objects.bulk_create((Team(challenge=challenge, name=name(n)) for n in numbers), batch_size=2000)
        seats = [(team, seat) for n, team in zip(numbers, made, strict=True) for seat in range(n % 3 + 1)]
        people = User.objects.bulk_create(
            (
                User(username=f"u{team.pk}-{seat}", email=f"u{team.pk}-{seat}@example.org", name=f"Person {team.pk}")
                for team, seat in seats
            ),
            batch_size=2000,
        )
        Membership.objects.bulk_create(
            (
                Membership(team=team, challenge=challenge, user=user)
                for (team, _), user in zip(seats, people, strict=True)
            ),
            batch_size=2000,
        )


def fill_submissions(phase: Any, task: Any) -> None:
    """Make ten scored submissions a team, by copying rows inside the database."""
    from django.db import connection

    from podium.submissions.models import Run, RunSubmission, Score, Submission
    from podium.teams.models import Team

    seconds = "(team.id * 7919 + number.n * 104729) %% 20000000"
    at = (
        f"timestamptz '2026-01-05 00:00+00' + interval '1 second' * ({seconds})"
        if connection.vendor == "postgresql"
        else f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', '2026-01-05', '+' || ({seconds}) || ' seconds')"
    )
    numbers = "(" + " UNION ALL ".join(f"SELECT {n} AS n" for n in range(SUBMISSIONS_A_TEAM)) + ") AS number"
    table = Team._meta.db_table
    copy(
        Submission(phase=phase, state="scored"),
        {"team_id": "team.id", "received_at": at},
        f"{table} AS team CROSS JOIN {numbers} WHERE team.challenge_id = {phase.challenge_id}",
    )
    sent = Submission._meta.db_table
    run = Run(task=task, reference=task.reference, scorer={}, state="scored")
    copy(run, {"id": "id"}, sent)
    copy(RunSubmission(), {"id": "id", "run_id": "id", "submission_id": "id"}, sent)
    for split, factor in (("public", 7919), ("private", 7907)):
        value = f"0.5 + (id * {factor} %% 400009) / 1000000.0"
        copy(Score(key="accuracy", split=split), {"seat_id": "id", "value": value}, sent)


def copy(template: Any, columns: dict[str, str], source: str) -> None:
    """Insert a row for each row of `source`: some columns by SQL (with `%%` for `%`), others as in `template`."""
    from django.db import connection

    fields = [f for f in template._meta.concrete_fields if f.column in columns or not f.primary_key]
    quoted = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    chosen = ", ".join(columns.get(f.column, "%s") for f in fields)
    given = [f for f in fields if f.column not in columns]
    values = [f.get_db_prep_save(f.pre_save(template, add=True), connection) for f in given]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {template._meta.db_table} ({quoted}) SELECT {chosen} FROM {source}", values)


def analyse() -> None:
    """Do what the database does by itself after a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
