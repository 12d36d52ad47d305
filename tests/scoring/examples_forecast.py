"""Examples of forecasts: points of several series, bounds, members of an ensemble, means and standard deviations."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, promise

promise(
    "crps_ensemble_loss", "crps_normal_loss", "crps_parametric_loss", "interval_coverage_score",
    "mean_absolute_scaled_error", "mean_interval_loss", "mean_quantiles_loss", "normal_log_loss",
    "root_mean_squared_scaled_error", "weighted_root_mean_squared_scaled_error",
)  # fmt: skip


@example("mean_absolute_scaled_error", "root_mean_squared_scaled_error")
def series(random: np.random.Generator, rows: int) -> Example:
    truth, group = random.normal(10, 3, rows), np.arange(rows) // 5
    pred = truth + random.normal(0, 1, rows) * random.uniform(0.5, 2, len(group))[group]
    return Example(truth, pred, truth, {"group": group, "scale": random.uniform(1, 3, len(group))[group]})


@example("weighted_root_mean_squared_scaled_error")
def weighted_series(random: np.random.Generator, rows: int) -> Example:
    made = series(random, rows)
    importance = random.uniform(1, 3, rows)[made.keywords["group"]]
    return Example(made.truth, made.pred, made.perfect, {**made.keywords, "importance": importance})


@example(takes="numbers", columns="bounds")
def bounds(random: np.random.Generator, rows: int) -> Example:
    truth = random.normal(10, 3, rows)
    low = truth + random.normal(-1, 1, rows)
    return Example(truth, np.column_stack([low, low + random.exponential(2, rows)]), np.column_stack([truth, truth]))


@example(takes="numbers", columns="members")
def members(random: np.random.Generator, rows: int) -> Example:
    truth = random.normal(10, 3, rows)
    return Example(truth, truth[:, None] + random.normal(0.3, 1, (rows, 7)), np.repeat(truth[:, None], 7, axis=1))


@example("crps_normal_loss")
def moments(random: np.random.Generator, rows: int) -> Example:
    truth = random.exponential(3, rows) + 1
    pred = np.column_stack([truth * random.uniform(0.7, 1.4, rows), random.uniform(0.5, 2, rows)])
    return Example(truth, pred, np.column_stack([truth, np.zeros(rows)]))


@example(takes="numbers", columns="moments")
def spread_moments(random: np.random.Generator, rows: int) -> Example:
    made = moments(random, rows)
    return Example(made.truth, made.pred)  # the best value would need a standard deviation of 0
