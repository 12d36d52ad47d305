"""Images that are sent in: an engine of containers runs them, where the site has one."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from podium.challenges.models import Phase
from podium.core import isolation
from tests.cast import Cast
from tests.sandbox.machines import missing
from tests.submissions.coding import takes_code
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
NAME = "podium-test-repeats"
IMAGE = """FROM podium-sandbox
ENV PROGRAM='sed s/^id,x/id,label/ /input/test.csv > "$PODIUM_OUTPUT"; echo done'
ENTRYPOINT ["sh", "-c", "eval \\"$PROGRAM\\""]
"""


@pytest.fixture
def by_docker(settings: LazySettings) -> Iterator[None]:
    """A site whose sandboxes are docker's containers; skipped where no engine answers."""
    if lacking := missing("docker"):
        pytest.skip(lacking)
    settings.SANDBOX = "docker"
    kept, isolation._Mine.sandbox = isolation._Mine.sandbox, None
    yield
    isolation._Mine.sandbox = kept


@pytest.fixture
def image(by_docker: None, tmp_path: Path) -> bytes:
    """What `docker save` writes of an image that repeats a column."""
    saved = tmp_path / "image.tar"
    for words in (["build", "--tag", NAME, "-"], ["save", "-o", str(saved), NAME], ["rmi", NAME]):
        subprocess.run(["docker", *words], input=IMAGE, text=True, capture_output=True, check=True)
    return saved.read_bytes()


def test_an_image_runs_on_the_sample_and_the_test_data_and_is_scored(
    cast: Cast, work: Callable[[], None], image: bytes
) -> None:
    takes_code(cast.forest, kinds=["container"], environment="", predict_limits={"memory_mb": 96, "wall_s": 30})
    Phase.objects.update(upload_limit_mb=1024)
    assert send(cast.client("ada"), image, name="image.tar").status_code == 302
    work()
    sent = newest()
    assert (sent.kind, sent.state, sent.error_message) == ("container", "scored", "")
    assert sent.runs.get().logs.get(stage="sample").text == "done\n"


def test_without_an_engine_an_image_is_refused_at_the_door(cast: Cast) -> None:
    takes_code(cast.forest, kinds=["container"])
    answer = send(cast.client("ada"), b"layers", name="image.tar")
    assert answer.status_code == 409
    assert "runs no containers" in answer.content.decode()
