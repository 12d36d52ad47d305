"""Every mistake that a submission can have gets one exact, kind sentence, and no label is in it."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scoring.archives import Limits
from scoring.errors import SubmissionError

Refuse = Callable[..., SubmissionError]
GOOD = "id,label\n1,0.1\n2,0.9\n3,0.8\n4,0.2\n"
PROBABILITIES = {"kind": "probabilities"}
COVER: dict[str, Any] = {
    "reference": "id,cover\n1,1\n2,7\n3,3\n4,4\n",
    "split": None,
    "target": ["cover"],
    "classes": [1, 2, 3, 4, 5, 6, 7],
    "metrics": [{"key": "accuracy", "metric": "accuracy"}],
}
DIGITS: dict[str, Any] = {
    "reference": "id,digit\n1,0\n2,1\n3,2\n4,1\n",
    "split": None,
    "target": ["digit"],
    "predictions": ["p0", "p1", "p2"],
    "classes": [0, 1, 2],
    "metrics": [{"key": "f1", "metric": "f1_macro"}, {"key": "loss", "metric": "log_loss"}],
}
WINE: dict[str, Any] = {
    "reference": "id,kind\n1,red\n2,white\n3,red\n4,white\n",
    "split": None,
    "target": ["kind"],
    "metrics": [{"key": "accuracy", "metric": "accuracy"}],
}


def zipped(**files: bytes | str) -> bytes:
    return zipped_names({f"{name}.csv": content for name, content in files.items()})


def zipped_names(files: dict[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def parquet(compression: str = "snappy", **columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression=compression)
    return sink.getvalue()


def rows(*cells: str) -> str:
    return "id,label\n" + "".join(f"{number},{cell}\n" for number, cell in enumerate(cells, start=1))


FILES: dict[str, tuple[bytes | str, str, str]] = {
    "empty": (b"", "empty_file", "The file is empty: it has 0 bytes."),
    "blank lines only": ("\n\n\r\n", "empty_file", "nothing but blank lines"),
    "header only": ("id,label\n", "no_rows", "The file has a header and no rows of data, expected 4: one for each id."),
    "header without line end": ("id,label", "no_rows", "no rows of data"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "wrong_type", "`mine.csv` is a PNG picture, expected a table"),
    "pdf": (b"%PDF-1.7\n", "wrong_type", "is a PDF document"),
    "xlsx": (zipped_names({"[Content_Types].xml": "", "xl/workbook.xml": ""}), "wrong_type", "is an Excel workbook"),
    "html": ("<!DOCTYPE html><html><body>Log in</body></html>", "wrong_type", "is an HTML page"),
    "notebook": ('{"cells": []}', "wrong_type", "is a notebook"),
    "npy": (b"\x93NUMPY\x01\x00", "wrong_type", "is a NumPy array"),
    "zero bytes": (b"id,label\n1,\x000.1\n", "wrong_type", "Byte 12 of the file is 0"),
    "latin-1": (b"id,label\n1,caf\xe9\n", "not_utf8", "Row 2: byte 15 of the file (0xE9) is not UTF-8."),
    "latin-1 after a mark": (b"\xef\xbb\xbfid,label\n1,\xe9\n", "not_utf8", "Row 2: byte 15 of the file (0xE9)"),
    "cut in a letter": ("id,label\n1,é".encode()[:-1], "not_utf8", "Row 2: byte 12 of the file (0xC3) is not UTF-8."),
    "broken utf-16": (b"\xff\xfei\0d\0,\0x", "not_utf8", "The file begins as UTF-16"),
    "semicolons": (GOOD.replace(",", ";"), "wrong_separator", "by semicolons (`;`), expected commas (`,`)"),
    "semicolons and decimal commas": (
        "id;label\n1;0,1\n2;0,9\n",
        "wrong_separator",
        "by semicolons (`;`) and has decimal commas, expected commas (`,`), and decimal points.",
    ),
    "tabs": (GOOD.replace(",", "\t"), "wrong_separator", "by tabs (`\\t`)"),
    "bars": (GOOD.replace(",", "|"), "wrong_separator", "by vertical bars (`|`)"),
    "decimal commas unquoted": ("id,label\n1,0,1\n2,0,9\n", "ragged_row", "decimal commas"),
    "no header": ("1,0.1\n2,0.9\n", "no_header", "Row 1: found `1` and `0.1`, which is no header."),
    "missing column": ("id,other\n1,2\n", "column_missing", "Row 1: column `label` is missing. Expected 2 columns"),
    "extra column": (GOOD.replace("\n", ",x\n"), "column_extra", "Row 1: column `x` is not expected"),
    "index column": (",id,label\n0,1,0.1\n", "column_extra", "(`index=False`)"),
    "doubled column": ("id,label,label\n1,0.1,0.1\n", "column_doubled", "Row 1: column `label` occurs 2 times"),
    "other case": (GOOD.replace("label", "Label "), "column_misspelt", "found column `Label `, expected `label`."),
    "typing mistake": (GOOD.replace("label", "lable"), "column_misspelt", "found column `lable`, expected `label`."),
    "too few cells": ("id,label\n1,0.1\n2\n", "ragged_row", "Row 3: found 1 cell, expected 2 as in the header."),
    "too many cells": ("id,label\n1,0.1\n\n2,0.1,x\n", "ragged_row", "Row 4: found 3 cells, expected 2"),
    "missing ids": (GOOD.replace("2,0.9\n3,0.8\n", ""), "id_missing", "2 ids are missing: `2` and `3`."),
    "doubled id": (GOOD + "2,0.4\n", "id_doubled", "Row 6, column `id`: found `2` a second time, first in row 3"),
    "unknown id": (GOOD + "9,0.4\n", "id_unknown", "Row 6, column `id`: found `9`, which is not an id of this task."),
    "empty id": (GOOD + ",0.4\n", "id_unknown", "Row 6, column `id`: found an empty cell"),
    "leading zeros": (
        "id,label\n01,0.1\n02,0.9\n03,0.8\n04,0.2\n",
        "id_spelling",
        "Row 2, column `id`: found `01`, expected `1`. Leading zeros were added.",
    ),
    "decimal ids": (
        "id,label\n1.0,0.1\n2.0,0.9\n3.0,0.8\n4.0,0.2\n",
        "id_spelling",
        "found `1.0`, expected `1`. A whole number was written as a decimal one.",
    ),
    "blanks around ids": (GOOD.replace("\n3,", "\n 3,"), "id_spelling", "There are blanks around it."),
    "hexadecimal id": (GOOD.replace("\n3,", "\n0x3,"), "id_unknown", "found `0x3`"),
    "text": (
        rows("0.1", "high", "0.8", "0.2"),
        "not_a_number",
        "Row 3, column `label`: found `high`, expected a number.",
    ),
    "text that a parser says of itself": (
        rows("0.1", "straddling", "0.8", "0.2"),
        "not_a_number",
        "Row 3, column `label`: found `straddling`",
    ),
    "a row too long with a parser's words": (
        GOOD.replace("0.9", "0.9,conversion error"),
        "ragged_row",
        "Row 3: found 3 cells, expected 2",
    ),
    "nan": (rows("0.1", "nan", "0.8", "0.2"), "not_finite", "Row 3, column `label`: found `nan`, expected a number."),
    "NA": (rows("0.1", "0.9", "NA", "0.2"), "not_finite", "Row 4, column `label`: found `NA`"),
    "inf": (rows("0.1", "-inf", "0.8", "0.2"), "not_finite", "Infinity cannot be scored."),
    "1e999": (rows("0.1", "1e999", "0.8", "0.2"), "not_finite", "too large for a 64-bit number"),
    "empty cell": (rows("0.1", "", "0.8", "0.2"), "empty_cell", "Row 3, column `label`: the cell is empty"),
    "full-width digits": (rows("0.1", "１", "0.8", "0.2"), "not_a_number", "write `1`"),
    "underscores": (rows("1_000", "2", "3", "4"), "not_a_number", "Write it without marks between the digits: `1000`."),
    "quoted decimal comma": (
        rows('"0,5"', "2", "3", "4"),
        "not_a_number",
        "The decimal comma is not read: write `0.5`.",
    ),
    "typographic minus": (rows("−1", "2", "3", "4"), "not_a_number", "write a hyphen"),
    "per cent": (rows("50%", "2", "3", "4"), "not_a_number", "Write a share without the sign"),
    "control characters": (rows("a\x1b[31m", "2", "3", "4"), "not_a_number", "found `a\\x1b[31m`"),
    "long cell": (rows("x" * 500, "2", "3", "4"), "not_a_number", f"found `{'x' * 59}…`"),
    "truncated gzip": (gzip.compress(GOOD.encode() * 100)[:-20], "truncated", "The gzip file was cut off"),
    "damaged gzip": (gzip.compress(GOOD.encode())[:-8] + bytes(8), "archive_damaged", "The gzip file is damaged"),
    "truncated zip": (zipped(a=GOOD)[:-30], "truncated", "The zip file has no end"),
    "empty zip": (zipped(), "archive_empty", "The zip file is empty: it holds no file."),
    "two files in a zip": (zipped(a=GOOD, b=GOOD), "archive_many", "holds 2 files (`a.csv` and `b.csv`), expected one"),
    "path outside": (zipped_names({"../../etc/passwd": GOOD}), "archive_path", "`../../etc/passwd`"),
    "absolute path": (zipped_names({"/tmp/mine.csv": GOOD}), "archive_path", "a path that leads outside of it"),
    "windows path": (zipped_names({"C:\\mine.csv": GOOD}), "archive_path", "a path that leads outside of it"),
    "zip in zip": (zipped_names({"a.zip": zipped(a=GOOD)}), "archive_nested", "holds another archive"),
    "gzip in zip": (zipped_names({"a.csv.gz": gzip.compress(GOOD.encode())}), "archive_nested", "Pack your table once"),
    "empty file in a zip": (zipped(a=""), "empty_file", "holds `a.csv`, which is empty"),
    "picture in a zip": (zipped_names({"a.png": b"\x89PNG\r\n"}), "wrong_type", "is a PNG picture"),
    "truncated parquet": (parquet(id=[1, 2], label=[0.1, 0.2])[:-10], "truncated", "The Parquet file is cut off"),
}


def npz(**columns: Any) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **columns)
    return packed.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    """Return a NumPy array that says of itself what it wants."""
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


PICKLED, ROWS = np.array([{}, 1, 2, 3], dtype=object), np.arange(1, 5)
CLAIM = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }"
FILES |= {
    "json cut off": ('[{"id": 1, "label": 0.5}, {"id": 2', "truncated", "The JSON file is cut off"),
    "json with nothing in it": ("[]", "no_rows", "The file has no rows of data, expected 4: one for each id."),
    "json with more behind": ('[{"id": 1, "label": 1}] x', "json_damaged", "Byte 25 of the text stands behind"),
    "json that closes too much": ('{"id": 1}}', "json_damaged", "Byte 10 of the text closes a bracket"),
    "json of something else": ("[1, 2]", "json_damaged", "Row 1: found something else than an object."),
    "json lines with a broken one": (
        '{"id": 1, "label": 1}\n{"id": 2, "label" 1}\n', "json_damaged", "Row 2 is no JSON, or it is cut off."),
    "json with lists in cells": ('[{"id": 1, "label": [1]}]', "json_nested", "begins an array or object"),
    "json a thousand deep": ("[" * 100_000, "json_nested", "Byte 3 of the text begins an array"),
    "json as pandas writes it": ('{"id": {"0": 1}, "label": {"0": 1}}', "json_nested", 'orient="records"'),
    "json with a field too many": (
        '[{"id": 1, "label": 1}, {"id": 2, "label": 1, "x": 1}]', "column_extra", "Row 2: field `x` is not expected."),
    "json with a field twice": (
        '[{"id": 1, "label": 1}, {"id": 2, "label": 1, "id": 1}]', "column_doubled", "Row 2: field `id` occurs twice."),
    "json without a field": (
        '[{"id": 1, "label": 1}, {"id": 2}, {"id": 3, "label": 1}, {"id": 4, "label": 1}]',
        "empty_cell", "Row 2, column `label`: the cell is empty, expected a number."),
    "json with null": (
        '{"id": [1, 2, 3, 4], "label": [1, null, 1, 1]}',
        "empty_cell", "Row 2, column `label`: the cell is empty, expected a number."),
    "json with text for a number": (
        '[{"id": 1, "label": 1}, {"id": 2, "label": "x"}, {"id": 3, "label": 1}, {"id": 4, "label": 1}]',
        "not_a_number", "Row 2, column `label`: found `x`, expected a number."),
    "json with NaN": (
        '[{"id": 1, "label": NaN}, {"id": 2, "label": 1}, {"id": 3, "label": 1}, {"id": 4, "label": 1}]',
        "not_finite", "Row 1, column `label`: found `NaN`"),
    "json columns of two lengths": (
        '{"id": [1, 2, 3, 4], "label": [1]}', "array_length", "Array `label` has 1 value, and `id` has 4."),
    "json with a wrong field": ('[{"id": 1, "lable": 1}]', "column_misspelt", "Found column `lable`, expected"),
    "json with half a letter": (
        '[{"id": "\\ud800", "label": 1}]', "not_utf8", "Column `id` holds half a letter"),
    "json in latin-1": (b'[{"id": "\xe9"}]', "not_utf8", "Row 1: byte 10 of the file (0xE9) is not UTF-8."),
    "npz with a pickle": (npz(id=ROWS, label=PICKLED), "array_type", "Array `label` has the type `object`"),
    "npz with a matrix": (npz(id=ROWS, label=np.ones((4, 2))), "array_shape", "has the shape `(4, 2)`, expected one"),
    "npz of two lengths": (npz(id=ROWS, label=np.ones(3)), "array_length", "`label` has 3 values, and `id` has 4."),
    "npz with a wrong name": (npz(id=ROWS, lable=np.ones(4)), "column_misspelt", "Found column `lable`"),
    "npz with NaN": (npz(id=ROWS, label=np.array([0, np.nan, 1, 1])), "not_finite", "Row 2, column `label`"),
    "npz with bytes that are no text": (npz(id=np.array([b"\xff"] * 4), label=np.ones(4)), "not_utf8", "holds text"),
    "npz that claims a billion": (
        zipped_names({"id.npy": npy(CLAIM % "10**9,"), "label.npy": b""}), "array_damaged", "Array `id` is cut off"),
    "npz that claims a thousand millions": (
        zipped_names({"id.npy": npy(CLAIM % "1000000000,"), "label.npy": b""}), "too_many_rows", "1,000,000,000 rows"),
    "npz that claims more than there is": (
        zipped_names({"id.npy": npy(CLAIM % "4,", bytes(31)), "label.npy": b""}), "array_damaged", "is cut off"),
    "npz in gzip": (gzip.compress(npz(id=ROWS, label=np.ones(4))), "archive_nested", "holds another archive"),
    "parquet with bytes that are no text": (
        parquet(id=["1", "aaaa", "3", "4"], label=[1] * 4, compression="none").replace(b"aaaa", b"\xff" * 4),
        "truncated", "The Parquet file is cut off or damaged"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "words"), FILES.values(), ids=FILES.keys())
def test_a_mistake_gets_its_own_sentence(refuse: Refuse, content: bytes | str, code: str, words: str) -> None:
    error = refuse(content)
    assert (error.first.code, words in error.message) == (code, True), error.message
    assert error.message.endswith((".", "`."))


def test_the_row_is_the_line_in_an_editor_even_after_blank_lines_and_line_breaks_in_quotes(refuse: Refuse) -> None:
    blank = refuse("id,label\n\n1,0.1\n\n\n2,x\n3,0.8\n4,0.2\n")
    quoted = refuse('id,label\n1,"0\n.1"\n2,0.9\n3,0.8\n4,y\n')
    assert (blank.first.row, quoted.first.row, [m.row for m in quoted.mistakes]) == (6, 2, [2])
    assert "`0\\n.1`" in quoted.message


def test_the_column_is_named_apart_from_the_message(refuse: Refuse) -> None:
    error = refuse(rows("0.1", "x", "0.8", "0.2"))
    assert (error.first.row, error.first.column) == (3, "label")


def test_a_cell_that_is_no_number_hides_no_other_mistake_of_its_column(refuse: Refuse) -> None:
    error = refuse("id,label\n1,1e999\n2,high\n3,1.5\n4,\n", **PROBABILITIES)
    assert [(mistake.row, mistake.code) for mistake in error.mistakes] == [
        (2, "not_finite"),
        (3, "not_a_number"),
        (4, "not_a_probability"),
        (5, "empty_cell"),
    ]


def test_all_mistakes_are_found_in_one_pass_and_the_first_is_told(refuse: Refuse) -> None:
    error = refuse("id,label\n1,x\n2,nan\n2,0.5\n3,0.1\n9,\n")
    assert [mistake.code for mistake in error.mistakes] == [
        "not_a_number", "not_finite", "id_doubled", "id_unknown", "empty_cell", "id_missing",
    ]  # fmt: skip
    assert error.message.startswith("Row 2, column `label`: found `x`, expected a number.")
    assert "Beside it: 5 more mistakes." in error.message


def test_many_rows_with_one_mistake_are_counted_and_not_repeated(refuse: Refuse) -> None:
    error = refuse(rows("x", "y", "z", "0.5"))
    assert error.message == "Row 2, column `label`: found `x`, expected a number. 2 more have this mistake."


def test_more_than_five_ids_are_counted_and_five_are_named(refuse: Refuse) -> None:
    reference = "id,label\n" + "".join(f"{number},{number % 2}\n" for number in range(100))
    error = refuse("id,label\n0,0.5\n", reference=reference, split=None)
    assert "99 ids are missing: `1`, `2`, `3`, `4`, `5`, …." in error.message


def test_ids_that_lost_their_zeros_are_explained(refuse: Refuse) -> None:
    error = refuse("id,label\n1,0.1\n2,0.9\n", reference="id,label\n001,0\n002,1\n", split=None)
    assert "found `1`, expected `001`. Leading zeros were lost." in error.message
    assert (error.first.code, error.first.count, len(error.mistakes)) == ("id_spelling", 2, 1)


@pytest.mark.parametrize("cell", ["1.5", "-0.1"])
def test_a_probability_outside_its_range_is_refused(refuse: Refuse, cell: str) -> None:
    error = refuse(rows("0.1", cell, "0.8", "0.2"), **PROBABILITIES)
    assert error.first.code == "not_a_probability"
    assert error.message == f"Row 3, column `label`: found `{cell}`, expected a probability from 0 to 1."


def test_rows_of_probabilities_must_sum_to_one(refuse: Refuse) -> None:
    error = refuse("id,p0,p1,p2\n1,1,0,0\n2,0.5,0.5,0.5\n3,0,0,1\n4,0,1,0\n", **DIGITS)
    assert error.first.code == "sum_not_one"
    assert error.message.startswith("Row 3: the 3 probabilities sum to 1.5, expected 1 (within 0.001).")


def test_a_class_without_a_column_is_named(refuse: Refuse) -> None:
    error = refuse("id,p0,p2\n1,1,0\n2,0,1\n3,0,1\n4,0,1\n", **DIGITS)
    assert (error.first.code, error.first.column) == ("column_missing", "p1")


def test_a_label_that_is_no_class_is_refused_by_the_listed_classes(refuse: Refuse) -> None:
    error = refuse("id,cover\n1,1\n2,8\n3,3\n4,4\n", **COVER)
    assert error.message == "Row 3, column `cover`: found `8`, expected a whole number from 1 to 7."
    assert error.first.code == "not_a_class"


def test_where_classes_are_not_listed_only_the_type_is_asked_for(refuse: Refuse, send: Any) -> None:
    hidden = {**COVER, "classes": None}
    assert send("id,cover\n1,1\n2,8\n3,3\n4,4\n", **hidden)[0].value == 0.75
    error = refuse("id,cover\n1,1\n2,2.5\n3,3\n4,4\n", **hidden)
    assert error.message == "Row 3, column `cover`: found `2.5`, expected a whole number."


def test_a_text_label_in_another_case_is_explained(refuse: Refuse) -> None:
    error = refuse("id,kind\n1,red\n2,White\n3,red\n4,white\n", **WINE, classes=["red", "white"])
    assert "found `White`, expected `red` or `white`. Write `white`" in error.message


def test_an_empty_text_label_is_refused_without_naming_the_classes(refuse: Refuse) -> None:
    error = refuse("id,kind\n1,red\n2,\n3,red\n4,white\n", **WINE)
    assert error.message == "Row 3, column `kind`: the cell is empty, expected a label."


def test_a_value_that_a_formula_cannot_take_is_refused(refuse: Refuse) -> None:
    error = refuse(rows("0.1", "-1", "0.8", "0.2"), metrics=[{"key": "rmsle", "metric": "rmsle"}])
    assert (error.first.code, error.first.row) == ("out_of_range", 3)
    assert "expected a number greater than −1." in error.message


@pytest.mark.parametrize("many", [1009, 20_000])
def test_too_many_rows_are_counted(refuse: Refuse, many: int) -> None:
    error = refuse(rows(*["0.5"] * many))
    assert error.first.code == "too_many_rows"
    assert error.message == f"The file has {many:,} rows of data, expected 4: one for each id."


def test_the_host_may_set_the_most_rows(refuse: Refuse) -> None:
    assert refuse(GOOD + "5,0.1\n", max_rows=4).first.code == "too_many_rows"
    assert refuse(parquet(id=[1, 2, 3, 4, 5], label=[0.1] * 5), max_rows=4).first.code == "too_many_rows"


def test_a_line_of_100_megabytes_is_refused(refuse: Refuse) -> None:
    line = b"id,label\n1," + b"9" * (100 << 20) + b"\n"
    error = refuse(line)
    assert (error.first.code, error.first.row) == ("line_too_long", 2)
    assert "longer than 1 MB" in error.message


def test_a_line_of_100_megabytes_within_quotes_is_refused(refuse: Refuse) -> None:
    error = refuse(b'id,label\n1,"' + b"9\n" * (50 << 20) + b'"\n', max_rows=10**9)
    assert error.first.code == "line_too_long"


def test_a_million_columns_are_refused(refuse: Refuse) -> None:
    error = refuse("id," + ",".join(map(str, range(1_000_000))) + "\n1" + ",0" * 1_000_000)
    assert error.first.code == "too_many_columns"


def test_five_thousand_columns_are_refused_in_parquet_too(refuse: Refuse) -> None:
    error = refuse(parquet(**{f"c{number}": [1] for number in range(5000)}))
    assert "5,000 columns or more" in error.message


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(a=data)], ids=["gzip", "zip"])
def test_a_bomb_is_stopped_while_it_unpacks(refuse: Refuse, pack: Callable[[bytes], bytes]) -> None:
    error = refuse(pack(b"0" * (40 << 20)))
    assert error.first.code == "zip_bomb"
    assert "more than 200 times its size" in error.message


def test_a_table_may_not_be_larger_than_the_limit_however_it_is_packed(refuse: Refuse) -> None:
    limits = Limits(max_bytes=100)
    content = GOOD.encode() * 10
    for file in (content, gzip.compress(content), zipped(a=content)):
        assert refuse(file, limits=limits).first.code == "too_large"


def test_an_encrypted_zip_is_refused(refuse: Refuse) -> None:
    packed = bytearray(zipped(a=GOOD))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    assert refuse(bytes(packed)).first.code == "archive_encrypted"


def test_a_zip_of_ten_thousand_files_is_refused_before_its_directory_is_read(refuse: Refuse) -> None:
    error = refuse(zipped_names({f"{'a' * 100}{number}": "" for number in range(10_000)}))
    assert (error.first.code, "thousands of files" in error.message) == ("archive_many", True)


def test_an_uncommon_compression_is_refused(refuse: Refuse) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", GOOD)
    assert refuse(packed.getvalue()).first.code == "archive_compression"


def test_parquet_rows_are_counted_from_one_and_nulls_are_named(refuse: Refuse) -> None:
    error = refuse(parquet(id=[1, 2, 3, 4], label=[0.1, None, 0.8, 0.2]))
    assert error.message == "Row 2, column `label`: the cell is empty, expected a number."


def test_a_text_that_stands_in_every_row_of_parquet_is_counted_each_time(refuse: Refuse) -> None:
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["x" * 10_000])
    content = parquet(id=once, label=[0.1] * 1000)
    error = refuse(content, limits=Limits(max_bytes=1 << 20))
    assert (error.first.code, len(content) < 100_000) == ("too_large", True)


@pytest.mark.parametrize(
    "column",
    [pa.array([[0.1]] * 4), pa.array([{"a": 1}] * 4), pa.array([b"1"] * 4), pa.nulls(4)],
    ids=["list", "struct", "binary", "null"],
)
def test_a_parquet_type_that_is_no_number_is_named(refuse: Refuse, column: pa.Array) -> None:
    error = refuse(parquet(id=[1, 2, 3, 4], label=column))
    assert (error.first.code, error.first.column) == ("parquet_type", "label")


def test_nan_in_parquet_is_refused(refuse: Refuse) -> None:
    error = refuse(parquet(id=[1, 2, 3, 4], label=[0.1, float("nan"), 0.8, float("inf")]))
    assert [mistake.code for mistake in error.mistakes] == ["not_finite"]
    assert error.first.row == 2


def test_no_message_changes_when_the_labels_do(refuse: Refuse) -> None:
    files = [rows("x", "9", "nan", ""), "id,label\n1,0.5\n", GOOD + "9,1\n", "id,label\n01,1\n2,1\n3,1\n4,1\n"]
    for content in files:
        words = {
            refuse(
                content, reference=f"id,label,Usage\n1,{a},Public\n2,{b},Public\n3,{c},Private\n4,{d},Private\n"
            ).message
            for a, b, c, d in ((0, 1, 0, 1), (1, 1, 0, 0), (1, 1, 1, 1), (0, 0, 0, 0))
        }
        assert len(words) == 1


def test_a_row_that_is_cut_off_is_named_in_a_large_file_that_has_text_for_numbers_too(refuse: Refuse) -> None:
    # Large enough for several threads, of which the one with the text is done first.
    ids = range(1, 12_001)
    reference = "id,label,Usage\n" + "".join(f"{one},{one % 2},Public\n" for one in ids)
    mine = ["id,label", "1,high", *(f"{one},0.{'5' * 1000}" for one in ids[1:-1]), "12000"]
    error = refuse("\n".join(mine), reference=reference, split=None)
    assert (error.first.code, error.first.row) == ("ragged_row", 12_001)


def test_a_score_that_labels_leave_undefined_is_null_and_not_an_error(send: Any) -> None:
    one_class = "id,label,Usage\n1,1,Public\n2,1,Public\n3,1,Private\n4,0,Private\n"
    public, private = send(GOOD, reference=one_class)
    assert (public.split, public.value, bool(public.note)) == ("public", None, True)
    assert (private.split, private.value) == ("private", 1.0)


def test_random_bytes_never_cause_anything_but_a_sentence(refuse: Refuse, send: Any) -> None:
    random = np.random.default_rng(0)
    pieces = [
        b"id",
        b"label",
        b",",
        b"\n",
        b"\r\n",
        b'"',
        b"1",
        b"0.5",
        b"\xff",
        b"\0",
        b";",
        b"nan",
        b"PAR1",
        b"PK\x03\x04",
    ]
    for _ in range(150):
        content = b"".join(pieces[index] for index in random.integers(0, len(pieces), random.integers(1, 40)))
        with pytest.raises(SubmissionError):
            send(content)
