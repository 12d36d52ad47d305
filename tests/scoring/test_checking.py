"""`python -m scoring check`: what a participant learns before a file is sent, from the sample alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoring.checking import Checked, check
from scoring.errors import HostError, SubmissionError

SAMPLE = "id,price,kind\na,0,red\nb,0.5,red\nc,0,red\n"


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Check the good file."""
    return check_text(tmp_path, "kind,id,price\nblue,c,1\nred,a,2\nred,b,-3.5\n")


def check_text(folder: Path, mine: str, *, sample: str = SAMPLE, id_column: str | None = None) -> Checked:
    """Check a text against a sample."""
    (folder / "sample_submission.csv").write_text(sample)
    (folder / "mine.csv").write_text(mine)
    return check(folder / "mine.csv", sample=folder / "sample_submission.csv", id_column=id_column)


def test_columns_and_rows_may_stand_in_any_order(checked: Checked) -> None:
    assert checked == Checked(3, "id", ("price", "kind"))


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError) as caught:
        check_text(tmp_path, "id,price,kind\na,high,\nb,nan,red\nd,0,\n")
    assert [(item.code, item.row, item.column, item.count) for item in caught.value.mistakes] == [
        ("not_a_number", 2, "price", 1),
        ("empty_cell", 2, "kind", 2),
        ("not_finite", 3, "price", 1),
        ("id_unknown", 4, "id", 1),
        ("id_missing", None, "id", 1),
    ]


@pytest.mark.parametrize(
    ("mine", "code"),
    [
        ("id,price\na,1\nb,1\nc,1\n", "column_missing"),
        ("id,Price,kind\na,1,x\nb,1,x\nc,1,x\n", "column_misspelt"),
        ("id,price,kind\na,1,x\nb,1,x\nb,1,x\nc,1,x\n", "id_doubled"),
        ("id,price,kind\na,inf,x\nb,1,x\nc,1,x\n", "not_finite"),
        ("", "empty_file"),
    ],
)
def test_a_file_unlike_the_sample_is_refused(tmp_path: Path, mine: str, code: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        check_text(tmp_path, mine)
    assert caught.value.first.code == code


def test_where_the_sample_has_empty_cells_they_may_be_empty(tmp_path: Path) -> None:
    assert check_text(tmp_path, "id,boxes\n1,\n2,3 4\n", sample="id,boxes\n1,1 2\n2,\n").rows == 2


def test_where_the_sample_repeats_ids_every_id_may_have_any_number_of_rows(tmp_path: Path) -> None:
    sample = "id,item\n1,a\n1,b\n2,a\n"
    assert check_text(tmp_path, "id,item\n2,x\n1,y\n2,z\n2,w\n", sample=sample).rows == 4
    with pytest.raises(SubmissionError) as caught:
        check_text(tmp_path, "id,item\n1,x\n3,y\n", sample=sample)
    assert [(item.code, item.row) for item in caught.value.mistakes] == [("id_unknown", 3), ("id_missing", None)]


@pytest.mark.parametrize(
    ("sample", "code", "id_column"),
    [
        ("id\n1\n", "sample_columns", None),
        ("id,a\n,2\n", "sample_ids", None),
        ("id,a\n1,2,3\n", "sample_ragged_row", None),
        ("", "sample_empty_file", None),
        (SAMPLE, "sample_columns", "row"),
    ],
)
def test_what_is_wrong_with_the_sample_is_the_host_s_fault(
    tmp_path: Path, sample: str, code: str, id_column: str | None
) -> None:
    with pytest.raises(HostError) as caught:
        check_text(tmp_path, "id,a\n1,2\n", sample=sample, id_column=id_column)
    assert caught.value.code == code


def test_a_missing_file_is_the_fault_of_whoever_names_it(tmp_path: Path) -> None:
    with pytest.raises(HostError):
        check(tmp_path / "mine.csv", sample=tmp_path / "nowhere.csv")
    (tmp_path / "sample_submission.csv").write_text(SAMPLE)
    with pytest.raises(SubmissionError):
        check(tmp_path / "mine.csv", sample=tmp_path / "sample_submission.csv")
