"""Examples of survival: times, risks, and whether the event was seen."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, promise

NAMES = ("concordance_index_censored_score", "concordance_index_ipcw_score", "cumulative_dynamic_auc_score")
promise(*NAMES)


@example(*NAMES)
def survival(random: np.random.Generator, rows: int) -> Example:
    life, censored = random.exponential(3, rows), random.exponential(6, rows)
    time = np.ceil(10 * np.minimum(life, censored))  # whole numbers, so that there are ties
    risk = -np.log(life) + random.normal(0, 1, rows)
    seen = life <= censored
    return Example(time, risk.round(1), -(time + 0.5 * ~seen), {"event": seen.astype(int)})
