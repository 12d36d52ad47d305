"""pyarrow at its lightest: without pandas, and with its compute functions loaded when the first is called.

They take as long as parsing ten megabytes, and a file of numbers whose ids are found by :mod:`scoring.id_index` needs
none of them.
"""

from __future__ import annotations

import sys
from typing import Any

NOT_NEEDED = {"pandas", "cloudpickle", "dateutil"}


class _Compute:
    def __getattr__(self, name: str) -> Any:
        import pyarrow.compute  # noqa: PLC0415 - see above

        return getattr(pyarrow.compute, name)


pc: Any = _Compute()


def leave_pandas_alone() -> None:
    """Load pyarrow and let it find that there is no pandas, which it imports with its first value: 300 ms and 50 MB.

    For a process that is ours alone: after it, pyarrow makes no pandas objects. ``import pandas`` works as before.
    """
    hiding: Any = _Hiding()
    sys.meta_path.insert(0, hiding)
    try:
        import pyarrow as pa  # noqa: PLC0415 - while they are hidden

        pa.scalar(0)
    finally:
        sys.meta_path.remove(hiding)


class _Hiding:
    """Finds nothing that pyarrow takes only if it is there, and leaves all else to those who look next."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name in NOT_NEEDED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
