"""Several people and workers at the same moment, in real transactions, on whichever database the tests have."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from podium.challenges.models import Phase
from podium.challenges.services import challenge_join
from podium.core.errors import Refusal
from podium.core.events import history
from podium.leaderboards.models import Entry
from podium.submissions import evaluation, quota, services, tasks
from podium.submissions.evaluation import Claim, lapsed_release, run_claim, run_finish, run_release, submission_queue
from podium.submissions.models import Run, RunSubmission, Score, Submission
from podium.submissions.scorers import Outcome, Verdict
from podium.submissions.services import submission_cancel
from podium.submissions.states import RunState, SubmissionState
from podium.teams.models import Team
from podium.teams.services import invitation_accept, invitation_create, member_leave
from scoring.evaluate import ScoreValue
from tests.cast import Cast, predictions
from tests.submissions.meeting import at_once, meet_after_storing, while_storing
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 8
RIGHT = Outcome(
    verdict=Verdict.SCORED,
    scores=tuple(ScoreValue(key="accuracy", split=split, value=0.5) for split in ("public", "private")),
)
ENDS = {"submission_score", "submission_reject", "submission_fail", "submission_cancel"}


@pytest.fixture
def queued(cast: Cast) -> Submission:
    """A submission of ada's that waits for a worker."""
    assert send(cast.client("ada"), predictions(14)).status_code == 302
    submission_queue(newest().pk)
    return newest()


def sends(cast: Cast, number: int, **fields: str) -> list[int]:
    """Have ada and ben send so many different files at once; return the statuses, sorted."""
    clients = [cast.client(("ada", "ben")[turn % 2]) for turn in range(number)]
    acts = [lambda c=client, n=turn: send(c, predictions(n), **fields) for turn, client in enumerate(clients)]
    return sorted(answer.status_code for answer in at_once(acts))


def ends_of(submission: Submission) -> list[str]:
    """Return the events that tell of an end."""
    return [event.name for event in history(submission) if event.name in ENDS]


# Limits


@pytest.mark.parametrize("limit", ["daily_limit", "total_limit"])
def test_of_eight_who_send_with_three_left_exactly_three_get_through(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(quota, "MOST_IN_FLIGHT", 99)
    Phase.objects.filter(challenge=cast.forest).update(**{"daily_limit": 0, "total_limit": 0, limit: 3})
    meet_after_storing(monkeypatch, MANY)
    assert sends(cast, MANY) == [302] * 3 + [429] * 5
    assert Submission.objects.count() == 3


def test_a_team_has_at_most_three_in_flight_however_fast_it_sends(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=50)
    meet_after_storing(monkeypatch, MANY)
    assert sends(cast, MANY) == [302] * 3 + [429] * 5
    assert Submission.objects.count() == 3


def test_without_the_lock_more_would_get_through(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that the tests above can fail: on PostgreSQL, where the lock is a lock on rows."""
    if connection.vendor != "postgresql":
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"  # the lock is the transaction
        return
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=3)
    meeting, look = Barrier(4), services._check

    def looks(*args: object, **kwargs: object) -> bool:
        ranked = look(*args, **kwargs)
        meeting.wait(10)
        return ranked

    monkeypatch.setattr(services, "locked", lambda model, pk: model.objects.get(pk=pk))
    monkeypatch.setattr(services, "_check", looks)
    assert sends(cast, 4) == [302] * 4


def test_two_teams_do_not_wait_for_each_others_limits(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=1)
    meet_after_storing(monkeypatch, 2)
    answers = at_once([lambda who=who: send(cast.client(who), predictions(3)) for who in ("ada", "chen")])
    assert [answer.status_code for answer in answers] == [302, 302]


def test_final_submissions_stay_within_their_limit(cast: Cast, work: Callable[[], None]) -> None:
    for right in range(4):
        send(cast.client("ada"), predictions(right))
        work()
    pks = list(Submission.objects.values_list("pk", flat=True))
    clients = [cast.client("ada") for _ in pks]
    answers = at_once(
        [
            lambda c=client, pk=pk: c.post(f"/submissions/{pk}/select/", {"selected": "on"})
            for client, pk in zip(clients, pks, strict=True)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [302, 302, 409, 409]
    assert Submission.objects.filter(selected=True).count() == 2


# The same request, several times


@pytest.mark.parametrize("limit", [1, 50])
def test_one_key_sent_several_times_at_once_is_one_submission(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=limit)
    barrier, look = Barrier(4), services._check

    def looks(*args: object, **kwargs: object) -> bool:  # all look before any has written
        if not connection.in_atomic_block:
            barrier.wait(10)
        return look(*args, **kwargs)

    monkeypatch.setattr(services, "_check", looks)
    clients = [cast.client("ada") for _ in range(4)]
    answers = at_once([lambda c=client: send(c, predictions(3), once="the-same") for client in clients])
    assert {answer.status_code for answer in answers} == {302}
    assert {answer["Location"] for answer in answers} == {f"/submissions/{newest().pk}/"}
    assert Submission.objects.count() == 1


def test_a_key_that_was_used_between_two_looks_is_still_the_same_submission(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=1)
    look, client = services._replayed, cast.client("ada")

    def too_early(author: object, key: str | None) -> Submission | None:
        monkeypatch.setattr(services, "_replayed", look)
        send(client, predictions(3), once="k")
        return None

    monkeypatch.setattr(services, "_replayed", too_early)
    answer = send(cast.client("ada"), predictions(3), once="k")
    assert (answer.status_code, Submission.objects.count()) == (302, 1)


# What changes while the file is on its way


def test_who_changes_teams_while_the_file_is_stored_is_told_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    token = invitation_create(cast.held_out, actor=cast.ada)[1]
    while_storing(monkeypatch, lambda: invitation_accept(token, user=cast.chen))
    answer = send(cast.client("chen"), predictions(3))
    assert answer.status_code == 409
    assert "Your team changed while the file was on its way" in answer.text
    assert not Submission.objects.exists()


def test_who_leaves_the_team_while_the_file_is_stored_does_not_send_for_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_storing(monkeypatch, lambda: member_leave(cast.held_out, user=cast.ben))
    answer = send(cast.client("ben"), predictions(3))
    assert answer.status_code == 409
    assert "Your team changed while the file was on its way" in answer.text
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status"), [({"closes": timezone.now() - timedelta(minutes=1)}, 409), ({"total_limit": 1}, 429)]
)
def test_what_hosts_change_while_the_file_is_stored_holds_at_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], status: int
) -> None:
    send(cast.client("ada"), predictions(2))
    while_storing(monkeypatch, lambda: Phase.objects.filter(challenge=cast.forest).update(**changes))
    assert send(cast.client("ada"), predictions(3)).status_code == status
    assert Submission.objects.count() == 1


# Workers


def test_of_several_workers_one_claims_a_run(queued: Submission) -> None:
    (run,) = queued.runs.all()
    claims = at_once([lambda: run_claim(run.pk)] * 4)
    assert [claim.attempt for claim in claims if claim] == [1]
    run.refresh_from_db()
    assert (run.state, run.attempt) == (RunState.CLAIMED, 1)


def test_a_message_delivered_to_four_workers_is_done_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    send(cast.client("ada"), predictions(14))
    monkeypatch.setattr(evaluation, "evaluate_run", lambda run, on_wait: RIGHT)
    pk = newest().pk
    at_once([lambda: tasks.advance(pk)] * 4)
    tasks.drain()
    assert (Run.objects.count(), RunSubmission.objects.count(), Score.objects.count()) == (1, 1, 2)
    assert ends_of(newest()) == ["submission_score"]
    assert Run.objects.get().attempt == 1


def test_a_run_finished_several_times_at_once_is_finished_once(queued: Submission) -> None:
    claim = run_claim(queued.runs.get().pk)
    assert claim
    at_once([lambda: run_finish(claim, RIGHT)] * 4)
    assert Score.objects.count() == 2
    assert ends_of(queued) == ["submission_score"]
    assert Entry.objects.filter(team=queued.team).count() == 2  # one a board


@pytest.mark.parametrize("turn", range(4))
def test_a_submission_is_cancelled_or_finished_never_both(cast: Cast, queued: Submission, turn: int) -> None:
    claim = run_claim(queued.runs.get().pk)
    assert claim

    def cancel() -> None:
        with contextlib.suppress(Refusal):  # finished a moment earlier
            submission_cancel(queued, actor=cast.ada)

    at_once([cancel, lambda: run_finish(claim, RIGHT)][:: 1 if turn % 2 else -1])
    queued.refresh_from_db()
    assert queued.state in {SubmissionState.SCORED, SubmissionState.CANCELLED}
    scored = queued.state == SubmissionState.SCORED
    assert ends_of(queued) == ["submission_score" if scored else "submission_cancel"]
    assert Score.objects.exists() == Entry.objects.exists() == scored
    assert queued.runs.get().state == queued.state


def test_cancelling_claiming_and_queueing_at_once_end_in_one_story(cast: Cast) -> None:
    send(cast.client("ada"), predictions(14))
    submission = newest()
    at_once(
        [lambda: submission_cancel(submission, actor=cast.ada)] + [lambda: tasks.advance(submission.pk)] * 3,
    )
    submission.refresh_from_db()
    assert submission.state == SubmissionState.CANCELLED
    assert set(Run.objects.values_list("state", flat=True)) <= {RunState.CANCELLED}
    assert not submission.selected
    assert ends_of(submission) == ["submission_cancel"]


def test_a_worker_that_beats_after_all_keeps_its_run(queued: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = run_claim(queued.runs.get().pk)
    assert claim
    Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    def release_late(pk: int, **kwargs: object) -> None:
        claim.beat()  # between the sweep's look and its act
        run_release(pk, **kwargs)

    monkeypatch.setattr(evaluation, "run_release", release_late)
    lapsed_release()
    run_finish(claim, RIGHT)
    queued.refresh_from_db()
    assert queued.state == SubmissionState.SCORED
    assert queued.runs.get().attempt == 1


def test_several_sweeps_at_once_release_a_lapsed_run_once(queued: Submission) -> None:
    run_claim(queued.runs.get().pk)
    Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    at_once([lapsed_release] * 4)
    assert [event.name for event in history(queued)].count("run_release") == 1
    assert queued.runs.get().state == RunState.WAITING


def test_who_lost_a_run_cannot_finish_what_another_holds(queued: Submission) -> None:
    first = run_claim(queued.runs.get().pk)
    assert first
    Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    lapsed_release()
    second = run_claim(queued.runs.get().pk)
    assert second
    at_once([lambda: run_finish(first, Outcome(verdict=Verdict.HOST_ERROR)), lambda: run_finish(second, RIGHT)])
    queued.refresh_from_db()
    assert (queued.state, second.attempt) == (SubmissionState.SCORED, 2)


def test_scores_of_one_team_finished_at_once_leave_its_best_on_the_board(cast: Cast) -> None:
    claims = []
    for right in range(3):
        send(cast.client("ada"), predictions(right))
        submission_queue(newest().pk)
        claim = run_claim(newest().runs.get().pk)
        assert claim
        claims.append(claim)

    def finish(claim: Claim, value: float) -> None:
        scores = tuple(ScoreValue(key="accuracy", split=split, value=value) for split in ("public", "private"))
        run_finish(claim, Outcome(verdict=Verdict.SCORED, scores=scores))

    at_once([lambda c=claim, v=place: finish(c, v / 10) for place, claim in enumerate(claims)])
    entry = Entry.objects.get(board__slug="public")
    assert (entry.submission_id, entry.submissions) == (newest().pk, 3)


def test_joining_while_others_submit_blocks_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    token = invitation_create(cast.held_out, actor=cast.ada)[1]
    challenge_join(cast.forest, user=cast.vera)
    ends = at_once(
        [
            lambda: send(cast.client("ada"), predictions(3)).status_code,
            lambda: send(cast.client("ben"), predictions(4)).status_code,
            lambda: invitation_accept(token, user=cast.vera).pk,
        ]
    )
    assert ends == [302, 302, cast.held_out.pk]
    assert Team.objects.get(pk=cast.held_out.pk).memberships.count() == 3
