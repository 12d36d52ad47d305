"""Every error has one form, whoever raised it."""

import logging

import pytest

from podium.api import people
from tests.api.asking import V1, error_of

LONG = {"rules": "1" * (1 << 20)}


@pytest.mark.parametrize("path", ["", "nothing/", "challenges/forest/nothing/", "submissions/x/", "me/x"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "head", "options"])
def test_addresses_that_do_not_exist_answer_in_json(cast, ask, settings, path, method):
    settings.DEBUG = False
    answer = getattr(ask("ada").client, method)(V1 + path)
    assert answer.status_code == 404
    if method != "head":
        assert error_of(answer, 404)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/api/", "/api/v2/challenges/", "/api/v1x/"])
def test_so_do_addresses_beside_this_version(cast, ask, path):
    assert error_of(ask("visitor").get(path), 404)["code"] == "not_found"


def test_a_forgotten_slash_is_forgiven_where_nothing_is_sent(cast, ask):
    answer = ask("ada").get("challenges", search="forest")
    assert (answer.status_code, answer["Location"]) == (302, f"{V1}challenges/?search=forest")
    assert "with a slash" in error_of(ask("ada").post("challenges/forest/join"), 404)["message"]


@pytest.mark.parametrize(("method", "path"), [("delete", "me/"), ("post", "challenges/"), ("put", "submissions/1/")])
def test_a_method_that_an_address_does_not_know(ask, method, path):
    answer = getattr(ask("ada").client, method)(V1 + path)
    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("body", ["{", "nonsense", '{"rules": NaN}', "[" * 100_000, b"\xff\xfe", "1" * 5000])
def test_a_body_that_cannot_be_read(ask, body):
    assert error_of(ask("vera").post("challenges/forest/join/", body), 400)["code"] in ("parse_error", "invalid")


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_a_body_that_is_no_object(ask, body):
    answer = ask("vera").post("challenges/forest/join/", body)
    assert answer.status_code in (200, 400) if body == "null" else error_of(answer, 400)


@pytest.mark.parametrize("value", ["x", -1, 0, 1.5, [1], {"a": 1}, "\x00", 10**400])
def test_a_value_of_the_wrong_kind_names_its_field(ask, value):
    error = error_of(ask("vera").post("challenges/forest/join/", {"rules": value}), 400)
    assert error["field"] == "rules"


def test_a_body_longer_than_anybody_needs_is_not_read(ask):
    assert error_of(ask("vera").post("challenges/forest/join/", LONG), 413)["code"] == "too_large"


def test_a_type_that_is_not_taken(ask):
    asker = ask("ada")
    answer = asker.client.post(f"{V1}challenges/forest/join/", "<a/>", content_type="text/xml")
    assert error_of(answer, 415)["code"] == "unsupported_media_type"
    answer = asker.post("challenges/forest/submissions/", {"file": "id,label"})
    assert error_of(answer, 415)["code"] == "unsupported_media_type"


def test_our_own_faults_get_a_reference_and_give_nothing_away(ask, monkeypatch, caplog):
    def fail(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(people.Me, "get", fail)
    with caplog.at_level(logging.ERROR):
        answer = ask("ada").get("me/")
    message = error_of(answer, 500)["message"]
    reference = message.rstrip(".").rsplit(" ", 1)[-1]
    assert "secret" not in message
    assert reference in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
def test_whatever_a_client_accepts_it_gets_json(ask, accept):
    answer = ask("ada").client.get(f"{V1}me/", headers={"accept": accept})
    assert answer.json()["username"] == "ada"


@pytest.mark.parametrize(
    "cursor", ["nonsense", "cD1hYmM=", "bz05OTk5OTk5OTk=", "cD0xZTk5OTk=", "ö", "cj14", "==", "AAAA"]
)
@pytest.mark.parametrize("path", ["challenges/", "challenges/forest/files/", "challenges/forest/leaderboards/public/"])
def test_a_cursor_made_by_hand(ask, path, cursor):
    answer = ask("ada").get(path, cursor=cursor)
    assert answer.status_code == 200 or error_of(answer, 400)["field"] == "cursor"


@pytest.mark.parametrize(
    "query", [{"page": "0"}, {"page": "x"}, {"page": "٣"}, {"page_size": "9999"}, {"page": "1" * 99}]
)
def test_a_page_that_cannot_be(ask, query):
    error = error_of(ask("ada").get("challenges/forest/leaderboards/public/", **query), 400)
    assert error["field"] in query
