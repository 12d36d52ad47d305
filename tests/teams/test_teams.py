"""A team's page: its people, its name, leaving and removing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from podium.accounts.models import User
from podium.challenges.models import Challenge, Role
from podium.challenges.services import challenge_join
from podium.core.errors import Conflict
from podium.core.events import history
from podium.core.models import Event
from podium.teams.models import Membership, Team
from podium.teams.services import baseline_create, member_leave, team_rename
from tests.cast import Cast, person
from tests.teams.helpers import act, link_to, people, submit, team_of


def close_teams(cast: Cast) -> None:
    """Let the team deadline of Forest be over."""
    Challenge.objects.filter(pk=cast.forest.pk).update(team_deadline=timezone.now() - timedelta(minutes=1))


def test_who_joins_competes_on_a_team_of_one_under_their_name(cast: Cast) -> None:
    cast.vera.name = "Vera Rubin"
    cast.vera.save()
    challenge_join(cast.forest, user=cast.vera)
    team = team_of(cast.vera, cast.forest)
    assert (team.name, team.leader, people(team)) == ("Vera Rubin", cast.vera, {"vera"})
    assert [event.name for event in history(team)] == ["team_create"]


def test_namesakes_get_numbers_in_any_case_and_script(cast: Cast) -> None:
    wanted = ["Jörg Müller", "jörg müller", "JÖRG MÜLLER", "chen", "Chen", "Held Out"]
    names = []
    for number, name in enumerate(wanted):
        user = person(f"namesake{number}", name=name)
        challenge_join(cast.forest, user=user)
        names.append(team_of(user, cast.forest).name)
    assert names == ["Jörg Müller", "jörg müller 2", "JÖRG MÜLLER 3", "chen 2", "Chen 3", "Held Out 2"]


def test_a_name_of_the_greatest_length_leaves_room_for_its_number(cast: Cast) -> None:
    for number in range(2):
        challenge_join(cast.forest, user=person(f"long{number}", name="x" * 80))
    assert set(Team.objects.filter(name__startswith="xx").values_list("name", flat=True)) == {"x" * 60, "x" * 58 + " 2"}


def test_joining_twice_makes_one_team(cast: Cast) -> None:
    challenge_join(cast.forest, user=cast.vera)
    challenge_join(cast.forest, user=cast.vera)
    assert Membership.objects.filter(user=cast.vera).count() == 1


def test_the_page_says_who_is_on_the_team_what_holds_and_until_when(cast: Cast) -> None:
    page = cast.client("ada").get("/challenges/forest/team/").text
    for words in ("Held Out", "ada", "ben", "leads", "2 of 5", "Teams can change", "Make an invitation link"):
        assert words in page
    assert 'aria-current="page">Team<' in page


def test_who_does_not_lead_sees_no_buttons_of_the_leader(cast: Cast) -> None:
    page = cast.client("ben").get("/challenges/forest/team/").text
    assert "ada leads the team and can invite others." in page
    assert "Make an invitation link" not in page
    assert "Rename" not in page
    assert "Leave the team" in page


def test_people_without_a_team_are_told_what_to_do(cast: Cast) -> None:
    assert "You have no team yet" in cast.client("vera").get("/challenges/forest/team/").text
    assert "Hosts have no team" in cast.client("grace").get("/challenges/forest/team/").text


@pytest.mark.parametrize(
    ("name", "slug", "status"),
    [
        ("ada", "forest", 200),
        ("chen", "forest", 200),
        ("vera", "forest", 200),
        ("grace", "forest", 200),
        ("dara", "harbour", 200),
        ("heidi", "harbour", 200),
        ("ada", "harbour", 404),
        ("grace", "harbour", 404),
        ("vera", "harbour", 404),
        ("visitor", "forest", 302),
        ("visitor", "harbour", 302),
    ],
)
def test_who_may_see_the_page(cast: Cast, name: str, slug: str, status: int) -> None:
    assert cast.client(name).get(f"/challenges/{slug}/team/").status_code == status


@pytest.mark.parametrize(
    "what", ["name/", "invitations/", "leave/", "people/{ben}/remove/", "invitations/{link}/revoke/"]
)
def test_strangers_outsiders_and_members_do_nothing_that_is_the_leaders(cast: Cast, what: str) -> None:
    link_to(cast.held_out)
    path = what.format(ben=cast.ben.pk, link=cast.held_out.invitations.get().pk)
    expected = {"visitor": 302, "vera": 403, "grace": 403, "dara": 403, "heidi": 403}
    if what != "leave/":
        expected["ben"] = 403  # on the team, but not leading it
    for name, status in expected.items():
        answer = cast.client(name).post(f"/challenges/forest/team/{path}", {"name": "Ours"})
        assert answer.status_code == status, name
    assert cast.client("ada").post(f"/challenges/harbour/team/{path}", {"name": "Ours"}).status_code == 404
    assert people(cast.held_out) == {"ada", "ben"}
    cast.held_out.refresh_from_db()
    assert cast.held_out.name == "Held Out"
    assert cast.held_out.invitations.get().revoked_at is None


def test_leaders_reach_only_their_own_team(cast: Cast) -> None:
    link_to(cast.held_out)
    foreign = cast.held_out.invitations.get()
    assert act(cast, "chen", f"people/{cast.ben.pk}/remove/")[0] == 404
    assert act(cast, "chen", f"invitations/{foreign.pk}/revoke/")[0] == 404


def test_nothing_is_done_by_following_a_link(cast: Cast) -> None:
    for what in ("name/", "invitations/", "leave/", f"people/{cast.ben.pk}/remove/"):
        assert cast.client("ada").get(f"/challenges/forest/team/{what}").status_code == 405


def test_the_leader_renames_the_team(cast: Cast) -> None:
    status, page = act(cast, "ada", "name/", name="  Out   of Bag ")
    assert status == 200
    assert "Your team is called “Out of Bag” now." in page
    assert history(cast.held_out).filter(name="team_rename", actor=cast.ada).exists()


def test_a_team_may_change_the_case_of_its_own_name(cast: Cast) -> None:
    act(cast, "ada", "name/", name="HELD OUT")
    cast.held_out.refresh_from_db()
    assert cast.held_out.name == "HELD OUT"


@pytest.mark.parametrize(
    "name",
    [
        "chen",
        "CHEN",
        "ｃｈｅｎ",
        "",
        "   ",
        "—",
        "x" * 61,
        "Held\u200bOut",
        "\u202eOut",
        "a\u0000b",
        "\u3164",
        "e" + "\u0301" * 9,
    ],
)
def test_taken_and_deceptive_names_are_refused_in_the_form(cast: Cast, name: str) -> None:
    answer = cast.client("ada").post("/challenges/forest/team/name/", {"name": name})
    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]
    cast.held_out.refresh_from_db()
    assert cast.held_out.name == "Held Out"


def test_names_are_compared_in_any_case_beyond_ascii_too(cast: Cast) -> None:
    Team.objects.filter(memberships__user=cast.chen).update(name="Äpfel")
    with pytest.raises(Conflict, match="is called “äPFEL”"):
        team_rename(cast.held_out, name="äPFEL", actor=cast.ada)


def test_two_challenges_may_have_teams_of_one_name(cast: Cast) -> None:
    assert act(cast, "dara", "name/", slug="harbour", name="Held Out")[0] == 200


def test_a_baseline_has_a_name_and_no_people(cast: Cast) -> None:
    team = baseline_create(cast.forest, name="Majority class", actor=cast.grace)
    assert (team.kind, team.leader, people(team)) == ("baseline", None, set())
    with pytest.raises(Conflict):
        baseline_create(cast.forest, name="majority CLASS", actor=cast.grace)


def test_who_leaves_competes_alone(cast: Cast) -> None:
    status, page = act(cast, "ben", "leave/")
    assert status == 200
    assert "You left “Held Out” and compete as “ben” now." in page
    assert people(cast.held_out) == {"ada"}
    assert team_of(cast.ben, cast.forest).leader == cast.ben


def test_leadership_passes_when_the_leader_leaves(cast: Cast) -> None:
    act(cast, "ada", "leave/")
    cast.held_out.refresh_from_db()
    assert cast.held_out.leader == cast.ben
    assert history(cast.held_out).filter(name="member_leave", actor=cast.ada).exists()


def test_nobody_leaves_a_team_of_one(cast: Cast) -> None:
    status, page = act(cast, "chen", "leave/")
    assert status == 409
    assert "You are alone on this team" in page


def test_nobody_leaves_or_is_removed_after_a_submission_of_any_state(cast: Cast) -> None:
    sent = submit(cast.ben, cast.forest)
    for state in ("received", "scored", "rejected", "failed", "cancelled"):
        type(sent).objects.filter(pk=sent.pk).update(state=state)
        assert act(cast, "ben", "leave/")[0] == 409
        assert act(cast, "ada", f"people/{cast.ben.pk}/remove/")[0] == 409
    page = cast.client("ben").get("/challenges/forest/team/").text
    assert "nobody can leave it any more" in page
    assert people(cast.held_out) == {"ada", "ben"}


def test_the_leader_removes_a_person_who_then_competes_alone(cast: Cast) -> None:
    status, page = act(cast, "ada", f"people/{cast.ben.pk}/remove/")
    assert status == 200
    assert "ben is off the team" in page
    assert people(team_of(cast.ben, cast.forest)) == {"ben"}


def test_leaders_do_not_remove_themselves_or_who_is_not_there(cast: Cast) -> None:
    assert act(cast, "ada", f"people/{cast.ada.pk}/remove/")[0] == 409
    assert act(cast, "ada", f"people/{cast.chen.pk}/remove/")[0] == 404


def test_teams_stay_as_they_are_from_the_deadline_on(cast: Cast) -> None:
    close_teams(cast)
    for what in ("name/", "invitations/", "leave/", f"people/{cast.ben.pk}/remove/"):
        assert act(cast, "ada", what, name="Late")[0] in (409, 422), what
    page = cast.client("ada").get("/challenges/forest/team/").text
    assert "Teams stay as they are now" in page
    assert people(cast.held_out) == {"ada", "ben"}
    cast.held_out.refresh_from_db()
    assert cast.held_out.name == "Held Out"


def test_who_joins_after_the_team_deadline_still_gets_a_team_of_one(cast: Cast) -> None:
    close_teams(cast)
    challenge_join(cast.forest, user=cast.vera)
    assert people(team_of(cast.vera, cast.forest)) == {"vera"}


def test_without_a_deadline_of_their_own_teams_close_with_the_last_phase(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    type(phase).objects.filter(pk=phase.pk).update(
        closes=timezone.now() - timedelta(seconds=1), private_release=timezone.now()
    )
    with pytest.raises(Conflict, match="stay as they are"):
        member_leave(cast.held_out, user=cast.ben)


def test_events_name_no_person_and_hold_no_token(cast: Cast) -> None:
    act(cast, "ada", "invitations/")
    act(cast, "ben", "leave/")
    for event in Event.objects.filter(subject=f"team:{cast.held_out.pk}"):
        assert set(event.data) <= {"invitation", "user", "to", "into"}
        assert all(isinstance(value, int) for value in event.data.values())


def test_a_challenge_for_single_people_offers_no_invitations(cast: Cast) -> None:
    Challenge.objects.filter(pk=cast.forest.pk).update(team_size=1)
    assert "Invite" not in cast.client("chen").get("/challenges/forest/team/").text
    assert act(cast, "chen", "invitations/")[0] == 409


def test_the_page_asks_the_database_no_more_for_more_people_and_links(cast: Cast) -> None:
    counts = []
    for number in range(2):
        client = cast.client("ada")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/challenges/forest/team/").status_code == 200
        counts.append(len(queries))
        Challenge.objects.filter(pk=cast.forest.pk).update(team_size=20)
        for name in ("x", "y", "z"):
            user = person(f"{name}{number}")
            Membership.objects.create(team=cast.held_out, challenge=cast.forest, user=user)
            link_to(Team.objects.get(pk=cast.held_out.pk))
    assert counts[0] == counts[1]


def test_an_owner_who_once_took_part_is_no_leader_of_others(cast: Cast) -> None:
    Role.objects.create(challenge=cast.forest, user=cast.ben, name="owner")
    assert act(cast, "ben", "name/", name="Mine")[0] == 403


def test_closed_accounts_stay_on_the_page_of_their_team(cast: Cast) -> None:
    User.objects.filter(pk=cast.ben.pk).update(is_active=False)
    assert "ben" in cast.client("ada").get("/challenges/forest/team/").text
