"""What a person sets: profile, picture, address, password; and what others see of it."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from podium.accounts.models import User
from tests.accounts.helpers import PASSWORD, confirm, is_signed_in, last_mail, link_in, picture, sign_in
from tests.cast import Cast

PROFILE = {"name": "Ada Lovelace", "affiliation": "Northmoor University", "about": "I like **engines**."}


def stored(user: User) -> Path:
    """Return where a person's picture lies."""
    user.refresh_from_db()
    return Path(user.picture.path)


def test_a_profile_is_saved_and_shown_to_everybody(cast: Cast) -> None:
    answer = cast.client("ada").post("/settings/", PROFILE, follow=True)
    assert "Your profile is saved." in answer.text
    page = Client().get("/people/ada/").text
    assert "Ada Lovelace" in page
    assert "Northmoor University" in page
    assert "<strong>engines</strong>" in page


def test_a_preview_saves_nothing(cast: Cast) -> None:
    answer = cast.client("ada").post("/settings/", PROFILE | {"preview": "1"})
    assert "<strong>engines</strong>" in answer.text
    cast.ada.refresh_from_db()
    assert cast.ada.about == cast.ada.name == ""


def test_what_people_write_about_themselves_is_no_program(cast: Cast) -> None:
    about = '<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror="alert(1)">'
    cast.client("ada").post("/settings/", PROFILE | {"about": about})
    page = Client().get("/people/ada/").text
    assert "<script>alert" not in page
    assert "javascript:alert" not in page.replace("[x](javascript:alert(1))", "")
    assert "<img src=x" not in page


@pytest.mark.parametrize("name", ["A\u200bda", "\u202eadA", "Ada\u0007", "...", "Z" + "\u0301" * 12, "\u3164"])
def test_names_that_are_not_what_they_seem_are_refused(cast: Cast, name: str) -> None:
    answer = cast.client("ada").post("/settings/", PROFILE | {"name": name})
    assert answer.status_code == 200
    assert answer.context["form"].errors["name"]


@pytest.mark.parametrize("name", ["Ádám Ōé", "李 娜", "محمد", "Nguyễn Thị Ánh", "Jean-Luc d’Arc"])
def test_names_of_all_scripts_are_welcome(cast: Cast, name: str) -> None:
    answer = cast.client("ada").post("/settings/", PROFILE | {"name": name})
    assert answer.status_code == 302


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_square(cast: Cast, kind: str) -> None:
    client = cast.client("ada")
    assert client.post("/settings/", PROFILE | {"photo": picture(kind=kind)}).status_code == 302
    with Image.open(stored(cast.ada)) as image:
        assert (image.format, image.size) == ("WEBP", (256, 256))
    answer = client.get(cast.ada.picture.url)
    answer.close()
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_small_picture_is_not_blown_up(cast: Cast) -> None:
    cast.client("ada").post("/settings/", PROFILE | {"photo": picture((40, 90))})
    with Image.open(stored(cast.ada)) as image:
        assert image.size == (40, 40)


def test_nothing_that_the_file_says_of_its_maker_is_kept(cast: Cast) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # lies on its side
    upload = picture((400, 300), "JPEG", exif=exif, comment=b"SecretComment")
    upload_bytes = upload.getvalue()
    assert b"SecretCamera" in upload_bytes
    cast.client("ada").post("/settings/", PROFILE | {"photo": upload})
    kept = stored(cast.ada).read_bytes()
    assert b"Secret" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
        assert "icc_profile" not in image.info


def test_a_picture_on_its_side_is_turned_upright(cast: Cast) -> None:
    sideways = Image.new("RGB", (200, 200), "white")
    sideways.paste("black", (0, 0, 100, 200))  # black at the left: at the top, when turned
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    sideways.save(file, "PNG", exif=exif)
    cast.client("ada").post(
        "/settings/", PROFILE | {"photo": SimpleUploadedFile("a.png", file.getvalue(), content_type="image/png")}
    )
    with Image.open(stored(cast.ada)) as image:
        upright = image.convert("L")
        assert upright.getpixel((100, 20)) < 60
        assert upright.getpixel((100, 180)) > 200


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content",
    [SVG, b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"%PDF-1.4", picture().getvalue()[:200]],
    ids=["svg", "empty", "stub of a gif", "broken png", "pdf", "cut off"],
)
def test_what_is_no_picture_is_refused(cast: Cast, content: bytes) -> None:
    upload = SimpleUploadedFile("me.png", content, content_type="image/png")
    answer = cast.client("ada").post("/settings/", PROFILE | {"photo": upload})
    assert answer.status_code == 200
    assert answer.context["form"].errors["photo"]
    cast.ada.refresh_from_db()
    assert not cast.ada.picture


def test_a_bomb_of_pixels_is_refused_before_it_unfolds(cast: Cast) -> None:
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")  # 144 million pixels in some kilobytes
    upload = SimpleUploadedFile("me.png", bomb.getvalue(), content_type="image/png")
    assert len(bomb.getvalue()) < 100_000
    begun = time.perf_counter()
    answer = cast.client("ada").post("/settings/", PROFILE | {"photo": upload})
    assert answer.context["form"].errors["photo"]
    assert time.perf_counter() - begun < 2


def test_too_many_pixels_are_told_with_their_number(cast: Cast) -> None:
    large = io.BytesIO()
    Image.new("1", (8_000, 6_000)).save(large, "PNG")
    upload = SimpleUploadedFile("me.png", large.getvalue(), content_type="image/png")
    answer = cast.client("ada").post("/settings/", PROFILE | {"photo": upload})
    assert answer.context["form"].errors["photo"] == ["The picture has 8,000 by 6,000 pixels; 30 million are the most."]


def test_a_file_over_the_limit_is_refused_without_reading_it(cast: Cast) -> None:
    upload = SimpleUploadedFile("me.png", b"\0" * (12 * 2**20), content_type="image/png")
    answer = cast.client("ada").post("/settings/", PROFILE | {"photo": upload})
    assert answer.status_code == 413
    assert "10 MB" in answer.text


def test_a_new_picture_replaces_the_file_of_the_old_one(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    client = cast.client("ada")
    client.post("/settings/", PROFILE | {"photo": picture()})
    old = stored(cast.ada)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/", PROFILE | {"photo": picture(kind="JPEG")})
    assert stored(cast.ada).exists()
    assert stored(cast.ada) != old
    assert not old.exists()


def test_a_picture_can_be_removed(cast: Cast, django_capture_on_commit_callbacks: Callable[..., object]) -> None:
    client = cast.client("ada")
    assert "Remove the picture" not in client.get("/settings/").text
    client.post("/settings/", PROFILE | {"photo": picture()})
    old = stored(cast.ada)
    assert "Remove the picture" in client.get("/settings/").text
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/", PROFILE | {"no_photo": "on"})
    cast.ada.refresh_from_db()
    assert not cast.ada.picture
    assert not old.exists()


def test_a_form_without_its_key_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/settings/", PROFILE).status_code == 403


def test_a_persons_page_shows_public_challenges_with_their_team_and_no_address(cast: Cast) -> None:
    for reader in ("visitor", "vera", "ada"):
        page = cast.client(reader).get("/people/ada/").text
        assert "Forest" in page
        assert "Held Out" in page
        assert "ada@example.org" not in page


def test_a_persons_page_keeps_private_challenges_to_itself(cast: Cast) -> None:
    for reader in ("visitor", "vera", "ada", "heidi", "root"):
        assert "Harbour" not in cast.client(reader).get("/people/dara/").text


def test_a_persons_page_is_found_in_any_case_and_has_one_address(cast: Cast) -> None:
    answer = Client().get("/people/ADA/")
    assert (answer.status_code, answer.url) == (301, "/people/ada/")


def test_nobody_and_who_left_have_no_page(cast: Cast) -> None:
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)
    assert Client().get("/people/vera/").status_code == 404
    assert Client().get("/people/nobody/").status_code == 404


def test_an_address_changes_when_the_new_one_is_confirmed(cast: Cast) -> None:
    client = cast.client("ada")
    confirm(client)
    client.post("/accounts/email/", {"action_add": "", "email": "lovelace@example.org"})
    cast.ada.refresh_from_db()
    assert cast.ada.email == "ada@example.org"
    assert last_mail().to == ["lovelace@example.org"]
    page = client.get("/accounts/email/").text
    assert "lovelace@example.org" in page
    assert "Send the link again" in page
    client.post(link_in(last_mail().body))
    cast.ada.refresh_from_db()
    assert cast.ada.email == "lovelace@example.org"
    assert [address.email for address in cast.ada.emailaddress_set.all()] == ["lovelace@example.org"]
    told = [message for message in mail.outbox if message.to == ["ada@example.org"]]
    assert "changed from ada@example.org to lovelace@example.org" in told[-1].body


def test_a_new_address_can_be_given_up(cast: Cast) -> None:
    client = cast.client("ada")
    confirm(client)
    client.post("/accounts/email/", {"action_add": "", "email": "lovelace@example.org"})
    assert cast.ada.emailaddress_set.count() == 2
    client.post("/accounts/email/", {"action_remove": "", "email": "lovelace@example.org"})
    assert [address.email for address in cast.ada.emailaddress_set.all()] == ["ada@example.org"]


def test_changing_the_address_asks_for_the_password_again(cast: Cast) -> None:
    client = cast.client("ada")
    answer = client.post("/accounts/email/", {"action_add": "", "email": "lovelace@example.org"})
    assert answer.url == "/accounts/reauthenticate/?next=%2Faccounts%2Femail%2F"
    wrong = client.post(answer.url, {"password": "wrong", "next": "/accounts/email/"})
    assert wrong.context["form"].errors["password"] == ["This is not your password."]
    assert not mail.outbox
    client.post(answer.url, {"password": PASSWORD, "next": "/accounts/email/"})
    assert mail.outbox[-1].to == ["lovelace@example.org"]


def test_a_password_is_changed_and_a_mail_says_so(cast: Cast) -> None:
    here, elsewhere = Client(), Client()
    sign_in(here, "ada")
    sign_in(elsewhere, "ada")
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "battery staple"})
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert sign_in(Client(), "ada", "battery staple") == 302
    assert last_mail().subject == "Your password at Podium was changed"
    assert "127.0.0.1" in last_mail().body


def test_the_present_password_is_needed_to_change_it(cast: Cast) -> None:
    answer = cast.client("ada").post(
        "/accounts/password/change/", {"oldpassword": "wrong", "password1": "battery staple"}
    )
    assert answer.context["form"].errors["oldpassword"] == ["This is not your present password."]


def test_a_forgotten_password_is_reset_by_mail_once(cast: Cast) -> None:
    client = Client()
    answer = client.post("/accounts/password/reset/", {"email": "ada@example.org"}, follow=True)
    assert "If an account has this address" in answer.text
    path = link_in(last_mail().body)
    form_page = client.get(path, follow=True)
    done = client.post(form_page.request["PATH_INFO"], {"password1": "battery staple"}, follow=True)
    assert "The new password is set" in done.text
    assert sign_in(Client(), "ada", "battery staple") == 302
    assert "This link holds no more" in Client().get(path, follow=True).text


def test_resetting_the_password_of_nobody_looks_the_same(cast: Cast) -> None:
    known = Client().post("/accounts/password/reset/", {"email": "ada@example.org"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert last_mail().subject == "No account at Podium with this address"


def test_settings_are_for_who_is_signed_in(cast: Cast) -> None:
    for path in ("/settings/", "/settings/tokens/", "/settings/delete/", "/accounts/email/"):
        assert Client().get(path).status_code == 302
        assert cast.client("vera").get(path).status_code == 200
