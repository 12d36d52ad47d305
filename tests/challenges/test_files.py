"""The files of a challenge: who sees them listed, who gets the bytes, and the zip of all."""

import io
import os
import time
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from podium.challenges.models import Challenge
from podium.challenges.services import dataset_publish
from podium.core.storage import store_bytes
from tests.cast import SAMPLE, Cast
from tests.challenges.reading import body, text

TRAIN = b"id,x,label\na,1,0\n"
DATA = "/challenges/forest/data/"


def publish(challenge: Challenge, name: str, audience: str, **files: bytes) -> None:
    blobs = {path.replace("__", "/").replace("_", "."): store_bytes(data) for path, data in files.items()}
    dataset_publish(challenge, name=name, audience=audience, files=blobs, actor=None)


def unzipped(answer: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ["ada", "ben", "chen", "grace", "jude", "root"])
def test_participants_and_hosts_get_the_data(cast: Cast, name: str) -> None:
    assert body(cast.client(name).get(f"{DATA}train.csv")) == TRAIN
    assert unzipped(cast.client(name).get(f"{DATA}all.zip")) == {
        "sample_submission.csv": SAMPLE.encode(),
        "train.csv": TRAIN,
    }


@pytest.mark.parametrize("file", ["train.csv", "all.zip"])
@pytest.mark.parametrize("name", ["vera", "dara", "heidi"])
def test_who_has_not_joined_is_told_to(cast: Cast, name: str, file: str) -> None:
    answer = cast.client(name).get(DATA + file)
    assert answer.status_code == 403
    assert "Join the challenge to download its data." in text(answer)


@pytest.mark.parametrize("file", ["train.csv", "all.zip"])
def test_a_visitor_signs_in_and_comes_back_to_the_file(cast: Cast, file: str) -> None:
    answer = cast.client("visitor").get(DATA + file)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={DATA}{file}")


@pytest.mark.parametrize("name", ["visitor", "ada", "vera", "grace", "root"])
@pytest.mark.parametrize("file", ["solution.csv", "solution/solution.csv", "none.csv", "../solution.csv"])
def test_the_solution_is_not_there_for_anybody(cast: Cast, name: str, file: str) -> None:
    assert cast.client(name).get(DATA + file).status_code == 404
    assert "solution" not in text(cast.client(name).get(DATA))


def test_files_of_a_challenge_that_one_does_not_see_are_not_there(cast: Cast) -> None:
    for name in ("visitor", "ada", "vera", "grace"):
        for file in ("train.csv", "all.zip", "sample_submission.csv"):
            assert cast.client(name).get(f"/challenges/harbour/data/{file}").status_code == 404
    assert body(cast.client("dara").get("/challenges/harbour/data/train.csv")) == TRAIN


def test_the_list_is_for_everybody_who_sees_the_challenge(cast: Cast) -> None:
    page = cast.client("visitor").get(DATA)
    shown = text(page)
    for words in ("train.csv", "17 bytes", sha256(TRAIN).hexdigest()[:12], "Join the challenge to download its data."):
        assert words in shown
    assert f'href="{DATA}train.csv"' not in page.content.decode()
    assert f'href="{DATA}train.csv"' in cast.client("ada").get(DATA).content.decode()


def test_public_files_are_for_everybody(cast: Cast) -> None:
    publish(cast.forest, "open", "public", readme_md=b"# Read me")
    visitor = cast.client("visitor")
    assert body(visitor.get(f"{DATA}readme.md")) == b"# Read me"
    assert unzipped(visitor.get(f"{DATA}all.zip")) == {"readme.md": b"# Read me"}
    assert set(unzipped(cast.client("ada").get(f"{DATA}all.zip"))) == {
        "readme.md",
        "sample_submission.csv",
        "train.csv",
    }


def test_a_public_file_does_not_open_a_closed_one_of_the_same_name(cast: Cast) -> None:
    publish(cast.forest, "a-open", "public", train_csv=b"open")
    publish(cast.forest, "z-open", "public", train_csv=b"open too")
    assert cast.client("vera").get(f"{DATA}train.csv").status_code == 403
    assert body(cast.client("ada").get(f"{DATA}train.csv")) == TRAIN


def test_a_challenge_without_files_says_so(cast: Cast) -> None:
    cast.forest.datasets.exclude(audience="scoring").delete()
    assert "No files yet" in text(cast.client("ada").get(DATA))
    assert cast.client("ada").get(f"{DATA}all.zip").status_code == 404


def test_only_the_newest_version_is_offered(cast: Cast) -> None:
    publish(cast.forest, "data", "participants", train_csv=b"new")
    ada = cast.client("ada")
    assert body(ada.get(f"{DATA}train.csv")) == b"new"
    assert ada.get(f"{DATA}sample_submission.csv").status_code == 404
    assert unzipped(ada.get(f"{DATA}all.zip")) == {"train.csv": b"new"}


def test_files_in_folders_keep_their_path_and_download_under_their_own_name(cast: Cast) -> None:
    publish(cast.forest, "pictures", "participants", images__a_png=b"PNG")
    answer = cast.client("ada").get(f"{DATA}images/a.png")
    assert body(answer) == b"PNG"
    assert answer["Content-Disposition"] == 'attachment; filename="a.png"'
    assert "images/a.png" in unzipped(cast.client("ada").get(f"{DATA}all.zip"))


def zips_of(challenge: Challenge) -> list[Path]:
    return sorted((settings.DATA_DIR / "zips" / str(challenge.pk)).glob("*.zip"))


def without_zips(challenge: Challenge) -> None:
    for path in zips_of(challenge):
        path.unlink()


def test_the_zip_has_the_same_bytes_whoever_asks_and_whenever_it_was_made(cast: Cast) -> None:
    without_zips(cast.forest)
    first = body(cast.client("ada").get(f"{DATA}all.zip"))
    without_zips(cast.forest)
    time.sleep(0.01)
    assert body(cast.client("grace").get(f"{DATA}all.zip")) == first


def test_the_zip_is_made_once_for_one_set_of_files(cast: Cast) -> None:
    without_zips(cast.forest)
    for name in ("ada", "chen", "grace"):
        body(cast.client(name).get(f"{DATA}all.zip"))
    assert len(zips_of(cast.forest)) == 1
    publish(cast.forest, "more", "participants", more_csv=b"id\n")
    body(cast.client("ada").get(f"{DATA}all.zip"))
    assert len(zips_of(cast.forest)) == 2


def test_a_zip_that_broke_off_goes_on(cast: Cast) -> None:
    ada = cast.client("ada")
    whole = ada.get(f"{DATA}all.zip")
    content = body(whole)
    assert whole["ETag"] == f'"{sha256(content).hexdigest()}"'
    assert whole["Content-Disposition"] == 'attachment; filename="forest-data.zip"'
    rest = ada.get(f"{DATA}all.zip", headers={"range": "bytes=100-", "if-range": whole["ETag"]})
    assert rest.status_code == 206
    assert content[:100] + body(rest) == content


def test_what_is_packed_already_is_not_packed_again(cast: Cast) -> None:
    publish(cast.forest, "packed", "participants", a_parquet=b"x" * 1000, b_csv=b"x" * 1000)
    with zipfile.ZipFile(io.BytesIO(body(cast.client("ada").get(f"{DATA}all.zip")))) as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    assert kinds["a.parquet"] == zipfile.ZIP_STORED
    assert kinds["b.csv"] == zipfile.ZIP_DEFLATED


def test_a_name_that_leads_outside_stays_inside_the_zip(cast: Cast) -> None:
    dataset_publish(
        cast.forest, name="odd", audience="participants", files={"../../etc/x.csv": store_bytes(b"x")}, actor=None
    )
    assert "etc/x.csv" in unzipped(cast.client("ada").get(f"{DATA}all.zip"))


def test_zips_that_nobody_wants_any_more_go_away(cast: Cast) -> None:
    without_zips(cast.forest)
    body(cast.client("ada").get(f"{DATA}all.zip"))
    (old,) = zips_of(cast.forest)
    os.utime(old, (0, 0))
    publish(cast.forest, "more", "participants", more_csv=b"id\n")
    body(cast.client("ada").get(f"{DATA}all.zip"))
    assert old not in zips_of(cast.forest)
    assert len(zips_of(cast.forest)) == 1


def test_half_a_zip_is_never_offered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from podium.challenges import files

    without_zips(cast.forest)
    monkeypatch.setattr(files.shutil, "copyfileobj", _break_off)
    with pytest.raises(OSError, match="the disk is full"):
        cast.client("ada").get(f"{DATA}all.zip")
    monkeypatch.undo()
    folder = settings.DATA_DIR / "zips" / str(cast.forest.pk)
    assert not [path for path in folder.iterdir() if path.suffix != ".lock"]
    assert unzipped(cast.client("ada").get(f"{DATA}all.zip"))["train.csv"] == TRAIN


def _break_off(*_: object) -> None:
    raise OSError("the disk is full")
