"""Entry point of ``python -m scoring``."""

import contextlib
import os
import sys

# Before numpy and pyarrow are loaded: half the memory, and no pool of threads that nothing here would use.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from scoring.cli import main

if __name__ == "__main__":
    status = main(sys.argv[1:])
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        # Nothing is left to tidy up, and taking the tables apart piece by piece costs a twentieth of scoring them.
        os._exit(status)
    sys.exit(status)
