"""Data that come batch by batch: nobody looks ahead, and each batch is answered exactly."""

import tracemalloc

import pytest

from scoring.errors import HostError
from scoring.runners.specs import ModelSpec, StreamSpec
from scoring.runners.streaming import Gateway

BY_THREE = StreamSpec(batch_rows=3, seconds=20)


def test_each_batch_is_answered_before_the_next_one_comes(run, tmp_path):
    code = """
import os
assert not os.path.exists("/input/test.csv"), "the whole table is there"
assert os.listdir("/input") == ["more.txt"]
seen = []
print("printed, which is no answer")
def predict_batch(batch):
    seen.append(len(batch))
    batch = batch.iloc[::-1]
    return batch[["id"]].assign(prediction=batch.a * 2, batch=len(seen))
"""
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "more.txt").write_text("more")
    predicted = run(code, stream=BY_THREE)
    assert predicted.verdict == "predicted", predicted.detail
    lines = predicted.predictions.read_text().splitlines()
    assert lines[:4] == ["id,prediction,batch", "000,0.0,1", "001,1.0,1", "002,2.0,1"]
    assert lines[10] == "009,9.0,4"


def test_groups_are_kept_together_and_an_array_is_answer_enough(run):
    code = "def predict_batch(batch):\n    assert batch.a.nunique() == 1\n    return batch.a.to_numpy()"
    assert run(code, stream=StreamSpec(group="a", seconds=20)).predictions.read_text().endswith("009,4.5\n")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("return batch.a[:1]", "batch_answer", "The batch has 3 rows. The answer has 1"),
        ("return batch[['id', 'a']].assign(id='x')", "batch_answer", "ids that are not the batch's"),
        ("import os; os._exit(0)", "batch_missing", "ended before it answered batch 1"),
        ("raise ValueError('mine')", "runtime_error", "predict.py, line 1: ValueError: mine"),
    ],
)
def test_a_batch_without_its_answer_ends_it(run, body, code, words):
    predicted = run(f"def predict_batch(batch): {body}", stream=BY_THREE)
    assert (predicted.verdict, predicted.error.code) == ("rejected", code)
    assert words in predicted.detail.message


def test_a_batch_has_a_time_of_its_own(run):
    code = "import time\ndef predict_batch(batch): time.sleep(30)"
    predicted = run(code, stream=StreamSpec(batch_rows=3, seconds=0.5))
    assert predicted.error.code == "batch_time"
    assert "longer than 0.5 s for batch 1" in predicted.detail.message
    assert "batch 1" not in predicted.error.message  # which one it was may depend on what is in it


@pytest.mark.parametrize(
    "message",
    [
        b"row,p\n0,1\n1,1\n1,1\n",  # one of them twice
        b"row,p\n0,1\n1,1\n",  # one missing
        b"row,p\n0,1\n1,1\n2,1,5\n",  # another width
        b"row,p,p\n0,1,1\n1,1,1\n2,1,1\n",  # a column twice
        b"row,id\n0,1\n1,1\n2,1\n",  # the ids are the gateway's
        b"\xff\xfe",
    ],
)
def test_an_answer_past_our_runner_is_checked_as_well(run, message):
    code = f"""
import os
message = {message!r}
for handle in range(3, 20):
    try:
        if os.fstat(handle).st_mode & 0o140000 == 0o140000:
            os.write(handle, b"R" + bytes(8) + b"A" + len(message).to_bytes(8, "big") + message)
            break
    except OSError:
        pass
import time
time.sleep(30)
"""
    assert run(code, stream=BY_THREE).error.code == "batch_answer"


def test_what_the_job_itself_left_is_not_in_the_way_of_its_predictions(run):
    code = """
import os
os.makedirs("/out/predictions.csv/more")
open("/out/predictions.csv/more/file", "w").close()
def predict_batch(batch): return batch.a
"""
    predicted = run(code, stream=BY_THREE)
    assert predicted.verdict == "predicted"
    assert predicted.predictions.read_text().startswith("id,prediction")


def test_an_answer_of_nothing_but_lines_is_not_read_to_its_end():
    gateway = Gateway.__new__(Gateway)
    gateway._columns, gateway._spec = None, BY_THREE
    tracemalloc.start()
    try:
        with pytest.raises(Exception, match="answer to batch 1"):
            gateway._rows(b"row,p\n" + b"\n" * 1_000_000, rows=3, what="batch 1")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_an_answer_may_not_be_endless(run):
    code = """
import os, stat
handle = next(h for h in range(3, 20) if stat.S_ISSOCK(os.fstat(h).st_mode))
os.write(handle, b"R" + bytes(8) + b"A" + (1 << 40).to_bytes(8, "big"))
import time
time.sleep(30)
"""
    predicted = run(code, stream=BY_THREE)
    assert (predicted.error.code, "more than" in predicted.detail.message) == ("batch_answer", True)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"batch_rows": 3, "group": "a"},
        {"batch_rows": 0},
        {"batch_rows": True},
        {"batch_rows": 3, "seconds": 0},
        {"batch_rows": 3, "file": "../labels.csv"},
        {"batch_rows": 3, "rows": 4},
    ],
)
def test_a_stream_that_is_described_wrongly_is_the_hosts_matter(data):
    with pytest.raises(HostError, match="stream"):
        StreamSpec.from_dict(data)


@pytest.mark.parametrize("data", [{}, {"inputs": "a"}, {"inputs": ["a"], "dtype": "object"}, {"inputs": [1]}])
def test_a_model_that_is_described_wrongly_is_the_hosts_matter(data):
    with pytest.raises(HostError, match="model"):
        ModelSpec.from_dict(data)


def test_a_column_that_is_not_there_is_the_hosts_matter(run):
    predicted = run("", stream=StreamSpec(batch_rows=3, id_column="row_id"))
    assert predicted.verdict == "host_error"
    assert "has no column `row_id`. It has: `id`, `a` and `b`." in predicted.error.message
