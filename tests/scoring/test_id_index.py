"""Ids are found as a dictionary finds them, whatever they look like."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring import id_index
from scoring.id_index import DigitIndex, IdIndex, index_of

SHORT = st.text(alphabet="ab0é-", max_size=20).filter(lambda text: len(text.encode()) <= 64)


@settings(max_examples=60, deadline=None)
@given(known=st.lists(SHORT, min_size=1, max_size=200, unique=True), asked=st.lists(SHORT, min_size=1, max_size=60))
@example(known=["abcdefgh"], asked=["abcdefghi", "abcdefg", "abcdefgh", ""])
@example(known=["", "a"], asked=["", "a", "b"])
def test_ids_are_found_as_a_dictionary_finds_them(known: list[str], asked: list[str]) -> None:
    position = {text: at for at, text in enumerate(known)}
    mixed = [*asked, *known[::-1]]
    index = index_of(pa.array(["not", *known])[1:])
    assert index is not None
    found = index.find(pa.array(["this", *mixed])[1:])
    assert found is not None
    assert found.tolist() == [position.get(text, -1) for text in mixed]


@settings(max_examples=60, deadline=None)
@given(
    known=st.lists(st.integers(0, 99_999_999) | st.integers(0, 300), min_size=1, max_size=100, unique=True),
    asked=st.lists(st.integers(-5, 10**9).map(str) | st.sampled_from(["01", "1.0", "+1", "0x1", "", " 1", "1a", "/:"])),
)
@example(known=[0], asked=["00", "0"])
@example(known=[99_999_999, 99_999_998], asked=["099999999", "999999999", "99999999"])
def test_whole_numbers_are_found_as_they_are_plainly_written(known: list[int], asked: list[str]) -> None:
    texts = list(map(str, known))
    position = {text: at for at, text in enumerate(texts)}
    mixed = [*asked, *texts[::-1]]
    index = index_of(pa.array(texts))
    assert index is not None
    assert isinstance(index, DigitIndex) == (max(known) - min(known) <= 4 * len(known) + 100_000)
    found = index.find(pa.array(mixed))
    assert found is not None
    assert found.tolist() == [position.get(text, -1) for text in mixed]


def test_many_ids_in_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_index, "CHUNK", 1000)
    ids = pa.array([f"row-{number * 7919 % 20_011}" for number in range(20_011)])
    index = index_of(ids)
    assert isinstance(index, IdIndex)
    assert len(index.tables) > 2
    found = index.find(pa.array([*ids.to_pylist()[::-1], "row-20011"]))
    assert found is not None
    assert found.tolist() == [*range(20_010, -1, -1), -1]


def test_two_ids_that_are_the_same_have_no_index() -> None:
    assert index_of(pa.array(["a", "b", "a"])) is None
    assert index_of(pa.array([f"{number}" for number in range(5000)] + ["4321"])) is None


def test_ids_that_are_long_or_hold_a_zero_byte_have_no_index() -> None:
    assert index_of(pa.array(["a" * 65])) is None
    assert index_of(pa.array(["a\0"])) is None
    known = index_of(pa.array(["a"]))
    assert known is not None
    assert known.find(pa.array(["a\0"])) is None
