"""The first operator: a link from the command line."""

from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from podium.accounts.models import OwnerLink, User
from tests.accounts.helpers import sign_in
from tests.cast import Cast, person

pytestmark = pytest.mark.django_db
CHOICE = {"username": "olga", "password": "battery staple"}


def link(email: str = "olga@example.org") -> str:
    """Return the path that the command prints."""
    out = StringIO()
    call_command("owner", "create", email, stdout=out)
    printed = out.getvalue().strip()
    assert printed.startswith(f"{settings.BASE_URL}/owner/")
    assert "\n" not in printed
    return urlsplit(printed).path


def test_the_link_makes_an_operator_with_a_confirmed_address_and_signs_them_in() -> None:
    client, path = Client(), link()
    assert "olga@example.org" in client.get(path).text
    assert client.post(path, CHOICE).status_code == 302
    olga = User.objects.get(username="olga")
    assert olga.is_staff
    assert olga.is_superuser
    assert olga.emailaddress_set.get().verified
    assert client.get("/admin/").status_code == 200
    assert sign_in(Client(), "olga@example.org", "battery staple") == 302


def test_the_link_works_once() -> None:
    path = link()
    Client().post(path, CHOICE)
    assert Client().get(path).status_code == 404
    assert Client().post(path, CHOICE | {"username": "second"}).status_code == 404
    assert User.objects.count() == 1


def test_the_link_holds_a_day() -> None:
    path = link()
    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=59)):
        assert Client().get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert Client().get(path).status_code == 404


def test_a_newer_link_ends_the_older_one() -> None:
    older = link()
    newer = link("Olga@example.org")
    assert Client().get(older).status_code == 404
    assert Client().get(newer).status_code == 200


def test_an_account_that_is_there_is_upgraded() -> None:
    ada, path = person("ada"), link("ada@example.org")
    page = Client().get(path)
    assert "Make ada an operator" in page.text
    assert 'name="username"' not in page.text
    Client().post(path, {"password": "battery staple"})
    ada.refresh_from_db()
    assert ada.is_superuser
    assert ada.check_password("battery staple")
    assert ada.emailaddress_set.count() == 1


def test_an_address_that_was_never_confirmed_is_confirmed_by_it() -> None:
    ada = User.objects.create_user("ada", "ada@example.org", "old password")
    Client().post(link("ada@example.org"), {"password": "battery staple"})
    assert ada.emailaddress_set.get().verified


def test_weak_passwords_and_taken_names_are_refused_and_the_link_still_works() -> None:
    person("ada")
    path = link()
    weak = Client().post(path, CHOICE | {"password": "short"})
    assert weak.context["form"].errors["password"]
    taken = Client().post(path, CHOICE | {"username": "ADA"})
    assert taken.context["form"].errors["username"]
    assert Client().post(path, CHOICE).status_code == 302


def test_the_token_is_kept_only_as_a_fingerprint() -> None:
    path = link()
    assert OwnerLink.objects.get().digest not in path


def test_the_command_refuses_what_is_no_address() -> None:
    with pytest.raises(CommandError, match="no e-mail address"):
        call_command("owner", "create", "olga")


def test_strangers_do_not_guess_links(cast: Cast) -> None:
    assert Client().get("/owner/guess/").status_code == 404
