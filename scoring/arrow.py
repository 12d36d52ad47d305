"""pyarrow's compute functions, loaded when the first is called: it takes as long as parsing ten megabytes.

A file of numbers whose ids are found by :mod:`scoring.id_index` needs none of them.
"""

from __future__ import annotations

from typing import Any


class _Compute:
    def __getattr__(self, name: str) -> Any:
        import pyarrow.compute  # noqa: PLC0415 - see above

        return getattr(pyarrow.compute, name)


pc: Any = _Compute()
