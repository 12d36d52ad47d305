"""Lists, boxes, masks and the like come out of the sandbox's reader as they come out of the file, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scoring.canonical.canonicaliser import Canonicaliser
from scoring.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.machines import slots
from tests.scoring import test_layouts
from tests.scoring.both_ways import both_ways
from tests.scoring.test_layouts import *  # noqa: F403


@pytest.fixture(scope="module")
def canonicaliser() -> Iterator[Canonicaliser]:
    with Canonicaliser(Bubblewrap(slots=slots())) as one:
        yield one


@pytest.fixture(autouse=True)
def both(canonicaliser: Canonicaliser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_layouts, "read_submission", both_ways(canonicaliser))
