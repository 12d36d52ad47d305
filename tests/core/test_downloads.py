"""Downloads that go on where they stopped, tried on a file that everybody may have."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from podium.challenges.services import dataset_publish
from podium.core.storage import store_bytes
from tests.cast import Cast
from tests.challenges.reading import body

CONTENT = bytes(range(256)) * 10
ADDRESS = "/challenges/forest/data/open.bin"
ETAG = f'"{sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def get(cast: Cast) -> Callable[..., Any]:
    """Ask for the file, with headers."""
    dataset_publish(cast.forest, name="open", audience="public", files={"open.bin": store_bytes(CONTENT)}, actor=None)
    return lambda **headers: cast.client("visitor").get(ADDRESS, headers=headers)


def test_the_whole_file_comes_as_an_attachment_that_is_never_sniffed(get: Callable[..., Any]) -> None:
    answer = get()
    assert body(answer) == CONTENT
    assert answer.status_code == 200
    assert answer["Content-Length"] == str(len(CONTENT))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="open.bin"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert (answer["ETag"], answer["Accept-Ranges"]) == (ETAG, "bytes")


def test_a_download_that_broke_off_goes_on(get: Callable[..., Any]) -> None:
    rest = get(range="bytes=1000-", if_range=ETAG)
    assert rest.status_code == 206
    assert rest["Content-Range"] == f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert CONTENT[:1000] + body(rest) == CONTENT


def test_of_a_file_that_changed_meanwhile_the_whole_comes(get: Callable[..., Any]) -> None:
    answer = get(range="bytes=1000-", if_range='"another"')
    assert answer.status_code == 200
    assert body(answer) == CONTENT


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-0", CONTENT[:1]),
        ("bytes=10-19", CONTENT[10:20]),
        ("bytes=-5", CONTENT[-5:]),
        ("bytes=-999999", CONTENT),
        ("bytes=2000-999999", CONTENT[2000:]),
    ],
)
def test_one_range_is_answered_with_exactly_these_bytes(get: Callable[..., Any], asked: str, given: bytes) -> None:
    answer = get(range=asked)
    assert answer.status_code == 206
    assert body(answer) == given
    assert answer["Content-Length"] == str(len(given))


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "lines=1-2", "bytes=a-b", "nonsense"])
def test_what_is_no_single_range_gets_the_whole_file(get: Callable[..., Any], asked: str) -> None:
    answer = get(range=asked)
    assert answer.status_code == 200
    assert body(answer) == CONTENT


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=9999999-", "bytes=20-10", "bytes=-0"])
def test_a_range_outside_the_file_is_416_with_its_size(get: Callable[..., Any], asked: str) -> None:
    answer = get(range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_a_file_that_one_has_already_is_not_sent_again(get: Callable[..., Any]) -> None:
    answer = get(if_none_match=ETAG)
    assert (answer.status_code, body(answer)) == (304, b"")


def test_asking_for_the_headers_alone_sends_no_bytes(cast: Cast, get: Callable[..., Any]) -> None:
    answer = cast.client("visitor").head(ADDRESS)
    assert answer["Content-Length"] == str(len(CONTENT))
    assert body(answer) == b""
