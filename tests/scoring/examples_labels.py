"""Examples of labels, probabilities, several labels a row, and clusters."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, helper, promise

promise(
    "accuracy_score", "average_precision_score", "balanced_accuracy_score", "brier_score_loss", "cohen_kappa_score",
    "f1_score", "log_loss", "matthews_corrcoef", "roc_auc_score",
)  # fmt: skip


helper("confusion", "ratios")


@example(takes="labels")
def labels(random: np.random.Generator, rows: int) -> Example:
    truth = np.append([0, 1], random.integers(0, 2, rows - 2))
    return Example(truth, np.where(random.random(rows) < 0.3, 1 - truth, truth), truth)


@example(takes="scores", columns="classes")
@example(takes="probabilities", columns="classes")
@example(takes="probabilities")
@example(takes="scores")
def scores(random: np.random.Generator, rows: int) -> Example:
    truth = np.append([0, 1], random.integers(0, 2, rows - 2))
    return Example(truth, 0.6 * random.random(rows) + 0.4 * truth * random.random(rows), truth.astype(float))
