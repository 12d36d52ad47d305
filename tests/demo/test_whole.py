"""The whole demo, made once by the command itself, in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNTED = """
import json
from django.utils import timezone
from podium.challenges.selectors import with_state
from podium.challenges.models import Challenge
from podium.leaderboards.models import Entry
from podium.submissions.models import Submission
from podium.submissions.states import IN_FLIGHT
from podium.teams.models import Team
print(json.dumps({
    "states": sorted(with_state(Challenge.objects.all()).values_list("state", flat=True)),
    "teams": len(set(Team.objects.filter(kind="people").values_list("name", flat=True))),
    "submissions": Submission.objects.count(),
    "in_flight": Submission.objects.filter(state__in=IN_FLIGHT).count(),
    "failed": Submission.objects.filter(state="failed").count(),
    "later_than_now": Submission.objects.filter(received_at__gt=timezone.now()).count(),
    "ran": sorted(Submission.objects.exclude(kind="predictions").values_list("kind", "state")),
    "movers": Entry.objects.filter(board__slug="public").exclude(rank_before=None).count(),
}))
"""


def manage(folder: Path, *words: str) -> str:
    """Run a command of the site on a folder and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"PODIUM_DATA_DIR": str(folder), "PODIUM_LOG_LEVEL": "WARNING"}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_fills_an_empty_folder_and_goes_on_with_a_full_one(tmp_path: Path) -> None:
    manage(tmp_path, "migrate", "--verbosity", "0")
    told = manage(tmp_path, "demo", "--fill")
    assert "The demo stands" in told
    made = json.loads(manage(tmp_path, "shell", "--verbosity", "0", "--command", COUNTED))
    assert made["states"] == ["ended", "running", "running", "upcoming"]
    assert 40 <= made["teams"] <= 60
    assert made["submissions"] > 400
    assert made["in_flight"] == made["failed"] == made["later_than_now"] == 0
    assert made["ran"] == [["code", "rejected"], ["code", "scored"], ["code", "scored"], ["notebook", "scored"]]
    assert made["movers"] > 60
    assert manage(tmp_path, "demo", "--fill") == ""
    again = json.loads(manage(tmp_path, "shell", "--verbosity", "0", "--command", COUNTED))
    assert again == made
