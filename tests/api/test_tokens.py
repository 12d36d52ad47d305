"""Who is asking."""

import pytest
from django.test import Client

from tests.api.asking import V1, error_of


def test_a_token_says_who_asks(ask):
    answer = ask("ada").get("me/")
    assert answer.status_code == 200
    assert answer.json() == {"username": "ada", "name": "ada", "email": "ada@example.org"}


def test_without_a_token_the_answer_says_how_to_get_one(ask):
    answer = ask("visitor").get("me/")
    assert "Tokens" in error_of(answer, 401)["message"]
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Bearer a b", "Bearer \x00ö", "bearer x" * 900])
@pytest.mark.parametrize("path", ["me/", "challenges/", "challenges/forest/"])
def test_a_token_that_is_none_is_refused_even_where_visitors_may_read(cast, header, path):
    answer = Client().get(V1 + path, headers={"authorization": header})
    assert error_of(answer, 401)["code"] == "authentication_failed"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_revoked_token_and_a_closed_account_are_nobody(cast, ask):
    ada, ben = ask("ada"), ask("ben")
    cast.ada.tokens.all().delete()
    cast.ben.is_active = False
    cast.ben.save()
    assert error_of(ada.get("me/"), 401)
    assert error_of(ben.get("me/"), 401)


def test_whoever_is_signed_in_on_the_site_may_read(cast):
    assert cast.client("ada").get(f"{V1}me/").json()["username"] == "ada"


def test_writing_with_a_session_needs_the_csrf_token_in_the_header(cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.vera, backend="django.contrib.auth.backends.ModelBackend")
    join = f"{V1}challenges/forest/join/"
    assert error_of(browser.post(join, {}, content_type="application/json"), 403)["code"] == "forbidden"
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    assert browser.post(join, {}, content_type="application/json", headers={"X-CSRFToken": token}).status_code == 200


def test_a_token_needs_no_csrf_token(cast, ask):
    asker = ask("vera")
    strict = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {asker.key}"})
    assert strict.post(f"{V1}challenges/forest/join/", {}, content_type="application/json").status_code == 200
