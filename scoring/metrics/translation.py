"""Metrics of translations: BLEU and TER as sacrebleu has them, and chrF. All count over the whole corpus."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from scoring.metrics.inputs import extra_module, text_pair
from scoring.metrics.registry import Array, Param, metric
from scoring.metrics.units import influence_of_ratio, ratio_of_sums

ORDERS = 6  # of characters, for chrF
BETA2 = 4  # recall counts twice as much as precision


def _bleu_influence(y_true: Any, y_pred: Any, *, tokenize: str = "13a") -> Array:
    """Gradient of ``BP exp(mean(log(correct_n / total_n)))`` at the sums, times what each text adds to them.

    An order without any hit is smoothed to a constant, so it adds nothing.
    """
    correct, total, system, reference = _bleu_sums(y_true, y_pred, tokenize=tokenize)
    every, hits = total.sum(axis=0), correct.sum(axis=0)
    found = hits > 0
    score = _bleu(hits, every, system.sum(), reference.sum())
    change = (correct[:, found] / hits[found] - total[:, found] / every[found]).sum(axis=1) / correct.shape[1]
    if 0 < system.sum() < reference.sum():
        change += (system * reference.sum() / system.sum() - reference) / system.sum()
    return np.asarray(len(system) * score * change)


@metric(
    label="BLEU",
    family="text",
    greater_is_better=True,
    takes="text",
    high=100.0,
    params=(
        Param(
            name="tokenize",
            kind="choice",
            default="13a",
            choices=("13a", "intl", "char", "none"),
            help="How sacrebleu parts words: 13a (as WMT does), intl (by Unicode), char, none (at spaces).",
        ),
    ),
    aliases={"bleu": {}, "bleu4": {}, "bleu_4": {}, "sacrebleu": {}},
    influence=_bleu_influence,
    extra="text",
)
def bleu_score(y_true: Any, y_pred: Any, *, tokenize: str = "13a") -> float:
    """Geometric mean of the precisions of 1- to 4-grams over the whole corpus, times a penalty for brevity.

    As sacrebleu has it: case counts, and an order without any hit is smoothed exponentially.

    Parameters: ``y_true`` and ``y_pred``, sequences of str, one reference a text; ``tokenize``.
    Returns: 0 to 100, 100 is best (out of reach where no text has four words). Needs the extra ``text``.
    Source: Papineni et al., "BLEU", 2002; Post, "A call for clarity in reporting BLEU scores", 2018.

    >>> round(bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 4)
    53.7285
    """
    return _bleu(*(sums.sum(axis=0) for sums in _bleu_sums(y_true, y_pred, tokenize=tokenize)))


def _bleu_sums(y_true: Any, y_pred: Any, *, tokenize: str) -> tuple[Array, Array, Array, Array]:
    """Return hits and n-grams of each text, shape (rows, 4), and words of hypothesis and reference, shape (rows,)."""
    library = extra_module("sacrebleu.metrics", extra="text", metric="bleu_score")
    bleu = library.BLEU(tokenize=tokenize, effective_order=True)
    true, pred = text_pair(y_true, y_pred)
    scores = [bleu.sentence_score(hypothesis, [reference]) for reference, hypothesis in zip(true, pred, strict=True)]
    lengths = np.array([(score.sys_len, score.ref_len) for score in scores])
    return (
        np.array([score.counts for score in scores]),
        np.array([score.totals for score in scores]),
        lengths[:, 0],
        lengths[:, 1],
    )


def _bleu(correct: Array, total: Array, system: int, reference: int) -> float:
    library = extra_module("sacrebleu.metrics", extra="text", metric="bleu_score")
    sums = correct.tolist(), total.tolist(), int(system), int(reference)
    return min(100.0, float(library.BLEU.compute_bleu(*sums, smooth_method="exp").score))


def _chrf_influence(y_true: Any, y_pred: Any) -> Array:
    """Gradient of F at the mean precision and recall, times what each text adds to them."""
    pred, true, shared = _gram_counts(y_true, y_pred)
    precision, recall = _mean_shares(pred, true, shared)
    if precision + recall == 0:
        return np.zeros(len(pred))
    below = (BETA2 * precision + recall) ** 2
    slopes = (1 + BETA2) * recall**2 / below, (1 + BETA2) * BETA2 * precision**2 / below
    change = np.zeros(len(pred))
    for slope, whole in zip(slopes, (pred, true), strict=True):
        sums = whole.sum(axis=0)
        change += slope * ((shared - whole * shared.sum(axis=0) / sums) / sums).mean(axis=1)
    return np.asarray(100 * len(pred) * change)


@metric(
    label="chrF",
    family="text",
    greater_is_better=True,
    takes="text",
    high=100.0,
    aliases={"chrf": {}, "chrf2": {}},
    influence=_chrf_influence,
)
def chrf_score(y_true: Any, y_pred: Any) -> float:
    """F2 of precision and recall of runs of 1 to 6 characters over the whole corpus, white space left out.

    Precision and recall are averaged over the orders that both sides hold; recall counts twice as much.

    Parameters: ``y_true`` and ``y_pred``, sequences of str, one reference a text.
    Returns: 0 to 100, 100 is best. Texts without any characters have 0.
    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation", 2015; sacrebleu, ``CHRF``.

    >>> round(chrf_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 4)
    65.9797
    """
    pred, true, shared = _gram_counts(y_true, y_pred)
    precision, recall = _mean_shares(pred, true, shared)
    if precision + recall == 0:
        return 0.0
    return 100 * (1 + BETA2) * precision * recall / (BETA2 * precision + recall)


def _gram_counts(y_true: Any, y_pred: Any) -> tuple[Array, Array, Array]:
    """Return n-grams of hypotheses, of references, and shared ones, (rows, orders) for the orders on both sides."""
    true, pred = (["".join(text.split()) for text in texts] for texts in text_pair(y_true, y_pred))
    counts = np.zeros((3, len(true), ORDERS))
    for row, (reference, hypothesis) in enumerate(zip(true, pred, strict=True)):
        for order in range(1, min(ORDERS, len(reference)) + 1):
            # Where the reference is too short for an order, what the hypothesis holds of it is not counted.
            given, wanted = (max(len(text) - order + 1, 0) for text in (hypothesis, reference))
            counts[:, row, order - 1] = given, wanted, _shared_grams(reference, hypothesis, order)
    pred_counts, true_counts, shared = counts[:, :, (counts[:2].sum(axis=1) > 0).all(axis=0)]
    return pred_counts, true_counts, shared


def _mean_shares(pred: Array, true: Array, shared: Array) -> tuple[float, float]:
    """Return precision and recall, each the mean over orders."""
    if shared.shape[1] == 0:
        return 0.0, 0.0
    hits = shared.sum(axis=0)
    return float(np.mean(hits / pred.sum(axis=0))), float(np.mean(hits / true.sum(axis=0)))


def _shared_grams(reference: str, hypothesis: str, order: int) -> int:
    wanted, given = (
        Counter([text[start : start + order] for start in range(len(text) - order + 1)])
        for text in (reference, hypothesis)
    )
    return sum(min(number, wanted[gram]) for gram, number in given.items() if gram in wanted)


def _translation_edits(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    ter = extra_module("sacrebleu.metrics", extra="text", metric="translation_edit_error").TER()
    true, pred = text_pair(y_true, y_pred)
    scores = [ter.sentence_score(hypothesis, [reference]) for reference, hypothesis in zip(true, pred, strict=True)]
    edits = np.array([100.0 * score.num_edits for score in scores])
    return edits, np.array([score.ref_length for score in scores], dtype=np.float64)


@metric(
    label="Translation edit rate",
    family="text",
    greater_is_better=False,
    takes="text",
    high=math.inf,
    aliases={"ter": {}, "translation_edit_rate": {}},
    influence=influence_of_ratio(_translation_edits),
    extra="text",
)
def translation_edit_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Edits of words in all texts together, where moving a run of words is one, per 100 words of all references.

    As sacrebleu has it: in lower case, words parted at white space. Slow: texts with little in common take some 50 ms
    each.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 or more, in per cent; 0 is best. Undefined where no reference holds a word. Needs the extra ``text``.
    Source: Snover et al., "A study of translation edit rate with targeted human annotation", 2006.

    >>> translation_edit_error(["the cat sat down"], ["sat the cat down"])
    25.0
    """
    return ratio_of_sums(*_translation_edits(y_true, y_pred), sample_weight=sample_weight)
