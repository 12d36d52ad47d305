"""Fetching files."""

import os

import pytest

from podium.challenges.services import dataset_publish
from podium.client.downloads import place_of
from podium.client.troubles import Trouble
from podium.core.models import Blob
from podium.core.storage import blob_path, store_bytes
from tests.cast import SAMPLE
from tests.client.breaking import breaking

BIG = os.urandom(3_000_000)


@pytest.fixture
def big(site):
    """A challenge with a file of three megabytes in a folder."""
    dataset_publish(
        site.cast.forest, name="big", audience="participants", files={"sub/big.bin": store_bytes(BIG)}, actor=None
    )
    site.sign_in("ada")
    return site


def outcomes(answer):
    return {file["name"]: file["outcome"] for file in answer.json["files"]}


def test_all_files_arrive_and_are_fetched_once(site, podium, home):
    site.sign_in("ada")
    names = ["sample_submission.csv", "train.csv"]
    assert outcomes(podium("download", "forest", "--json")) == dict.fromkeys(names, "downloaded")
    assert (home / "forest" / "sample_submission.csv").read_text() == SAMPLE
    assert outcomes(podium("download", "forest", "--json")) == dict.fromkeys(names, "kept")
    (home / "forest" / "train.csv").write_text("changed")
    assert outcomes(podium("download", "forest", "--json"))["train.csv"] == "downloaded"
    assert not list(home.glob("**/*.part"))


def test_files_by_name_and_pattern_to_a_folder(big, podium, home):
    podium("download", "forest", "train.csv", "sub/*", "--to", "there")
    assert {path.name for path in (home / "there").rglob("*.*")} == {"train.csv", "big.bin"}
    assert "train.csv" in podium("download", "forest", "nothing*", "--json").json["error"]["message"]


def test_a_download_that_broke_off_goes_on_where_it_was(big, podium, home, monkeypatch):
    part = home / "forest" / "sub" / f"big.bin.{Blob.objects.get(size=len(BIG)).sha256[:12]}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BIG[:2_000_000])
    began = []
    monkeypatch.setattr("podium.client.downloads._write", spy(began))
    assert outcomes(podium("download", "forest", "sub/big.bin", "--json")) == {"sub/big.bin": "downloaded"}
    assert began == [2_000_000]
    assert (home / "forest/sub/big.bin").read_bytes() == BIG


def spy(began):
    from podium.client.downloads import _write

    def write(answer, part, *, there, **rest):
        began.append(there)
        return _write(answer, part, there=there, **rest)

    return write


def test_a_connection_that_breaks_twice(big, podium, home, quick, monkeypatch):
    began = []
    monkeypatch.setattr("podium.client.downloads._write", spy(began))
    with breaking(big.url, [1_000_000, 1_000_000]) as way:
        big.sign_in("ada", way)
        assert outcomes(podium("download", "forest", "sub/big.bin", "--json")) == {"sub/big.bin": "downloaded"}
    assert (home / "forest/sub/big.bin").read_bytes() == BIG
    assert len(began) == 3
    assert began[0] == 0 < began[1] < began[2]


def test_bytes_that_are_others_are_found_out(big, podium, home):
    blob_path(Blob.objects.get(size=len(BIG)).sha256).write_bytes(BIG[::-1])
    try:
        assert podium("download", "forest", "sub/big.bin", "--json").json["error"]["code"] == "damaged"
    finally:
        blob_path(Blob.objects.get(size=len(BIG)).sha256).write_bytes(BIG)
    assert not list(home.glob("forest/sub/*"))


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/../../x", "a//b", "", ".", "..", "a\\b", "C:x", "a\x00b", "a/nul.txt", "a/./b", "x\x1b[31m"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(Trouble, match="not fetched"):
        place_of(tmp_path, name)


def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    with pytest.raises(Trouble, match="by a link"):
        place_of(tmp_path / "in", "out/x.csv")
    assert place_of(tmp_path / "in", "a/b ö.csv") == tmp_path / "in" / "a" / "b ö.csv"


def test_a_site_that_names_such_a_file_gets_nowhere(site, podium, home):
    site.sign_in("ada")
    dataset_publish(
        site.cast.forest, name="bad", audience="participants", files={"../../bad.csv": store_bytes(b"bad")}, actor=None
    )
    assert podium("download", "forest", "--json").json["error"]["code"] == "unsafe_name"
    assert not (home / "forest").exists()


def test_data_are_for_participants(site, podium):
    site.sign_in("vera")
    assert podium("download", "forest", "--json").json["error"]["code"] == "not_joined"
    assert podium("download", "harbour", "--json").json["error"]["code"] == "not_found"
