"""Threads that meet: each with a database connection of its own, all let go at the same moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connections

from podium.core.storage import store
from podium.submissions import services

Answer = TypeVar("Answer")
PATIENCE = 30


def at_once(acts: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Run the acts at the same moment and return what each returned, in their order."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], Answer]) -> Answer:
        try:
            barrier.wait(PATIENCE)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def meet_after_storing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Hold each of so many senders back until the files of all are stored: every first look at the limits is over."""
    barrier = Barrier(number)

    def waits(*args: Any, **kwargs: Any) -> Any:
        blob = store(*args, **kwargs)
        barrier.wait(PATIENCE)
        return blob

    monkeypatch.setattr(services, "store", waits)


def while_storing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Have something happen between the first look at the limits and the transaction."""

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        blob = store(*args, **kwargs)
        act()
        return blob

    monkeypatch.setattr(services, "store", interrupted)
