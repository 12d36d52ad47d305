"""Examples of labels, probabilities, several labels a row, and clusters."""

from __future__ import annotations

import numpy as np

from tests.scoring.examples import Example, example, helper, promise

promise(
    "accuracy_score",
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "best_f1_score",
    "brier_score_loss",
    "cohen_kappa_score",
    "columnwise_average_precision_score",
    "columnwise_log_loss",
    "columnwise_roc_auc_score",
    "completeness_score",
    "coverage_error",
    "expected_calibration_error",
    "f1_score",
    "fbeta_score",
    "fowlkes_mallows_score",
    "gini_score",
    "hamming_loss",
    "homogeneity_score",
    "jaccard_score",
    "ks_score",
    "label_ranking_average_precision_score",
    "label_ranking_loss",
    "log_loss",
    "matthews_corrcoef",
    "multilabel_f1_score",
    "multilabel_hamming_loss",
    "multilabel_jaccard_score",
    "normalized_gini_score",
    "normalized_mutual_info_score",
    "pr_auc_score",
    "precision_score",
    "purity_score",
    "rand_score",
    "recall_score",
    "roc_auc_score",
    "specificity_score",
    "subset_accuracy_score",
    "top_k_accuracy_score",
    "v_measure_score",
    "zero_one_loss",
)
helper("classes", "confusion", "contingency", "one_against_one", "order", "placements", "ratios", "thresholds")


@example(takes="labels")
def labels(random: np.random.Generator, rows: int) -> Example:
    truth = np.append([0, 1], random.integers(0, 2, rows - 2))
    return Example(truth, np.where(random.random(rows) < 0.3, 1 - truth, truth), truth)


@example(takes="scores", columns="classes")
@example(takes="probabilities", columns="classes")
@example(takes="probabilities")
@example(takes="scores")
def scores(random: np.random.Generator, rows: int) -> Example:
    truth = np.append([0, 1], random.integers(0, 2, rows - 2))
    return Example(truth, 0.6 * random.random(rows) + 0.4 * truth * random.random(rows), truth.astype(float))


@example("top_k_accuracy_score")
def classes(random: np.random.Generator, rows: int) -> Example:
    truth = np.append(np.arange(5), random.integers(0, 5, rows - 5))
    perfect = np.eye(5)[truth]
    return Example(truth, perfect * random.random((rows, 1)) + random.random((rows, 5)), perfect)


@example(takes="labels", columns="labels")
def several_labels(random: np.random.Generator, rows: int) -> Example:
    truth = random.integers(0, 2, (rows, 4))
    truth[:, 0] |= ~truth.any(axis=1)  # a row without labels has no F1
    return Example(truth, np.where(random.random((rows, 4)) < 0.2, 1 - truth, truth), truth)


@example(takes="scores", columns="labels")
def several_scores(random: np.random.Generator, rows: int) -> Example:
    truth = several_labels(random, rows).truth
    return Example(truth, random.random((rows, 4)) + 0.5 * truth, truth.astype(float))


@example(takes="probabilities", columns="labels")
def several_probabilities(random: np.random.Generator, rows: int) -> Example:
    made = several_scores(random, rows)
    return Example(made.truth, made.pred / 1.5, made.perfect)


@example("coverage_error")
def several_scores_that_never_cost_nothing(random: np.random.Generator, rows: int) -> Example:
    made = several_scores(random, rows)
    return Example(made.truth, made.pred)
