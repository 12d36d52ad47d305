"""The scoring process's side: it has the reference, so it opens no submission, and asks its parent for clean tables."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scoring.canonical.clean import CleanTable
from scoring.canonical.orders import Order
from scoring.canonical.wire import mistakes_in
from scoring.errors import SubmissionError


class Elsewhere:
    """Opens files by asking for them: ``say`` sends a message, ``hear`` returns the line that answers it."""

    def __init__(self, *, say: Callable[..., None], hear: Callable[[], str]) -> None:
        self._say, self._hear = say, hear

    def open(self, path: Path, order: Order) -> CleanTable:
        """Return the clean table of the job's file. Raises SubmissionError, and NotCleanError."""
        return CleanTable(self._answer(read=order.to_dict()), order, ask=self._ask)

    def _ask(self, question: dict[str, Any]) -> memoryview:
        return self._answer(ask=question)

    def _answer(self, **message: Any) -> memoryview:
        self._say(**message)
        found = json.loads(self._hear())
        if "mistakes" in found:
            raise SubmissionError(*mistakes_in(found["mistakes"]))
        with Path(found["clean"]).open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
