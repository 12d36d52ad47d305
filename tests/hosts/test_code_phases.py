"""The part of a phase's form that is about code."""

import pytest

from podium.challenges.models import Phase
from podium.challenges.services import dataset_publish
from podium.core.storage import store_bytes
from tests.cast import Cast
from tests.hosts.forms import errors, fill, saved
from tests.submissions.coding import takes_code

pytestmark = pytest.mark.django_db


def address(phase: Phase) -> str:
    """Return where a phase is edited."""
    return f"/host/challenges/phase/{phase.pk}/change/"


def test_a_host_has_a_phase_take_code_with_inputs_a_sample_and_limits(cast: Cast) -> None:
    inputs, tiny = (
        dataset_publish(
            cast.forest, name=name, audience=who, files={"test.csv": store_bytes(b"id,x\n")}, actor=cast.grace
        )
        for name, who in (("inputs", "scoring"), ("tiny", "public"))
    )
    phase = cast.forest.phases.get()
    words = {"kinds": ["code", "notebook"], "inputs": inputs.pk, "sample_inputs": tiny.pk}
    assert saved(fill(cast.client("grace"), address(phase), **words, limit_wall_s=90, limit_output_mb=10))
    phase.refresh_from_db()
    assert (phase.kinds, phase.inputs, phase.sample_inputs) == (["code", "notebook"], inputs, tiny)
    assert phase.predict_limits == {"wall_s": 90, "output_bytes": 10 * 2**20}
    assert 'value="90"' in cast.client("grace").get(address(phase)).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"inputs": ""}, "Code needs something to read"),
        ({"limit_wall_s": 10**6}, "The operator of this site allows 21600."),
        ({"sample_inputs": "inputs"}, "it cannot be for scoring only"),
    ],
)
def test_what_could_not_run_is_refused_as_it_is_written_down(cast: Cast, wrong: dict[str, object], words: str) -> None:
    phase = takes_code(cast.forest, kinds=["code"])
    given = {name: phase.inputs_id if value == "inputs" else value for name, value in wrong.items()}
    assert any(words in sentence for sentence in errors(fill(cast.client("grace"), address(phase), **given)))
