"""Signing up, in and out, as a person does it."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from podium.accounts.models import User
from tests.accounts.helpers import is_signed_in, last_mail, link_in, sign_in, sign_up
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_who_signs_up_is_in_after_opening_the_mail() -> None:
    client = Client()
    sign_up(client)
    assert not is_signed_in(client)
    answer = client.post(link_in(last_mail().body))
    assert answer.status_code == 302
    assert is_signed_in(client)


def test_the_mail_is_short_plain_and_in_our_words() -> None:
    sign_up(Client())
    message = last_mail()
    assert message.subject == "Confirm your address for Podium"
    assert message.body.startswith("Somebody, presumably you, created the account “ines” at Podium")
    assert message.to == ["ines@example.org"]
    assert not getattr(message, "alternatives", None)
    assert "<" not in message.body


def test_links_in_mails_lead_to_the_sites_own_address_whatever_the_request_calls_it(settings: Any) -> None:
    settings.BASE_URL = "https://podium.example"
    client = Client(headers={"host": "127.0.0.1:6666"})
    sign_up(client)
    assert f"{settings.BASE_URL}/accounts/confirm-email/" in last_mail().body
    client.post("/accounts/password/reset/", {"email": "ines@example.org"})
    assert f"{settings.BASE_URL}/accounts/password/reset/key/" in last_mail().body


def test_looking_at_the_link_does_not_use_it_up() -> None:
    client = Client()
    sign_up(client)
    path = link_in(last_mail().body)
    page = client.get(path)
    assert "Is this your address?" in page.text
    assert not User.objects.get(username="ines").emailaddress_set.get().verified


def test_without_the_mail_nobody_gets_in_and_signing_in_sends_it_again(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"confirm_email": None}  # else at most every three minutes
    sign_up(Client())
    client = Client()
    assert sign_in(client, "ines") == 302
    assert not is_signed_in(client)
    assert len(mail.outbox) == 2


def test_a_person_signs_in_by_address_or_user_name_in_any_case(cast: Cast) -> None:
    for login in ("ada", "ADA", "ada@example.org", "Ada@Example.org"):
        client = Client()
        assert sign_in(client, login) == 302
        assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(cast: Cast) -> None:
    texts = []
    for login in ("ada", "nobody", "ada@example.org", "nobody@example.org"):
        answer = Client().post("/accounts/login/", {"login": login, "password": "wrong"})
        assert answer.status_code == 200
        texts.append(str(answer.context["form"].non_field_errors()))
    assert len(set(texts)) == 1
    assert "do not belong together" in texts[0]


def test_staying_signed_in_is_for_thirty_days_and_else_until_the_browser_closes(cast: Cast) -> None:
    short, long = Client(), Client()
    sign_in(short, "ada")
    sign_in(long, "ada", remember="on")
    assert short.cookies["sessionid"]["max-age"] == ""
    assert long.cookies["sessionid"]["max-age"] == 30 * 24 * 3600


def test_who_just_signed_up_is_in_until_the_browser_closes() -> None:
    client = Client()
    sign_up(client)
    client.post(link_in(last_mail().body))
    assert client.cookies["sessionid"]["max-age"] == ""


def test_guessing_passwords_is_stopped(cast: Cast) -> None:
    client = Client()
    for _ in range(5):
        client.post("/accounts/login/", {"login": "ada", "password": "guess"})
    answer = client.post("/accounts/login/", {"login": "ada", "password": "correct horse"})
    assert "Too many attempts" in answer.text
    assert not is_signed_in(client)


def test_a_flood_of_sign_ups_gets_our_page_for_too_many_requests() -> None:
    client = Client()
    answers = [client.post("/accounts/signup/", {"email": "no"}) for _ in range(21)]
    assert [answer.status_code for answer in answers[:20]] == [200] * 20
    assert answers[20].status_code == 429
    assert "One step at a time" in answers[20].text


def test_signing_out_takes_a_click_not_a_link(cast: Cast) -> None:
    client = cast.client("ada")
    assert "Sign out?" in client.get("/accounts/logout/").text
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert not is_signed_in(client)


def test_signing_up_with_a_known_address_looks_the_same_and_tells_its_owner(cast: Cast) -> None:
    fresh, known = Client(), Client()
    first = fresh.post(
        "/accounts/signup/", {"email": "new@example.org", "username": "newcomer", "password1": "correct horse"}
    )
    second = known.post(
        "/accounts/signup/", {"email": "ada@example.org", "username": "another", "password1": "correct horse"}
    )
    assert (first.status_code, first.url) == (second.status_code, second.url)
    assert fresh.get(first.url).text.count("Look into your mail") == known.get(second.url).text.count(
        "Look into your mail"
    )
    assert last_mail().to == ["ada@example.org"]
    assert last_mail().subject == "You have an account at Podium"
    assert not User.objects.filter(username="another").exists()


@pytest.mark.parametrize(
    "username",
    ["admin", "Root", "API", "a", "x" * 31, "-ada", "ada.", "a b", "ädä", "ada\u200b", "ada@home", "host", ""],
)
def test_impossible_and_reserved_user_names_are_refused(username: str) -> None:
    form = {"email": "x@example.org", "username": username, "password1": "correct horse"}
    answer = Client().post("/accounts/signup/", form)
    assert answer.status_code == 200
    assert answer.context["form"].errors["username"]
    assert not User.objects.exists()


def test_user_names_are_taken_in_any_case(cast: Cast) -> None:
    form = {"email": "x@example.org", "username": "ADA", "password1": "correct horse"}
    answer = Client().post("/accounts/signup/", form)
    assert answer.context["form"].errors["username"] == ["This user name is taken. Choose another."]


@pytest.mark.parametrize("password", ["short", "password1", "ines.halvorsen"])
def test_weak_passwords_are_refused_with_a_reason(password: str) -> None:
    form = {"email": "x@example.org", "username": "ines.halvorsen", "password1": password}
    answer = Client().post("/accounts/signup/", form)
    assert answer.context["form"].errors["password1"]


def test_passwords_are_kept_by_argon2() -> None:
    # the tests take a quicker hasher, so ask a process that does not
    ask = "import django; django.setup(); from django.contrib.auth.hashers import make_password as m; print(m('x'))"
    paths = os.pathsep.join(path for path in sys.path if path)
    answer = subprocess.check_output([sys.executable, "-c", ask], text=True, env=os.environ | {"PYTHONPATH": paths})
    assert answer.startswith("argon2$argon2id$")


def test_who_is_sent_to_sign_in_comes_back(cast: Cast) -> None:
    client = Client()
    answer = client.get("/settings/tokens/")
    assert answer.url == "/accounts/login/?next=/settings/tokens/"
    page = client.get(answer.url)
    assert '<input type="hidden" name="next" value="/settings/tokens/">' in page.text
    assert "/accounts/signup/?next=%2Fsettings%2Ftokens%2F" in page.text
    back = client.post("/accounts/login/", {"login": "ada", "password": "correct horse", "next": "/settings/tokens/"})
    assert back.url == "/settings/tokens/"


def test_nobody_is_sent_on_to_another_site(cast: Cast) -> None:
    evil = {"login": "ada", "password": "correct horse", "next": "https://evil.example/"}
    assert Client().post("/accounts/login/", evil).url == "/"


def test_who_signs_up_on_the_way_somewhere_gets_there() -> None:
    client = Client()
    sign_up(client, next="/settings/tokens/")
    answer = client.post(link_in(last_mail().body))
    assert answer.url == "/settings/tokens/"


def test_operators_sign_in_where_everybody_does(cast: Cast) -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer.url == "/accounts/login/?next=%2Fadmin%2F"
    assert cast.client("root").get("/admin/").status_code == 200
    assert cast.client("ada").get("/admin/login/").status_code == 403


def test_every_page_at_the_door_is_ours(cast: Cast) -> None:
    pages = [
        ("visitor", "/accounts/login/", "New here?"),
        ("visitor", "/accounts/signup/", "Have one already?"),
        ("visitor", "/accounts/password/reset/", "Forgotten the password?"),
        ("visitor", "/accounts/password/reset/done/", "Look into your mail"),
        ("visitor", "/accounts/password/reset/key/done/", "The new password is set"),
        ("visitor", "/accounts/password/reset/key/1-set-password/", "This link holds no more"),
        ("visitor", "/accounts/confirm-email/nothing/", "This link holds no more"),
        ("visitor", "/accounts/inactive/", "This account is closed"),
        ("ada", "/accounts/logout/", "Sign out?"),
        ("ada", "/accounts/email/", "Your address"),
        ("ada", "/accounts/password/change/", "Present password"),
        ("ada", "/accounts/reauthenticate/", "Your password once more"),
    ]
    for name, path, words in pages:
        answer = cast.client(name).get(path)
        assert answer.status_code == 200, path
        assert words in answer.text, path
        assert 'class="site-head"' in answer.text, path
        assert "style=" not in answer.text, path
        assert "<script>" not in answer.text, path
