"""Archives of images that somebody sent: what an engine is given of them, and under which name."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.sandbox import images
from scoring.sandbox.container import Container
from scoring.sandbox.images import BadImageError
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import slots


def packed(files: dict[str, bytes]) -> bytes:
    """Return a tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            made.addfile(member, io.BytesIO(content))
    return stream.getvalue()


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
    image = images.load(archive(contained.folder, layer=gzip.compress(LAYER)), contained.machine)
    yield contained.machine, image
    images.remove(image, contained.machine)
    assert contained.machine._tool().image()["Id"] == before


def test_an_image_is_loaded_under_no_name(loaded: tuple[Container, str]) -> None:
    sandbox, image = loaded
    found = sandbox._tool().inspect("image", image.removeprefix("sha256:"))
    assert (found["RepoTags"] or [], found["Config"]["Cmd"]) == ([], ["cat", "/srv/note.txt"])


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
    image = images.load(path, contained.machine)
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
        images.load(archive(tmp_path, **changes), Container())


def test_layers_are_counted_as_they_are_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path, layer=gzip.compress(bytes(64 << 20)))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BadImageError, match="larger than they may be"):
        images.load(path, Container(), largest=1 << 20)


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no archive")
    with pytest.raises(BadImageError, match="docker save"):
        images.load(tmp_path / "x", Container())
