"""Archives of images that somebody sent: what an engine is given of them, and under which name."""

import gzip
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.sandbox import images
from scoring.sandbox.container import Container
from scoring.sandbox.images import BadImageError
from scoring.sandbox.watching import SandboxError
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import slots
from tests.sandbox.tiny import packed

LAYER = packed({"srv/note.txt": b"from a layer"})


def archive(folder: Path, *, layer: bytes = LAYER, **changes: Any) -> Path:
    """Return an archive as docker saves it, of one layer, with changes to its files."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "comment": folder.name,  # so that each test has an image of its own
        "config": {"Cmd": ["cat", "/srv/note.txt"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(LAYER).hexdigest()}"]},
    }
    manifest = [{"Config": "c.json", "RepoTags": ["podium-sandbox:latest"], "Layers": ["abc/layer.tar"]}]
    files: dict[str, Any] = {"c.json": config, "manifest.json": manifest, **changes}
    content = {name: value if isinstance(value, bytes) else json.dumps(value).encode() for name, value in files.items()}
    path = folder / "image.tar"
    path.write_bytes(packed({**content, "abc/layer.tar": layer, "repositories": b'{"podium-sandbox": {}}'}))
    return path


@pytest.fixture
def loaded(contained: Attack) -> Iterator[tuple[Container, str]]:
    assert isinstance(contained.machine, Container)
    before = contained.machine._tool().image()["Id"]
    image = images.load(archive(contained.folder, layer=gzip.compress(LAYER)), contained.machine, wanted_s=600)
    yield contained.machine, image
    images.remove(image, contained.machine)
    assert contained.machine._tool().image()["Id"] == before


def test_an_image_is_loaded_under_no_name_but_ours(loaded: tuple[Container, str]) -> None:
    sandbox, image = loaded
    found = sandbox._tool().inspect("image", image)
    assert [name.removeprefix("localhost/") for name in found["RepoTags"]] == [image]
    assert found["Config"]["Cmd"] == ["cat", "/srv/note.txt"]


def test_an_image_that_was_sent_twice_is_there_until_the_last_of_its_jobs_has_ended(
    loaded: tuple[Container, str], contained: Attack
) -> None:
    sandbox, image = loaded
    other = images.load(contained.folder / "image.tar", sandbox, wanted_s=600)
    identity = sandbox._tool().inspect("image", other)["Id"]
    images.remove(other, sandbox)
    assert sandbox._tool().inspect("image", image)["Id"] == identity


def test_an_image_that_nobody_removed_is_reaped_when_its_time_is_over(
    loaded: tuple[Container, str], contained: Attack
) -> None:
    sandbox, image = loaded
    other = images.load(contained.folder / "image.tar", sandbox, wanted_s=-1)
    assert {image, other} <= set(sandbox._tool().sent())
    assert sandbox.reap() >= 1
    assert {image, other} & set(sandbox._tool().sent()) == {image}


@pytest.mark.parametrize("contained", ["docker"], indirect=True)  # podman is there where its program is
def test_an_engine_that_does_not_answer_is_not_the_senders_fault(
    contained: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(contained.machine, Container)
    path = archive(contained.folder)
    with monkeypatch.context() as alone:
        alone.setenv("DOCKER_HOST", f"unix://{contained.folder}/none.sock")
        with pytest.raises(SandboxError, match=r"none\.sock"):
            images.load(path, contained.machine, wanted_s=600)


def test_an_image_whose_programs_are_not_there_is_the_jobs_fault(
    loaded: tuple[Container, str], contained: Attack
) -> None:
    sandbox, image = loaded
    theirs = Container(engine=sandbox.name, image=image, keeper="podium-sandbox", slots=slots())
    assert theirs.run(contained.spec()).verdict == "runtime_error"


def test_an_image_that_was_saved_runs(contained: Attack) -> None:
    assert isinstance(contained.machine, Container)
    name, path = f"podium-test-{contained.token}", contained.folder / "saved.tar"
    tool = contained.machine.name
    lines = 'FROM podium-sandbox\nENTRYPOINT ["sh", "-c", "cat /input/features.csv > /out/p.csv"]\n'
    for words in ([tool, "build", "--tag", name, "-"], [tool, "save", "-o", str(path), name], [tool, "rmi", name]):
        subprocess.run(words, input=lines, text=True, capture_output=True, check=True)
    image = images.load(path, contained.machine, wanted_s=600)
    theirs = Container(engine=tool, image=image, keeper="podium-sandbox", slots=slots())
    result = theirs.run(contained.spec(expects=("p.csv",)))
    images.remove(image, contained.machine)
    assert result.verdict == "ok", result


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"manifest.json": []}, "exactly one image"),
        ({"manifest.json": [{}, {}]}, "exactly one image"),
        ({"manifest.json": b"{"}, "is not JSON"),
        ({"manifest.json": b"[" * 100_000}, "is not JSON"),
        ({"manifest.json": [{"Config": "c.json", "Layers": [7]}]}, "no layers"),
        ({"manifest.json": [{"Config": "c.json", "Layers": []}]}, "1 to 200 layers"),
        ({"manifest.json": [{"Config": "c.json", "Layers": ["../../etc/shadow"]}]}, "is not in the archive"),
        ({"manifest.json": [{"Config": "/etc/passwd", "Layers": ["abc/layer.tar"]}]}, "is not in the archive"),
        ({"c.json": []}, "not the configuration"),
        ({"c.json": bytes(5 << 20)}, "larger than 4 MiB"),
    ],
)
def test_what_is_wrong_with_an_archive_is_told(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadImageError, match=words):
        images.load(archive(tmp_path, **changes), Container(), wanted_s=600)


def test_layers_are_counted_as_they_are_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path, layer=gzip.compress(bytes(64 << 20)))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BadImageError, match="larger than they may be"):
        images.load(path, Container(), wanted_s=600, largest=1 << 20)


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no archive")
    with pytest.raises(BadImageError, match="docker save"):
        images.load(tmp_path / "x", Container(), wanted_s=600)
