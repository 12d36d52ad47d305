"""No bytes crash, hang or bloat what reads them: only a table or a SubmissionError comes out."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.archives import Limits
from scoring.errors import SubmissionError
from scoring.reference import read_reference
from scoring.spec import ScorerSpec
from scoring.tables import read_submission
from tests.scoring.standins import stand_ins

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 8
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SPECS: list[tuple[dict[str, Any], str]] = [
    ({"target": ["y"], "metrics": [{"metric": "auc"}]}, "id,y\n1,0\n2,1\n"),
    ({"target": ["y"], "metrics": [{"metric": "accuracy"}]}, "id,y\n1,a\n2,b\n"),
    ({"target": ["y"], "metrics": [{"metric": "seen_lists"}]}, "id,y\n1,a b\n2,\n"),
    ({"target": ["y"], "shape": ["h", "w"], "metrics": [{"metric": "seen_masks"}]}, "id,y,h,w\n1,1 2,3,3\n2,,1,1\n"),
    ({"item": "y", "metrics": [{"metric": "seen_lists"}]}, "id,y\n1,a\n1,b\n2,a\n"),
]
CELLS = st.one_of(
    st.sampled_from(["1", "2", "0.5", "a", "b", "a b", "1 2", "9 9", "", "nan", "-1", "1e999", "١", '"', "\n", "\x00"]),
    st.text(max_size=8),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
)
NAMES = st.one_of(st.sampled_from(["id", "y"]), st.text(max_size=4))
COLUMNS = st.dictionaries(NAMES, st.lists(CELLS, max_size=4), max_size=3)
GOOD_COLUMNS = st.fixed_dictionaries({"id": st.lists(CELLS, max_size=4), "y": st.lists(CELLS, max_size=4)})
VALUES = st.recursive(CELLS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@pytest.fixture(params=range(len(SPECS)), ids=["numbers", "labels", "cells", "masks", "lists"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Read bytes as a submission; anything but a table and a SubmissionError is raised."""
    about, reference = SPECS[request.param]
    (tmp_path / "reference.csv").write_text(reference)
    with stand_ins():
        spec = ScorerSpec.from_dict({"id": "id", **about})
        prepared = read_reference(tmp_path / "reference.csv", spec=spec)

        def _read(content: bytes) -> None:
            (tmp_path / "mine").write_bytes(content)
            limits = Limits(max_bytes=1 << 20)
            with contextlib.suppress(SubmissionError):
                read_submission(tmp_path / "mine", filename="mine.csv", spec=spec, reference=prepared, limits=limits)

        yield _read


@FEW
@given(content=st.binary(max_size=64))
def test_any_bytes(read: Any, content: bytes) -> None:
    read(content)


@FEW
@given(columns=COLUMNS | GOOD_COLUMNS, separator=st.sampled_from([",", "\t", ";"]), end=st.sampled_from("\n\r"))
def test_any_cells_in_a_text_table(read: Any, columns: dict[str, list[Any]], separator: str, end: str) -> None:
    rows = [list(columns), *zip(*columns.values(), strict=False)]
    text = end.join(separator.join(map(str, row)) for row in rows)
    read(text.encode(errors="surrogatepass"))


@FEW
@given(value=VALUES | st.lists(st.dictionaries(NAMES, CELLS, max_size=3), max_size=4) | COLUMNS | GOOD_COLUMNS)
def test_any_json(read: Any, value: Any) -> None:
    read(json.dumps(value).encode())


@FEW
@given(records=st.lists(st.fixed_dictionaries({"id": CELLS, "y": CELLS}), max_size=4), ascii=st.booleans())
def test_any_json_lines(read: Any, records: list[dict[str, Any]], ascii: bool) -> None:
    text = "\n".join(json.dumps(record, ensure_ascii=ascii) for record in records)
    read(text.encode(errors="surrogatepass"))


@FEW
@given(columns=GOOD_COLUMNS)
def test_any_cells_in_parquet(read: Any, columns: dict[str, list[Any]]) -> None:
    length = min(len(column) for column in columns.values())
    try:
        table = pa.table({name: pa.array(column[:length]) for name, column in columns.items()})
        sink = io.BytesIO()
        pq.write_table(table, sink)
    except (pa.ArrowException, UnicodeError, OverflowError):
        return
    read(sink.getvalue())


@FEW
@given(
    kind=st.sampled_from(
        ["<f8", ">f4", "<f2", "|b1", "<U3", "|S2", "|O", "<c16", "<M8[s]", "<f16", "<u8", "<i1", "|V8"]
    ),
    shape=st.sampled_from(["(2,)", "(0,)", "()", "(2, 1)", "(-1,)", "(10000000000000,)", "2", "None", "(2.0,)"]),
    data=st.binary(max_size=64),
    header=st.sampled_from(["{'descr': %r, 'fortran_order': False, 'shape': %s, }", "[%r, %s]", "%r %s(", "{%r: %s}"]),
)
def test_any_array_in_npz(read: Any, kind: str, shape: str, data: bytes, header: str) -> None:
    text = (header % (kind, shape)).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("y.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data)
        ids = io.BytesIO()
        np.save(ids, np.array([1, 2]))
        archive.writestr("id.npy", ids.getvalue())
    read(packed.getvalue())


def test_mutated_files_of_every_format_do_no_harm_within_limits_of_memory_and_time() -> None:
    command = [sys.executable, "-m", "tests.scoring.fuzzing", str(SECONDS), "7"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS + 60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout.split()[-1]) > 100
