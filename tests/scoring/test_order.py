"""Sorting by counting puts rows in exactly the order that NumPy's stable sort does."""

from collections.abc import Callable

import numpy as np
import pytest

from scoring.metrics.order import ascending

Values = Callable[[np.random.Generator, int], np.ndarray]
TINY, HUGE = 5e-324, 1.7e308
KINDS: dict[str, Values] = {
    "probabilities": lambda random, rows: random.random(rows),
    "few decimals, with ties": lambda random, rows: np.round(random.random(rows), 3),
    "both signs": lambda random, rows: random.normal(size=rows),
    "all negative": lambda random, rows: -random.random(rows) - 1,
    "far apart": lambda random, rows: np.exp(100 * random.normal(size=rows)),
    "close together": lambda random, rows: 100 + 1e-9 * random.random(rows),
    "far and close": lambda random, rows: np.where(random.random(rows) < 0.5, 1e-300, 1) * random.random(rows),
    "outliers of both signs": lambda random, rows: random.standard_cauchy(rows) ** 3,
    "zeros of both signs": lambda random, rows: random.choice([-0.0, 0.0, 1.0], rows),
    "the ends of the range": lambda random, rows: random.choice([-HUGE, HUGE, 0.0, TINY, -TINY], rows),
    "the least there is": lambda random, rows: random.choice([-TINY, TINY], rows),
    "one value": lambda random, rows: np.ones(rows),
    "whole numbers": lambda random, rows: random.integers(-(2**63), 2**63 - 1, rows),
    "small whole numbers": lambda random, rows: random.integers(-3, 3, rows),
    "single precision": lambda random, rows: random.normal(size=rows).astype(np.float32),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [0, 1, 2, 100, 30_000])
def test_rows_are_put_in_the_order_of_a_stable_sort(kind: str, rows: int) -> None:
    values = KINDS[kind](np.random.default_rng(rows), rows)
    assert (ascending(values) == np.argsort(values, kind="stable")).all()


def test_the_bits_that_are_dropped_first_still_decide() -> None:
    values = np.array([1.0, 2.0, np.nextafter(1.0, 2.0), 1e-300, np.nextafter(1.0, 0.0), 1.0])
    assert ascending(values).tolist() == [3, 4, 0, 5, 2, 1]
