"""Large files are read and scored by several threads at once, to the same scores and the same complaints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from scoring.errors import HostError, SubmissionError
from scoring.evaluate import LARGE, evaluate
from scoring.files import spec_for
from scoring.tables import read_both

ROWS = 2 * LARGE + 1000
SPLIT = np.repeat(["public", "private", "late"], [LARGE, LARGE, 1000])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "solution.csv", tmp_path / "mine.csv"


def write(path: Path, **columns: Any) -> None:
    pyarrow.csv.write_csv(pa.table({name: list(values) for name, values in columns.items()}), path)


def scores(files: tuple[Path, Path], *, metric: str) -> dict[str, float | None]:
    spec = spec_for(*files, metric=metric, params={})
    reference, predictions = read_both(*files, spec=spec)
    return {score.split: score.value for score in evaluate(predictions, spec=spec, reference=reference)}


def test_splits_that_are_scored_at_once_keep_their_scores(files: tuple[Path, Path]) -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 2, ROWS)
    sent = np.round(random.normal(truth, 1), 2)
    order = random.permutation(ROWS)
    write(files[0], id=range(ROWS), y=truth, split=SPLIT)
    write(files[1], id=order, y=sent[order])
    found = scores(files, metric="auc")
    assert list(found) == ["public", "private", "late"]
    for split, value in found.items():
        here = split == SPLIT
        assert value == pytest.approx(roc_auc_score(truth[here], sent[here]), abs=1e-12)


def test_labels_are_text_though_that_is_known_only_when_the_submission_was_begun(files: tuple[Path, Path]) -> None:
    write(files[0], id=["a", "b", "c", "d"], y=["1", "01", "x", "x"])
    write(files[1], id=["d", "c", "b", "a"], y=["1", "1", "1", "1"])
    assert scores(files, metric="accuracy") == {"all": accuracy_score([1, 0, 0, 0], [1, 1, 1, 1])}
    write(files[1], id=["d", "c", "b", "a"], y=["y", "x", "01", "01"])
    assert scores(files, metric="accuracy") == {"all": 0.5}


def test_the_solution_is_blamed_first(files: tuple[Path, Path]) -> None:
    write(files[0], id=["a", "a"], y=[1, 2])
    write(files[1], id=["b", "c"], y=["x", "y"])
    with pytest.raises(HostError, match="In the reference, 1 id occurs twice: `a`"):
        scores(files, metric="rmse")


def test_a_submission_with_far_too_many_rows_is_not_parsed(files: tuple[Path, Path]) -> None:
    write(files[0], id=["a"], y=[1])
    write(files[1], id=range(3000), y=range(3000))
    with pytest.raises(SubmissionError, match="The file has 3,000 rows of data, expected 1: one for each id"):
        scores(files, metric="rmse")


def test_a_metric_that_does_not_fit_is_the_solutions_fault_in_any_thread(files: tuple[Path, Path]) -> None:
    write(files[0], id=range(ROWS), y=np.full(ROWS, -1.0), split=SPLIT)
    write(files[1], id=range(ROWS), y=np.full(ROWS, 1.0))
    with pytest.raises(HostError, match="A value of the truth is negative"):
        scores(files, metric="poisson_deviance")
