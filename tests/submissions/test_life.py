"""The life of a submission on the workers' side: exactly once, whatever stops in between."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from podium.challenges.models import Phase, PhaseTask, Task
from podium.core.errors import Conflict
from podium.core.models import Event
from podium.submissions import evaluation, tasks
from podium.submissions.models import Run, Score, Submission
from podium.submissions.scorers import Outcome, Verdict
from podium.submissions.services import submission_cancel, submission_select
from scoring.evaluate import ScoreValue
from tests.cast import Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
Work = Callable[[], None]


@pytest.fixture
def sent(cast: Cast) -> Submission:
    """A file of ada's with 14 of 20 right: 7 of 10 public, 7 of 10 private."""
    send(cast.client("ada"), predictions(14))
    return newest()


def lapse(run: Run) -> None:
    """Let a run's lease run out."""
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_scored_submission_has_a_score_for_each_split_and_an_event_for_each_step(
    sent: Submission, work: Work
) -> None:
    work()
    scores = {score.split: score.value for score in Score.objects.all()}
    assert scores == {"public": 0.7, "private": 0.7}
    names = list(Event.objects.filter(subject=f"submission:{sent.pk}").order_by("pk").values_list("name", flat=True))
    assert names == ["submission_accept", "submission_queue", "submission_start", "submission_score"]


def test_a_run_writes_down_what_it_needs_to_be_run_again(sent: Submission, work: Work) -> None:
    work()
    run = Run.objects.get()
    assert run.inputs["submission"] == sent.files.get().blob.sha256
    assert {"python", "numpy", "pyarrow", "scoring"} <= set(run.versions)
    assert run.resources["wall_s"] > 0
    assert run.scorer == Task.objects.get(pk=run.task_id).scorer


def test_every_message_may_come_twice(sent: Submission, work: Work) -> None:
    for _ in range(3):
        tasks.advance(sent.pk)
    work()
    assert Run.objects.count() == 1
    assert Score.objects.count() == 2
    assert Event.objects.filter(name="submission_score").count() == 1


def test_two_workers_cannot_claim_the_same_run(sent: Submission) -> None:
    evaluation.submission_queue(sent.pk)
    run = Run.objects.get()
    assert evaluation.run_claim(run.pk) is not None
    assert evaluation.run_claim(run.pk) is None


def test_a_run_whose_worker_died_is_taken_up_by_the_sweep(sent: Submission, work: Work) -> None:
    evaluation.submission_queue(sent.pk)
    evaluation.run_claim(Run.objects.get().pk)
    lapse(Run.objects.get())
    tasks.sweep()
    assert Run.objects.get().state == "waiting"
    work()
    assert newest().state == "scored"
    assert Run.objects.get().attempt == 2


def test_a_worker_that_was_thought_dead_can_no_longer_finish(sent: Submission, work: Work) -> None:
    evaluation.submission_queue(sent.pk)
    late = evaluation.run_claim(Run.objects.get().pk)
    assert late is not None
    lapse(Run.objects.get())
    tasks.sweep()
    work()
    wrong = Outcome(verdict=Verdict.SCORED, scores=(ScoreValue(key="accuracy", split="public", value=1.0),))
    evaluation.run_finish(late, wrong)
    assert {score.value for score in Score.objects.all()} == {0.7}
    with pytest.raises(evaluation.LeaseLostError):
        late.beat()


def test_after_three_attempts_it_fails_with_a_reason_and_is_given_back(cast: Cast, sent: Submission) -> None:
    evaluation.submission_queue(sent.pk)
    for _ in range(3):
        assert evaluation.run_claim(Run.objects.get().pk) is not None
        lapse(Run.objects.get())
        tasks.sweep()
    sent.refresh_from_db()
    assert (sent.state, sent.uses_quota, sent.error_code) == ("failed", False, "platform_error")
    assert "That was not your file: the submission was given back. Reference P-" in sent.error_message
    assert evaluation.run_claim(Run.objects.get().pk) is None
    assert "5 of 5" in cast.client("ada").get("/challenges/forest/submit/").text


def test_a_beat_prolongs_the_lease(sent: Submission) -> None:
    evaluation.submission_queue(sent.pk)
    claim = evaluation.run_claim(Run.objects.get().pk)
    assert claim is not None
    lapse(claim.run)
    claim.beat()
    assert evaluation.lapsed_release() == 0


def test_finishing_twice_changes_nothing(sent: Submission) -> None:
    evaluation.submission_queue(sent.pk)
    claim = evaluation.run_claim(Run.objects.get().pk)
    assert claim is not None
    outcome = Outcome(verdict=Verdict.SCORED, scores=(ScoreValue(key="accuracy", split="public", value=0.5),))
    evaluation.run_finish(claim, outcome)
    evaluation.run_finish(claim, outcome)
    assert Score.objects.count() == 1
    assert Event.objects.filter(name="submission_score").count() == 1


def test_work_whose_message_was_lost_is_found_by_the_sweep(sent: Submission) -> None:
    assert evaluation.queues_waiting() == set()
    Submission.objects.update(received_at=timezone.now() - timedelta(seconds=30))
    assert evaluation.queues_waiting() == {"score"}


def test_a_challenge_whose_scorer_is_broken_fails_to_its_hosts_and_gives_back(cast: Cast, work: Work) -> None:
    Task.objects.filter(challenge=cast.forest).update(scorer={"kind": "metric", "spec": {"metrics": []}})
    send(cast.client("ada"), predictions(3))
    work()
    failed = newest()
    assert (failed.state, failed.uses_quota, failed.error_code) == ("failed", False, "host_error")
    assert "its hosts can see why" in failed.error_message
    log = Run.objects.get().log
    assert log
    assert log not in cast.client("ada").get(f"/submissions/{failed.pk}/").text
    assert "For hosts" in cast.client("grace").get(f"/submissions/{failed.pk}/").text


def test_a_phase_without_tasks_fails_to_its_hosts(cast: Cast, work: Work) -> None:
    PhaseTask.objects.all().delete()
    send(cast.client("ada"), predictions(3))
    work()
    assert (newest().state, newest().error_code) == ("failed", "host_error")


def test_a_phase_with_two_tasks_scores_on_both_before_it_says_scored(cast: Cast, work: Work) -> None:
    phase, task = cast.forest.phases.get(), cast.forest.tasks.get()
    second = Task.objects.create(challenge=cast.forest, name="second", reference=task.reference, scorer=task.scorer)
    PhaseTask.objects.create(phase=phase, task=second, position=1)
    send(cast.client("ada"), predictions(10))
    evaluation.submission_queue(newest().pk)
    first, other = Run.objects.order_by("pk")
    evaluation.run_evaluate(first.pk)
    assert newest().state == "running"
    evaluation.run_evaluate(other.pk)
    assert newest().state == "scored"
    assert Score.objects.count() == 4


def test_a_rejection_is_free_where_the_phase_says_so(cast: Cast, work: Work) -> None:
    send(cast.client("ada"), b"id,label\nrow-1,0\n")
    work()
    assert (newest().state, newest().uses_quota) == ("rejected", False)
    Phase.objects.filter(challenge=cast.forest).update(rejected_are_free=False)
    send(cast.client("ada"), b"id,label\nrow-1,0\n")
    work()
    assert (newest().state, newest().uses_quota) == ("rejected", True)


def test_the_twenty_first_rejection_of_a_day_is_not_free(cast: Cast, work: Work) -> None:
    phase = cast.forest.phases.get()
    Submission.objects.bulk_create(
        Submission(phase=phase, team=cast.held_out, author=cast.ada, state="rejected", uses_quota=False)
        for _ in range(20)
    )
    send(cast.client("ada"), b"nothing")
    work()
    assert newest().uses_quota


@pytest.mark.parametrize(("claimed", "used"), [(False, False), (True, True)], ids=["before it ran", "while it runs"])
def test_a_cancelled_submission_is_given_back_until_it_runs(
    cast: Cast, sent: Submission, work: Work, claimed: bool, used: bool
) -> None:
    evaluation.submission_queue(sent.pk)
    claim = evaluation.run_claim(Run.objects.get().pk) if claimed else None
    answer = cast.client("ben").post(f"/submissions/{sent.pk}/cancel/")
    assert answer.status_code == 302
    sent.refresh_from_db()
    assert (sent.state, sent.uses_quota) == ("cancelled", used)
    if claim:
        with pytest.raises(evaluation.LeaseLostError):
            claim.beat()
    work()
    assert not Score.objects.exists()
    with pytest.raises(Conflict):
        submission_cancel(sent, actor=cast.ada)


def test_final_submissions_are_chosen_up_to_the_limit_and_until_the_end(cast: Cast, work: Work) -> None:
    ada = cast.client("ada")
    for right in (3, 4, 5):
        send(ada, predictions(right))
        work()
    first, second, third = Submission.objects.order_by("pk")
    for submission in (first, second):
        ada.post(f"/submissions/{submission.pk}/select/", {"selected": "on"})
    answer = ada.post(f"/submissions/{third.pk}/select/", {"selected": "on"})
    assert answer.status_code == 409
    assert "2 of 2 final submissions are chosen" in answer.text
    ada.post(f"/submissions/{first.pk}/select/")
    assert ada.post(f"/submissions/{third.pk}/select/", {"selected": "on"}).status_code == 302
    assert set(Submission.objects.filter(selected=True)) == {second, third}
    Phase.objects.filter(challenge=cast.forest).update(closes=timezone.now(), private_release=None)
    second.refresh_from_db()
    with pytest.raises(Conflict):
        submission_select(second, actor=cast.ada, selected=False)


def test_a_rejected_submission_cannot_be_final(cast: Cast, work: Work) -> None:
    send(cast.client("ada"), b"nothing")
    work()
    assert cast.client("ada").post(f"/submissions/{newest().pk}/select/", {"selected": "on"}).status_code == 409


def test_the_private_score_reaches_the_team_only_after_the_release(cast: Cast, work: Work) -> None:
    send(cast.client("ada"), predictions(13))  # 7 public, 6 private
    work()
    page = f"/submissions/{newest().pk}/"
    assert "0.7000" in cast.client("ada").get(page).text
    assert "0.6000" not in cast.client("ada").get(page).text
    assert "0.6" in cast.client("grace").get(page).text
    now = timezone.now()
    Phase.objects.filter(challenge=cast.forest).update(
        closes=now - timedelta(days=2), private_release=now - timedelta(days=1)
    )
    assert "0.6000" in cast.client("ada").get(page).text


def test_the_state_fragment_asks_for_itself_until_nothing_follows(cast: Cast, sent: Submission, work: Work) -> None:
    address = f"/submissions/{sent.pk}/state/"
    assert "data-poll" in cast.client("ada").get(address).text
    work()
    assert "data-poll" in cast.client("ada").get(address).text  # how sure the score is follows
    tasks.measure()
    fragment = cast.client("ada").get(address).text
    assert "data-poll" not in fragment
    assert "0.7000" in fragment
    assert "<html" not in fragment


def test_ada_downloads_her_own_file_and_others_do_not(cast: Cast, sent: Submission) -> None:
    address = f"/submissions/{sent.pk}/file/"
    answer = cast.client("ben").get(address)
    assert answer.getvalue() == predictions(14)
    assert 'filename="mine.csv"' in answer["Content-Disposition"]
    for who, status in {"chen": 404, "dara": 404, "vera": 404, "heidi": 404, "visitor": 302, "grace": 200}.items():
        answer = cast.client(who).get(address)
        assert answer.status_code == status, who
        answer.getvalue()
