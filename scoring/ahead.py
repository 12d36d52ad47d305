"""Doing one thing while another goes on: parsing leaves the interpreter to others, and so do most loops of NumPy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Ahead(Generic[Result]):
    """A call that runs in a thread of its own, from now on."""

    def __init__(self, act: Callable[[], Result]) -> None:
        self._act = act
        self._found: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._act())
        except BaseException as error:  # raised again where the result is asked for
            self._error = error

    def wait(self) -> None:
        """Wait until the call has ended, whatever came of it."""
        self._thread.join()

    def result(self) -> Result:
        """Return what the call returned, or raise what it raised, when it has ended."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._found[0]
