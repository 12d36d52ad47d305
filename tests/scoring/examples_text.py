"""Examples of texts."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, helper, promise

promise(
    "bleu_score", "character_error", "chrf_score", "exact_match_score", "levenshtein_error",
    "levenshtein_similarity_score", "rouge_score", "squad_f1_score", "translation_edit_error", "word_error",
)  # fmt: skip
helper("edits")
WORDS = np.array(["the", "cat", "sat", "on", "a", "mat", "and", "saw", "some", "dogs", "run"])
MOST = 60  # texts: BLEU and TER of thousands, hundreds of times, would take minutes


@example(takes="text")
def texts(random: np.random.Generator, rows: int) -> Example:
    truth, pred = [], []
    for row in range(min(rows, MOST)):
        words = random.choice(WORDS, random.integers(5, 9))
        spoilt = np.where((random.random(len(words)) < 0.2) & (row % 3 > 0), random.choice(WORDS, len(words)), words)
        truth.append(" ".join(words))
        pred.append(" ".join(spoilt[: random.integers(4, 9)] if row % 3 else spoilt))
    return Example(truth, pred, truth)
