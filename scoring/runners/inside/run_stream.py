"""Answers batches by a participant's ``predict_batch(batch)``: ``run_stream.py CODE ENTRY OUT FILE ID``.

The channel is our standard input and output; both are moved away before a line of theirs is run, so that what they
print is no answer. Messages are as in scoring/runners/streaming.py.
"""

import io
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import begin
import reporting

del sys.path[0]


def main(code, entry, out, name, identity):
    """Load the code, say so, and answer until there is no more."""
    read_from, write_to = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    module = reporting.guarded(lambda: begin.load(code, entry), code=code, out=out)
    function = getattr(module, "predict_batch", None)
    if not callable(function):
        reporting.fail(out, kind="no_predict_batch", file=entry)
    import numpy  # noqa: F401 - loaded before the clock of the first batch runs

    send(write_to, b"R", b"")
    while (content := receive(read_from)) is not None:
        batch = table(content)
        answer = reporting.guarded(lambda: function(batch), code=code, out=out)  # noqa: B023 - called at once
        send(write_to, b"A", packed(answer, table(content), identity, out))


def table(content):
    """Return a batch as a data frame."""
    import pyarrow

    return pyarrow.ipc.open_stream(content).read_all().to_pandas()


def packed(answer, batch, identity, out):
    """Return an answer as CSV, its rows numbered as the batch has them; ids in it are looked up there."""
    import numpy
    import pandas

    rows = list(range(len(batch)))
    if isinstance(answer, pandas.DataFrame):
        frame = answer
        if identity in answer.columns:
            places = {str(value): row for row, value in enumerate(batch[identity])}
            rows = [places.get(str(value), -1) for value in answer[identity]]
            frame = answer.drop(columns=identity)
    else:
        values = numpy.asarray(answer)
        values = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
        single = values.shape[1] == 1
        columns = ["prediction"] if single else [f"prediction_{i}" for i in range(values.shape[1])]
        frame = pandas.DataFrame(values, columns=columns)
    if len(frame) != len(batch) or sorted(rows) != list(range(len(batch))):
        words = f"The batch has {len(batch):,} rows. The answer has {len(frame):,}"
        reporting.fail(out, kind="batch_answer", message=f"{words}, or ids that are not the batch's.")
    frame = frame.reset_index(drop=True)
    frame.insert(0, "row", rows, allow_duplicates=True)
    target = io.StringIO()
    frame.to_csv(target, index=False)
    return target.getvalue().encode()


def receive(handle):
    """Return the next batch, or None at the end."""
    header = exactly(handle, 9)
    if header is None or header[:1] != b"B":
        return None
    return exactly(handle, int.from_bytes(header[1:], "big"))


def exactly(handle, size):
    """Return so many bytes, or None where the channel ends before."""
    parts = []
    while size:
        part = os.read(handle, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(handle, kind, content):
    """Send a message."""
    rest = memoryview(kind + len(content).to_bytes(8, "big") + content)
    while rest:
        rest = rest[os.write(handle, rest) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
