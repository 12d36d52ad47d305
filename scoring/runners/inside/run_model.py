"""Runs a model over a table: ``run_model.py CODE FILE INPUT OUT NAME SPEC``, the spec as JSON.

ONNX models are run by onnxruntime. scikit-learn's come as skops, which builds only what it knows: scikit-learn's,
NumPy's and SciPy's own types. No pickle is ever read.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reporting

del sys.path[0]


def main(code, entry, inputs, out, name, spec):
    """Load the model and the table, and write the predictions."""
    import pandas

    spec = json.loads(spec)
    path = os.path.join(inputs, spec["file"])
    strings = {spec["id_column"]: str}
    table = pandas.read_parquet(path) if path.endswith(".parquet") else pandas.read_csv(path, dtype=strings)
    model = os.path.join(code, entry)
    values = by_onnx(model, table, spec, out) if entry.lower().endswith(".onnx") else by_skops(model, table, spec, out)
    frame = as_frame(values, table, spec, out)
    target = os.path.join(out, name)
    frame.to_parquet(target, index=False) if name.endswith(".parquet") else frame.to_csv(target, index=False)


def by_onnx(path, table, spec, out):
    """Return the output of an ONNX model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reporting.fail(out, kind="model_unreadable", message=str(error))
    there = [item.name for item in session.get_inputs()]
    declared = {
        (there[0] if name == "" and len(there) == 1 else name): columns for name, columns in spec["inputs"].items()
    }
    if set(declared) != set(there):
        reporting.fail(out, kind="model_inputs", message=f"It takes {there}; the phase gives {sorted(declared)}.")
    outputs = [item.name for item in session.get_outputs()]
    wanted = spec["output"] or outputs[0]
    if wanted not in outputs:
        reporting.fail(out, kind="model_outputs", message=f"It has no output {wanted}, but {outputs}.")
    feeds = {name: matrix(table, columns, spec) for name, columns in declared.items()}
    try:
        return session.run([wanted], feeds)[0]
    except Exception as error:
        reporting.fail(out, kind="model_failed", type=type(error).__name__, message=str(error))


def matrix(table, columns, spec):
    """Return columns of the table as the matrix that goes in."""
    kind = spec["dtype"]
    return table[list(columns)].to_numpy(dtype=object if kind == "string" else kind)


def by_skops(path, table, spec, out):
    """Return what a scikit-learn model answers."""
    import skops.io

    try:
        strange = skops.io.get_untrusted_types(file=path)
    except Exception as error:
        reporting.fail(out, kind="model_unreadable", type=type(error).__name__, message=str(error))
    if strange:
        reporting.fail(
            out, kind="model_types", message=f"It holds {', '.join(map(str, strange))}, which is not loaded."
        )
    try:
        model = skops.io.load(path, trusted=[])
    except Exception as error:
        reporting.fail(out, kind="model_unreadable", type=type(error).__name__, message=str(error))
    columns = [column for group in spec["inputs"].values() for column in group]
    try:
        return getattr(model, spec["method"])(table[columns])
    except Exception as error:
        reporting.fail(out, kind="model_failed", type=type(error).__name__, message=str(error))


def as_frame(values, table, spec, out):
    """Return predictions with their ids; what has another shape is refused."""
    import numpy
    import pandas

    if isinstance(values, list) and values and isinstance(values[0], dict):  # how ONNX gives probabilities by class
        values = [[row[key] for key in sorted(row)] for row in values]
    values, columns = numpy.asarray(values), spec["columns"]
    values = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    if values.shape != (len(table), len(columns)):
        found, wanted = "x".join(map(str, values.shape)), f"{len(table)}x{len(columns)}"
        reporting.fail(out, kind="model_outputs", message=f"Its output is {found}, expected {wanted}.")
    frame = pandas.DataFrame(values, columns=columns)
    frame.insert(0, spec["id_column"], table[spec["id_column"]].to_numpy())
    return frame


if __name__ == "__main__":
    main(*sys.argv[1:])
