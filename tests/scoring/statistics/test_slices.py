"""Scores by group, and what lies between groups, with errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.statistics.intervals import standard_error
from scoring.statistics.slices import Measure, slices

RANDOM = np.random.default_rng(1)
GROUPS = np.array(["a"] * 100 + ["b"] * 200 + ["c"] * 10)
VALUES = np.concatenate([RANDOM.normal(1.0, 0.2, 100), RANDOM.normal(2.0, 0.4, 200), RANDOM.normal(9.0, 0.1, 10)])


def mean_of(values: np.ndarray) -> Measure:
    return lambda rows: (float(values[rows].mean()), values[rows] - values[rows].mean())


def test_each_group_has_its_own_value_and_error() -> None:
    got = slices(GROUPS, mean_of(VALUES), greater_is_better=True)
    assert [(each.label, each.rows, each.small) for each in got.groups] == [
        ("a", 100, False),
        ("b", 200, False),
        ("c", 10, True),
    ]
    for each in got.groups:
        own = VALUES[each.label == GROUPS]
        assert each.estimate is not None
        assert each.estimate.value == pytest.approx(own.mean())
        assert each.estimate.se == pytest.approx(standard_error(own - own.mean()))


def test_gap_and_ratio_have_the_error_of_independent_groups_and_leave_small_ones_out() -> None:
    got = slices(GROUPS, mean_of(VALUES), greater_is_better=True)
    a, b = got.groups[0].estimate, got.groups[1].estimate
    assert a is not None
    assert b is not None
    assert got.worst is got.groups[0]
    assert got.best is got.groups[1]
    assert got.gap is not None
    assert got.gap.value == pytest.approx(b.value - a.value)
    assert got.gap.se == pytest.approx(math.hypot(a.se or 0, b.se or 0), rel=1e-9)
    assert got.ratio is not None
    ratio = a.value / b.value
    expected = ratio * math.hypot((a.se or 0) / a.value, (b.se or 0) / b.value)
    assert (got.ratio.value, got.ratio.se) == pytest.approx((ratio, expected), rel=1e-9)


def test_for_a_loss_the_worst_group_has_the_largest_value() -> None:
    got = slices(GROUPS, mean_of(VALUES), greater_is_better=False, small=5)
    assert got.worst is not None
    assert got.worst.label == "c"
    assert got.gap is not None
    assert got.gap.value > 0


def test_groups_that_share_clusters_are_not_independent() -> None:
    eyes = np.tile(["left", "right"], 200)
    patients = np.repeat(np.arange(200), 2)
    values = np.repeat(RANDOM.normal(size=200), 2) + RANDOM.normal(0, 0.1, 400) + (eyes == "left")
    ignoring = slices(eyes, mean_of(values), greater_is_better=True)
    heeding = slices(eyes, mean_of(values), greater_is_better=True, clusters=patients)
    assert ignoring.gap is not None
    assert heeding.gap is not None
    assert (heeding.gap.se or 1) < (ignoring.gap.se or 0) / 3


def test_what_has_no_value_no_influence_or_no_spread_has_no_error() -> None:
    def measure(rows: np.ndarray) -> tuple[float | None, np.ndarray | None]:
        return {0: (None, None), 1: (0.5, None), 2: (1.0, np.zeros(len(rows)))}[int(rows[0]) // 40]

    got = slices(np.repeat([0, 1, 2], 40), measure, greater_is_better=True)
    assert got.groups[0].estimate is None
    assert [each.estimate.se for each in got.groups[1:] if each.estimate] == [None, None]
    assert got.gap is not None
    assert (got.gap.value, got.gap.se) == (0.5, None)


def test_one_group_has_no_gap() -> None:
    got = slices(["a"] * 50, mean_of(np.arange(50.0)), greater_is_better=True)
    assert (got.worst, got.gap, got.ratio) == (None, None, None)


def test_no_ratio_of_negative_scores() -> None:
    values = np.concatenate([np.linspace(-2, -1, 50), np.linspace(1, 2, 50)])
    got = slices(np.repeat([0, 1], 50), mean_of(values), greater_is_better=True)
    assert got.ratio is None
    assert got.gap is not None
