"""A reference, a folder, and a way to send a file: what every test of scoring needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.archives import Limits
from scoring.errors import SubmissionError
from scoring.evaluate import ScoreValue, evaluate
from scoring.process import ScoringProcess
from scoring.reference import read_reference
from scoring.spec import ScorerSpec
from scoring.tables import read_submission

Send = Callable[..., tuple[ScoreValue, ...]]
Refuse = Callable[..., SubmissionError]

REFERENCE = "id,label,Usage\n1,0,Public\n2,1,Public\n3,1,Private\n4,0,Private\n"
SPEC = {"id": "id", "split": "Usage", "target": ["label"], "metrics": [{"key": "auc", "metric": "auc"}]}


@pytest.fixture
def send(tmp_path: Path) -> Send:
    """Score bytes against a reference, in this process; return the scores or raise."""

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
        read = read_submission(mine, filename=name, spec=parsed, reference=prepared, limits=limits)
        return evaluate(read, spec=parsed, reference=prepared)

    return _send


@pytest.fixture
def refuse(send: Send) -> Refuse:
    """Send bytes that must be refused, and return why."""

    def _refuse(content: bytes | str, **options: Any) -> SubmissionError:
        with pytest.raises(SubmissionError) as caught:
            send(content, **options)
        return caught.value

    return _refuse


@pytest.fixture(scope="session")
def warm() -> Iterator[ScoringProcess]:
    """One scoring process, kept warm over all tests that do not break it."""
    with ScoringProcess() as process:
        yield process
