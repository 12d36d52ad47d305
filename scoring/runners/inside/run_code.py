"""Runs a participant's code once over the whole input: ``run_code.py CODE ENTRY INPUT OUT FILE``.

``predict.py``, or a single file that has a function ``predict``, is loaded and ``predict(inputs_dir, output_path)`` is
called. Everything else is run as a program with the same two as its arguments.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import begin
import reporting

del sys.path[0]


def main(code, entry, inputs, out, name):
    """Load it and call it, or run it."""
    target = os.path.join(out, name)

    def work():
        if entry != "predict.py" and not begin.defines(code, entry, "predict"):
            begin.run(code, entry, inputs, target)
            return
        function = getattr(begin.load(code, entry), "predict", None)
        if not callable(function):
            reporting.fail(out, kind="no_predict", file=entry)
        function(inputs, target)

    reporting.guarded(work, code=code, out=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
