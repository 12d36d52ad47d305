"""Rules that make one order of several columns."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.statistics import aggregation
from tests.scoring.statistics.cases import COLUMNS

UP = [True, True, True]
quick = settings(max_examples=25, deadline=None)


def test_a_known_board() -> None:
    assert aggregation.ranks(COLUMNS, UP).tolist() == [[1, 3, 3], [2.5, 1, 2], [2.5, 4, 1], [4, 2, 4]]
    assert aggregation.mean_rank(COLUMNS, UP) == pytest.approx([7 / 3, 11 / 6, 2.5, 10 / 3])
    assert aggregation.borda(COLUMNS, UP).tolist() == [5, 6.5, 4.5, 2]
    assert aggregation.copeland(COLUMNS, UP).tolist() == [2, 2.5, 1.5, 0]
    assert aggregation.kemeny(COLUMNS, UP) == aggregation.Kemeny(5, [(1, 0, 2, 3)])
    assert aggregation.pareto_fronts(COLUMNS, UP) == [[0, 1, 2], [3]]
    expected = [0.21992823388585706, 0.6281527457133378, -0.0777095658842714, -0.7703714137149226]
    assert aggregation.mean_z(COLUMNS, UP) == pytest.approx(expected, abs=1e-12)
    assert aggregation.weighted_sum(COLUMNS, [1, 1, -1])[0] == pytest.approx(1.0)


def test_the_direction_of_a_column_is_folded_in() -> None:
    flipped = np.array(COLUMNS) * [1, -1, 1]
    directions = [True, False, True]
    for rule in (aggregation.mean_rank, aggregation.borda, aggregation.copeland, aggregation.mean_z):
        assert rule(flipped, directions) == pytest.approx(rule(COLUMNS, UP))
    assert aggregation.pareto_fronts(flipped, directions) == [[0, 1, 2], [3]]
    assert aggregation.kemeny(flipped, directions).cost == 5


def test_columns_may_weigh_more() -> None:
    assert aggregation.mean_rank(COLUMNS, UP, weights=[1, 0, 0]).tolist() == [1, 2.5, 2.5, 4]
    assert aggregation.mean_z(COLUMNS, UP, weights=[0, 1, 0])[1] > 0


def test_a_missing_score_is_last_in_its_column() -> None:
    scores = [[0.9, math.nan], [0.8, 0.5], [0.7, math.nan]]
    assert aggregation.ranks(scores, [True, False]).tolist() == [[1, 2.5], [2, 1], [3, 2.5]]
    assert aggregation.pareto_fronts(scores, [True, True]) == [[0, 1], [2]]
    assert np.isnan(aggregation.weighted_sum(scores, [1, 1])).tolist() == [True, False, True]
    assert np.isnan(aggregation.mean_z(scores, [True, True])).tolist() == [True, False, True]
    assert aggregation.kemeny(scores, [True, True]).orders[0][-1] == 2


def test_a_column_without_spread_decides_nothing() -> None:
    assert aggregation.mean_z([[0.1, 1.0], [0.1, 3.0]], [True, True]).tolist() == [-0.5, 0.5]


@quick
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4))
def test_kemeny_finds_what_going_through_all_orders_finds(seed: int, teams: int, columns: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, (teams, columns))
    prefers = aggregation.preferences(scores, [True] * columns)
    costs = {
        order: int(sum(prefers[low, high] for high, low in itertools.combinations(order, 2)))
        for order in itertools.permutations(range(teams))
    }
    least = min(costs.values())
    got = aggregation.kemeny(scores, [True] * columns)
    assert got.cost == least
    assert got.orders == sorted(order for order, cost in costs.items() if cost == least)[:100] or len(got.orders) == 100


def test_kemeny_is_for_small_boards() -> None:
    assert aggregation.kemeny(np.arange(20).reshape(10, 2), [True, True]).orders == [tuple(range(9, -1, -1))]
    with pytest.raises(ValueError, match="too many"):
        aggregation.kemeny(np.zeros((11, 1)), [True])


@quick
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_no_one_in_a_front_is_dominated_by_anyone_left(seed: int, teams: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, (teams, 2))
    fronts = aggregation.pareto_fronts(scores, [True, True])
    assert sorted(itertools.chain(*fronts)) == list(range(teams))
    for number, front in enumerate(fronts):
        left = list(itertools.chain(*fronts[number:]))
        for team in front:
            assert not any((scores[o] >= scores[team]).all() and (scores[o] > scores[team]).any() for o in left)


def test_rules_agree_or_not_and_tau_says_how_much() -> None:
    rules = {"borda": aggregation.borda(COLUMNS, UP), "z": aggregation.mean_z(COLUMNS, UP), "none": np.zeros(4)}
    got = aggregation.agreement(rules)
    assert got["borda", "z"] == pytest.approx(1.0)
    assert math.isnan(got["borda", "none"])
    assert aggregation.kendall_tau([1.0, 2.0, math.nan], [2.0, 3.0, 1.0]) == pytest.approx(1.0)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        aggregation.ranks([1.0, 2.0], [True])
    with pytest.raises(ValueError, match="directions"):
        aggregation.ranks(COLUMNS, [True])
