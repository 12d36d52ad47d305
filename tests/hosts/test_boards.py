"""Boards at /host/: several a challenge, columns that are scores, slices or computations, and what is refused."""

from typing import Any

import pytest
from django.http import HttpResponse

from podium.leaderboards.models import Board, Column
from tests.cast import Cast
from tests.hosts.forms import errors, fill, saved
from tests.leaderboards.made import board, scored, team

pytestmark = pytest.mark.django_db
SLICED = {"slices": ["sex"]}


def change(cast: Cast, which: Board, **fields: Any) -> HttpResponse:
    """Fill in the form of a board as grace."""
    return fill(cast.client("grace"), f"/host/leaderboards/board/{which.pk}/change/", **fields)


def column(number: int, **fields: Any) -> dict[str, Any]:
    """Return the fields of a score column in the form."""
    usual = {"title": "More", "score_key": "accuracy", "direction": "higher", "decimals": 4, "position": number}
    return {f"columns-{number}-{name}": value for name, value in {**usual, **fields}.items()}


def computed(**fields: Any) -> dict[str, Any]:
    """Return the fields of a computed column in the form."""
    usual = {"title": "Sum", "key": "sum", "computed": "weighted", "direction": "higher", "decimals": 4, "position": 9}
    rows = {f"columns-2-0-{name}": value for name, value in {**usual, **fields}.items()}
    return {"columns-2-TOTAL_FORMS": 1, **rows}


def task_of(cast: Cast, **spec: Any) -> int:
    """Return the key of Forest's task, its scorer changed."""
    task = cast.forest.tasks.get()
    task.scorer["spec"] |= spec
    task.save()
    return task.pk


def test_a_challenge_has_as_many_boards_as_its_host_wants(cast: Cast) -> None:
    phase = cast.forest.phases.get()
    fields = {"challenge": cast.forest.pk, "phase": phase.pk, "title": "Latest", "slug": "latest", "rule": "latest",
              "audience": "public", **column(0, key="acc", task=task_of(cast), split="public")}  # fmt: skip
    assert saved(fill(cast.client("grace"), f"/host/leaderboards/board/add/?challenge={cast.forest.pk}", **fields))
    assert [each.slug for each in cast.forest.boards.all()] == ["public", "latest", "private"]
    page = cast.client("visitor").get("/challenges/forest/leaderboard/").content.decode()
    assert "/challenges/forest/leaderboard/latest/" in page


@pytest.mark.parametrize("split", ["private:sex=F", "private:sex:worst", "private:sex:gap", "private:sex:ratio"])
def test_a_slice_is_a_column(cast: Cast, split: str) -> None:
    private = board(cast.forest, "private")
    assert saved(change(cast, private, **column(1, key="slice", task=task_of(cast, **SLICED), split=split)))
    assert [each.split for each in private.columns.all()] == ["private", split]


@pytest.mark.parametrize("split", ["private:age=7", "private:sex", "private:sex:best", "all:sex=F"])
def test_a_slice_that_is_not_computed_is_refused(cast: Cast, split: str) -> None:
    answer = change(
        cast, board(cast.forest, "private"), **column(1, key="s", task=task_of(cast, **SLICED), split=split)
    )
    assert errors(answer)


def test_a_slice_of_private_scores_is_as_private_as_they_are(cast: Cast) -> None:
    fields = column(1, key="slice", task=task_of(cast, **SLICED), split="private:sex=F")
    assert "A public board shows no private scores" in " ".join(errors(change(cast, board(cast.forest), **fields)))


def test_a_computed_column_is_filled_for_the_entries_that_there_are(cast: Cast) -> None:
    scored(cast.held_out, 0.8)
    public = board(cast.forest)
    assert saved(change(cast, public, **computed(parts="accuracy 0.5")))
    made = public.columns.get(key="sum")
    assert (made.computed, made.parts, made.task) == ("weighted", {"accuracy": 0.5}, None)
    assert public.entries.get().values == {"accuracy": 0.8, "sum": 0.4}


def test_a_rule_over_all_teams_is_worked_out_when_it_is_saved(cast: Cast) -> None:
    scored(cast.held_out, 0.8)
    scored(team(cast.forest, "Nadir"), 0.7)
    assert saved(
        change(cast, board(cast.forest), **computed(key="borda", computed="borda", parts="accuracy", direction=""))
    )
    assert [entry.values["borda"] for entry in board(cast.forest).entries.order_by("place")] == [1.0, 0.0]


def test_a_computed_column_can_rank(cast: Cast) -> None:
    scored(cast.held_out, 0.8)
    scored(team(cast.forest, "Nadir"), 0.7)
    public = board(cast.forest)
    fields = {**computed(parts="accuracy -1", position=0), "columns-0-position": 1}
    assert saved(change(cast, public, **fields))
    assert [entry.team.name for entry in public.entries.order_by("place")] == ["Nadir", "Held Out"]
    assert "Sum ranks, the other columns do not." in (
        cast.client("visitor").get("/challenges/forest/leaderboard/public/").content.decode()
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"parts": "nothing"}, "No score column above has the key “nothing”."),
        ({"parts": "accuracy much"}, "is no column with a weight"),
        ({"parts": "accuracy nan"}, "is no column with a weight"),
        ({"parts": ""}, "required"),
        ({"parts": "accuracy", "direction": ""}, "Say whether a higher or a lower sum is better."),
        ({"computed": "borda", "parts": "accuracy 2"}, "leave the weights out"),
        ({"computed": "mean_rank", "parts": "accuracy -1"}, "greater than 0"),
        ({"key": "accuracy", "parts": "accuracy"}, "already exists"),
    ],
)
def test_what_cannot_be_computed_is_refused(cast: Cast, fields: dict[str, Any], words: str) -> None:
    assert words in " ".join(errors(change(cast, board(cast.forest), **computed(**fields))))
    assert not Column.objects.exclude(computed="").exists()


def test_what_was_written_is_read_again(cast: Cast) -> None:
    assert saved(change(cast, board(cast.forest), **computed(parts="accuracy  0.25")))
    page = cast.client("grace").get(f"/host/leaderboards/board/{board(cast.forest).pk}/change/").content.decode()
    assert 'value="accuracy 0.25"' in page
    assert saved(change(cast, board(cast.forest)))  # and saved as it is, it stays
    assert board(cast.forest).columns.get(key="sum").parts == {"accuracy": 0.25}
