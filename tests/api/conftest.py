"""What tests of the API have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # models need Django to be set up, which comes after this
    from tests.api.asking import Asker
    from tests.cast import Cast


@pytest.fixture
def ask(cast: "Cast") -> "Callable[[str], Asker]":
    """Call it with a name from the cast: somebody who asks the API with a token of theirs."""
    from tests.api.asking import Asker

    return lambda name: Asker(cast, name)
