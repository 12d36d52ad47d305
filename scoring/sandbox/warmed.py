"""What runs inside a warm slot until its job comes: it imports, says so, waits, and becomes the job's program.

The supervisor gives its text to the job's own Python, whatever version that is, and starts it with the modules to
import and the number of a socket. Nothing of it is left when the program begins but what it imported: no name, no
open file, no word in ``sys.argv``.
"""


def _main() -> None:
    import importlib  # noqa: PLC0415 - no name of ours may stay in what becomes the program's own module
    import os  # noqa: PLC0415
    import resource  # noqa: PLC0415
    import sys  # noqa: PLC0415

    wake = int(sys.argv.pop())
    named = not sys.flags.isolated and not getattr(sys.flags, "safe_path", False)
    if named:
        del sys.path[0]
    for module in sys.argv[1:]:
        try:
            importlib.import_module(module)
        except Exception:  # noqa: S112 - the program will hear of it, if it wants the module at all
            continue
    os.write(wake, b"1")
    words = b""
    while part := os.read(wake, 65536):
        words += part
    os.close(wake)
    if not words:
        os._exit(0)
    seconds, script, *arguments = os.fsdecode(words).split("\0")
    most = min(int(seconds) + int(sum(os.times()[:2])) + 1, resource.getrlimit(resource.RLIMIT_CPU)[1])
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    sys.argv[:] = [script, *arguments]
    path = os.path.abspath(script)  # noqa: PTH100 - pathlib is not always there yet
    if named:
        sys.path.insert(0, os.path.dirname(path))  # noqa: PTH120
    _become(path)


def _become(script: str) -> None:
    """Run the script as Python would: as ``__main__``, with its own lines alone in a traceback."""
    import builtins  # noqa: PLC0415
    import sys  # noqa: PLC0415
    from importlib.machinery import SourceFileLoader  # noqa: PLC0415

    own = sys.modules["__main__"].__dict__
    own.clear()
    own.update(__name__="__main__", __file__=script, __loader__=SourceFileLoader("__main__", script))
    own.update(
        __builtins__=builtins, __annotations__={}, __doc__=None, __package__=None, __spec__=None, __cached__=None
    )
    try:
        with open(script, "rb") as stream:  # noqa: PTH123
            source = stream.read()
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {script!r}: {error}\n")
        sys.exit(2)
    try:
        exec(compile(source, script, "exec", dont_inherit=True), own)  # noqa: S102 - this is what a job is
    except SystemExit:
        raise
    except BaseException as error:
        trace = error.__traceback__
        error.__traceback__ = None if trace is None else trace.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        error = None  # type: ignore[assignment]
        sys.exit(1)


if __name__ == "__main__":
    _main()
