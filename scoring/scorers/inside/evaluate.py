"""Runs a host's ``evaluate()`` in a sandbox, as EvalAI does. It needs the standard library alone.

/input/job.json says where the files are. Lines of JSON go to /out/answer: ``{"stage": …}``, then ``{"result": …}`` with
what ``evaluate()`` returned, or ``{"failed": …}``.
"""

import importlib
import json
import sys
import traceback
from pathlib import Path
from typing import Any

PACKAGE = "evaluation_script"
VISIBLE = "ParticipantVisibleError"
CODE = Path("/code")
ANSWER = Path("/out/answer")
STORY = 12_000


def main() -> None:
    """Evaluate the one job."""
    job = json.loads(Path("/input/job.json").read_text(encoding="utf-8"))
    add(stage="prepare")
    sys.path += [str(CODE), str(CODE / PACKAGE)]  # scripts import their neighbours in either way
    try:
        function = load()
        add(stage="score")
        returned = function(job["annotations"], job["submission"], job["phase"], submission_metadata=job["metadata"])
        line = json.dumps({"result": returned}, default=plain)
    except BaseException as error:  # sys.exit() in a script is the host's matter as well
        add(failed=told(error))
        return
    write(line)


def load() -> Any:
    """Return ``evaluate`` of the package, or of its main.py."""
    package = importlib.import_module(PACKAGE)
    function = getattr(package, "evaluate", None)
    if function is None and (CODE / PACKAGE / "main.py").is_file():
        function = getattr(importlib.import_module(f"{PACKAGE}.main"), "evaluate", None)
    if not callable(function):
        raise LookupError("There is no function `evaluate` in the package, nor in its main.py.")
    return function


def plain(value: Any) -> Any:
    """Return a number or a list for what numpy makes, and a text for whatever else JSON does not know."""
    for name in ("item", "tolist"):
        try:
            return getattr(value, name)()
        except (AttributeError, ValueError, TypeError):
            continue
    return str(value)


def told(error: BaseException) -> dict[str, Any]:
    """Return what is known of an exception."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(f"{CODE}/")]
    return {
        "name": type(error).__name__,
        "module": getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None,
        "absent": isinstance(error, LookupError) and not frames,
        "file": Path(frames[-1].filename).name if frames else None,
        "line": frames[-1].lineno if frames else None,
        "visible": str(error) if type(error).__name__ == VISIBLE else None,
        "story": "".join(traceback.format_exception(error))[-STORY:],
    }


def add(**message: Any) -> None:
    """Write a line."""
    write(json.dumps(message))


def write(line: str) -> None:
    """Write a line of JSON."""
    with ANSWER.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


if __name__ == "__main__":
    main()
