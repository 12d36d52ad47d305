"""What the metrics of regression and correlation promise; their examples are those of all metrics of numbers."""

from __future__ import annotations

from tests.scoring.examples import helper, promise

promise(
    "concordance_correlation_score", "concordance_score", "d2_absolute_error_score", "d2_pinball_score",
    "d2_tweedie_score", "explained_variance_score", "huber_loss", "kendall_score", "log_cosh_loss", "max_error",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance", "mean_pinball_loss",
    "mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "mean_tweedie_deviance",
    "median_absolute_error", "pearson_score", "r2_score", "root_mean_squared_error", "root_mean_squared_log_error",
    "spearman_score", "symmetric_mean_absolute_percentage_error", "weighted_mean_absolute_percentage_error",
)  # fmt: skip

helper("dominance", "pairs")
