"""The reference is prepared once, reused by its key, and its mistakes are told to the host."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.errors import HostError
from scoring.evaluate import evaluate
from scoring.reference import Reference, prepare, read_reference
from scoring.spec import ScorerSpec
from scoring.tables import read_submission

SPEC: dict[str, Any] = {"id": "id", "split": "Usage", "target": ["label"], "metrics": [{"metric": "auc"}]}
REFERENCE = "id,label,Usage\n3,1,Private\n1,0,Public\n2,1,Public\n4,0,Private\n"


def spec(**change: Any) -> ScorerSpec:
    return ScorerSpec.from_dict({**SPEC, **change})


def make(tmp_path: Path, content: str = REFERENCE, **change: Any) -> Reference:
    path = tmp_path / "reference.csv"
    path.write_text(content)
    return prepare(path, key="k", folder=tmp_path / "prepared", spec=spec(**change))


def test_a_prepared_reference_is_mapped_and_says_the_same(tmp_path: Path) -> None:
    prepared = make(tmp_path)
    direct = read_reference(tmp_path / "reference.csv", spec=spec())
    assert isinstance(prepared.truth, np.memmap)
    assert prepared.ids.to_pylist() == direct.ids.to_pylist() == ["3", "1", "2", "4"]
    assert prepared.truth.tolist() == direct.truth.tolist() == [1, 0, 1, 0]
    assert {name: list(rows) for name, rows in prepared.splits.items() if rows is not None} == {
        "private": [0, 3],
        "public": [1, 2],
    }


def test_it_is_prepared_once(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "reference.csv").unlink()
    again = prepare(tmp_path / "reference.csv", key="k", folder=tmp_path / "prepared", spec=spec())
    assert again.rows == 4


def test_another_key_or_another_reading_is_prepared_apart(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, split=None, target=["label"], metrics=[{"metric": "auc"}, {"metric": "log_loss"}])
    prepare(tmp_path / "reference.csv", key="other", folder=tmp_path / "prepared", spec=spec())
    assert len(list((tmp_path / "prepared").iterdir())) == 3


def test_other_metrics_of_the_same_kind_share_it(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, metrics=[{"metric": "log_loss"}])
    assert len(list((tmp_path / "prepared").iterdir())) == 1


def test_workers_that_prepare_at_once_leave_one_whole_copy(tmp_path: Path) -> None:
    (tmp_path / "reference.csv").write_text(REFERENCE)
    path, folder = tmp_path / "reference.csv", tmp_path / "prepared"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: prepare(path, key="k", folder=folder, spec=spec()).rows, range(16)))
    assert found == [4] * 16
    assert len(list((tmp_path / "prepared").iterdir())) == 1


def test_a_failed_preparation_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(HostError):
        make(tmp_path, "id,label,Usage\n1,,Public\n")
    assert not (tmp_path / "prepared").exists() or not list((tmp_path / "prepared").iterdir())


@pytest.mark.parametrize(
    ("content", "change", "words"),
    [
        ("id,label\n1,0\n", {}, "The reference needs one column `Usage`; found `id` and `label`."),
        ("id,label,Usage\n1,0,a\n,1,a\n", {}, "an id is empty"),
        ("id,label,Usage\n1,0,a\n1,1,a\n", {}, "1 id occurs twice: `1`"),
        ("id,label,Usage\n1,0,ignored\n", {}, "every row is ignored"),
        ("id,label,Usage\n1,,a\n2,1,a\n", {}, "a label is empty"),
        ("id,label,Usage\n1,0,a\n2,2,a\n", {"classes": [0, 1]}, "holds `2`, which the spec's `classes` do not list"),
        (
            "id,label,Usage\n1,x,a\n",
            {"metrics": [{"metric": "rmse"}]},
            "Row 2, column `label`: found `x`, expected a number",
        ),
        ("id,label,Usage\n", {}, "no rows of data"),
        ("", {}, "The file is empty"),
    ],
)
def test_a_mistake_in_the_reference_is_told_to_the_host(
    tmp_path: Path, content: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(HostError) as caught:
        make(tmp_path, content, **change)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "change", "words"),
    [
        ("1,0\n2,1\n3,2\n", {"metrics": [{"metric": "auc"}]}, "needs two classes here, and there are 3"),
        ("1,0\n2,1\n3,2\n", {"metrics": [{"metric": "f1"}]}, "set `average` to macro, micro or weighted"),
        ("1,a\n2,b\n3,a\n", {"metrics": [{"metric": "accuracy"}, {"metric": "mae"}]}, "holds text, not numbers"),
        ("1,0\n2,-3\n3,1\n", {"metrics": [{"metric": "rmsle"}]}, "-1 or less"),
    ],
)
def test_a_metric_that_does_not_fit_the_reference_is_the_host_s_matter(
    tmp_path: Path, content: str, change: dict[str, Any], words: str
) -> None:
    reference = make(tmp_path, f"id,label\n{content}", split=None, **change)
    submission = tmp_path / "mine.csv"
    submission.write_text("id,label\n" + ("1,a\n2,a\n3,b\n" if "a" in content else "1,0\n2,1\n3,0\n"))
    parsed = spec(split=None, **change)
    read = read_submission(submission, filename="mine.csv", spec=parsed, reference=reference)
    with pytest.raises(HostError) as caught:
        evaluate(read, spec=parsed, reference=reference)
    assert words in caught.value.message


def test_a_reference_may_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "reference.csv.gz"
    path.write_bytes(gzip.compress(REFERENCE.encode()))
    assert read_reference(path, spec=spec()).rows == 4
