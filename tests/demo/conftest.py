"""Fixtures of the demo's tests. They import models when they are used: here Django is not set up yet."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction


@pytest.fixture
def people(db: None) -> None:
    """The demo's people."""
    from tests.demo.small import make_people

    make_people()


@pytest.fixture
def build(people: None) -> Callable[[str], Any]:
    """Call it with a slug to build that challenge of the demo."""
    from tests.demo.small import build_small

    return build_small


@pytest.fixture(scope="module")
def small_demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A running and an ended challenge, built once for a module; each test's own changes are rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        from tests.demo.small import CELLS, PROGRESSION, build_small, make_people

        make_people()
        yield {slug: build_small(slug) for slug in (CELLS, PROGRESSION)}
        transaction.set_rollback(True)
