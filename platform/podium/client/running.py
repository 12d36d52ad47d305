"""Running a submission of code on one's own machine, on a challenge's public sample.

The client brings the files; what runs the code is `python -m scoring run`, a program of its own, which is the very same
code that a worker of the site calls.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from podium.client.api import Api, address
from podium.client.downloads import fetch, place_of
from podium.client.show import Advance
from podium.client.troubles import Trouble

SAMPLE = "sample_inputs/"


def fetch_sample(api: Api, *, slug: str, folder: Path, advance: Advance) -> Path:
    """Bring the files on which code may be tried, and return their folder. `Trouble` where there are none."""
    files = api.everything(f"{address('challenges', slug, 'files')}/")
    sample = [file for file in files if str(file["name"]).startswith(SAMPLE)]
    if not sample:
        message = f"“{slug}” has no sample to try code on. Give a folder of your own: --input DIR."
        raise Trouble("no_sample", message)
    places = [place_of(folder, str(file["name"])) for file in sample]
    for file, place in zip(sample, places, strict=True):
        fetch(api, slug=slug, file=file, place=place, advance=advance)
    return folder / SAMPLE.rstrip("/")


def run_here(submission: Path, *, inputs: Path, out: Path, options: Sequence[str]) -> int:
    """Run a submission as the site would, and return the exit status. What it prints is shown."""
    # -P: a scoring.py in the folder where the person works is not ours
    command = [sys.executable, "-P", "-m", "scoring", "run", str(submission), "--input", str(inputs), "--out", str(out)]
    return subprocess.run([*command, *options], check=False).returncode
