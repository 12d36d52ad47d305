"""What looks like asking for labels is shown to a person; honest work is not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from scoring.statistics.probing import (
    changed_rows,
    gap_z,
    nearly_constant,
    public_private_gap,
    score_steps,
    tiny_edits,
)


def test_a_file_that_asks_for_ten_labels_is_nearly_constant() -> None:
    file = np.full(3600, 0.5)
    file[:10] = 1 / (1 + np.exp(-0.054 * 2.0 ** np.arange(10)))
    sign = nearly_constant(file)
    assert sign is not None
    assert sign.strength == pytest.approx(3590 / 3600)
    assert nearly_constant(np.full(3600, 0.5)) is None
    assert nearly_constant(np.random.default_rng(1).random(3600)) is None
    assert nearly_constant([]) is None


def test_edits_of_a_few_new_rows_each_time_are_a_sign() -> None:
    base = np.random.default_rng(2).random(1000)
    files = [base]
    for start in range(0, 40, 10):
        edited = files[-1].copy()
        edited[start : start + 10] = 1.0
        files.append(edited)
    edits = [changed_rows(before, after) for before, after in itertools.pairwise(files)]
    sign = tiny_edits(edits, rows=1000)
    assert sign is not None
    assert sign.strength == 4
    assert tiny_edits(edits[:2], rows=1000) is None
    assert tiny_edits([edits[0]] * 5, rows=1000) is None
    assert tiny_edits([*edits, np.arange(500)], rows=1000) is None
    assert tiny_edits([*edits, []], rows=1000) is None


def test_changed_rows_of_a_table_are_rows() -> None:
    before = np.zeros((4, 2))
    after = before.copy()
    after[2, 1] = 1
    assert changed_rows(before, after).tolist() == [2]
    with pytest.raises(ValueError, match="cannot be compared"):
        changed_rows(before, after[:2])


def test_scores_that_move_by_single_rows_are_a_sign() -> None:
    rows = 3600
    climbing = [0.7 + step / rows for step in (0, 1, 2, 1, 3)]
    sign = score_steps(climbing, rows=rows)
    assert sign is not None
    assert sign.strength == 4
    assert score_steps([*climbing, 0.75], rows=rows) is None
    assert score_steps([0.7, 0.71, 0.73, 0.74], rows=rows) is None
    assert score_steps([0.7], rows=rows) is None


def test_a_public_score_too_good_to_be_true_is_a_sign() -> None:
    assert gap_z(0.95, 0.90, 0.006, 0.008) == pytest.approx(5)
    sign = public_private_gap(0.95, 0.90, 0.006, 0.008)
    assert sign is not None
    assert sign.strength == pytest.approx(5)
    assert public_private_gap(0.90, 0.95, 0.006, 0.008) is None
    assert public_private_gap(0.10, 0.15, 0.006, 0.008, greater_is_better=False) is not None
    assert math.isnan(gap_z(0.9, 0.8, 0.0, 0.0))
