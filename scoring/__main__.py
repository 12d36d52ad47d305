"""Entry point of ``python -m scoring``."""

import os
import sys

# Before numpy and pyarrow are loaded: half the memory, and no pool of threads that nothing here would use.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from scoring.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
