"""Joining: which version of the rules, when, once; and who cannot."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from podium.challenges.models import Acceptance, Challenge
from podium.challenges.services import rules_publish
from tests.cast import Cast
from tests.challenges.reading import body, text

TRAIN = b"id,x,label\na,1,0\n"
RULES, JOIN = "/challenges/forest/rules/", "/challenges/forest/join/"


def accept(cast: Cast, name: str, *, rules: int = 1, **more: Any) -> Any:
    return cast.client(name).post(JOIN, {"rules": rules, "accept": "on"}, **more)


def test_accepting_the_rules_makes_a_participant_with_a_team(cast: Cast) -> None:
    before = timezone.now()
    answer = accept(cast, "vera", follow=True)
    assert answer.redirect_chain == [("/challenges/forest/data/", 302)]
    assert "You take part in “Forest”" in text(answer)
    acceptance = Acceptance.objects.get(user=cast.vera)
    assert acceptance.rules.number == 1
    assert before <= acceptance.at <= timezone.now()
    assert cast.vera.memberships.get().team.challenge == cast.forest


def test_the_page_says_which_version_was_accepted_and_when(cast: Cast) -> None:
    shown = text(cast.client("ada").get(RULES))
    assert "You accepted version 1 on" in shown
    assert "Join this challenge" not in shown


def test_before_the_button_the_page_says_who_will_see_what(cast: Cast) -> None:
    shown = text(cast.client("vera").get(RULES))
    for words in ("team of one", "up to 5", "Anybody who sees this challenge sees", "The hosts (A lab)"):
        assert words in shown


def test_joining_twice_is_joining_once(cast: Cast) -> None:
    for _ in range(2):
        assert accept(cast, "vera").status_code == 302
    assert Acceptance.objects.filter(user=cast.vera).count() == 1
    assert cast.vera.memberships.count() == 1


def test_without_the_tick_nothing_is_accepted(cast: Cast) -> None:
    answer = cast.client("vera").post(JOIN, {"rules": 1})
    assert answer.status_code == 422
    assert "Tick the box to accept the rules." in text(answer)
    assert not Acceptance.objects.filter(user=cast.vera).exists()


def test_rules_that_changed_while_one_read_them_are_not_accepted_unread(cast: Cast) -> None:
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    answer = accept(cast, "vera", rules=1)
    assert answer.status_code == 422
    assert "Version 2 holds now" in text(answer)
    assert "Be fairer." in text(answer)
    assert 'name="rules" value="2"' in answer.content.decode()
    assert not Acceptance.objects.filter(user=cast.vera).exists()


def test_a_new_version_asks_again_and_ends_nothing(cast: Cast) -> None:
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace, note="Fairer.")
    ada = cast.client("ada")
    assert "The rules have changed." in text(ada.get("/challenges/forest/"))
    assert body(ada.get("/challenges/forest/data/train.csv")) == TRAIN
    shown = text(ada.get(RULES))
    assert "Accept version 2" in shown
    assert "Fairer." in shown
    answer = ada.post(JOIN, {"rules": 2, "accept": "on"}, follow=True)
    assert answer.redirect_chain == [(RULES, 302)]
    assert "you accept version 2" in text(answer)
    assert "The rules have changed." not in text(ada.get("/challenges/forest/"))
    assert [a.rules.number for a in Acceptance.objects.filter(user=cast.ada).order_by("id")] == [1, 2]
    assert cast.ada.memberships.get().team == cast.held_out


def test_a_participant_may_accept_new_rules_after_the_entry_deadline(cast: Cast) -> None:
    Challenge.objects.filter(pk=cast.forest.pk).update(join_deadline=timezone.now() - timedelta(hours=1))
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    assert accept(cast, "ada", rules=2).status_code == 302
    assert Acceptance.objects.filter(user=cast.ada).count() == 2


def test_older_versions_can_be_read_and_say_that_they_are_old(cast: Cast) -> None:
    rules_publish(cast.forest, body="Be fairer.", actor=cast.grace)
    client = cast.client("visitor")
    assert "Be fairer." in text(client.get(RULES))
    old = text(client.get(f"{RULES}1/"))
    assert "Be fair." in old
    assert "holds no more" in old
    assert client.get(f"{RULES}3/").status_code == 404


def test_rules_of_tomorrow_are_not_shown_today(cast: Cast) -> None:
    coming = rules_publish(cast.forest, body="Be silent.", actor=cast.grace)
    type(coming).objects.filter(pk=coming.pk).update(published_at=timezone.now() + timedelta(days=1))
    assert "Be silent." not in text(cast.client("ada").get(RULES))
    assert cast.client("ada").get(f"{RULES}2/").status_code == 404


def test_a_visitor_signs_in_first_and_comes_back(cast: Cast) -> None:
    answer = accept(cast, "visitor")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={RULES}")
    assert f"/accounts/login/?next={RULES}" in cast.client("visitor").get(RULES).content.decode()


def test_an_address_that_nobody_verified_cannot_join(cast: Cast) -> None:
    cast.vera.emailaddress_set.update(verified=False)
    answer = accept(cast, "vera")
    assert answer.status_code == 403
    assert "Confirm your e-mail address first" in text(answer)
    assert not Acceptance.objects.filter(user=cast.vera).exists()


@pytest.mark.parametrize("name", ["grace", "jude"])
def test_hosts_cannot_join_their_own_challenge(cast: Cast, name: str) -> None:
    answer = accept(cast, name)
    assert answer.status_code == 403
    assert "cannot take part" in text(cast.client(name).get(RULES))


def test_a_host_of_another_challenge_can(cast: Cast) -> None:
    assert accept(cast, "heidi").status_code == 302


def test_after_the_entry_deadline_nobody_new_joins(cast: Cast) -> None:
    Challenge.objects.filter(pk=cast.forest.pk).update(join_deadline=timezone.now() - timedelta(hours=1))
    answer = accept(cast, "vera")
    assert answer.status_code == 409
    assert not Acceptance.objects.filter(user=cast.vera).exists()


def test_what_one_cannot_see_one_cannot_join(cast: Cast) -> None:
    answer = cast.client("vera").post("/challenges/harbour/join/", {"rules": 1, "accept": "on"})
    assert answer.status_code == 404


def test_looking_at_the_address_of_joining_joins_nobody(cast: Cast) -> None:
    assert cast.client("vera").get(JOIN).status_code == 405


def test_a_challenge_without_rules_cannot_be_joined(cast: Cast) -> None:
    Acceptance.objects.all().delete()
    cast.forest.rules_versions.all().delete()
    assert "No rules yet" in text(cast.client("vera").get(RULES))
    assert accept(cast, "vera").status_code == 409
