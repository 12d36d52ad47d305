"""What a command does before it loads its first array."""

from __future__ import annotations

from scoring.allocator import give_back_early


def prepare() -> None:
    """Load pyarrow, without pandas, in a process that ends when it has answered."""
    give_back_early(once=True)
    from scoring.arrow import leave_pandas_alone  # noqa: PLC0415 - it loads pyarrow

    leave_pandas_alone()
