"""Metrics of texts, one reference and one hypothesis a row. Texts are taken as they are unless a metric says otherwise.

``y_true`` and ``y_pred`` are sequences of str; "" is a text, a missing value is not.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from typing import Any

import numpy as np

from scoring.metrics.edits import edit_distances
from scoring.metrics.inputs import text_pair
from scoring.metrics.registry import Array, Param, metric
from scoring.metrics.units import influence_of_mean, influence_of_ratio, mean_over_units, ratio_of_sums

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
SEPARATOR = Param(
    name="separator",
    kind="label",
    default=None,
    help="What parts alternatives in the reference, of which the nearest counts; none: there is one.",
)


def _exact_matches(y_true: Any, y_pred: Any, *, normalise: str = "none", separator: str | None = None) -> Array:
    form = _as_squad if normalise == "squad" else str
    true, pred = text_pair(y_true, y_pred)
    pairs = zip(true, pred, strict=True)
    return np.array([form(p) in map(form, _alternatives(t, separator)) for t, p in pairs], dtype=np.float64)


@metric(
    label="Exact match",
    family="text",
    greater_is_better=True,
    takes="text",
    params=(
        Param(
            name="normalise",
            kind="choice",
            default="none",
            choices=("none", "squad"),
            help="squad: compare without case, punctuation, articles (a, an, the) and repeated spaces.",
        ),
        SEPARATOR,
    ),
    aliases={"exact_match": {}, "em": {}, "squad_em": {"normalise": "squad"}},
    influence=influence_of_mean(_exact_matches),
    interval="proportion",
)
def exact_match_score(
    y_true: Any,
    y_pred: Any,
    *,
    normalise: str = "none",
    separator: str | None = None,
    sample_weight: Any = None,
) -> float:
    """Share of texts that are the reference, character by character or in SQuAD's normal form.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``normalise``; ``separator`` of alternatives in the
    reference; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", 2016.

    >>> exact_match_score(["The cat.", "dog"], ["cat", "dogs"], normalise="squad")
    0.5
    """
    matches = _exact_matches(y_true, y_pred, normalise=normalise, separator=separator)
    return mean_over_units(matches, sample_weight=sample_weight)


def _squad_f1s(y_true: Any, y_pred: Any, *, separator: str | None = None) -> Array:
    pairs = zip(*text_pair(y_true, y_pred), strict=True)
    return np.array([max(_word_f1(each, pred) for each in _alternatives(true, separator)) for true, pred in pairs])


@metric(
    label="F1 of words (SQuAD)",
    family="text",
    greater_is_better=True,
    takes="text",
    params=(SEPARATOR,),
    aliases={"squad_f1": {}},
    influence=influence_of_mean(_squad_f1s),
)
def squad_f1_score(y_true: Any, y_pred: Any, *, separator: str | None = None, sample_weight: Any = None) -> float:
    """Mean over texts of the F1 between the bags of words of reference and hypothesis.

    Words are compared without case, punctuation and the articles a, an, the. Where one of the two holds no words, the
    F1 is 1 if neither does and else 0, as in SQuAD 2.0. Of several alternatives the best counts.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``separator`` of alternatives in the reference;
    ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", 2016; Rajpurkar, Jia &
    Liang, "Know what you don't know", 2018.

    >>> squad_f1_score(["the cat sat"], ["a cat"])
    0.6666666666666666
    """
    return mean_over_units(_squad_f1s(y_true, y_pred, separator=separator), sample_weight=sample_weight)


def _word_edits(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    true, pred = ([text.split() for text in texts] for texts in text_pair(y_true, y_pred))
    return edit_distances(zip(true, pred, strict=True)), np.array([len(words) for words in true], dtype=np.float64)


@metric(
    label="Word error rate",
    family="text",
    greater_is_better=False,
    takes="text",
    high=math.inf,
    aliases={"wer": {}, "word_error_rate": {}},
    influence=influence_of_ratio(_word_edits),
)
def word_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Words to insert, delete or replace in all texts together, divided by the words of all references.

    Words are what stands between white space. A long text counts more than a short one.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 or more, 0 is best; above 1 where there are more mistakes than words. Undefined where no reference
    holds a word.
    Source: Morris, Maier & Green, "From WER and RIL to MER and WIL", 2004; jiwer, ``wer``.

    >>> word_error(["the cat sat", "hello"], ["the cat sits", "hello"])
    0.25
    """
    return ratio_of_sums(*_word_edits(y_true, y_pred), sample_weight=sample_weight)


def _character_edits(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    true, pred = ([text.strip() for text in texts] for texts in text_pair(y_true, y_pred))
    return edit_distances(zip(true, pred, strict=True)), np.array([len(text) for text in true], dtype=np.float64)


@metric(
    label="Character error rate",
    family="text",
    greater_is_better=False,
    takes="text",
    high=math.inf,
    aliases={"cer": {}, "character_error_rate": {}},
    influence=influence_of_ratio(_character_edits),
)
def character_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Characters to insert, delete or replace in all texts together, divided by the characters of all references.

    Spaces are characters, but for those before and after a text.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 or more, 0 is best. Undefined where all references are empty.
    Source: jiwer, ``cer``.

    >>> character_error(["abcd", "efgh"], ["abxd", "efgh"])
    0.125
    """
    return ratio_of_sums(*_character_edits(y_true, y_pred), sample_weight=sample_weight)


def _distances(y_true: Any, y_pred: Any) -> Array:
    return edit_distances(zip(*text_pair(y_true, y_pred), strict=True))


@metric(
    label="Levenshtein distance",
    family="text",
    greater_is_better=False,
    takes="text",
    high=math.inf,
    aliases={"levenshtein": {}, "edit_distance": {}, "mean_levenshtein": {}},
    influence=influence_of_mean(_distances),
)
def levenshtein_error(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean over texts of the number of characters to insert, delete or replace.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 or more, in characters; 0 is best.
    Source: Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals", 1966.

    >>> levenshtein_error(["kitten", "dog"], ["sitting", "dog"])
    1.5
    """
    return mean_over_units(_distances(y_true, y_pred), sample_weight=sample_weight)


def _similarities(y_true: Any, y_pred: Any) -> Array:
    longest = np.array([max(len(true), len(pred)) for true, pred in zip(*text_pair(y_true, y_pred), strict=True)])
    return np.asarray(1 - _distances(y_true, y_pred) / np.maximum(longest, 1))


@metric(
    label="Normalised Levenshtein similarity",
    family="text",
    greater_is_better=True,
    takes="text",
    aliases={"nls": {}, "levenshtein_similarity": {}},
    influence=influence_of_mean(_similarities),
)
def levenshtein_similarity_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Mean over texts of 1 less the Levenshtein distance, divided by the length of the longer text.

    Two empty texts have 1.

    Parameters: ``y_true`` and ``y_pred``, sequences of str; ``sample_weight`` of shape (rows,) or None.
    Returns: 0 to 1, 1 is best.
    Source: Biten et al., "Scene text visual question answering", 2019 (there with a threshold).

    >>> levenshtein_similarity_score(["abcd"], ["abxd"])
    0.75
    """
    return mean_over_units(_similarities(y_true, y_pred), sample_weight=sample_weight)


def _alternatives(text: str, separator: str | None) -> list[str]:
    return [text] if separator is None else text.split(str(separator))


def _as_squad(text: str) -> str:
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def _word_f1(reference: str, hypothesis: str) -> float:
    true, pred = _as_squad(reference).split(), _as_squad(hypothesis).split()
    if not true or not pred:
        return float(true == pred)
    return 2 * (Counter(true) & Counter(pred)).total() / (len(true) + len(pred))
