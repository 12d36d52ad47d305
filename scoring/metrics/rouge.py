"""ROUGE: how much of a reference text its summary shares, in n-grams or as a common subsequence."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from scoring.metrics.edits import common_lengths
from scoring.metrics.inputs import text_pair
from scoring.metrics.registry import Array, Param, metric
from scoring.metrics.units import influence_of_mean, mean_over_units

WORD = re.compile(r"[a-z0-9]+")


def _f_measures(y_true: Any, y_pred: Any, *, variant: str = "1") -> Array:
    true, pred = ([WORD.findall(text.lower()) for text in texts] for texts in text_pair(y_true, y_pred))
    order = 1 if variant == "l" else int(variant)
    pairs = list(zip(true, pred, strict=True))
    if variant == "l":
        shared = common_lengths(pairs)
    else:
        shared = np.array([(_grams(t, order) & _grams(p, order)).total() for t, p in pairs], dtype=np.float64)
    # F1 of shared / |true| and shared / |pred| is 2 shared / (|true| + |pred|).
    both = np.array([max(len(t) - order + 1, 0) + max(len(p) - order + 1, 0) for t, p in pairs], dtype=np.float64)
    return np.asarray(2 * shared / np.maximum(both, 1))


@metric(
    label="ROUGE",
    family="text",
    greater_is_better=True,
    takes="text",
    params=(
        Param(
            name="variant",
            kind="choice",
            default="1",
            choices=("1", "2", "l"),
            help="1: words; 2: pairs of words; l: longest common subsequence of words.",
        ),
    ),
    aliases={
        "rouge": {},
        "rouge1": {"variant": "1"},
        "rouge2": {"variant": "2"},
        "rougel": {"variant": "l"},
        "rouge_1": {"variant": "1"},
        "rouge_2": {"variant": "2"},
        "rouge_l": {"variant": "l"},
    },
    influence=influence_of_mean(_f_measures),
)
def rouge_score(y_true: Any, y_pred: Any, *, variant: str = "1", sample_weight: Any = None) -> float:
    """Mean over texts of the F1 between reference and hypothesis in words, pairs of words, or a common subsequence.

    Words are runs of the letters a to z and digits, in lower case, without stemming: for other scripts take chrF.
    A pair of texts without any n-gram has 0, so for ``variant="2"`` even two equal texts of one word.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``variant``; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Lin, "ROUGE: a package for automatic evaluation of summaries", 2004; rouge-score.

    >>> rouge_score(["the cat sat"], ["the cat is"], variant="2")
    0.5
    """
    return mean_over_units(_f_measures(y_true, y_pred, variant=variant), sample_weight=sample_weight)


def _grams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))
