"""Examples of ranked lists."""

from __future__ import annotations

import numpy as np

from scoring.metrics.containers import Lists
from tests.scoring.examples import Example, example, helper, promise

promise(
    "hit_rate_score", "mean_average_precision_score", "mean_reciprocal_rank_score", "ndcg_score",
    "precision_at_k_score", "recall_at_k_score",
)  # fmt: skip
helper("judged", "units")
ITEMS = 12


@example(takes="lists")
def lists(random: np.random.Generator, rows: int) -> Example:
    """One to three relevant items a query, and five predicted ones."""
    counts = random.integers(1, 4, rows)
    starts = np.concatenate([[0], np.cumsum(counts)])
    relevant = np.concatenate([random.permutation(ITEMS)[:count] for count in counts])
    grades = np.concatenate([np.sort(random.integers(1, 4, count))[::-1] for count in counts]).astype(float)
    predicted = np.concatenate([random.permutation(ITEMS)[:5] for _ in range(rows)])
    return Example(Lists(starts, relevant, grades), Lists(np.arange(rows + 1) * 5, predicted), Lists(starts, relevant))
