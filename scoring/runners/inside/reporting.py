"""What the scripts in a sandbox share: where things are, and how they say what went wrong.

The report is a file in /out with plain facts. Whoever reads it outside believes none of it: the participant's code
could have written it just as well.
"""

import json
import os
import sys
import traceback

REPORT = "podium-report.json"
LONGEST = 2000
FRAMES = 20


def fail(out, **facts):
    """Leave a report and end with status 1."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        with open(os.path.join(out, REPORT), "w", encoding="utf-8") as stream:
            json.dump({key: _short(value) for key, value in facts.items()}, stream)
    except OSError:  # a full disk is told by the sandbox itself
        pass
    os._exit(1)


def fail_with(error, *, code, out, **facts):
    """Tell of an exception that the participant's code raised: the traceback from their first line on."""
    frames = frames_of(error, code)
    skip = _strange_frames(error.__traceback__, code)
    shown = "".join(traceback.format_exception(type(error), error, skip))
    sys.stderr.write(shown)
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    fail(out, kind="exception", type=type(error).__name__, message=message, frames=frames, **facts)


def frames_of(error, code):
    """Return where an exception came through the participant's files: path and line, the innermost last."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(code + os.sep):
            frames.append([os.path.relpath(frame.filename, code), frame.lineno])
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(code + os.sep):
        frames.append([os.path.relpath(error.filename, code), error.lineno or 1])
    return frames[-FRAMES:]


def guarded(call, *, code, out):
    """Return what ``call()`` returns; where it raises, tell so and end. An exit with status 0 is no failure."""
    try:
        return call()
    except SystemExit as error:
        if error.code in (None, 0):
            return None
        fail_with(error, code=code, out=out)
    except BaseException as error:
        fail_with(error, code=code, out=out)


def _strange_frames(trace, code):
    """Return the traceback without our frames at its beginning."""
    inner = trace
    while inner is not None and not inner.tb_frame.f_code.co_filename.startswith(code + os.sep):
        inner = inner.tb_next
    return inner


def _short(value):
    return value[:LONGEST] if isinstance(value, str) else value
