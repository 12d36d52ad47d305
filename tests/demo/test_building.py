"""A challenge of the demo is built by the services that everybody uses, and looks lived in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from podium.challenges.models import Challenge, Phase
from podium.core.events import history
from podium.demo.renewing import renew
from podium.leaderboards.models import Board, Entry
from podium.submissions.models import Submission
from podium.submissions.quota import allowance
from podium.submissions.states import FINISHED
from tests.demo.small import CELLS, PROGRESSION, blueprint, signed_in

Built = dict[str, Challenge]
pytestmark = pytest.mark.django_db


def test_a_running_challenge_has_history_and_room_for_more(small_demo: Built) -> None:
    challenge = small_demo[CELLS]
    phase = challenge.phases.get()
    mine = Submission.objects.filter(phase=phase, team__name="Held Out")
    now = timezone.now()
    assert phase.is_open(now)
    assert not phase.is_released(now)
    assert set(mine.values_list("state", flat=True)) == {"scored", "rejected", "cancelled"}
    assert allowance(phase, mine[0].team).left == phase.daily_limit
    for submission in Submission.objects.filter(phase=phase):
        assert submission.state in FINISHED
        assert submission.finished_at is not None
        assert submission.received_at <= submission.finished_at <= now
        assert submission.finished_at - submission.received_at < timedelta(minutes=1)
        events = [event.at for event in history(submission)]
        assert events == sorted(events)
        assert events[-1] <= now


def test_rejected_files_got_the_scoring_s_own_sentences(small_demo: Built) -> None:
    challenge = small_demo[CELLS]
    told = set(
        Submission.objects.filter(phase__challenge=challenge, team__name="Held Out", state="rejected").values_list(
            "error_code", "error_message"
        )
    )
    assert {code for code, _ in told} == {"wrong_separator", "not_finite"}
    assert any("found `nan`, expected a probability from 0 to 1" in message for _, message in told)


def test_the_board_holds_every_team_and_the_baselines_where_they_belong(small_demo: Built) -> None:
    challenge = small_demo[CELLS]
    public = Board.objects.get(challenge=challenge, slug="public")
    entries = Entry.objects.filter(board=public)
    values = {entry.team.name: entry.values["roc_auc"] for entry in entries}
    assert len(values) == 3 + 2
    assert values["Everybody the same"] == 0.5
    assert 0.9 < values["Logistic regression"] < 1
    assert public.snapshot_day == timezone.now().date()
    assert public.rows_share == pytest.approx(152 / 449)


def test_an_ended_challenge_shows_its_private_board_and_the_finals_that_were_chosen(small_demo: Built) -> None:
    challenge = small_demo[PROGRESSION]
    phase = challenge.phases.get()
    assert phase.is_released(timezone.now())
    chosen = Submission.objects.filter(phase=phase, team__name="Held Out", selected=True)
    assert chosen.count() == 2
    private = Entry.objects.get(board__challenge=challenge, board__slug="private", team__name="Held Out")
    assert private.submission in chosen
    assert signed_in("visitor").get(f"/challenges/{PROGRESSION}/leaderboard/private/").status_code == 200


def test_an_ended_challenge_also_ranks_by_how_well_a_team_does_in_each_group(small_demo: Built) -> None:
    board = small_demo[PROGRESSION].boards.get(slug="by-sex")
    assert [column.split for column in board.columns.all()] == ["", "private:sex=1", "private:sex=2"]
    ranks = [entry.values["mean_rank"] for entry in board.entries.filter(ranked=True).order_by("place")]
    assert len(ranks) == 3
    assert ranks == sorted(ranks)
    page = signed_in("visitor").get(f"/challenges/{PROGRESSION}/leaderboard/by-sex/").content.decode()
    assert "Mean rank ranks, the other columns do not." in page
    private = signed_in("visitor").get(f"/challenges/{PROGRESSION}/leaderboard/private/").content.decode()
    assert "Gap by sex" in private
    assert "whether that was luck" in private


@pytest.mark.parametrize("who", ["ada", "grace", "root", "visitor"])
def test_every_page_that_is_opened_first_answers(small_demo: Built, who: str) -> None:
    client = signed_in(who)
    pages = ["", "data/", "rules/", "leaderboard/", "leaderboard/public/board.csv"]
    addresses = ["/", "/challenges/", "/people/ada/", *(f"/challenges/{CELLS}/{page}" for page in pages)]
    addresses += [f"/challenges/{CELLS}/submit/", f"/challenges/{CELLS}/team/", "/my/"] if who == "ada" else []
    addresses += ["/host/"] if who in {"grace", "root"} else []
    assert [address for address in addresses if client.get(address).status_code != 200] == []


def test_no_page_shows_a_place_where_a_number_was_to_stand(small_demo: Built) -> None:
    challenge = small_demo[CELLS]
    words = [*challenge.pages.values_list("body", flat=True), challenge.rules_versions.get().body]
    assert not [text for text in words if "[[" in text or "]]" in text]
    assert "449" in words[0]


def test_a_running_challenge_that_was_over_is_put_off(small_demo: Built) -> None:
    phase = small_demo[CELLS].phases.get()
    past = timezone.now() - timedelta(days=40)
    Phase.objects.filter(pk=phase.pk).update(opens=past, closes=past + timedelta(days=30), private_release=None)
    assert list(renew([blueprint(CELLS)])) == ["Cells under the microscope"]
    phase.refresh_from_db()
    assert phase.opens == past
    assert phase.is_open(timezone.now())
    assert list(renew([blueprint(CELLS)])) == []
