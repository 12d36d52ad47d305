"""Known values, worked out elsewhere: by scikit-learn 1.9, scipy, and by definition."""

from __future__ import annotations

import pytest

from scoring.metrics import UndefinedMetricError, find

LABELS = ([0, 1, 2, 2, 1, 0, 2, 1, 0, 2], [0, 2, 2, 2, 1, 0, 1, 1, 1, 2])
SCORES = ([0, 0, 1, 1, 0, 1, 0, 1, 1, 0], [0.1, 0.4, 0.35, 0.8, 0.4, 0.7, 0.05, 0.9, 0.4, 0.6])
NUMBERS = ([3.0, 0.5, 2.0, 7.0, 4.2, 10.0], [2.5, 0.4, 2.0, 8.0, 4.8, 8.5])
KNOWN = [
    ("accuracy", LABELS, 0.7),
    ("balanced_accuracy", LABELS, 0.6944444444444443),
    ("f1_macro", LABELS, 0.7071428571428572),
    ("f1_micro", LABELS, 0.7),
    ("f1_weighted", LABELS, 0.7114285714285715),
    ("mcc", LABELS, 0.5539117094069973),
    ("cohen_kappa", LABELS, 0.5454545454545454),
    ("linear_kappa", LABELS, 0.6511627906976745),
    ("qwk", LABELS, 0.7619047619047619),
    ("roc_auc", SCORES, 0.8),
    ("average_precision", SCORES, 0.8392857142857143),
    ("log_loss", SCORES, 0.4745887656735115),
    ("brier", SCORES, 0.1615),
    ("mae", NUMBERS, 0.6166666666666666),
    ("rmse", NUMBERS, 0.8031189202104505),
    ("rmsle", NUMBERS, 0.1079201530696621),
    ("r2", NUMBERS, 0.9366352844862873),
    ("spearman", NUMBERS, 1.0),
]


@pytest.mark.parametrize(("name", "pair", "expected"), KNOWN, ids=[case[0] for case in KNOWN])
def test_a_metric_has_its_known_value(name: str, pair: tuple[list[float], list[float]], expected: float) -> None:
    entry, params = find(name)
    assert entry(*pair, **params) == pytest.approx(expected, abs=1e-12)


def test_outputs_are_averaged_after_the_root() -> None:
    rmse, _ = find("rmse")
    value = rmse([[1.0, 2.0], [3.0, 4.0], [5.0, 1.0]], [[1.1, 1.5], [2.7, 4.4], [5.5, 1.2]])
    assert value == pytest.approx(0.3644316800763642, abs=1e-12)


def test_a_sure_and_wrong_row_costs_36_and_not_infinity() -> None:
    log_loss, _ = find("log_loss")
    assert log_loss([0, 1], [0.0, 0.0]) == pytest.approx(36.04365338911715 / 2)


@pytest.mark.parametrize(
    ("name", "true", "pred"),
    [
        ("auc", [1, 1], [0.2, 0.4]),
        ("auc", [0, 0], [0.2, 0.4]),
        ("auc", [0, 1], [[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]),
        ("average_precision", [0, 0], [0.2, 0.4]),
        ("log_loss", [1, 1], [0.2, 0.4]),
        ("qwk", [2, 2], [2, 2]),
        ("r2", [1.0], [1.0]),
        ("spearman", [1.0, 2.0], [3.0, 3.0]),
        ("accuracy", [], []),
        ("rmse", [], []),
    ],
)
def test_where_there_is_no_value_a_typed_error_says_so(name: str, true: list[float], pred: list[float]) -> None:
    entry, params = find(name)
    with pytest.raises(UndefinedMetricError):
        entry(true, pred, **params)


@pytest.mark.parametrize(
    ("name", "true", "pred", "expected"),
    [
        ("f1", [0, 0], [0, 0], 0.0),
        ("mcc", [0, 1], [1, 1], 0.0),
        ("r2", [2.0, 2.0], [2.0, 2.0], 1.0),
        ("r2", [2.0, 2.0], [2.0, 3.0], 0.0),
        ("average_precision", [1, 1], [0.2, 0.4], 1.0),
        ("balanced_accuracy", [0, 0], [0, 1], 0.5),
        ("auc", [0, 1], [0.5, 0.5], 0.5),
    ],
)
def test_edges_are_decided_as_scikit_learn_decides_them(
    name: str, true: list[float], pred: list[float], expected: float
) -> None:
    entry, params = find(name)
    assert entry(true, pred, **params) == expected
