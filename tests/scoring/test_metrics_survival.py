"""Survival: scikit-survival as the oracle, and edges as they are documented."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sksurv.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scoring.metrics import MetricInputError, UndefinedMetricError, find

Array = NDArray[Any]
quick = settings(max_examples=40, deadline=None)


def ours(name: str, *arrays: Any, **options: Any) -> float:
    entry, params = find(name)
    return entry(*arrays, **{**params, **options})


def patients(random: np.random.Generator, rows: int, *, whole: bool) -> tuple[Array, Array, Array]:
    """Times, risks, and whether the event was seen; whole numbers, so that there are ties, or not."""
    time, risk = random.exponential(5, rows) + 0.1, random.normal(0, 2, rows)
    seen = random.random(rows) < 0.6
    if whole:
        time, risk = np.ceil(time), risk.round()
    seen[time == time.max()] = False  # somebody is left, so that weights exist and pairs can be compared
    seen[np.argmin(time)] = True
    return time, risk, seen


def structured(time: Array, seen: Array) -> Array:
    return np.array(list(zip(seen, time, strict=True)), dtype=[("event", bool), ("time", float)])


worlds = st.tuples(st.integers(0, 2**32 - 1).map(np.random.default_rng), st.integers(5, 50), st.booleans())


@quick
@given(world=worlds)
def test_harrells_c_is_what_scikit_survival_says(world: Any) -> None:
    random, rows, whole = world
    time, risk, seen = patients(random, rows, whole=whole)
    expected = oracle.concordance_index_censored(seen, time, risk)[0]
    assert ours("c_index", time, risk, event=seen) == pytest.approx(expected, rel=1e-12)
    assert ours("c_index", time, -risk, event=seen.astype(float), predicts="time") == pytest.approx(expected, rel=1e-12)


@quick
@given(world=worlds)
def test_unos_c_is_what_scikit_survival_says(world: Any) -> None:
    random, rows, whole = world
    time, risk, seen = patients(random, rows, whole=whole)
    truth, tau = structured(time, seen), float(np.quantile(time, 0.8)) + 0.01
    for options in ({}, {"tau": tau}):
        expected = oracle.concordance_index_ipcw(truth, truth, risk, **options)[0]
        assert ours("uno_c", time, risk, event=seen, **options) == pytest.approx(expected, rel=1e-9)


def test_the_time_dependent_auc_is_what_scikit_survival_says() -> None:
    time, risk, seen = patients(np.random.default_rng(1), 200, whole=False)
    truth = structured(time, seen)
    expected = oracle.cumulative_dynamic_auc(truth, truth, risk, [2.0, 5.0])[1]
    assert ours("dynamic_auc", time, risk, event=seen, times="2, 5") == pytest.approx(expected, rel=1e-12)
    assert 0.3 < ours("dynamic_auc", time, risk, event=seen) < 0.7


def test_where_every_event_was_seen_harrells_c_is_the_share_of_pairs_in_order() -> None:
    time, risk, _ = patients(np.random.default_rng(1), 80, whole=True)
    assert ours("c_index", time, risk, event=np.ones(80)) == pytest.approx(ours("concordance", time, -risk), rel=1e-12)


@pytest.mark.parametrize("event", [[0, 0, 0], [0, 0, 1]])
def test_without_a_pair_to_compare_there_is_no_value(event: list[int]) -> None:
    for name in ("c_index", "uno_c"):
        with pytest.raises(UndefinedMetricError):
            ours(name, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], event=event)


def test_two_events_at_one_time_are_no_pair_and_an_event_comes_before_who_was_censored_then() -> None:
    assert ours("c_index", [1.0, 1.0, 1.0], [3.0, 2.0, 1.0], event=[1, 1, 0]) == 1
    with pytest.raises(UndefinedMetricError):
        ours("c_index", [1.0, 1.0], [3.0, 2.0], event=[1, 1])
    with pytest.raises(UndefinedMetricError, match="censored then"):
        ours("uno_c", [1.0, 1.0], [3.0, 2.0], event=[1, 0])


@pytest.mark.parametrize("event", [[0, 2], [0.5, 1], ["a", "b"], [1]])
def test_events_are_seen_or_not(event: Any) -> None:
    with pytest.raises(MetricInputError, match="event"):
        ours("c_index", [1.0, 2.0], [1.0, 2.0], event=event)


@pytest.mark.parametrize("whole", [True, False])
def test_standard_errors_agree_with_a_bootstrap(whole: bool) -> None:
    random, rows = np.random.default_rng(3), 800
    time, noise, seen = patients(random, rows, whole=whole)
    risk = noise - np.log(time)
    drawn = [
        ours("c_index", time[kept], risk[kept], event=seen[kept]) for kept in random.integers(0, rows, (300, rows))
    ]
    psi = find("c_index")[0].influence_values(time, risk, event=seen)
    assert psi.mean() == pytest.approx(0, abs=1e-10)
    assert psi.std(ddof=1) / math.sqrt(rows) == pytest.approx(np.std(drawn, ddof=1), rel=0.12)
