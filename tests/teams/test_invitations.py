"""Links that let people join a team."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Acceptance, Challenge
from podium.challenges.rules import is_participant
from podium.challenges.services import challenge_join, rules_publish
from podium.core.events import history
from podium.teams.models import Invitation, Team
from podium.teams.services import invitation_accept, invitation_revoke
from tests.accounts.helpers import last_mail, link_in, sign_up
from tests.cast import Cast, person
from tests.teams.helpers import act, link_on, link_to, people, submit, team_of


def accept(cast: Cast, name: str, path: str, **data: object) -> tuple[int, str]:
    """Have somebody press the button of an invitation; return the status and the page that follows."""
    answer = cast.client(name).post(path, data, follow=True)
    return answer.status_code, answer.text


def test_a_link_is_shown_once_and_kept_only_as_a_fingerprint(cast: Cast) -> None:
    status, page = act(cast, "ada", "invitations/")
    assert status == 200
    path = link_on(page)
    token = path.split("/")[2]
    assert token not in cast.client("ada").get("/challenges/forest/team/").text
    assert Invitation.objects.get().digest == Invitation.digest_of(token)
    assert "no-store" in cast.client("ada").post("/challenges/forest/team/invitations/")["Cache-Control"]


def test_the_landing_page_says_who_invites_and_what_joining_means(cast: Cast) -> None:
    path = link_to(cast.held_out)
    for name in ("visitor", "chen"):
        page = cast.client(name).get(path).text
        for words in ("Held Out", "<b>ada</b> invites you", "Forest", "nobody can leave it", "lets one person join"):
            assert words in page, (name, words)
    assert "You leave “chen”, your team of one" in cast.client("chen").get(path).text


def test_looking_at_a_link_does_not_use_it(cast: Cast) -> None:
    path = link_to(cast.held_out)
    for name in ("visitor", "vera", "chen"):
        cast.client(name).get(path)
    assert people(cast.held_out) == {"ada", "ben"}
    assert Invitation.objects.get().used_at is None


def test_a_participant_joins_and_leaves_an_empty_team_of_one(cast: Cast) -> None:
    status, page = accept(cast, "chen", link_to(cast.held_out))
    assert status == 200
    assert "You are on the team “Held Out” now." in page
    assert people(cast.held_out) == {"ada", "ben", "chen"}
    assert not Team.objects.filter(name="chen").exists()
    assert Invitation.objects.get().used_by == cast.chen
    assert history(cast.held_out).filter(name="invitation_accept", actor=cast.chen).exists()


def test_a_link_lets_one_person_join(cast: Cast) -> None:
    challenge_join(cast.forest, user=cast.vera)
    path = link_to(cast.held_out)
    assert accept(cast, "chen", path)[0] == 200
    status, page = accept(cast, "vera", path)
    assert status == 409
    assert "used already" in page
    assert "used already" in cast.client("vera").get(path).text


def test_accepting_twice_changes_nothing(cast: Cast) -> None:
    path = link_to(cast.held_out)
    accept(cast, "chen", path)
    assert accept(cast, "chen", path)[0] == 200
    assert people(cast.held_out) == {"ada", "ben", "chen"}
    assert "You are on this team already." in cast.client("chen").get(path).text


def test_who_is_on_the_team_does_not_use_up_the_link(cast: Cast) -> None:
    path = link_to(cast.held_out)
    accept(cast, "ben", path)
    assert Invitation.objects.get().used_at is None


def test_who_has_not_joined_accepts_the_rules_first_on_the_same_page(cast: Cast) -> None:
    path = link_to(cast.held_out)
    page = cast.client("vera").get(path).text
    assert "First the rules" in page
    assert "Be fair." in page
    status, _ = accept(cast, "vera", path)
    assert status == 422
    assert not is_participant(cast.vera, cast.forest)
    assert accept(cast, "vera", path, rules=1, accept="on")[0] == 200
    assert Acceptance.objects.filter(user=cast.vera, rules__challenge=cast.forest).exists()
    assert people(cast.held_out) == {"ada", "ben", "vera"}
    assert not Team.objects.filter(name="vera").exists()


def test_rules_that_changed_meanwhile_are_read_again(cast: Cast) -> None:
    path = link_to(cast.held_out)
    cast.client("vera").get(path)
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    status, page = accept(cast, "vera", path, rules=1, accept="on")
    assert status == 422
    assert "The rules changed while you read them." in page
    assert "vera" not in people(cast.held_out)


def test_a_useless_link_makes_nobody_accept_rules(cast: Cast) -> None:
    path = link_to(cast.held_out)
    Challenge.objects.filter(pk=cast.forest.pk).update(team_size=2)
    assert accept(cast, "vera", path, rules=1, accept="on")[0] == 409
    assert not Acceptance.objects.filter(user=cast.vera).exists()


def test_the_service_refuses_who_has_not_accepted_the_rules(cast: Cast) -> None:
    from podium.core.errors import Forbidden

    token = link_to(cast.held_out).split("/")[2]
    with pytest.raises(Forbidden, match="Accept the challenge's rules first"):
        invitation_accept(token, user=cast.vera)


def test_hosts_do_not_join_their_own_challenge(cast: Cast) -> None:
    path = link_to(cast.held_out)
    for name in ("grace", "jude"):
        assert "You host this challenge." in cast.client(name).get(path).text
        assert accept(cast, name, path, rules=1, accept="on")[0] == 409
    assert people(cast.held_out) == {"ada", "ben"}


def test_nobody_joins_through_a_team_after_the_entry_deadline(cast: Cast) -> None:
    path = link_to(cast.held_out)
    Challenge.objects.filter(pk=cast.forest.pk).update(join_deadline=timezone.now())
    assert "entry deadline is over" in cast.client("vera").get(path).text
    assert accept(cast, "vera", path, rules=1, accept="on")[0] == 409
    assert accept(cast, "chen", path)[0] == 200  # who takes part already may change teams


def test_who_has_submitted_alone_stays_on_their_team(cast: Cast) -> None:
    submit(cast.chen, cast.forest)
    path = link_to(cast.held_out)
    sentence = "Your team “chen” has submitted, so you stay on it: submissions cannot move to another team."
    assert sentence in cast.client("chen").get(path).text
    status, page = accept(cast, "chen", path)
    assert status == 409
    assert sentence in page
    assert people(team_of(cast.chen, cast.forest)) == {"chen"}


def test_who_is_on_a_team_with_others_leaves_it_first(cast: Cast) -> None:
    path = link_to(team_of(cast.chen, cast.forest))
    status, page = accept(cast, "ben", path)
    assert status == 409
    assert "You are on the team “Held Out” with others. Leave it first." in page


def test_a_team_that_has_submitted_may_still_grow(cast: Cast) -> None:
    submit(cast.ada, cast.forest)
    assert accept(cast, "chen", link_to(cast.held_out))[0] == 200


def test_a_full_team_takes_nobody_and_makes_no_links(cast: Cast) -> None:
    path = link_to(cast.held_out)
    Challenge.objects.filter(pk=cast.forest.pk).update(team_size=2)
    status, page = accept(cast, "chen", path)
    assert status == 409
    assert "This team is full: 2 people at most." in page
    assert act(cast, "ada", "invitations/")[0] == 409
    assert "The team is full" in cast.client("ada").get("/challenges/forest/team/").text


def test_a_link_holds_seven_days(cast: Cast) -> None:
    path = link_to(cast.held_out)
    Challenge.objects.filter(pk=cast.forest.pk).update(team_deadline=timezone.now() + timedelta(days=30))
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        status, page = accept(cast, "chen", path)
        assert status == 409
        assert "This link ended on" in page
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        assert accept(cast, "chen", path)[0] == 200


def test_a_revoked_link_is_useless(cast: Cast) -> None:
    path = link_to(cast.held_out)
    status, page = act(cast, "ada", f"invitations/{Invitation.objects.get().pk}/revoke/")
    assert status == 200
    assert "The link is revoked." in page
    assert accept(cast, "chen", path)[0] == 409
    assert "was revoked" in cast.client("chen").get(path).text


def test_a_used_link_cannot_be_revoked(cast: Cast) -> None:
    accept(cast, "chen", link_to(cast.held_out))
    assert act(cast, "ada", f"invitations/{Invitation.objects.get().pk}/revoke/")[0] == 409


def test_revoking_twice_changes_nothing(cast: Cast) -> None:
    link_to(cast.held_out)
    invitation = Invitation.objects.get()
    invitation_revoke(invitation, actor=cast.ada)
    first = invitation.revoked_at
    invitation_revoke(invitation, actor=cast.ada)
    assert invitation.revoked_at == first
    assert history(cast.held_out).filter(name="invitation_revoke").count() == 1


def test_after_the_team_deadline_links_are_useless(cast: Cast) -> None:
    path = link_to(cast.held_out)
    Challenge.objects.filter(pk=cast.forest.pk).update(team_deadline=timezone.now())
    status, page = accept(cast, "chen", path)
    assert status == 409
    assert "Teams stay as they are since" in page


def test_twenty_open_links_are_enough(cast: Cast) -> None:
    for _ in range(20):
        link_to(cast.held_out)
    status, page = act(cast, "ada", "invitations/")
    assert status == 409
    assert "Revoke one that nobody needs" in page


def test_links_that_never_were_lead_nowhere(cast: Cast) -> None:
    for name in ("visitor", "ada"):
        assert cast.client(name).get("/invitations/guess/").status_code == 404
        assert cast.client(name).post("/invitations/guess/").status_code == 404


def test_a_link_into_a_private_challenge_tells_strangers_nothing(cast: Cast) -> None:
    harbour = team_of(cast.dara, cast.harbour)
    path = link_to(harbour)
    for name in ("ada", "vera", "grace"):
        assert cast.client(name).get(path).status_code == 404
        assert cast.client(name).post(path, {"rules": 1, "accept": "on"}).status_code == 404
    visitor = Client().get(path)
    assert (visitor.status_code, visitor.url) == (302, f"/accounts/login/?next={path}")
    eva = person("eva")
    challenge_join(cast.harbour, user=eva)
    client = Client()
    client.force_login(eva, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(path).status_code == 302
    assert people(harbour) == {"dara", "eva"}


def test_a_newcomer_comes_back_to_the_link_after_signing_up(cast: Cast) -> None:
    path, client = link_to(cast.held_out), Client()
    page = client.get(path).text
    assert f"/accounts/signup/?next={path}" in page
    assert f"/accounts/login/?next={path}" in page
    sign_up(client, "ines", next=path)
    back = client.post(link_in(last_mail().body))
    assert back.url == path
    client.post(path, {"rules": 1, "accept": "on"})
    assert people(cast.held_out) == {"ada", "ben", "ines"}
    assert User.objects.filter(username="ines").exists()


def test_a_visitor_who_presses_the_button_signs_in_first(cast: Cast) -> None:
    path = link_to(cast.held_out)
    answer = Client().post(path)
    assert (answer.status_code, answer.url) == (302, f"/accounts/login/?next={path}")
