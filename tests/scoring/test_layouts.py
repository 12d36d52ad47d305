"""Tables beyond one number a row: what a metric is given is what stands in the files, in the reference's order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.errors import HostError, SubmissionError
from scoring.evaluate import ScoreValue, evaluate
from scoring.reference import prepare
from scoring.spec import ScorerSpec
from scoring.tables import read_submission
from tests.scoring.standins import Seen, stand_ins

Send = Callable[..., tuple[ScoreValue, ...]]
LONG: dict[str, Any] = {
    "id": "query",
    "item": "doc",
    "target": ["relevance"],
    "predictions": ["score"],
    "metrics": [{"key": "lists", "metric": "seen_lists"}],
    "reference": "query,doc,relevance\nb,x,2\na,y,1\nb,z,0\na,x,3\n",
}
CELLS: dict[str, Any] = {
    "target": ["items"],
    "metrics": [{"key": "lists", "metric": "seen_lists"}],
    "reference": "id,items\n1,a b\n2,\n3,c\n",
}
BOXES: dict[str, Any] = {
    "id": "image",
    "target": ["class", "x", "y", "w", "h"],
    "predictions": ["class", "x", "y", "w", "h", "score"],
    "metrics": [{"key": "boxes", "metric": "seen_boxes"}],
    "reference": "image,class,x,y,w,h\n1,cat,0,0,2,3\n2,,,,,\n1,dog,1,1,1,1\n",
}
MASKS: dict[str, Any] = {
    "target": ["rle"],
    "shape": ["height", "width"],
    "metrics": [{"key": "masks", "metric": "seen_masks"}],
    "reference": "id,rle,height,width\n1,1 2 5 1,2,4\n2,,3,3\n",
}
TAGS: dict[str, Any] = {
    "target": ["red", "dry"],
    "metrics": [{"key": "tags", "metric": "seen_labels"}],
    "reference": "id,red,dry\n1,0,1\n2,1,1\n3,0,0\n",
}


@pytest.fixture(autouse=True)
def seen() -> Iterator[Seen]:
    with stand_ins() as calls:
        yield calls


@pytest.fixture
def send(tmp_path: Path) -> Send:
    """Score a text against a prepared reference; return the scores or raise."""

    def _send(content: str, *, reference: str, name: str = "mine.csv", **about: Any) -> tuple[ScoreValue, ...]:
        truth, mine = tmp_path / "reference.csv", tmp_path / "upload"
        truth.write_text(reference)
        mine.write_text(content)
        spec = ScorerSpec.from_dict({"id": "id", **about})
        assert ScorerSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
        for _ in range(2):  # written, then found
            prepared = prepare(truth, key=reference, folder=tmp_path / "prepared", spec=spec)
        read = read_submission(mine, filename=name, spec=spec, reference=prepared)
        return evaluate(read, spec=spec, reference=prepared)

    return _send


@pytest.fixture
def refuse(send: Send) -> Callable[..., SubmissionError]:
    def _refuse(content: str, **about: Any) -> SubmissionError:
        with pytest.raises(SubmissionError) as caught:
            send(content, **about)
        return caught.value

    return _refuse


def lists_of(lists: Any) -> list[list[Any]]:
    return [lists.items[a:b].tolist() for a, b in zip(lists.starts[:-1], lists.starts[1:], strict=True)]


def test_long_lists_are_sorted_by_score_highest_first(send: Send, seen: Seen) -> None:
    send("query,doc,score\na,x,0.1\nb,z,5\na,new,0.3\nb,x,7\na,y,0.2\n", **LONG)
    truth, pred = seen[0]["y_true"], seen[0]["y_pred"]
    assert (lists_of(truth), truth.relevance.tolist()) == ([[0, 2], [1, 0]], [2, 0, 1, 3])
    new = lists_of(pred)[1][0]
    assert lists_of(pred) == [[0, 2], [new, 1, 0]]
    assert new > 2


def test_long_lists_by_rank_and_in_the_order_of_the_file(send: Send, seen: Seen) -> None:
    send("query,doc,rank\na,x,2\na,y,1\n", **{**LONG, "predictions": ["rank"]})
    send("query,doc\na,x\nb,z\na,y\n", **{**LONG, "predictions": None})
    send("query,doc,place\na,x,2\na,y,1\n", **{**LONG, "predictions": ["place"], "order": "rank"})
    assert [lists_of(call["y_pred"]) for call in seen] == [[[], [1, 0]], [[2], [0, 1]], [[], [1, 0]]]


def test_items_of_equal_scores_keep_the_order_of_the_file(send: Send, seen: Seen) -> None:
    send("query,doc,score\na,y,1\na,x,1\na,z,1\n", **LONG)
    assert lists_of(seen[0]["y_pred"])[1] == [1, 0, 2]


def test_without_a_target_every_item_of_the_reference_is_relevant(send: Send, seen: Seen) -> None:
    send("query,doc\na,x\n", **{**LONG, "target": None, "predictions": None, "reference": "query,doc\na,x\na,y\n"})
    assert seen[0]["y_true"].relevance.tolist() == [1, 1]


def test_splits_weights_and_slices_go_by_query(send: Send, seen: Seen) -> None:
    reference = "query,doc,relevance,Usage,w,kind\nb,x,2,Public,2,new\na,y,1,Private,3,old\nb,z,0,Public,2,new\n"
    about = {**LONG, "split": "Usage", "weight": "w", "slices": ["kind"], "reference": reference}
    scores = send("query,doc,score\na,y,1\nb,x,1\nb,z,2\n", **about)
    assert [score.split for score in scores[:4]] == ["public", "private", "public:kind=new", "private:kind=old"]
    assert [lists_of(call["y_pred"]) for call in seen[:2]] == [[[2, 0]], [[1]]]
    assert [call["sample_weight"].tolist() for call in seen[:2]] == [[2], [3]]


def test_lists_in_cells_hold_items_between_blanks_best_first(send: Send, seen: Seen) -> None:
    send("id,items\n3,c a\n1,  b   new \n2,\n", **CELLS)
    truth, pred = seen[0]["y_true"], seen[0]["y_pred"]
    assert lists_of(truth) == [[0, 1], [], [2]]
    assert lists_of(pred)[1:] == [[], [2, 0]]
    assert lists_of(pred)[0][0] == 1


def test_boxes_come_by_image_and_an_image_alone_has_none(send: Send, seen: Seen) -> None:
    send("image,class,x,y,w,h,score\n2,cat,0,0,1,1,0.5\n1,owl,0,0,1,1,0.25\n1,dog,1,1,1,1,1\n", **BOXES)
    truth, pred = seen[0]["y_true"], seen[0]["y_pred"]
    assert (truth.starts.tolist(), truth.labels.tolist()) == ([0, 2, 2], [0, 1])
    assert truth.boxes.tolist() == [[0, 0, 2, 3], [1, 1, 1, 1]]
    assert (pred.starts.tolist(), pred.scores.tolist()) == ([0, 2, 3], [0.25, 1, 0.5])
    assert (pred.labels[1:].tolist(), pred.labels[0] > 1) == ([1, 0], True)


def test_a_submission_may_name_an_image_without_a_box_and_write_labels_as_decimals(send: Send, seen: Seen) -> None:
    reference = "image,class,x,y,w,h,crowd\n1,7,0,0,2,3,1\n2,8,0,0,2,3,0\n"
    about = {**BOXES, "target": ["class", "x", "y", "w", "h", "crowd"], "reference": reference}
    send("image,class,x,y,w,h,score\n1,7.0,0,0,2,3,1\n2,,,,,,\n", **about)
    assert seen[0]["y_true"].crowd.tolist() == [True, False]
    assert (seen[0]["y_pred"].starts.tolist(), seen[0]["y_pred"].labels.tolist()) == ([0, 1, 1], [0])


def test_masks_come_with_the_shapes_of_their_images(send: Send, seen: Seen) -> None:
    send("id,rle\n2,-1\n1,3 1  7 2\n", **MASKS)
    assert seen[0]["y_true"].texts.tolist() == ["1 2 5 1", ""]
    assert seen[0]["y_pred"].texts.tolist() == ["3 1 7 2", ""]
    assert seen[0]["y_pred"].shapes.tolist() == [[2, 4], [3, 3]]


def test_masks_of_several_classes_an_image_are_named_by_both(send: Send, seen: Seen) -> None:
    reference = "id,class,rle,height,width\n1,a,1 1,2,2\n1,b,,2,2\n2,a,2 2,2,2\n"
    about = {**MASKS, "item": "class", "reference": reference}
    send("id,class,rle\n2,a,4 1\n1,b,1 1\n1,a,2 1\n", **about)
    assert seen[0]["y_pred"].texts.tolist() == ["2 1", "1 1", "4 1"]


def test_texts_stand_as_they_are(send: Send, seen: Seen) -> None:
    about = {"target": ["answer"], "metrics": [{"key": "t", "metric": "seen_text"}]}
    send('id,answer\n2,\n1," two, words "\n', reference="id,answer\n1,0042\n2,x\n", **about)
    assert (seen[0]["y_true"].tolist(), seen[0]["y_pred"].tolist()) == (["0042", "x"], [" two, words ", ""])


@pytest.mark.parametrize("kind", [None, "probabilities"])
def test_several_labels_a_row(send: Send, seen: Seen, kind: str | None) -> None:
    high, low = ("0.9", "0.5") if kind else ("1", "0")
    send(f"id,dry,red\n2,{low},{high}\n1,{high},{low}\n3,{low},{low}\n", kind=kind, **TAGS)
    assert seen[0]["y_true"].tolist() == [[0, 1], [1, 1], [0, 0]]
    assert seen[0]["y_pred"].tolist() == [[0, 1], [1, 0], [0, 0]]


def test_scores_of_several_labels_need_not_sum_to_one(send: Send, seen: Seen) -> None:
    metrics = [{"key": "tags", "metric": "seen_label_scores"}]
    send("id,red,dry\n1,7,-1\n2,1,1\n3,0,0\n", **{**TAGS, "metrics": metrics})
    send("id,red,dry\n1,0.9,0.9\n2,1,1\n3,0,0\n", kind="probabilities", **{**TAGS, "metrics": metrics})
    assert [call["y_pred"][0].tolist() for call in seen] == [[7, -1], [0.9, 0.9]]


@pytest.mark.parametrize(
    ("metric", "columns"), [("seen_bounds", "lo,hi"), ("seen_moments", "mean,sd"), ("seen_members", "a,b,c")]
)
def test_forecasts_have_columns_of_their_own(send: Send, seen: Seen, metric: str, columns: str) -> None:
    names = columns.split(",")
    cells = ",".join(map(str, range(1, len(names) + 1)))
    about = {"target": ["y"], "predictions": names, "metrics": [{"key": "f", "metric": metric}]}
    send(f"id,{columns}\n2,{cells}\n1,{cells}\n", reference="id,y\n1,3\n2,4\n", **about)
    assert seen[0]["y_true"].tolist() == [3, 4]
    assert seen[0]["y_pred"].tolist() == [[*range(1, len(names) + 1)]] * 2


def test_roles_and_weights_come_in_the_order_of_the_reference(send: Send, seen: Seen) -> None:
    send(
        "id,y\n3,1\n1,2\n2,3\n",
        reference="id,y,series,scale,w\n1,5,b,2,1\n2,6,a,3,0\n3,7,b,2,4\n",
        target=["y"],
        roles={"group": "series", "scale": "scale"},
        weight="w",
        metrics=[{"key": "s", "metric": "seen_series"}],
    )
    call = seen[0]
    assert (call["group"].tolist(), call["scale"].tolist()) == ([0, 1, 0], [2, 3, 2])
    assert (call["sample_weight"].tolist(), call["y_pred"].tolist()) == ([1, 0, 4], [2, 3, 1])


def test_two_columns_may_name_a_row_together(send: Send) -> None:
    about = {"item": "day", "target": ["y"], "metrics": [{"key": "mae", "metric": "mae"}]}
    scores = send("id,day,y\na,2,6\nb,1,1\na,1,4\n", reference="id,day,y\na,1,5\na,2,6\nb,1,1\n", **about)
    assert scores[0].value == pytest.approx(1 / 3)


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "an unknown query": (LONG, "query,doc,score\na,x,1\nc,x,1\n", "id_unknown", "Row 3, column `query`: found `c`"),
    "an item twice": (
        LONG,
        "query,doc,score\na,x,1\nb,x,1\na,x,2\n",
        "item_doubled",
        "Row 4, column `doc`: found `x` a second time for the same id; expected each item once.",
    ),
    "an unknown item twice": (LONG, "query,doc,score\na,new,1\na,new,2\n", "item_doubled", "Row 3, column `doc`"),
    "an empty item": (LONG, "query,doc,score\na,,1\n", "empty_cell", "Row 2, column `doc`: the cell is empty"),
    "a score that is none": (LONG, "query,doc,score\na,x,high\n", "not_a_number", "column `score`: found `high`"),
    "an item twice in a cell": (CELLS, "id,items\n1,a b a\n2,\n3,c\n", "item_doubled", "Row 2, column `items`"),
    "a list that is missing": (CELLS, "id,items\n1,a\n3,c\n", "id_missing", "1 id is missing: `2`."),
    "a box without a size": (
        BOXES,
        "image,class,x,y,w,h,score\n1,cat,0,0,,1,1\n",
        "empty_cell",
        "Row 2, column `w`: the cell is empty, expected a number.",
    ),
    "a box of a negative size": (
        BOXES,
        "image,class,x,y,w,h,score\n1,cat,0,0,-2,1,1\n",
        "out_of_range",
        "Row 2, column `w`: found -2, expected a size of 0 or more pixels.",
    ),
    "a box without a label": (
        BOXES,
        "image,class,x,y,w,h,score\n1,,0,0,2,1,1\n",
        "empty_cell",
        "Row 2, column `class`: the cell is empty, expected a label.",
    ),
    "a box of no class": (
        {**BOXES, "classes": ["cat", "dog"]},
        "image,class,x,y,w,h,score\n1,owl,0,0,2,1,1\n",
        "not_a_class",
        "Row 2, column `class`: found `owl`, expected one of `cat` and `dog`.",
    ),
    "run lengths that are none": (MASKS, "id,rle\n1,a b\n2,\n", "run_lengths", "Row 2, column `rle`: found `a b`"),
    "a run without length": (MASKS, "id,rle\n1,1 2 3\n2,\n", "run_lengths", "The last run has no length."),
    "a run from 0": (MASKS, "id,rle\n1,0 2\n2,\n", "run_lengths", "run `0` `2` starts before pixel 1"),
    "a run of nothing": (MASKS, "id,rle\n1,1 0\n2,\n", "run_lengths", "run `1` `0` has no pixel"),
    "a run out of the image": (MASKS, "id,rle\n1,8 2\n2,\n", "run_lengths", "ends behind the last pixel, 8"),
    "a run out of another image": (MASKS, "id,rle\n2,9 2\n1,8 1\n", "run_lengths", "Row 2, column `rle`"),
    "runs that overlap": (MASKS, "id,rle\n1,3 2 4 1\n2,\n", "run_lengths", "overlaps the one before"),
    "a tag that is neither 0 nor 1": (
        TAGS,
        "id,red,dry\n1,0,2\n2,1,1\n3,0,0\n",
        "not_a_class",
        "Row 2, column `dry`: found `2`, expected 1 where the row has the label, else 0.",
    ),
    "bounds the wrong way round": (
        {
            "target": ["y"],
            "predictions": ["lo", "hi"],
            "metrics": [{"key": "b", "metric": "seen_bounds"}],
            "reference": "id,y\n1,3\n",
        },
        "id,lo,hi\n1,2,1\n",
        "out_of_order",
        "Row 2: the lower bound, `lo`, is above the upper.",
    ),
    "a row named by two columns twice": (
        {"item": "day", "target": ["y"], "metrics": [{"metric": "mae"}], "reference": "id,day,y\na,1,5\na,2,6\n"},
        "id,day,y\na,1,5\na,1,6\n",
        "id_doubled",
        "found `a, 1` a second time",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("about", "content", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_gets_its_own_sentence(
    refuse: Callable[..., SubmissionError], about: dict[str, Any], content: str, code: str, words: str
) -> None:
    error = refuse(content, **about)
    assert (error.first.code, words in error.message) == (code, True), error.message


def test_all_mistakes_of_a_long_table_are_found_in_one_pass(refuse: Callable[..., SubmissionError]) -> None:
    error = refuse("query,doc,score\na,x,high\nc,x,1\na,,2\na,x,1\n", **LONG)
    assert [(mistake.code, mistake.row) for mistake in error.mistakes] == [
        ("not_a_number", 2), ("id_unknown", 3), ("empty_cell", 4), ("item_doubled", 5)
    ]  # fmt: skip


FLIPPED: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "long lists": (
        LONG,
        ["query,doc,relevance\nb,x,2\na,y,1\nb,z,0\n", "query,doc,relevance\nb,new,0\na,q,7\nb,x,1\n"],
        ["query,doc,score\na,x,high\nc,x,1\na,,2\na,x,1\n", "query,doc,score\na,new,1\na,new,1\n"],
    ),
    "lists in cells": (
        CELLS,
        ["id,items\n1,a b\n2,\n3,c\n", "id,items\n1,\n2,q\n3,q\n"],
        ["id,items\n1,a a\n2,q q\n", "id,items\n4,\n"],
    ),
    "boxes": (
        BOXES,
        ["image,class,x,y,w,h\n1,cat,0,0,2,3\n2,,,,,\n", "image,class,x,y,w,h\n1,,,,,\n2,owl,5,5,5,5\n"],
        ["image,class,x,y,w,h,score\n1,owl,0,0,-1,,2\n3,,1,,,,\n"],
    ),
    "masks": (
        MASKS,
        ["id,rle,height,width\n1,1 2 5 1,2,4\n2,,3,3\n", "id,rle,height,width\n1,,2,4\n2,1 9,3,3\n"],
        ["id,rle\n1,1 2 2 9 0 0\n2,9 9\n", "id,rle\n1,x\n3,1\n"],
    ),
    "tags": (
        TAGS,
        ["id,red,dry\n1,0,1\n2,1,1\n3,0,0\n", "id,red,dry\n1,1,0\n2,0,0\n3,1,1\n"],
        ["id,red,dry\n1,2,x\n2,,0\n4,1,1\n"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("about", "references", "files"), FLIPPED.values(), ids=FLIPPED.keys())
def test_no_message_changes_when_the_labels_do(
    refuse: Callable[..., SubmissionError], about: dict[str, Any], references: list[str], files: list[str]
) -> None:
    for content in files:
        words = {
            tuple(mistake.message for mistake in refuse(content, **{**about, "reference": reference}).mistakes)
            for reference in references
        }
        assert len(words) == 1, words


HOSTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a weight below 0": ({"weight": "w"}, "id,label,w\n1,0,-1\n2,1,1\n", "a weight of 0 or more"),
    "weights of 0 only": ({"weight": "w"}, "id,label,w\n1,0,0\n2,1,0\n", "all weights are 0"),
    "a weight that is text": ({"weight": "w"}, "id,label,w\n1,0,a\n", "column `w`: found `a`"),
    "an empty cluster": ({"cluster": "c"}, "id,label,c\n1,0,\n", "a cell of column `c` is empty"),
    "too many groups": (
        {"slices": ["s"]},
        "id,label,s\n" + "".join(f"{number},0,{number}\n" for number in range(21)),
        "has 21 groups in the reference; 20 are the most",
    ),
    "a group too long for a score's name": (
        {"slices": ["s"]},
        f"id,label,s\n1,0,{'x' * 120}\n",
        "are too long for the name of a score. 120 characters together are the most",
    ),
    "a split too long for a score's name": (
        {"split": "use"},
        f"id,label,use\n1,0,{'x' * 61}\n",
        "of 61 characters; 60 are the most",
    ),
    "a column that is not there": ({"slices": ["sex"]}, "id,label\n1,0\n", "needs one column `sex`"),
    "weights that differ in one query": (
        {**LONG, "weight": "w"},
        "query,doc,relevance,w\na,x,1,1\na,y,1,2\n",
        "column `w` differs between rows of one id",
    ),
    "a relevance below 0": (LONG, "query,doc,relevance\na,x,-1\n", "expected a relevance of 0 or more"),
    "an item twice": (LONG, "query,doc,relevance\na,x,1\na,x,1\n", "a second time for the same id"),
    "an image without a size": (MASKS, "id,rle,height,width\n1,,0,2\n", "whole numbers of 1 to 1,000,000"),
    "a tag of 2": (TAGS, "id,red,dry\n1,2,0\n", "must hold 1 where a row has the label"),
    "an event of 2": (
        {"roles": {"event": "e"}, "metrics": [{"metric": "seen_survival"}]},
        "id,label,e\n1,5,2\n",
        "holds something else than 0 or 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("about", "reference", "words"), HOSTS.values(), ids=HOSTS.keys())
def test_a_mistake_in_the_reference_is_the_host_s(
    send: Send, about: dict[str, Any], reference: str, words: str
) -> None:
    plain = {"target": ["label"], "metrics": [{"metric": "mae"}]}
    with pytest.raises(HostError) as caught:
        send("id\n", **{**plain, **about, "reference": reference})
    assert words in caught.value.message


def test_slices_say_worst_gap_and_ratio_and_mark_small_groups(send: Send) -> None:
    rows = [(number, "F" if number < 40 else "M", 1 if number < 40 else 3) for number in range(50)]
    scores = send(
        "id,y\n" + "".join(f"{number},0\n" for number, _, _ in rows),
        reference="id,y,sex\n" + "".join(f"{number},{y},{sex}\n" for number, sex, y in rows),
        target=["y"],
        slices=["sex"],
        metrics=[{"key": "mae", "metric": "mae"}],
    )
    assert [(score.split, score.value) for score in scores] == [
        ("all", 1.4), ("all:sex=F", 1), ("all:sex=M", 3), ("all:sex:worst", 3), ("all:sex:gap", 2),
        ("all:sex:ratio", pytest.approx(1 / 3)),
    ]  # fmt: skip
    assert [bool(score.note) for score in scores] == [False, False, True, True, True, True]
    assert scores[2].note == "A small group: 10 rows."
    assert scores[3].note == "Worst is `M`. A small group: 10 rows."


def test_the_worst_group_of_a_score_is_the_lowest_and_a_group_without_a_value_is_told(send: Send) -> None:
    scores = send(
        "id,y\n1,0.9\n2,0.1\n3,0.5\n4,0.7\n5,0.2\n",
        reference="id,y,s\n1,1,a\n2,0,a\n3,1,b\n4,0,b\n5,1,\n",
        target=["y"],
        slices=["s"],
        metrics=[{"key": "auc", "metric": "auc"}],
    )
    by_split = {score.split: score for score in scores}
    assert by_split["all:s=(none)"].value is None
    assert (by_split["all:s:worst"].value, by_split["all:s:gap"].value, by_split["all:s:ratio"].value) == (0, 1, 0)
    assert "1 group has no value." in by_split["all:s:worst"].note


def test_clusters_are_kept_as_codes(tmp_path: Path) -> None:
    path = tmp_path / "reference.csv"
    path.write_text("id,y,patient\n1,0,p7\n2,1,p3\n3,1,p7\n")
    spec = ScorerSpec.from_dict({"id": "id", "target": ["y"], "cluster": "patient", "metrics": [{"metric": "auc"}]})
    reference = prepare(path, key="k", folder=tmp_path, spec=spec)
    assert isinstance(reference.clusters, np.memmap)
    assert reference.clusters.tolist() == [0, 1, 0]


SPECS: dict[str, tuple[dict[str, Any], str]] = {
    "boxes without a score": ({**BOXES, "predictions": ["class", "x", "y", "w", "h"]}, "`boxes` need as `target`"),
    "boxes in rows": ({**BOXES, "layout": "rows"}, "`boxes` have `layout` `long` and no `item`."),
    "long lists without an item": ({**LONG, "item": None, "layout": "long"}, "Long `lists` need `item`"),
    "an order without a column": ({**LONG, "predictions": None, "order": "score"}, "`order` is `score` or `rank` with"),
    "masks without a shape": ({**MASKS, "shape": None}, "of `masks` needs `shape`"),
    "one tag": ({**TAGS, "target": ["red"]}, "needs two or more target columns: one for each label."),
    "tags and classes": ({**TAGS, "metrics": [*TAGS["metrics"], {"metric": "accuracy"}]}, "takes one"),
    "lists and numbers": ({**CELLS, "metrics": [*CELLS["metrics"], {"metric": "mae"}]}, "takes numbers, and `kind` is"),
    "one bound": (
        {"target": ["y"], "metrics": [{"metric": "seen_bounds"}]},
        "needs one target column and two `predictions` (lower and upper bound).",
    ),
    "a role that is missing": (
        {"target": ["y"], "metrics": [{"metric": "seen_series"}]},
        "needs the role `group`: name a column for it in `roles`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("about", "words"), SPECS.values(), ids=SPECS.keys())
def test_a_spec_that_does_not_fit_its_metrics_says_why(about: dict[str, Any], words: str) -> None:
    data = {name: value for name, value in about.items() if name != "reference"}
    with pytest.raises(HostError) as caught:
        ScorerSpec.from_dict({"id": "id", **data})
    assert words in caught.value.message, caught.value.message
