"""Posting what no form at /host/ offers: rows of other challenges, other people's rows, states, by hand."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from podium.challenges.models import DatasetVersion, Page, PhaseTask, Role
from podium.core.models import Event
from podium.leaderboards.models import Board, Column
from podium.submissions.models import Submission
from podium.teams.services import baseline_create
from tests.cast import Cast
from tests.hosts.forms import errors, fill, form_at
from tests.hosts.test_from_nothing import file, times

pytestmark = pytest.mark.django_db

NOT_OFFERED = "Select a valid choice. That choice is not one of the available choices."
NOBODYS = 987654


def parts(cast: Cast) -> dict[str, dict[str, Any]]:
    """Return, for every form that adds something, what makes it complete but for the challenge."""
    return {
        "challenges/page": {"slug": "foreign", "title": "Foreign"},
        "challenges/rulesversion": {"body": "Be mine."},
        "challenges/datasetversion": {"name": "solution", "audience": "public", "uploads": [file("x.csv", "a\n1\n")]},
        "challenges/task": {"name": "main", "reference": reference(cast, "forest").pk},
        "challenges/phase": {"name": "Main", "slug": "main", **times(opens=1, closes=2)},
        "challenges/role": {"user": "vera", "name": "owner"},
        "leaderboards/board": {"title": "B", "slug": "public", "phase": cast.forest.phases.get().pk},
        "teams/team": {"name": "Dara"},
    }


def reference(cast: Cast, slug: str) -> DatasetVersion:
    """Return a challenge's solution."""
    return DatasetVersion.objects.get(dataset__challenge=getattr(cast, slug), dataset__name="solution")


def test_nothing_is_added_to_another_challenge_nor_does_a_form_tell_whether_there_is_one(cast: Cast) -> None:
    grace = cast.client("grace")
    before = Event.objects.count()
    for what in parts(cast):
        said = [
            errors(fill(grace, f"/host/{what}/add/", **parts(cast)[what], challenge=pk))
            for pk in (cast.harbour.pk, NOBODYS)
        ]
        assert NOT_OFFERED in said[0], what
        assert said[0] == said[1], what
    assert Event.objects.count() == before


def refused(client: Client, address: str, **fields: Any) -> bool:
    """Tell whether a form refuses what it did not offer, and says no more than of what nobody has."""
    said = errors(fill(client, address, **fields))
    return NOT_OFFERED in said and said == errors(fill(client, address, **dict.fromkeys(fields, NOBODYS)))


def test_a_row_cannot_be_tied_to_rows_of_another_challenge(cast: Cast) -> None:
    grace, forest, harbour = cast.client("grace"), cast.forest, cast.harbour
    task, phase, board = (f"/host/{what}/{row.pk}/change/" for what, row in (
        ("challenges/task", forest.tasks.get()),
        ("challenges/phase", forest.phases.get()),
        ("leaderboards/board", Board.objects.get(challenge=forest, slug="public")),
    ))  # fmt: skip
    assert refused(grace, task, reference=reference(cast, "harbour").pk)
    assert refused(grace, phase, **{"phase_tasks-0-task": harbour.tasks.get().pk})
    assert refused(grace, board, phase=harbour.phases.get().pk)
    assert refused(grace, board, compared_with=harbour.boards.all()[0].pk)
    assert refused(grace, board, **{"columns-0-task": harbour.tasks.get().pk})
    assert not PhaseTask.objects.filter(phase__challenge=forest, task__challenge=harbour).exists()
    assert not Column.objects.filter(board__challenge=forest, task__challenge=harbour).exists()


def test_an_inline_row_of_another_challenge_is_neither_changed_nor_removed(cast: Cast) -> None:
    grace = cast.client("grace")
    theirs = PhaseTask.objects.get(phase__challenge=cast.harbour)
    address = f"/host/challenges/phase/{cast.forest.phases.get().pk}/change/"
    fields = {"phase_tasks-0-id": theirs.pk, "phase_tasks-0-position": 7}
    assert NOT_OFFERED in errors(fill(grace, address, **fields))
    fill(grace, address, **fields, **{"phase_tasks-0-DELETE": "on"})
    theirs.refresh_from_db()
    assert theirs.position == 0


def test_two_own_challenges_are_not_mixed_either(cast: Cast) -> None:
    Role.objects.create(challenge=cast.harbour, user=cast.grace, name="editor")
    grace = cast.client("grace")
    fields = {"name": "Mixed", "slug": "mixed", "phase_tasks-0-task": cast.harbour.tasks.get().pk}
    answer = fill(grace, "/host/challenges/phase/add/", challenge=cast.forest.pk, **fields, **times(opens=1, closes=2))
    assert any("belongs to another challenge" in said for said in errors(answer))
    fields = {"name": "mixed", "reference": reference(cast, "harbour").pk}
    answer = fill(grace, "/host/challenges/task/add/", challenge=cast.forest.pk, **fields)
    assert errors(answer) == ["This dataset belongs to another challenge."]
    assert not cast.forest.phases.filter(slug="mixed").exists()


def test_choices_name_their_challenge_where_there_are_several(cast: Cast) -> None:
    Role.objects.create(challenge=cast.harbour, user=cast.grace, name="editor")
    grace = cast.client("grace")
    assert "Harbour: solution, version 1" in grace.get("/host/challenges/task/add/").content.decode()
    inside = form_at(grace, f"/host/challenges/task/{cast.forest.tasks.get().pk}/change/")
    assert inside.choices["reference"] == ["", str(reference(cast, "forest").pk)]


def test_a_role_somewhere_gives_no_right_elsewhere(cast: Cast) -> None:
    Role.objects.create(challenge=cast.harbour, user=cast.grace, name="judge")
    grace, theirs = cast.client("grace"), cast.harbour.phases.get()
    address = f"/host/challenges/phase/{theirs.pk}/change/"
    assert grace.get(address).status_code == 200  # a judge looks
    assert grace.post(address, {"name": "Mine"}).status_code == 403
    assert str(cast.harbour.pk) not in form_at(grace, "/host/challenges/page/add/").choices["challenge"]
    page = Page.objects.create(challenge=cast.harbour, slug="hints", title="Hints")
    form = {"action": "delete_selected", "_selected_action": [page.pk], "post": "yes"}
    assert grace.post("/host/challenges/page/", form).status_code == 403
    assert Page.objects.filter(pk=page.pk).exists()
    sent = Submission.objects.create(phase=theirs, team=cast.harbour.teams.get(), author=cast.dara)
    form = {"action": "stop", "_selected_action": [sent.pk]}
    assert "not stop it" in grace.post("/host/submissions/submission/", form, follow=True).content.decode()
    form = {"action": "release", "_selected_action": [theirs.pk]}
    assert "You have no right" in grace.post("/host/challenges/phase/", form, follow=True).content.decode()
    sent.refresh_from_db()
    theirs.refresh_from_db()
    assert (sent.state, theirs.name) == ("received", "Main phase")


def test_actions_reach_the_hosts_own_rows_alone(cast: Cast) -> None:
    grace, theirs = cast.client("grace"), cast.harbour.phases.get()
    sent = Submission.objects.create(phase=theirs, team=cast.harbour.teams.get(), author=cast.dara)
    page = Page.objects.create(challenge=cast.harbour, slug="hints", title="Hints")
    for what, action, pk in (
        ("submissions/submission", "stop", sent.pk),
        ("challenges/phase", "release", theirs.pk),
        ("challenges/page", "delete_selected", page.pk),
    ):
        form = {"action": action, "_selected_action": [pk], "post": "yes", "select_across": "1"}
        answer = grace.post(f"/host/{what}/", form, follow=True)
        assert "Harbour" not in answer.content.decode()
    sent.refresh_from_db()
    assert sent.state == "received"
    assert Page.objects.filter(pk=page.pk).exists()


def test_judges_see_and_change_nothing(cast: Cast) -> None:
    jude, before = cast.client("jude"), Event.objects.count()
    sent = Submission.objects.create(phase=cast.forest.phases.get(), team=cast.held_out, author=cast.ada)
    rows = {
        "challenges/challenge": cast.forest.pk,
        "challenges/phase": cast.forest.phases.get().pk,
        "challenges/task": cast.forest.tasks.get().pk,
        "leaderboards/board": cast.forest.boards.all()[0].pk,
        "challenges/role": cast.jude.roles.get().pk,
    }
    for what, pk in rows.items():
        page = jude.get(f"/host/{what}/{pk}/change/").content.decode()
        assert 'name="_save"' not in page, what
        assert jude.post(f"/host/{what}/{pk}/change/", {"title": "x", "name": "owner"}).status_code == 403, what
        assert jude.post(f"/host/{what}/add/", {"challenge": cast.forest.pk}).status_code == 403, what
    for what, action in (("submissions/submission", "stop"), ("challenges/phase", "release")):
        assert f'value="{action}"' not in jude.get(f"/host/{what}/").content.decode()
        jude.post(f"/host/{what}/", {"action": action, "_selected_action": [sent.pk, cast.forest.phases.get().pk]})
    sent.refresh_from_db()
    assert sent.state == "received"
    assert Event.objects.count() == before


def test_nobody_sends_for_people(cast: Cast) -> None:
    grace = cast.client("grace")
    baseline_create(cast.forest, name="Base", actor=cast.grace)
    fields = {"phase": cast.forest.phases.get().pk, "team": cast.held_out.pk, "file": file("a.csv", "id,label\n")}
    assert errors(fill(grace, "/host/submissions/submission/add/", **fields)) == [NOT_OFFERED]
    assert not Submission.objects.exists()


def test_an_editor_does_not_decide_who_hosts(cast: Cast) -> None:
    Role.objects.create(challenge=cast.forest, user=cast.vera, name="editor")
    vera = cast.client("vera")
    assert vera.get("/host/challenges/role/add/").status_code == 403
    assert vera.post(f"/host/challenges/role/{cast.vera.roles.get().pk}/change/", {"name": "owner"}).status_code == 403
    assert cast.vera.roles.get().name == "editor"


def test_states_are_not_in_any_form(cast: Cast) -> None:
    grace = cast.client("grace")
    sent = Submission.objects.create(phase=cast.forest.phases.get(), team=cast.held_out, author=cast.ada)
    assert grace.post(f"/host/submissions/submission/{sent.pk}/change/", {"state": "scored"}).status_code == 403
    board = Board.objects.get(challenge=cast.forest, slug="public")
    assert "snapshot_day" not in form_at(grace, f"/host/leaderboards/board/{board.pk}/change/").values


def test_djangos_ways_to_any_row_lead_nowhere(cast: Cast) -> None:
    grace = cast.client("grace")
    asked = "?term=dara&app_label=teams&model_name=team&field_name=leader"
    assert grace.get(f"/host/autocomplete/{asked}").status_code == 404
    for pk in (cast.harbour.pk, cast.forest.pk, NOBODYS):
        assert grace.get(f"/host/r/7/{pk}/").status_code == 404


def test_lists_cannot_be_searched_by_what_lies_behind_them(cast: Cast) -> None:
    grace = cast.client("grace")
    for what, query in (
        ("challenges/role", "user__password__startswith=a"),
        ("challenges/role", "user__email__contains=grace"),
        ("submissions/submission", "team__challenge__roles__user__username=heidi"),
        ("challenges/challenge", "roles__user__email__contains=grace"),
    ):
        assert grace.get(f"/host/{what}/?{query}").status_code == 400, query


def test_who_hosts_no_more_is_out(cast: Cast) -> None:
    grace = cast.client("grace")
    address = reverse("host:challenges_challenge_change", args=[cast.forest.pk])
    assert grace.get(address).status_code == 200
    cast.grace.roles.all().delete()
    assert grace.get(address).status_code == 302
    Role.objects.create(challenge=cast.harbour, user=cast.grace, name="judge")
    assert grace.get(address).status_code == 404
