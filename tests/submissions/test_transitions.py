"""Every pair of states is either a way or none, in the table and in the database."""

from itertools import product

from podium.submissions.models import Run, Submission
from podium.submissions.states import FINISHED, IN_FLIGHT, RUN_TRANSITIONS, TRANSITIONS, RunState, SubmissionState
from podium.submissions.transitions import run_move, submission_move
from tests.cast import Cast

S, R = SubmissionState, RunState

WAYS = {
    (S.RECEIVED, S.QUEUED), (S.RECEIVED, S.FAILED), (S.RECEIVED, S.CANCELLED),
    (S.QUEUED, S.RUNNING), (S.QUEUED, S.FAILED), (S.QUEUED, S.CANCELLED),
    (S.RUNNING, S.SCORED), (S.RUNNING, S.TRIED), (S.RUNNING, S.REJECTED), (S.RUNNING, S.FAILED),
    (S.RUNNING, S.CANCELLED),
}  # fmt: skip
RUN_WAYS = {
    (R.WAITING, R.CLAIMED), (R.WAITING, R.FAILED), (R.WAITING, R.CANCELLED),
    (R.CLAIMED, R.WAITING), (R.CLAIMED, R.SCORED), (R.CLAIMED, R.TRIED), (R.CLAIMED, R.REJECTED),
    (R.CLAIMED, R.FAILED), (R.CLAIMED, R.CANCELLED),
}  # fmt: skip


def test_a_submission_moves_along_the_ways_and_no_other(cast: Cast) -> None:
    submission = Submission.objects.create(phase=cast.forest.phases.get(), team=cast.held_out)
    row = Submission.objects.filter(pk=submission.pk)
    gone = set()
    for old, new in product(S, S):
        row.update(state=old)
        if submission_move(submission.pk, new):
            gone.add((old, new))
        assert row.get().state == (new if (old, new) in gone else old)
    assert gone == WAYS


def test_a_run_moves_along_the_ways_and_no_other(cast: Cast) -> None:
    task = cast.forest.tasks.get()
    run = Run.objects.create(task=task, reference=task.reference, scorer=task.scorer)
    row = Run.objects.filter(pk=run.pk)
    gone = set()
    for old, new in product(R, R):
        row.update(state=old)
        if run_move(run.pk, new):
            gone.add((old, new))
        assert row.get().state == (new if (old, new) in gone else old)
    assert gone == RUN_WAYS


def test_the_tables_know_every_state_and_nothing_leaves_an_end() -> None:
    assert set(TRANSITIONS) == set(S)
    assert set(RUN_TRANSITIONS) == set(R)
    assert set(IN_FLIGHT) | set(FINISHED) == set(S)
    assert all(not TRANSITIONS[state] for state in FINISHED)
    assert all(TRANSITIONS[state] for state in IN_FLIGHT)


def test_a_run_that_another_attempt_holds_does_not_move(cast: Cast) -> None:
    task = cast.forest.tasks.get()
    run = Run.objects.create(task=task, reference=task.reference, scorer={}, state=R.CLAIMED, attempt=2)
    assert not run_move(run.pk, R.SCORED, attempt=1)
    assert run_move(run.pk, R.SCORED, attempt=2)
