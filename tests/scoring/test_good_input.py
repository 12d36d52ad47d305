"""What is read: every way to write the same table gives the same bits."""

from __future__ import annotations

import decimal
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.evaluate import ScoreValue

Send = Callable[..., tuple[ScoreValue, ...]]
GOOD = "id,label\n1,0.25\n2,0.75\n3,0.5\n4,0.5\n"
BRIER = [{"key": "brier", "metric": "brier"}]


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def zipped(name: str, content: str, *clutter: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for other in clutter:
            archive.writestr(other, "x")
        archive.writestr(name, content)
    return packed.getvalue()


def npz(**columns: Any) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, **{name: np.array(column) for name, column in columns.items()})
    return packed.getvalue()


def records(ids: list[Any], values: list[Any]) -> list[dict[str, Any]]:
    return [{"id": name, "label": value} for name, value in zip(ids, values, strict=True)]


IDS, VALUES = [1, 2, 3, 4], [0.25, 0.75, 0.5, 0.5]
TEXTS = list(map(str, IDS))
DECIMALS = pa.array([decimal.Decimal(str(value)) for value in VALUES])
SAME: dict[str, tuple[bytes | str, str]] = {
    "as it is": (GOOD, "a.csv"),
    "rows shuffled": ("id,label\n4,0.5\n2,0.75\n3,0.5\n1,0.25\n", "a.csv"),
    "columns swapped": ("label,id\n0.25,1\n0.75,2\n0.5,3\n0.5,4\n", "a.csv"),
    "windows line ends": (GOOD.replace("\n", "\r\n"), "a.csv"),
    "old line ends": (GOOD.replace("\n", "\r"), "a.csv"),
    "no last line end": (GOOD.rstrip(), "a.csv"),
    "blank lines": (GOOD.replace("\n", "\n\n"), "a.csv"),
    "blank lines before": ("\n\n" + GOOD, "a.csv"),
    "quoted": ('"id","label"\n"1","0.25"\n"2","0.75"\n"3","0.5"\n"4","0.5"\n', "a.csv"),
    "blanks around numbers": (GOOD.replace(",0", ", 0"), "a.csv"),
    "plus signs and exponents": ("id,label\n1,+.25\n2,75e-2\n3,5.0E-1\n4,+0.5\n", "a.csv"),
    "utf-8 with mark": (b"\xef\xbb\xbf" + GOOD.encode(), "a.csv"),
    "utf-16": (GOOD.encode("utf-16"), "a.csv"),
    "utf-16 big-endian": (b"\xfe\xff" + GOOD.encode("utf-16-be"), "a.csv"),
    "gzip": (gzip.compress(GOOD.encode()), "a.csv.gz"),
    "gzip by another name": (gzip.compress(GOOD.encode()), "a.csv"),
    "zip": (zipped("inner.csv", GOOD), "a.zip"),
    "zip from a Mac": (zipped("inner.csv", GOOD, "__MACOSX/._inner.csv", ".DS_Store"), "a.zip"),
    "tsv": (GOOD.replace(",", "\t"), "a.tsv"),
    "tsv in a zip": (zipped("inner.tsv", GOOD.replace(",", "\t")), "a.zip"),
    "tsv in gzip": (gzip.compress(GOOD.replace(",", "\t").encode()), "a.tsv.gz"),
    "parquet": (parquet(id=IDS, label=VALUES), "a.parquet"),
    "parquet with text ids": (parquet(id=TEXTS, label=VALUES), "a.parquet"),
    "parquet with columns swapped": (parquet(label=VALUES, id=IDS), "a.parquet"),
    "parquet with large text": (parquet(id=pa.array(TEXTS, pa.large_string()), label=VALUES), "a.parquet"),
    "parquet with a dictionary": (parquet(id=pa.array(TEXTS).dictionary_encode(), label=VALUES), "a.parquet"),
    "parquet with decimals": (parquet(id=IDS, label=DECIMALS), "a.parquet"),
    "parquet with 32 bits": (parquet(id=pa.array(IDS, pa.uint8()), label=pa.array(VALUES, pa.float32())), "a.parquet"),
    "parquet with 16 bits": (parquet(id=IDS, label=pa.array(VALUES, pa.float16())), "a.parquet"),
    "parquet with numbers as text": (parquet(id=IDS, label=list(map(str, VALUES))), "a.parquet"),
    "json": (json.dumps(records(IDS, VALUES)), "a.json"),
    "json over many lines": (json.dumps(records(IDS, VALUES), indent=1), "a.json"),
    "json with text ids": (json.dumps(records(TEXTS, VALUES)), "a.json"),
    "json with numbers as text": (json.dumps(records(TEXTS, list(map(str, VALUES)))), "a.json"),
    "json with plain and decimal ids": ('[{"id":1,"label":0.25},{"id":"2","label":0.75},{"id":3,"label":0.5},'
                                        '{"id":4,"label":"0.5"}]', "a.json"),
    "json in utf-16": (json.dumps(records(IDS, VALUES)).encode("utf-16"), "a.json"),
    "json columns": (json.dumps({"id": IDS, "label": VALUES}), "a.json"),
    "json columns with text ids": (json.dumps({"label": VALUES, "id": TEXTS}), "a.json"),
    "json columns of numbers as text": (json.dumps({"label": list(map(str, VALUES)), "id": TEXTS}), "a.json"),
    "json lines": ("\n".join(map(json.dumps, records(IDS, VALUES))), "a.jsonl"),
    "json lines, fields in another order": (
        '{"id":1,"label":0.25}\n{"label":0.75,"id":2}\n{"id":3,"label":0.5}\n{"id":4,"label":0.5}\n', "a.jsonl"),
    "json lines over many lines": ("\n".join(json.dumps(r, indent=2) for r in records(IDS, VALUES)), "a.jsonl"),
    "json lines in gzip": (gzip.compress("\n".join(map(json.dumps, records(TEXTS, VALUES))).encode()), "a.jsonl.gz"),
    "json in a zip": (zipped("a.json", json.dumps(records(IDS, VALUES))), "a.zip"),
    "npz": (npz(id=IDS, label=VALUES), "a.npz"),
    "npz with text ids": (npz(id=TEXTS, label=VALUES), "a.npz"),
    "npz with bytes, 32 bits, the other byte order": (
        npz(id=np.array(TEXTS, "S9"), label=np.array(VALUES, ">f4")), "a.npz"),
    "npz with numbers as text": (npz(id=np.array(IDS, ">i2"), label=list(map(str, VALUES))), "a.npz"),
    "npz with 16 bits": (npz(id=np.array(IDS, "u1"), label=np.array(VALUES, "f2")), "a.npz"),
    "parquet by another name": (parquet(id=IDS, label=VALUES), "a.csv"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "name"), SAME.values(), ids=SAME.keys())
def test_the_same_table_has_the_same_score(send: Send, content: bytes | str, name: str) -> None:
    scores = send(content, name=name, metrics=BRIER)
    assert [(score.split, score.value) for score in scores] == [("public", 0.0625), ("private", 0.25)]


@pytest.mark.parametrize("word", ["id", "row"])
def test_text_ids_in_any_order(send: Send, word: str) -> None:
    reference = f"{word},label\nb,1\na,0\nc,1\n"
    scores = send(f"{word},label\nc,0.9\nb,0.8\na,0.1\n", reference=reference, id=word, split=None)
    assert [(score.split, score.value) for score in scores] == [("all", 1.0)]


def test_large_and_negative_ids(send: Send) -> None:
    ids = ["9007199254740993", "-5", "123456789012345678"]
    reference = "id,label\n" + "".join(f"{name},{truth}\n" for name, truth in zip(ids, (0, 1, 1), strict=True))
    mine = "id,label\n" + "".join(f"{name},{p}\n" for name, p in zip(reversed(ids), (0.9, 0.8, 0.1), strict=True))
    assert send(mine, reference=reference, split=None)[0].value == 1.0


def test_splits_are_lower_cased_and_ignored_rows_count_nowhere(send: Send) -> None:
    reference = "id,label,Usage\n1,0,Ignored\n2,1, PUBLIC\n3,0,Public\n4,1,Slice A\n5,0,slice a\n"
    scores = send("id,label\n1,1\n2,1\n3,0\n4,0\n5,1\n", reference=reference)
    assert [(score.split, score.value) for score in scores] == [("public", 1.0), ("slice a", 0.0)]


def test_one_column_a_class_gives_labels_by_the_most_probable_and_log_loss(send: Send) -> None:
    scores = send(
        "id,p2,p0,p1\n1,0,1,0\n2,0,0,1\n3,0.5,0.25,0.25\n4,0,1,0\n",
        reference="id,digit\n1,0\n2,1\n3,2\n4,0\n",
        split=None,
        target=["digit"],
        predictions=["p0", "p1", "p2"],
        classes=[0, 1, 2],
        metrics=[{"key": "f1_macro", "metric": "f1_macro"}, {"key": "loss", "metric": "log_loss"}],
    )
    assert [score.key for score in scores] == ["f1_macro", "loss"]
    assert scores[0].value == 1.0
    assert scores[1].value == pytest.approx(0.6931471805599453 / 4, rel=1e-12)


def test_text_classes_in_an_order_of_their_own(send: Send) -> None:
    scores = send(
        "id,white,red\n1,0.1,0.9\n2,0.8,0.2\n",
        reference="id,kind\n1,red\n2,white\n",
        split=None,
        target=["kind"],
        predictions=["white", "red"],
        classes=["white", "red"],
        metrics=[{"key": "accuracy", "metric": "accuracy"}, {"key": "auc", "metric": "auc"}],
    )
    assert [score.value for score in scores] == [1.0, 1.0]


def test_rounded_rows_are_divided_by_their_sum_so_that_nobody_gains_by_rounding_up(send: Send) -> None:
    options: dict[str, Any] = {
        "reference": "id,digit\n1,0\n2,1\n",
        "split": None,
        "target": ["digit"],
        "predictions": ["p0", "p1", "p2"],
        "classes": [0, 1, 2],
        "metrics": [{"key": "loss", "metric": "log_loss"}],
    }
    honest = send("id,p0,p1,p2\n1,0.8,0.1,0.1\n2,0.1,0.8,0.1\n", **options)[0].value
    upwards = send("id,p0,p1,p2\n1,0.8008,0.1001,0.1001\n2,0.1001,0.8008,0.1001\n", **options)[0].value
    assert upwards == pytest.approx(honest, rel=1e-12)


def test_one_probability_gives_labels_above_one_half(send: Send) -> None:
    metrics = [
        {"key": key, "metric": key} for key in ("accuracy", "f1", "auc", "brier", "log_loss", "average_precision")
    ]
    scores = send("id,label\n1,0.2\n2,0.7\n3,0.6\n4,0.5\n", split=None, metrics=metrics)
    assert [score.value for score in scores][:3] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("word", ["yes", "b"])
def test_text_truth_with_scores_has_the_later_or_the_named_class_as_positive(send: Send, word: str) -> None:
    scores = send(
        "id,label\n1,0.2\n2,0.7\n",
        reference=f"id,label\n1,a\n2,{word}\n",
        split=None,
        kind="probabilities",
        metrics=[{"metric": "auc"}, {"metric": "brier"}, {"metric": "ap", "key": "ap", "params": {"pos_label": "a"}}],
    )
    assert [score.value for score in scores] == [1.0, pytest.approx(0.065), 0.5]


def test_predicted_text_labels_that_the_truth_does_not_hold_count_as_classes(send: Send) -> None:
    scores = send(
        "id,kind\n1,a\n2,zebra\n3,c\n",
        reference="id,kind\n1,a\n2,b\n3,c\n",
        split=None,
        target=["kind"],
        metrics=[{"metric": "f1_macro"}, {"metric": "accuracy"}],
    )
    assert [score.value for score in scores] == [0.5, pytest.approx(2 / 3)]


def test_labels_may_be_written_as_decimal_numbers(send: Send) -> None:
    scores = send("id,label\n1,0.0\n2,1.0\n3,1\n4,0\n", metrics=[{"metric": "qwk"}, {"metric": "mcc"}])
    assert [score.value for score in scores] == [1.0] * 4


def test_several_target_columns_are_averaged(send: Send) -> None:
    scores = send(
        "id,a,b\n2,1,1\n1,0,4\n",
        reference="id,a,b\n1,0,0\n2,1,1\n",
        split=None,
        target=["a", "b"],
        metrics=[{"metric": "mae"}, {"metric": "rmse"}],
    )
    assert [score.value for score in scores] == [1.0, pytest.approx(8**0.5 / 2)]


def test_a_score_too_large_for_a_number_is_null(send: Send) -> None:
    scores = send("id,label\n1,1e308\n2,0\n3,0\n4,0\n", metrics=[{"metric": "rmse"}])
    assert [score.value for score in scores] == [None, pytest.approx(0.5**0.5)]
