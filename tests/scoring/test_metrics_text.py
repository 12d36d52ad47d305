"""Texts: known values, sacrebleu and rapidfuzz on random texts, what a missing library changes, and the edges."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import rapidfuzz.distance as fuzz
import sacrebleu.metrics as bleu
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.metrics import MetricError, MetricInputError, UndefinedMetricError, find, rouge, text, translation
from scoring.metrics.edits import common_length, edit_distance

quick = settings(max_examples=40, deadline=None)
TRUTH = ["the cat sat on the mat", "there is a dog in the garden today"]
PRED = ["the cat is on the mat", "a dog is in the garden"]
KNOWN = {
    "bleu": 27.694781900531453,
    "chrf": 54.29785086890833,
    "ter": 28.57142857142857,
    "rouge1": 0.8452380952380952,
    "rouge2": 0.55,
    "rougeL": 0.7738095238095238,
    "wer": 0.35714285714285715,
    "cer": 0.35714285714285715,
    "squad_em": 0.0,
    "squad_f1": 0.775,
    "nls": 0.6818181818181819,
    "levenshtein": 10.0,
    "exact_match": 0.0,
}
WORDS = [*["the", "cat", "sat", "on", "a", "mat", "and", "saw", "some", "dogs"], "Mr.", "it's", "(no)", "über", "1,000"]
sentences = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
corpora = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=6)


def score(name: str, truth: Any, pred: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(truth, pred, **{**params, **options})


def many(rows: int) -> tuple[list[str], list[str]]:
    """Texts of 4 to 12 words, a fifth of them replaced, some cut short."""
    random = np.random.default_rng(6)
    truth = [random.choice(WORDS, random.integers(4, 13)) for _ in range(rows)]
    pred = [np.where(random.random(len(words)) < 0.2, random.choice(WORDS, len(words)), words) for words in truth]
    return [" ".join(words) for words in truth], [" ".join(words[: random.integers(3, 13)]) for words in pred]


@pytest.mark.parametrize("name", KNOWN)
def test_a_text_metric_has_its_known_value(name: str) -> None:
    assert score(name, TRUTH, PRED) == pytest.approx(KNOWN[name], abs=1e-9)


@quick
@given(corpus=corpora, tokenize=st.sampled_from(["13a", "intl", "char", "none"]))
def test_bleu_is_sacrebleu_s(corpus: list[tuple[str, str]], tokenize: str) -> None:
    truth, pred = map(list, zip(*corpus, strict=True))
    expected = bleu.BLEU(tokenize=tokenize).corpus_score(pred, [truth]).score
    assert score("bleu", truth, pred, tokenize=tokenize) == pytest.approx(expected, abs=1e-9)


@quick
@given(corpus=corpora)
def test_chrf_is_sacrebleu_s(corpus: list[tuple[str, str]]) -> None:
    truth, pred = map(list, zip(*corpus, strict=True))
    assert score("chrf", truth, pred) == pytest.approx(bleu.CHRF().corpus_score(pred, [truth]).score, abs=1e-9)


@quick
@given(corpus=corpora.filter(lambda pairs: any(true for true, _ in pairs)))
def test_ter_is_sacrebleu_s(corpus: list[tuple[str, str]]) -> None:
    truth, pred = map(list, zip(*corpus, strict=True))
    assert score("ter", truth, pred) == pytest.approx(bleu.TER().corpus_score(pred, [truth]).score, abs=1e-9)


@quick
@given(left=st.text("abcä ", max_size=90), right=st.text("abcä ", max_size=90))
def test_our_own_edit_distances_and_common_subsequences_are_rapidfuzz_s(left: str, right: str) -> None:
    assert edit_distance(left, right) == fuzz.Levenshtein.distance(left, right)
    assert common_length(left, right) == fuzz.LCSseq.similarity(left, right)


@pytest.mark.parametrize("name", ["wer", "cer", "nls", "levenshtein", "rouge_l"])
def test_without_rapidfuzz_the_numbers_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, pred = many(50)
    quickly = score(name, truth, pred)
    monkeypatch.setitem(sys.modules, "rapidfuzz.distance", None)
    assert score(name, truth, pred) == quickly


@pytest.mark.parametrize("name", ["bleu", "ter"])
def test_without_sacrebleu_the_error_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(MetricError, match=r"needs the extra `text`: pip install 'podium\[text\]'"):
        score(name, TRUTH, PRED)


@pytest.mark.parametrize(
    ("name", "truth", "pred", "expected"),
    [
        ("exact_match", ["a", "b "], ["a", "b"], 0.5),
        ("squad_em", ["The  Cat!"], ["cat"], 1.0),
        ("squad_f1", ["the"], [""], 1.0),
        ("squad_f1", ["cat"], [""], 0.0),
        ("squad_f1", ["cat cat dog"], ["cat bird"], 0.4),
        ("wer", ["a b", ""], ["a b", "c d"], 1.0),
        ("wer", ["a b"], ["  a   b "], 0.0),
        ("cer", [" ab "], ["ab"], 0.0),
        ("nls", ["", "ab"], ["", "cd"], 0.5),
        ("rouge2", ["cat"], ["cat"], 0.0),
        ("rouge1", ["Cat-fish, 2"], ["cat fish 2"], 1.0),
        ("rouge1", [""], [""], 0.0),
        ("bleu", [""], [""], 0.0),
        ("chrf", ["", "a b"], ["", "ab"], 100.0),
        ("chrf", [""], [""], 0.0),
    ],
)
def test_edges_of_texts_are_decided(name: str, truth: list[str], pred: list[str], expected: float) -> None:
    assert score(name, truth, pred) == pytest.approx(expected, abs=1e-12)


def test_of_several_references_the_nearest_counts() -> None:
    assert score("squad_em", ["cat|dog", "cat|dog"], ["a dog", "cow"], separator="|") == 0.5
    assert score("squad_f1", ["red cat|dog"], ["cat"], separator="|") == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", ["wer", "cer", "ter"])
def test_error_rates_of_empty_references_have_no_value(name: str) -> None:
    with pytest.raises(UndefinedMetricError):
        score(name, ["", " "], ["a", "b"])


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(MetricInputError, match="y_pred holds `nan`, expected text"):
        score(name, ["a b"], [float("nan")])
    with pytest.raises(MetricInputError, match="y_true holds `None`, expected text"):
        score(name, np.array(["a", None], dtype=object), ["a", "b"])
    with pytest.raises(MetricInputError, match="y_true has 2 rows and y_pred has 1"):
        score(name, ["a", "b"], ["a"])
    with pytest.raises(UndefinedMetricError):
        score(name, [], [])


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("squad_f1", text._squad_f1s),
        ("nls", text._similarities),
        ("levenshtein", text._distances),
        ("rouge1", rouge._f_measures),
        ("wer", text._word_edits),
        ("cer", text._character_edits),
        ("ter", translation._translation_edits),
    ],
)
def test_standard_errors_of_texts_agree_with_a_bootstrap(name: str, sums: Any) -> None:
    truth, pred = many(400)
    found = sums(truth, pred)
    above, below = found if isinstance(found, tuple) else (found, np.ones(400))
    assert score(name, truth, pred) == pytest.approx(above.sum() / below.sum(), abs=1e-12)
    entry, params = find(name)
    psi = entry.influence_values(truth, pred, **params)
    assert psi.mean() == pytest.approx(0, abs=1e-10)
    drawn = np.random.default_rng(1).multinomial(400, np.full(400, 1 / 400), size=1000)
    assert psi.std(ddof=1) / 20 == pytest.approx(np.std(drawn @ above / (drawn @ below), ddof=1), rel=0.15)


def test_weights_count_texts_more() -> None:
    truth, pred = many(20)
    for name in ("squad_f1", "wer", "ter", "rougel", "exact_match"):
        weighted = score(name, truth, pred, sample_weight=[2.0] * 5 + [1.0] * 15)
        assert weighted == pytest.approx(score(name, truth[:5] + truth, pred[:5] + pred), rel=1e-12)


def test_the_standard_error_of_bleu_agrees_with_a_bootstrap_where_hypotheses_are_short_and_where_they_are_not() -> None:
    for truth, pred in (many(400), many(400)[::-1]):
        psi = find("bleu")[0].influence_values(truth, pred)
        assert psi.mean() == pytest.approx(0, abs=1e-10)
        sums, random = translation._bleu_sums(truth, pred, tokenize="13a"), np.random.default_rng(1)
        drawn = [random.integers(0, 400, 400) for _ in range(400)]
        spread = np.std([translation._bleu(*(part[rows].sum(axis=0) for part in sums)) for rows in drawn], ddof=1)
        assert psi.std(ddof=1) / 20 == pytest.approx(spread, rel=0.15)


def test_the_influence_of_chrf_is_what_the_value_loses_without_a_text() -> None:
    truth, pred = many(50)
    entry, _ = find("chrf")
    psi, value = entry.influence_values(truth, pred), entry(truth, pred)
    without = [entry(truth[:row] + truth[row + 1 :], pred[:row] + pred[row + 1 :]) for row in range(50)]
    assert psi.mean() == pytest.approx(0, abs=1e-10)
    assert np.corrcoef(psi, 49 * (value - np.array(without)))[0, 1] > 0.999
    assert psi.std() == pytest.approx(np.std(49 * (value - np.array(without))), rel=0.05)
