"""The Ladder answers when a team has clearly improved, and a boosting attack learns little from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.statistics.ladder import Release, fixed, general, parameter_free, se_of_change


def released_by_fixed(losses: list[float], *, eta: float) -> list[float]:
    best, shown = None, []
    for loss in losses:
        best = fixed(loss, best, eta=eta).value
        shown.append(best)
    return shown


def released_by_parameter_free(losses: list[np.ndarray]) -> list[Release]:
    best, kept, shown = None, None, []
    for loss in losses:
        shown.append(parameter_free(loss, best, kept))
        best, kept = shown[-1].value, loss if shown[-1].updated else kept
    return shown


def test_a_known_run_with_a_fixed_step() -> None:
    losses = [0.5, 0.495, 0.488, 0.4805, 0.4801, 0.4695, 0.3, 0.2951, 0.289]
    expected = [0.5, 0.5, 0.49, 0.49, 0.49, 0.47, 0.3, 0.3, 0.29]
    assert released_by_fixed(losses, eta=0.01) == pytest.approx(expected, abs=1e-12)


def test_an_improvement_by_exactly_the_step_is_none() -> None:
    assert not fixed(0.4, 0.5, eta=0.1).updated
    assert not fixed(0.7, 0.8, eta=0.1).updated
    assert not fixed(0.1, 0.2, eta=0.1).updated
    with pytest.raises(ValueError, match="eta"):
        fixed(0.5, None, eta=0)


def test_a_known_run_without_parameters() -> None:
    labels = np.array([1, 0, 1, 1, 1, 0])
    files = [[0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0], [1, 0, 1, 1, 1, 0]]
    shown = released_by_parameter_free([(np.array(file) != labels).astype(float) for file in files])
    assert [each.value for each in shown] == pytest.approx([2 / 3, 2 / 3, 1 / 3, 0.0], abs=1e-12)
    assert [each.updated for each in shown] == [True, False, True, True]


def test_released_values_may_be_rounded() -> None:
    assert parameter_free([0.1, 0.2, 0.4], None, None, rounding=0.1).value == pytest.approx(0.2)
    assert general(0.8765, None, 0.01, greater_is_better=True, rounding=0.01).value == pytest.approx(0.88)


def test_the_general_rule_goes_by_the_error_of_the_difference() -> None:
    assert general(0.80, None, math.nan, greater_is_better=True) == Release(0.80, updated=True)
    assert general(0.82, 0.80, 0.01, greater_is_better=True).updated
    assert not general(0.81, 0.80, 0.01, greater_is_better=True).updated
    assert not general(0.78, 0.80, 0.01, greater_is_better=True).updated
    assert general(0.78, 0.80, 0.01, greater_is_better=False).updated
    assert not general(0.82, 0.80, 0.01, greater_is_better=True, c=3).updated
    assert not general(0.9, 0.80, math.nan, greater_is_better=True).updated
    assert not general(0.80, 0.80, 0.0, greater_is_better=True).updated


def test_both_rules_agree_on_a_mean_loss() -> None:
    random = np.random.default_rng(3)
    old = random.random(200)
    for shift in np.linspace(-0.1, 0.05, 12):
        new = old + random.normal(shift, 0.3, 200)
        se = se_of_change(new - new.mean(), old - old.mean())
        expected = parameter_free(new, float(old.mean()), old)
        assert general(float(new.mean()), float(old.mean()), se, greater_is_better=False) == expected


def test_a_boosting_attack_learns_little() -> None:
    random = np.random.default_rng(0)
    rows, files = 4000, 400
    labels = random.integers(0, 2, rows)
    guesses = random.integers(0, 2, (files, rows))
    losses = (guesses != labels).astype(float)

    def vote(shown: list[float]) -> float:
        better = guesses[[loss < 0.5 for loss in shown]]
        return float(((better.mean(axis=0) > 0.5) != labels).mean()) if len(better) else 0.5

    raw = vote([float(loss.mean()) for loss in losses])
    released = released_by_parameter_free(list(losses))
    climbed = [each.value if each.updated else 1.0 for each in released]
    assert raw < 0.46  # the truth is 0.5: nothing was learnt about anything but these labels
    assert vote(climbed) > 0.475
