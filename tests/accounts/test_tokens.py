"""Keys to the REST API."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from podium.accounts.models import ApiToken, User
from podium.accounts.services import token_create, user_for_token
from podium.core.models import Event
from tests.cast import Cast


def test_a_key_is_shown_once_and_kept_only_as_a_fingerprint(cast: Cast) -> None:
    client = cast.client("ada")
    answer = client.post("/settings/tokens/", {"name": "laptop"})
    key = answer.context["key"]
    assert key in answer.text
    assert "Copy the token now." in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert key not in client.get("/settings/tokens/").text
    row = ApiToken.objects.get()
    assert key not in (row.digest, row.hint)
    assert key.startswith(row.hint)
    assert row.hint in client.get("/settings/tokens/").text
    assert user_for_token(key) == cast.ada


def test_a_token_needs_a_name(cast: Cast) -> None:
    answer = cast.client("ada").post("/settings/tokens/", {"name": " "})
    assert answer.context["form"].errors["name"]
    assert not ApiToken.objects.exists()


def test_a_revoked_key_opens_nothing(cast: Cast) -> None:
    token, key = token_create(cast.ada, name="laptop")
    cast.client("ada").post(f"/settings/tokens/{token.pk}/revoke/")
    assert user_for_token(key) is None
    assert Event.objects.filter(name="token_revoke", actor=cast.ada).exists()


def test_nobody_revokes_anothers_token(cast: Cast) -> None:
    token, key = token_create(cast.ada, name="laptop")
    for name in ("ben", "grace", "root"):
        assert cast.client(name).post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert Client().post(f"/settings/tokens/{token.pk}/revoke/").status_code == 302
    assert user_for_token(key) == cast.ada


def test_a_wrong_key_and_that_of_a_closed_account_open_nothing(cast: Cast) -> None:
    _, key = token_create(cast.ada, name="laptop")
    assert user_for_token(key + "x") is None
    assert user_for_token("") is None
    User.objects.filter(pk=cast.ada.pk).update(is_active=False)
    assert user_for_token(key) is None


def test_use_is_noted_at_most_once_a_minute(cast: Cast) -> None:
    token, key = token_create(cast.ada, name="laptop")
    begun = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    noted = []
    for seconds in (0, 30, 59, 61):
        with time_machine.travel(begun + timedelta(seconds=seconds), tick=False):
            user_for_token(key)
        token.refresh_from_db()
        assert token.last_used_at
        noted.append((token.last_used_at - begun).total_seconds())
    assert noted == [0, 0, 0, 61]


def test_twenty_tokens_are_enough(cast: Cast) -> None:
    for number in range(20):
        token_create(cast.ada, name=f"machine {number}")
    answer = cast.client("ada").post("/settings/tokens/", {"name": "one more"})
    assert "You have 20 tokens" in answer.text
    assert ApiToken.objects.count() == 20


def test_the_command_prints_the_token_and_nothing_else(cast: Cast) -> None:
    out = StringIO()
    call_command("token", "create", "ada", stdout=out)
    key = out.getvalue().removesuffix("\n")
    assert user_for_token(key) == cast.ada


def test_the_command_names_the_person_it_does_not_find(cast: Cast) -> None:
    with pytest.raises(CommandError, match="Nobody here has the user name “nobody”"):
        call_command("token", "create", "nobody")
