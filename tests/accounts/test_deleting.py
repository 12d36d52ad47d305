"""The end of an account: the person goes, the submissions stay."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from podium.accounts.models import ApiToken, User
from podium.accounts.services import account_delete, token_create
from podium.challenges.models import Acceptance, Role
from podium.core.errors import Conflict
from podium.core.models import Event
from podium.submissions.models import Submission
from podium.teams.models import Membership, Team
from tests.accounts.helpers import PASSWORD, picture
from tests.cast import Cast


def submission(cast: Cast, name: str) -> Submission:
    """Return a submission by somebody of Forest, as if it had been sent."""
    author = getattr(cast, name)
    team = Team.objects.get(memberships__user=author, challenge=cast.forest)
    return Submission.objects.create(phase=cast.forest.phases.get(), team=team, author=author, state="scored")


def delete(cast: Cast, name: str, password: str = PASSWORD) -> Client:
    """Go to the page and give the password."""
    client = cast.client(name)
    client.post("/settings/delete/", {"password": password})
    return client


def test_the_page_says_what_goes_and_what_stays(cast: Cast) -> None:
    submission(cast, "ada")
    token_create(cast.ada, name="laptop")
    page = cast.client("ada").get("/settings/delete/").text
    assert "1 token" in page
    assert "1 submission with its score" in page
    assert "cannot be undone" in page


def test_the_account_goes_and_the_person_is_signed_out(cast: Cast) -> None:
    token_create(cast.ada, name="laptop")
    client = delete(cast, "ada")
    assert not User.objects.filter(username="ada").exists()
    assert not ApiToken.objects.exists()
    assert not Acceptance.objects.filter(user_id=cast.ada.pk).exists()
    assert client.get("/settings/").status_code == 302
    assert Client().get("/people/ada/").status_code == 404


def test_a_wrong_password_deletes_nothing(cast: Cast) -> None:
    for password in ("wrong", ""):
        delete(cast, "ada", password)
    assert User.objects.filter(username="ada").exists()


def test_submissions_stay_under_no_name(cast: Cast) -> None:
    sent = submission(cast, "ada")
    delete(cast, "ada")
    sent.refresh_from_db()
    assert sent.author is None
    assert sent.team == cast.held_out


def test_leadership_passes_to_who_has_been_there_longest(cast: Cast) -> None:
    delete(cast, "ada")
    cast.held_out.refresh_from_db()
    assert cast.held_out.leader == cast.ben
    assert cast.held_out.name == "Held Out"


def test_a_team_of_one_without_submissions_goes_too(cast: Cast) -> None:
    delete(cast, "chen")
    assert not Team.objects.filter(name="chen").exists()


def test_a_team_of_one_with_submissions_stays_and_loses_the_persons_name(cast: Cast) -> None:
    sent = submission(cast, "chen")
    delete(cast, "chen")
    sent.refresh_from_db()
    assert sent.team.name == "Former participant"
    assert sent.team.leader is None
    assert not Membership.objects.filter(team=sent.team).exists()


def test_a_second_former_participant_gets_a_number(cast: Cast) -> None:
    Team.objects.create(challenge=cast.forest, name="Former Participant")
    sent = submission(cast, "chen")
    delete(cast, "chen")
    sent.refresh_from_db()
    assert sent.team.name == "Former participant 2"


def test_a_team_of_one_under_its_own_name_keeps_it(cast: Cast) -> None:
    sent = submission(cast, "chen")
    Team.objects.filter(pk=sent.team_id).update(name="Kestrel")
    delete(cast, "chen")
    sent.refresh_from_db()
    assert sent.team.name == "Kestrel"


def test_a_team_that_bears_the_persons_name_gets_its_new_leaders(cast: Cast) -> None:
    Team.objects.filter(pk=cast.held_out.pk).update(name="Ada 2")
    delete(cast, "ada")
    cast.held_out.refresh_from_db()
    assert cast.held_out.name == "ben"


def test_the_picture_goes_and_a_last_mail_says_goodbye(
    cast: Cast, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    client = cast.client("ada")
    client.post("/settings/", {"name": "Ada", "photo": picture()})
    cast.ada.refresh_from_db()
    path = Path(cast.ada.picture.path)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/delete/", {"password": PASSWORD})
    assert not path.exists()
    assert mail.outbox[-1].to == ["ada@example.org"]
    assert "is deleted" in mail.outbox[-1].subject


def test_the_only_owner_of_a_challenge_hands_it_over_first(cast: Cast) -> None:
    page = cast.client("grace").get("/settings/delete/").text
    assert "You are the only owner of “Forest”" in page
    delete(cast, "grace")
    assert User.objects.filter(username="grace").exists()
    Role.objects.create(challenge=cast.forest, user=cast.vera, name="owner")
    delete(cast, "grace")
    assert not User.objects.filter(username="grace").exists()
    assert cast.forest.roles.get(name="owner").user == cast.vera


def test_an_editor_is_no_second_owner_and_neither_is_a_closed_account(cast: Cast) -> None:
    Role.objects.create(challenge=cast.forest, user=cast.vera, name="editor")
    Role.objects.create(challenge=cast.forest, user=cast.dara, name="owner")
    User.objects.filter(pk=cast.dara.pk).update(is_active=False)
    with pytest.raises(Conflict, match="only owner"):
        account_delete(cast.grace)
    assert Team.objects.filter(pk=cast.held_out.pk).exists()


def test_the_last_operator_stays(cast: Cast) -> None:
    assert "last operator" in cast.client("root").get("/settings/delete/").text
    delete(cast, "root")
    assert User.objects.filter(username="root").exists()
    User.objects.filter(pk=cast.vera.pk).update(is_superuser=True)
    delete(cast, "root")
    assert not User.objects.filter(username="root").exists()


def test_what_happened_stays_written_down_without_a_person(cast: Cast) -> None:
    delete(cast, "ada")
    gone = Event.objects.get(name="account_delete")
    assert gone.actor is None
    assert "ada" not in str(gone.data)


def test_an_operator_who_deletes_somebody_takes_the_same_way(cast: Cast) -> None:
    sent = submission(cast, "chen")
    page = f"/admin/accounts/user/{cast.chen.pk}/delete/"
    cast.client("root").post(page, {"post": "yes"})
    sent.refresh_from_db()
    assert sent.team.name == "Former participant"
    assert cast.client("root").post(f"/admin/accounts/user/{cast.grace.pk}/delete/", {"post": "yes"}).status_code == 409
