"""Every file that is read or refused is read or refused by the sandbox's reader in the same way, to the last bit.

The tests are those of reading itself; here each of their files goes both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.archives import Limits
from scoring.canonical.canonicaliser import Canonicaliser
from scoring.evaluate import ScoreValue, evaluate
from scoring.reference import read_reference
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.spec import ScorerSpec
from tests.sandbox.machines import slots
from tests.scoring.both_ways import both_ways
from tests.scoring.test_bad_input import *  # noqa: F403
from tests.scoring.test_good_input import *  # noqa: F403

del test_random_bytes_never_cause_anything_but_a_sentence  # noqa: F821 - two readers do not make it truer
del test_a_line_of_100_megabytes_within_quotes_is_refused  # noqa: F821

Send = Callable[..., tuple[ScoreValue, ...]]
REFERENCE = "id,label,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,0,Private\n"
SPEC = {"id": "id", "split": "Usage", "target": ["label"], "metrics": [{"key": "auc", "metric": "auc"}]}


@pytest.fixture(scope="module")
def canonicaliser() -> Iterator[Canonicaliser]:
    with Canonicaliser(Bubblewrap(slots=slots())) as one:
        yield one


@pytest.fixture
def send(tmp_path: Path, canonicaliser: Canonicaliser) -> Send:
    """Score bytes that are read both ways; return the scores or raise."""
    read_both = both_ways(canonicaliser)

    def _send(
        content: bytes | str,
        *,
        name: str = "mine.csv",
        reference: str = REFERENCE,
        limits: Limits | None = None,
        **spec: Any,
    ) -> tuple[ScoreValue, ...]:
        truth, mine = tmp_path / "reference.csv", tmp_path / "upload"
        truth.write_text(reference)
        mine.write_bytes(content.encode() if isinstance(content, str) else content)
        parsed = ScorerSpec.from_dict({**SPEC, **spec})
        prepared = read_reference(truth, spec=parsed)
        read = read_both(mine, filename=name, spec=parsed, reference=prepared, limits=limits)
        return evaluate(read, spec=parsed, reference=prepared)

    return _send
