"""The files of a challenge."""

import hashlib

import pytest

from podium.challenges.services import dataset_publish
from podium.core.storage import store_bytes
from tests.api.asking import V1, error_of
from tests.cast import SAMPLE

PATH = f"{V1}challenges/forest/files/sample_submission.csv"


def body(answer):
    return answer.getvalue()


def test_the_list_answers_visitors_and_names_no_reference(ask):
    files = ask("visitor").get("challenges/forest/files/").json()
    assert set(files) == {"results", "next", "previous"}
    assert [file["name"] for file in files["results"]] == ["sample_submission.csv", "train.csv"]
    sample = files["results"][0]
    assert set(sample) == {"name", "size", "sha256", "url"}
    assert sample["size"] == len(SAMPLE)
    assert sample["sha256"] == hashlib.sha256(SAMPLE.encode()).hexdigest()
    assert sample["url"].endswith(PATH)


@pytest.mark.parametrize("name", ["ada", "ben", "grace", "jude", "root"])
def test_participants_and_hosts_fetch_files(ask, name):
    answer = ask(name).get(PATH)
    assert answer.status_code == 200
    assert body(answer) == SAMPLE.encode()


def test_others_do_not(ask):
    assert error_of(ask("vera").get(PATH), 403)["code"] == "not_joined"
    assert error_of(ask("visitor").get(PATH), 401)["message"].startswith("Join the challenge")
    for name in ("ada", "visitor", "vera"):
        assert error_of(ask(name).get("challenges/harbour/files/"), 404)
        assert error_of(ask(name).get("challenges/harbour/files/train.csv"), 404)


@pytest.mark.parametrize("name", ["ada", "grace", "visitor"])
@pytest.mark.parametrize("file", ["solution.csv", "nothing.csv", "../solution.csv", "..%2f..%2fetc/passwd", "%00"])
def test_the_reference_and_what_is_not_there_are_found_by_nobody(ask, name, file):
    assert ask(name).get(f"{V1}challenges/forest/files/{file}").status_code == 404


def test_a_public_dataset_is_for_everybody_and_names_may_hold_folders(cast, ask):
    dataset_publish(
        cast.forest, name="images", audience="public", files={"a/b c/ö.png": store_bytes(b"png")}, actor=cast.grace
    )
    visitor = ask("visitor")
    listed = visitor.get("challenges/forest/files/").json()["results"][0]
    assert listed["name"] == "a/b c/ö.png"
    assert body(visitor.get(listed["url"])) == b"png"


def test_a_download_goes_on_where_it_broke_off(ask):
    client, sha256 = ask("ada").client, hashlib.sha256(SAMPLE.encode()).hexdigest()
    part = client.get(PATH, headers={"range": "bytes=10-", "if-range": f'"{sha256}"'})
    assert (part.status_code, body(part)) == (206, SAMPLE.encode()[10:])
    other = client.get(PATH, headers={"range": "bytes=10-", "if-range": '"another version"'})
    assert (other.status_code, body(other)) == (200, SAMPLE.encode())
    after = client.get(PATH, headers={"range": f"bytes={len(SAMPLE)}-"})
    assert error_of(after, 416)["code"] == "no_such_range"
    assert after["Content-Range"] == f"bytes */{len(SAMPLE)}"
