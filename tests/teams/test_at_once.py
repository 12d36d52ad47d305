"""Two people at the same moment, in two real transactions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from podium.accounts.models import User
from podium.accounts.services import account_delete
from podium.challenges.models import Challenge, Role
from podium.challenges.services import challenge_join
from podium.core.errors import Refusal
from podium.teams import services
from podium.teams.models import Team
from podium.teams.services import invitation_accept, invitation_create, invitation_revoke, member_leave, member_remove
from tests.cast import Cast, person
from tests.teams.helpers import people, team_of

pytestmark = pytest.mark.django_db(transaction=True)
TURNS = 4


@pytest.fixture
def at_once() -> Callable[..., list[str]]:
    """Return a function that runs acts at the same moment, and returns their ends: `done` or a refusal's code."""

    def run(*acts: Callable[[], object]) -> list[str]:
        barrier = Barrier(len(acts))

        def one(act: Callable[[], object]) -> str:
            try:
                barrier.wait(10)
                act()
            except Refusal as refusal:
                return refusal.code
            finally:
                connection.close()
            return "done"

        with ThreadPoolExecutor(len(acts)) as pool:
            return sorted(pool.map(one, acts))

    return run


def test_of_two_who_accept_with_one_seat_left_exactly_one_gets_it(
    cast: Cast, at_once: Callable[..., list[str]]
) -> None:
    Challenge.objects.update(team_size=3)
    challenge_join(cast.forest, user=cast.vera)
    for _ in range(TURNS):
        first, second = (invitation_create(cast.held_out, actor=cast.ada)[1] for _ in range(2))
        ends = at_once(
            lambda token=first: invitation_accept(token, user=cast.chen),
            lambda token=second: invitation_accept(token, user=cast.vera),
        )
        assert ends == ["done", "team_full"]
        (newcomer,) = people(cast.held_out) - {"ada", "ben"}
        member_leave(cast.held_out, user=User.objects.get(username=newcomer))


def test_of_two_who_follow_one_link_exactly_one_joins(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    challenge_join(cast.forest, user=cast.vera)
    for _ in range(TURNS):
        token = invitation_create(cast.held_out, actor=cast.ada)[1]
        ends = at_once(
            lambda token=token: invitation_accept(token, user=cast.chen),
            lambda token=token: invitation_accept(token, user=cast.vera),
        )
        assert ends == ["done", "invitation_used"]
        (newcomer,) = people(cast.held_out) - {"ada", "ben"}
        member_leave(cast.held_out, user=User.objects.get(username=newcomer))


def test_who_follows_two_links_at_once_ends_on_one_team(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    challenge_join(cast.forest, user=cast.vera)
    veras = team_of(cast.vera, cast.forest)
    first = invitation_create(cast.held_out, actor=cast.ada)[1]
    second = invitation_create(veras, actor=cast.vera)[1]
    ends = at_once(lambda: invitation_accept(first, user=cast.chen), lambda: invitation_accept(second, user=cast.chen))
    assert ends.count("done") == 1
    assert set(ends) - {"done"} <= {"changed_meanwhile", "on_a_team"}
    assert cast.chen.memberships.count() == 1


def test_two_who_join_each_other_end_on_teams_that_are_there(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    challenge_join(cast.forest, user=cast.vera)
    chens, veras = team_of(cast.chen, cast.forest), team_of(cast.vera, cast.forest)
    to_chen = invitation_create(chens, actor=cast.chen)[1]
    to_vera = invitation_create(veras, actor=cast.vera)[1]
    ends = at_once(
        lambda: invitation_accept(to_chen, user=cast.vera), lambda: invitation_accept(to_vera, user=cast.chen)
    )
    assert ends == ["changed_meanwhile", "done"]
    assert team_of(cast.chen, cast.forest) == team_of(cast.vera, cast.forest)


def test_a_link_is_used_or_revoked_never_both(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    for _ in range(TURNS):
        invitation, token = invitation_create(cast.held_out, actor=cast.ada)
        ends = at_once(
            lambda token=token: invitation_accept(token, user=cast.chen),
            lambda invitation=invitation: invitation_revoke(invitation, actor=cast.ada),
        )
        joined = "chen" in people(cast.held_out)
        assert ends == (["done", "invitation_used"] if joined else ["done", "invitation_revoked"])
        invitation.refresh_from_db()
        assert (invitation.used_at is None) != (invitation.revoked_at is None)
        if joined:
            member_leave(cast.held_out, user=cast.chen)


def test_who_leaves_and_is_removed_at_once_gets_one_team_of_one(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    ends = at_once(
        lambda: member_leave(cast.held_out, user=cast.ben),
        lambda: member_remove(cast.held_out, user=cast.ben, actor=cast.ada),
    )
    assert ends == ["done", "not_on_team"]
    assert cast.ben.memberships.count() == 1


def test_namesakes_who_join_at_once_get_different_names(cast: Cast, at_once: Callable[..., list[str]]) -> None:
    users = [person(f"same{number}", name="Sam") for number in range(3)]
    ends = at_once(*(lambda user=user: challenge_join(cast.forest, user=user) for user in users))
    assert ends == ["done"] * 3
    assert set(Team.objects.filter(name__startswith="Sam").values_list("name", flat=True)) == {"Sam", "Sam 2", "Sam 3"}


def test_two_owners_who_delete_their_accounts_at_once_leave_one_behind(
    cast: Cast, at_once: Callable[..., list[str]]
) -> None:
    Role.objects.create(challenge=cast.forest, user=cast.vera, name="owner")
    ends = at_once(lambda: account_delete(cast.grace), lambda: account_delete(cast.vera))
    assert ends == ["cannot_leave", "done"]
    assert cast.forest.roles.filter(name="owner").count() == 1


def test_two_members_who_delete_their_accounts_at_once_leave_no_team_without_people(
    cast: Cast, at_once: Callable[..., list[str]]
) -> None:
    assert at_once(lambda: account_delete(cast.ada), lambda: account_delete(cast.ben)) == ["done", "done"]
    assert not Team.objects.filter(pk=cast.held_out.pk).exists()


def test_without_the_lock_the_last_seat_would_be_given_twice(
    cast: Cast, at_once: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that these tests can fail: on PostgreSQL, where the lock is a lock on rows."""
    if connection.vendor != "postgresql":
        assert (
            connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        )  # the lock there is the transaction
        return
    meeting = Barrier(2)
    original = services._require_seat

    def waits(team: Team) -> None:
        original(team)
        meeting.wait(5)

    monkeypatch.setattr(services, "_lock_teams", lambda pks: None)
    monkeypatch.setattr(services, "_require_seat", waits)
    Challenge.objects.update(team_size=3)
    challenge_join(cast.forest, user=cast.vera)
    monkeypatch.setattr(services, "_require_seat", original)
    first, second = (invitation_create(cast.held_out, actor=cast.ada)[1] for _ in range(2))
    monkeypatch.setattr(services, "_require_seat", waits)
    at_once(lambda: invitation_accept(first, user=cast.chen), lambda: invitation_accept(second, user=cast.vera))
    assert len(people(cast.held_out)) == 4
