"""A spec says precisely what is wrong with it, and is read back as it was written."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.errors import HostError
from scoring.spec import ScorerSpec

GOOD: dict[str, Any] = {"id": "id", "target": ["label"], "metrics": [{"key": "f1_macro", "metric": "f1_macro"}]}
DIGITS: dict[str, Any] = {
    "id": "id",
    "split": "split",
    "target": ["digit"],
    "predictions": ["p0", "p1", "p2"],
    "classes": [0, 1, 2],
    "metrics": [{"metric": "f1_macro"}, {"metric": "log_loss"}],
}


BESIDE: dict[str, Any] = {
    **GOOD,
    "roles": {"group": "series", "scale": "s"},
    "weight": "w",
    "cluster": "id",
    "slices": ["sex", "series"],
    "item": "day",
}


@pytest.mark.parametrize("data", [GOOD, DIGITS, BESIDE, {**GOOD, "classes": ["a", "b"], "max_rows": 5}])
def test_a_spec_is_read_back_as_it_was_written(data: dict[str, Any]) -> None:
    spec = ScorerSpec.from_dict(data)
    assert ScorerSpec.from_dict(spec.to_dict()) == spec
    assert ScorerSpec.from_dict(spec.to_dict()).sha256 == spec.sha256


def test_a_spec_without_the_newer_fields_is_the_same_data_as_before_they_existed() -> None:
    old = {"id", "split", "target", "predictions", "classes", "metrics", "max_rows", "kind"}
    assert set(ScorerSpec.from_dict(GOOD).to_dict()) == old
    assert set(ScorerSpec.from_dict(BESIDE).to_dict()) == old | {"roles", "weight", "cluster", "slices", "item"}


def test_an_alias_becomes_the_metric_with_its_parameters() -> None:
    metric = ScorerSpec.from_dict(GOOD).metrics[0]
    assert metric.to_dict() == {"key": "f1_macro", "metric": "f1_score", "params": {"average": "macro"}}


@pytest.mark.parametrize(
    ("metrics", "change", "kind"),
    [
        (["accuracy", "qwk"], {}, "labels"),
        (["rmse"], {}, "numbers"),
        (["auc"], {}, "numbers"),
        (["auc", "f1"], {}, "probabilities"),
        (["log_loss"], {}, "probabilities"),
        (["f1_macro"], {"predictions": ["a", "b"], "classes": ["a", "b"]}, "probabilities"),
        (["auc"], {"kind": "probabilities"}, "probabilities"),
    ],
)
def test_what_a_file_holds_follows_from_the_metrics(metrics: list[str], change: dict[str, Any], kind: str) -> None:
    spec = ScorerSpec.from_dict({**GOOD, "metrics": [{"metric": name} for name in metrics], **change})
    assert spec.kind == kind


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "`id` is `null`, expected the name of a column."),
        ({"target": "label"}, '`target` is `"label"`, expected a list of column names.'),
        ({"target": []}, "expected a list of column names"),
        ({"predictions": [""]}, "`predictions` is"),
        ({"metrics": []}, "`metrics` is `[]`, expected a list with at least one metric."),
        ({"metrics": ["f1"]}, "expected objects with `metric`"),
        ({"metrics": [{"metric": "f11"}]}, "No metric is called `f11`. Did you mean `f1`?"),
        ({"metrics": [{"metric": "f1", "key": "F 1"}]}, "`key` is"),
        ({"metrics": [{"metric": "f1"}, {"metric": "f1"}]}, "Two metrics have the key `f1`"),
        ({"metrics": [{"metric": "f1", "params": {"average": "x"}}]}, "`average` is `x`, expected one of"),
        ({"metrics": [{"metric": "f1", "params": {"beta": 1}}]}, "has no parameter `beta`"),
        ({"classes": [1]}, "two or more different labels"),
        ({"classes": [1, "1"]}, "two or more different labels"),
        ({"shape": [0, 5]}, "the columns of height and width, or two whole numbers from 1 to 1,000,000"),
        ({"shape": ["h", 5]}, "the columns of height and width"),
        ({"max_rows": 0}, "`max_rows` is `0`, expected a whole number of at least 1."),
        ({"max_rows": True}, "`max_rows` is `true`"),
        ({"kind": "images"}, "expected one of labels, probabilities, numbers"),
        ({"kind": "masks", "shape": ["h", "w"]}, "F1 takes labels, and `kind` is `masks`."),
        ({"roles": ["group"]}, '`roles` is `["group"]`, expected an object from group, scale, importance, event'),
        ({"roles": {"colour": "c"}}, '`roles` is `"colour"`, expected one of group, scale, importance, event.'),
        ({"weight": ""}, '`weight` is `""`, expected the name of a column.'),
        ({"weight": "label"}, "Column `label` has two roles in the reference"),
        ({"slices": "sex"}, '`slices` is `"sex"`, expected a list of column names.'),
        ({"shape": ["h"]}, "expected the columns of height and width"),
        ({"layout": "wide"}, '`layout` is `"wide"`, expected one of rows, long.'),
        ({"layout": "long"}, "Kind `labels` has no `layout` `long`; lists and boxes do."),
        ({"order": "best"}, '`order` is `"best"`, expected one of file, score, rank.'),
        ({"item": "id"}, "Column `id` has two roles in the reference"),
        ({"kind": "numbers"}, "F1 takes labels, and `kind` is `numbers`."),
        ({"split": "id"}, "Column `id` has two roles in the reference"),
        ({"predictions": ["id"]}, "Column `id` has two roles in a submission"),
        ({"predictions": ["a", "b"]}, "list as many `classes`, in their order"),
        ({"target": ["a", "b"], "predictions": ["a"]}, "expected 1, or as many"),
        ({"target": ["a", "b"]}, "F1 takes one target column, and there are 2. For several labels a row there is"),
        ({"metrics": [{"metric": "brier"}], "classes": [1, 2, 3]}, "needs two `classes`"),
        ({"metrics": [{"metric": "brier"}, {"metric": "rmse"}]}, "takes numbers, and `kind` is `probabilities`"),
        ({"metric": "f1"}, "The spec has no field `metric`."),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(change: dict[str, Any], words: str) -> None:
    with pytest.raises(HostError) as caught:
        ScorerSpec.from_dict({**GOOD, **change})
    assert words in caught.value.message, caught.value.message
    assert caught.value.code in {"spec_invalid", "metric_invalid"}
