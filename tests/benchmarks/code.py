"""How long submitted code takes from the queue to its score: cold, and with an interpreter that waits for the next job.

    python -m tests.benchmarks.code [--repeat N]

A site of its own in a folder that is soon gone; scripts that import pandas and scikit-learn and fit a model, sent
through the site's own form, run on the sample and then on the test data, and scored, one after the other, by this
process as by a coder. The two ways are taken in turns. It prints medians: of the whole, and of the sandbox's second job
(its code's wall time on the test data, imports and all).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = """
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

def predict(inputs_dir, output_path):
    rows = pd.read_csv(f"{inputs_dir}/test.csv")
    model = RandomForestClassifier(n_estimators=50, random_state=SEED).fit(rows[["x"]], rows["x"])
    rows["label"] = model.predict(rows[["x"]])
    rows[["id", "label"]].to_csv(output_path, index=False)
"""
COLD, WARM = "cold (PODIUM_WARM=0)", "warm (PODIUM_WARM=1)"
SETTLED_S = 3.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory(prefix="podium-code-") as folder:
        prepare(Path(folder))
        found = measure(repeat)
    for what, times in found.items():
        whole, second = (statistics.median(column) for column in zip(*times, strict=True))
        sys.stdout.write(f"{what:22} to the score {whole:6.2f} s   on the test data {second:6.2f} s\n")


def prepare(folder: Path) -> None:
    """Make the site's tables in a folder."""
    os.environ |= {
        "PODIUM_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "podium.config.settings",
        "PODIUM_LOG_LEVEL": "ERROR",
    }
    (folder / "static").mkdir()
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.ALLOWED_HOSTS.append("testserver")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def measure(repeat: int) -> dict[str, list[tuple[float, float]]]:
    """Return for each way the seconds of each submission, whole, and of its code on the test data."""
    from django.conf import settings

    from podium.core import isolation
    from podium.submissions.models import Run
    from podium.submissions.tasks import drain
    from tests.cast import assemble
    from tests.submissions.coding import takes_code
    from tests.submissions.sending import newest, send

    cast = assemble()
    takes_code(cast.forest, daily_limit=0, total_limit=0, predict_limits={"wall_s": 60, "memory_mb": 1024})
    settings.CODE_SLOTS = 2
    sandboxes = {}
    for what, settings.WARM in ((COLD, 0), (WARM, 1)):
        sandboxes[what], isolation._Mine.sandbox = isolation.sandbox(), None
    found: dict[str, list[tuple[float, float]]] = {what: [] for what in sandboxes}
    for number in range(repeat + 1):
        for what, isolation._Mine.sandbox in sandboxes.items():
            time.sleep(SETTLED_S)  # people do not send so fast that the next interpreter is not there yet
            sent = send(cast.client("ada"), SCRIPT.replace("SEED", str(number)).encode(), name="predict.py")
            assert sent.status_code == 302, sent.text
            began = time.monotonic()
            drain()
            took = time.monotonic() - began
            assert newest().state == "scored", newest().error_message
            second = Run.objects.get(submissions=newest()).resources["predict_wall_s"]
            found[what].append((took, second))
    for sandbox in sandboxes.values():
        sandbox.close()
    return {what: times[1:] for what, times in found.items()}  # the first ones wait for what is there later


if __name__ == "__main__":
    main()
