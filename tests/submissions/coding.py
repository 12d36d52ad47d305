"""Forest as a challenge that takes code: what it reads, and scripts to send."""

import io
import time
import zipfile
from collections.abc import Callable

from podium.challenges.models import Challenge, Phase
from podium.challenges.services import dataset_publish
from podium.core.storage import store_bytes
from tests.cast import IDS, TRUTH

RIGHT = 14  # of 20, where a script repeats the column `x`
ROWS = [f"{i},{y if k < RIGHT else 1 - y}\n" for k, (i, y) in enumerate(zip(IDS, TRUTH, strict=True))]
INPUTS = "id,x\n" + "".join(ROWS)
SAMPLE_INPUTS = "id,x\n" + "".join(ROWS[:3])

REPEATS = """
import csv

def predict(inputs_dir, output_path):
    print("reading", inputs_dir)
    with open(f"{inputs_dir}/test.csv") as source, open(output_path, "w") as target:
        rows = list(csv.DictReader(source))
        target.write("id,label\\n")
        target.writelines(f"{row['id']},{row['x']}\\n" for row in rows)
    print("wrote", len(rows), "rows")
"""
FAILS_ON_MANY = REPEATS.replace("rows = list", "rows = []; first = list").replace(
    "target.write(", "rows = first if len(first) < 4 else 1 / (secret := 0) ; target.write(", 1
)
SLEEPS = """
import time

def predict(inputs_dir, output_path):
    print("going to sleep", flush=True)
    time.sleep(60)
"""
PAUSE = "    print('pausing', flush=True); import time; time.sleep(60 * (len(rows) > 3))\n"
SLEEPS_ON_MANY = REPEATS.replace('    print("wrote"', f'{PAUSE}    print("wrote"')


def takes_code(challenge: Challenge, *, sample: bool = True, audience: str = "scoring", **fields: object) -> Phase:
    """Have a challenge's phase take code as well as predictions; return the phase."""
    host = challenge.roles.get(name="owner").user
    test = {"test.csv": store_bytes(INPUTS.encode())}
    few = {"test.csv": store_bytes(SAMPLE_INPUTS.encode())}
    inputs = dataset_publish(challenge, name="inputs", audience=audience, files=test, actor=host)
    tiny = dataset_publish(challenge, name="tiny", audience="public", files=few, actor=host) if sample else None
    given = {
        "kinds": ["predictions", "code"],
        "environment": "here",
        "predict_limits": {"wall_s": 30, "memory_mb": 512},
    }
    Phase.objects.filter(challenge=challenge).update(**{**given, "inputs": inputs, "sample_inputs": tiny, **fields})
    return challenge.phases.get()


def zipped(**files: str) -> bytes:
    """Return a zip of files, each named by a keyword with `__` for the dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, words in files.items():
            archive.writestr(name.replace("__", "."), words)
    return packed.getvalue()


def soon(true: Callable[[], bool], *, seconds: float = 20, every: float = 0.05) -> float:
    """Wait until something is true; return how long it took."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(every)
    return time.monotonic() - start


ANSWERS_IN_BATCHES = """
def predict_batch(batch):
    print("batch of", len(batch), flush=True)
    return batch.rename(columns={"x": "label"})
"""
