"""How sure a score is: it agrees with the definitions, is never ±0, and two teams' evidence can be paired."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.evaluate import evaluate
from scoring.jobs import ScoreJob
from scoring.process import ScoringProcess
from scoring.reference import read_reference
from scoring.spec import ScorerSpec
from scoring.statistics.comparisons import covariance, paired
from scoring.tables import read_submission
from scoring.uncertainty import BLOCKS, DRAWS, MOST_RESAMPLED, Uncertainty, measure

Array = NDArray[Any]


class Task:
    """A reference in a folder, and how sure submissions to it are."""

    def __init__(self, folder: Path, columns: dict[str, Array], **spec: Any) -> None:
        self.folder, self.rows = folder, len(columns["y"])
        self.spec = ScorerSpec.from_dict({"id": "id", "target": ["y"], **spec})
        self.path = folder / "reference.csv"
        _write(self.path, {"id": np.arange(self.rows), **columns})
        self.reference = read_reference(self.path, spec=self.spec)

    def sent(self, values: Array) -> Path:
        _write(self.folder / "mine.csv", {"id": np.arange(self.rows), "y": values})
        return self.folder / "mine.csv"

    def measured(self, values: Array, **options: Any) -> tuple[Uncertainty, ...]:
        path = self.sent(values)
        predictions = read_submission(path, filename=path.name, spec=self.spec, reference=self.reference)
        given = {"spec": self.spec, "reference": self.reference}
        return measure(predictions, **given, scores=evaluate(predictions, **given), **options)


def _write(path: Path, columns: dict[str, Array]) -> None:
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


def metrics(*names: str) -> list[dict[str, str]]:
    return [{"key": name, "metric": name} for name in names]


def test_a_mean_of_many_rows_is_as_sure_as_the_textbook_says(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    truth, mine = random.normal(size=500), random.normal(size=500)
    (found,) = Task(tmp_path, {"y": truth}, metrics=metrics("mae")).measured(mine)
    losses = np.abs(truth - mine)
    se = losses.std(ddof=1) / math.sqrt(500)
    assert (found.method, found.units) == ("influence", 500)
    assert found.se == pytest.approx(se, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(
        (losses.mean() - 1.959963985 * se, losses.mean() + 1.959963985 * se), rel=1e-6
    )


def test_a_level_of_99_percent_is_wider_than_one_of_80(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    task = Task(tmp_path, {"y": random.normal(size=300)}, metrics=metrics("rmse"))
    mine = random.normal(size=300)
    (wide,), (narrow,) = task.measured(mine, level=0.99), task.measured(mine, level=0.8)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


def test_a_perfect_score_is_never_sure_to_the_last_digit(tmp_path: Path) -> None:
    truth = np.arange(300) % 2
    task = Task(tmp_path, {"y": truth}, metrics=metrics("accuracy", "f1"))
    accuracy, f1 = task.measured(truth)
    assert accuracy.high == 1.0
    assert accuracy.low == pytest.approx(0.05 ** (1 / 300))
    assert (f1.low, f1.high, f1.se) == (None, None, None)


def test_few_rows_are_resampled_and_a_metric_without_influence_values_on_many_is_scored_in_blocks(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(3)
    few, many = random.normal(size=60), random.normal(size=MOST_RESAMPLED + 1)
    (small,) = Task(tmp_path, {"y": few}, metrics=metrics("rmse")).measured(few + random.normal(size=60))
    assert (small.method, small.units, len(small.evidence)) == ("bootstrap", 60, DRAWS)
    losses = np.abs(random.normal(size=len(many)))
    (large,) = Task(tmp_path, {"y": many}, metrics=metrics("spearman_score")).measured(many + losses)
    assert large.low is not None
    assert large.high is not None
    assert large.low < large.high
    if large.method == "blocks":
        assert len(large.evidence) == BLOCKS


def test_evidence_of_two_teams_is_paired_whichever_way_it_came_about(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    truth = random.normal(size=90)
    task = Task(tmp_path, {"y": truth}, metrics=metrics("mae"))
    first = truth + random.normal(size=90)
    second = first + 0.01 * random.normal(size=90)  # nearly the same predictions: nearly the same errors
    (one,), (other,) = task.measured(first), task.measured(second)
    matrix = covariance([one.evidence, other.evidence])
    assert one.se is not None
    assert math.sqrt(matrix[0, 0]) == pytest.approx(one.se)
    assert matrix[0, 1] / math.sqrt(matrix[0, 0] * matrix[1, 1]) > 0.99
    difference = np.abs(truth - first).mean() - np.abs(truth - second).mean()
    exact = (np.abs(truth - first) - np.abs(truth - second)).std(ddof=1) / math.sqrt(90)
    assert paired(difference, 0.0, one.evidence, other.evidence).se == pytest.approx(exact, rel=0.1)


def test_rows_that_belong_together_make_a_score_less_sure(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    people = np.repeat(np.arange(300), 10)
    truth = np.zeros(3000)
    mine = np.repeat(random.normal(size=300), 10)  # each person is off by one and the same amount
    (alone,) = Task(tmp_path, {"y": truth}, metrics=metrics("mse")).measured(mine)
    (together,) = Task(tmp_path, {"y": truth, "who": people}, metrics=metrics("mse"), cluster="who").measured(mine)
    assert together.units == 300
    assert alone.se is not None
    assert together.se is not None
    assert together.se / alone.se == pytest.approx(math.sqrt(10), rel=0.02)


def test_few_clusters_are_resampled_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    people = np.repeat(np.arange(40), 25)
    (found,) = Task(tmp_path, {"y": np.zeros(1000), "who": people}, metrics=metrics("mse"), cluster="who").measured(
        np.repeat(random.normal(size=40), 25)
    )
    squares = (np.asarray(found.evidence) / math.sqrt(DRAWS)).std(ddof=1)
    assert (found.method, found.units, found.se) == ("bootstrap", 40, pytest.approx(squares))


def test_a_score_that_is_not_defined_has_no_interval(tmp_path: Path) -> None:
    task = Task(tmp_path, {"y": np.ones(300, int)}, metrics=metrics("auc"), kind="probabilities", classes=[0, 1])
    (found,) = task.measured(np.linspace(0, 1, 300))
    assert (found.method, found.se, found.low, found.evidence) == ("none", None, None, None)


def test_a_job_that_measures_keeps_the_evidence_and_one_that_does_not_says_nothing(
    warm: ScoringProcess, tmp_path: Path
) -> None:
    random = np.random.default_rng(7)
    task = Task(tmp_path, {"y": random.normal(size=250)}, metrics=metrics("mae", "r2"))
    mine = task.sent(random.normal(size=250))
    job = {"reference": task.path, "reference_key": "b" * 64, "prepared": tmp_path / "prepared", "submission": mine}
    words = {**job, "filename": "mine.csv", "spec": task.spec.to_dict()}
    assert warm.score(ScoreJob(**words), wall_s=30).uncertainties == ()
    result = warm.score(ScoreJob(**words, measure=0.95, evidence=tmp_path / "evidence"), wall_s=30)
    assert [(one.key, one.split, one.method) for one in result.uncertainties] == [
        ("mae", "all", "influence"),
        ("r2", "all", "influence"),
    ]
    for one in result.uncertainties:
        kept = np.load(tmp_path / "evidence" / one.evidence)
        assert kept.dtype == np.float32
        assert kept.std(ddof=1) / math.sqrt(len(kept)) == pytest.approx(one.se, rel=1e-5)


def test_a_bootstrap_s_interval_keeps_to_the_metric_s_range(tmp_path: Path) -> None:
    truth, mine = np.array([0, 1, 0, 1, 0, 0]), np.array([1, 1, 1, 1, 1, 1])
    (found,) = Task(tmp_path, {"y": truth}, metrics=metrics("precision")).measured(mine)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < found.high <= 1


@pytest.mark.parametrize("rows", [10, 300])
def test_nothing_is_said_of_an_auc_with_one_positive_row(tmp_path: Path, rows: int) -> None:
    truth = (np.arange(rows) == 0).astype(int)
    (found,) = Task(tmp_path, {"y": truth}, metrics=metrics("auc")).measured(np.arange(rows) * 7 % 10 / 10)
    assert (found.method, found.low, found.high, found.evidence) == ("none", None, None, None)


def test_where_many_draws_have_no_value_the_closed_form_speaks(tmp_path: Path) -> None:
    truth = np.array([0, 1, 0, 1])
    (found,) = Task(tmp_path, {"y": truth}, metrics=metrics("auc")).measured(np.array([0.2, 0.4, 0.5, 0.9]))
    assert found.method == "influence"
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.75 < found.high < 1


def test_values_near_the_largest_overflow_in_silence(tmp_path: Path) -> None:
    truth = np.array([1.1e307, 1.5e308, 0.9e308])
    (found,) = Task(tmp_path, {"y": truth}, metrics=metrics("pinball")).measured(np.zeros(3))
    assert (found.low, found.high) == (None, None)
