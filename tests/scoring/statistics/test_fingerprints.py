"""Copies are found from what is kept of files, and good models are not copies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.statistics.fingerprints import (
    compare_fingerprints,
    consensus,
    correlation,
    excused_by,
    fingerprint,
    residual_correlation,
    shared_cells,
)

quick = settings(max_examples=25, deadline=None)


def known_files() -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    base, noise = random.random(400), random.standard_normal(400)
    blend, other = random.random(400), random.random(400)
    return {
        "A": base,
        "B": base.copy(),
        "C": base + 1e-9 * noise,
        "D": 0.8 * base + 0.2 * blend,
        "E": other,
        "F": base**3,
        "G": base.round(3),
    }


def test_known_copies_are_found_and_others_are_not() -> None:
    prints = {name: fingerprint(values) for name, values in known_files().items()}
    pairs = {pair: compare_fingerprints(prints[pair[0]], prints[pair[1]]) for pair in itertools.combinations(prints, 2)}
    copies = {("A", "B")}
    flagged = set(itertools.combinations("ABCFG", 2))
    assert {pair for pair, likeness in pairs.items() if likeness.identical} == copies
    assert {pair for pair, likeness in pairs.items() if likeness.spearman >= 0.999} == flagged
    assert {pair for pair, likeness in pairs.items() if likeness.reasons} == flagged
    assert pairs["A", "F"].same_order
    assert pairs["A", "D"].spearman == pytest.approx(0.968977181107382, abs=1e-6)
    assert pairs["A", "E"].pearson == pytest.approx(0.07026807166784439, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_arithmetic_in_another_order_hides_no_copy(scale: float) -> None:
    values = np.random.default_rng(1).random(1000).round(6) * scale
    again = (values + 0.1 * scale) - 0.1 * scale
    assert (values != again).any()
    assert fingerprint(values).values == fingerprint(again).values
    assert fingerprint(values).values != fingerprint(values * (1 + 1e-6)).values
    assert fingerprint([0.0, 1.0]).values == fingerprint([-0.0, 1.0]).values


def test_copies_written_with_fewer_digits_are_found_by_what_they_share() -> None:
    values = np.random.default_rng(1).random(10_000)
    likeness = compare_fingerprints(fingerprint(values), fingerprint(values.astype(np.float32)))
    assert not likeness.identical
    assert {"nearly the same order", "shared values"} <= set(likeness.reasons)


@quick
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_the_share_of_equal_rows_is_estimated(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    first = random.random(20_000)
    second = np.where(random.random(20_000) < share, first, random.random(20_000))
    assert shared_cells(fingerprint(first), fingerprint(second)) == pytest.approx(share, abs=0.08)


def test_correlations_of_many_rows_are_estimated() -> None:
    random = np.random.default_rng(2)
    first = random.normal(size=50_000)
    second = first + 0.05 * random.normal(size=50_000)
    other = random.normal(size=50_000)
    prints = [fingerprint(each) for each in (first, second, other)]
    assert correlation(prints[0].sketch, prints[1].sketch) == pytest.approx(np.corrcoef(first, second)[0, 1], abs=2e-4)
    assert correlation(prints[0].sketch, prints[2].sketch) == pytest.approx(0, abs=0.07)


def test_good_models_agree_and_copies_share_their_peculiarities() -> None:
    random = np.random.default_rng(3)
    truth = random.normal(size=4000)
    honest = [truth + 0.1 * random.normal(size=4000) for _ in range(8)]
    copy = honest[0] + 0.02 * random.normal(size=4000)
    sketches = [fingerprint(each).sketch for each in honest]
    middle = consensus(sketches[2:])
    assert correlation(sketches[0], sketches[1]) > 0.98
    assert residual_correlation(sketches[0], sketches[1], middle) < 0.3
    assert residual_correlation(sketches[0], fingerprint(copy).sketch, middle) > 0.9
    assert np.isnan(residual_correlation(sketches[0], sketches[0], sketches[0]))


def test_labels_agree_because_they_are_right() -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 3, 5000)
    first, second = (np.where(random.random(5000) < 0.9, truth, random.integers(0, 3, 5000)) for _ in range(2))
    names = np.array(["ant", "bee", "cat"])
    for one, two in ((first, second), (names[first], names[second])):
        likeness = compare_fingerprints(fingerprint(one), fingerprint(two))
        assert likeness.shared > 0.8
        assert likeness.reasons == ()
    assert compare_fingerprints(fingerprint(names[first]), fingerprint(names[first].tolist())).identical


def test_files_of_several_columns_have_one_fingerprint() -> None:
    table = np.random.default_rng(5).random((200, 4))
    assert compare_fingerprints(fingerprint(table), fingerprint(table.copy())).identical
    assert not compare_fingerprints(fingerprint(table), fingerprint(table[:, ::-1])).reasons


def test_constant_files_have_no_correlation() -> None:
    likeness = compare_fingerprints(fingerprint(np.full(30, 0.1)), fingerprint(np.full(30, 0.2)))
    assert np.isnan(likeness.pearson)
    assert likeness.same_order


def test_files_of_other_rows_are_not_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_fingerprints(fingerprint([1.0]), fingerprint([1.0, 2.0]))


def test_a_public_notebooks_output_is_known_and_excused() -> None:
    files = known_files()
    public = [fingerprint(files["E"]), fingerprint(files["A"])]
    assert excused_by(fingerprint(files["C"]), public) is public[1]
    assert excused_by(fingerprint(files["D"]), public) is None
