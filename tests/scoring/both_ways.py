"""Reading a submission directly and through the sandbox, side by side: the same bits, or the same mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scoring.canonical.canonicaliser import Canonicaliser
from scoring.canonical.orders import Order
from scoring.errors import SubmissionError
from scoring.reading import Table
from scoring.tables import Predictions, read_submission

Read = Callable[..., Predictions]


def both_ways(canonicaliser: Canonicaliser) -> Read:
    """Return what reads as ``read_submission`` does, and fails where the two ways differ."""

    def read(path: Path, **about: Any) -> Predictions:
        with contextlib.ExitStack() as files:

            def opener(path: Path, order: Order) -> Table:
                return files.enter_context(canonicaliser.open(path, order))

            hardened = outcome(path, opener=opener, **about)
        direct = outcome(path, **about)
        assert plain(hardened) == plain(direct)
        if isinstance(hardened, SubmissionError):
            raise hardened
        return hardened

    return read


def outcome(path: Path, **about: Any) -> Predictions | SubmissionError:
    try:
        return read_submission(path, **about)
    except SubmissionError as error:
        return error


def plain(thing: Any) -> Any:
    """Return what can be compared, to the last bit."""
    if isinstance(thing, SubmissionError):
        return thing.message, thing.mistakes
    if isinstance(thing, np.ndarray):
        return thing.dtype, thing.shape, thing.tolist() if thing.dtype == object else thing.tobytes()
    if is_dataclass(thing):
        return {field.name: plain(getattr(thing, field.name)) for field in fields(thing)}
    return thing
