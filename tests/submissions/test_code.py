"""Code that is sent in: it runs in a sandbox, on the sample and then on the test data, and what it writes is scored."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, connections
from pytest_django import Settings

from podium.challenges.models import Phase
from podium.core import isolation
from podium.core.models import Event
from podium.core.storage import blob_path, store_bytes
from podium.hosts.code_phases import CodePhaseForm
from podium.hosts.launch import missing
from podium.submissions import evaluation, measuring
from podium.submissions.models import Run, RunLog, Score
from podium.submissions.scorers import job_of
from podium.submissions.services import submission_cancel
from scoring.jobs import ScoreJob
from tests.cast import Cast
from tests.submissions.coding import (
    ANSWERS_IN_BATCHES,
    FAILS_ON_MANY,
    INPUTS,
    REPEATS,
    SLEEPS,
    SLEEPS_ON_MANY,
    soon,
    takes_code,
    zipped,
)
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
Work = Callable[[], None]


def code(cast: Cast, words: str, **fields: str) -> int:
    """Send a script as ada; return the answer's status."""
    return send(cast.client("ada"), words.encode(), name="predict.py", **fields).status_code


def test_code_is_run_on_the_sample_then_on_the_test_data_and_its_predictions_are_scored(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    assert code(cast, REPEATS) == 302
    assert newest().kind == "code"
    work()
    sent, run = newest(), Run.objects.get()
    assert (sent.state, sent.error_message) == ("scored", "")
    assert {score.split: score.value for score in Score.objects.all()} == {"public": 0.7, "private": 0.7}
    assert run.predictions is not None
    assert blob_path(run.predictions.sha256).read_text() == INPUTS.replace("id,x", "id,label")
    assert run.inputs["code"] == sent.files.get().blob.sha256
    assert {"predict_wall_s", "wall_s"} <= set(run.resources)
    logs = {log.stage: log.text for log in RunLog.objects.all()}
    assert "wrote 3 rows" in logs["sample"]
    assert "wrote 20 rows" in logs["predict"]


def test_what_ran_on_the_sample_finds_its_imports_done_on_the_test_data(
    cast: Cast, work: Work, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WARM, settings.CODE_SLOTS = 1, 2
    monkeypatch.setattr(isolation._Mine, "sandbox", None)
    takes_code(cast.forest)
    code(cast, "import sys\nprint('there before:', 'numpy' in sys.modules)\nimport numpy\n" + REPEATS)
    work()
    isolation.sandbox().close()
    assert newest().state == "scored"
    logs = {log.stage: log.text for log in RunLog.objects.all()}
    assert "there before: False" in logs["sample"]
    assert "there before: True" in logs["predict"]


def test_its_team_reads_what_it_printed_on_the_sample_and_hosts_the_rest(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    code(cast, REPEATS)
    work()
    address = f"/submissions/{newest().pk}/"
    team, host = cast.client("ada").get(address).text, cast.client("grace").get(address).text
    assert "wrote 3 rows" in team
    assert "wrote 20 rows" not in team
    assert "wrote 20 rows" in host


def test_code_that_fails_on_the_sample_is_rejected_with_its_own_words_and_uses_nothing(cast: Cast, work: Work) -> None:
    takes_code(cast.forest, rejected_are_free=False)
    code(cast, "def predict(inputs_dir, output_path):\n    raise KeyError('hillshade')\n")
    work()
    sent = newest()
    assert (sent.state, sent.uses_quota) == ("rejected", False)
    assert "On the sample" in sent.error_message
    assert "line 2" in sent.error_message
    assert "hillshade" in sent.error_message
    assert not RunLog.objects.filter(stage="predict").exists()


def test_what_fails_on_hidden_data_says_what_kind_of_failure_it_was_and_no_more(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    code(cast, FAILS_ON_MANY)
    work()
    sent = newest()
    assert sent.state == "rejected"
    assert "ZeroDivision" not in sent.error_message
    assert "line" not in sent.error_message
    assert "ZeroDivisionError" in Run.objects.get().log  # which hosts read


def test_hosts_may_let_teams_see_the_line_of_their_own_file_and_even_then_not_the_message(
    cast: Cast, work: Work
) -> None:
    takes_code(cast.forest, show_error_lines=True)
    code(cast, FAILS_ON_MANY)
    work()
    sent = newest()
    line = 1 + FAILS_ON_MANY.splitlines().index(next(one for one in FAILS_ON_MANY.splitlines() if "1 / (" in one))
    assert f"It stopped in `predict.py`, line {line}." in sent.error_message
    assert "division" not in sent.error_message


def test_where_participants_have_the_test_data_anyway_they_read_everything(cast: Cast, work: Work) -> None:
    takes_code(cast.forest, audience="participants")
    code(cast, FAILS_ON_MANY)
    work()
    assert "ZeroDivisionError" in newest().error_message
    assert "reading /input" in cast.client("ada").get(f"/submissions/{newest().pk}/").text


def test_what_was_printed_on_hidden_data_stays_hidden_when_the_phase_reads_other_data_later(
    cast: Cast, work: Work
) -> None:
    phase = takes_code(cast.forest)
    code(cast, REPEATS)
    work()
    Phase.objects.filter(pk=phase.pk).update(inputs=phase.sample_inputs)
    ada, address = cast.client("ada"), f"/submissions/{newest().pk}/"
    assert "wrote 20 rows" not in ada.get(address).text
    assert ada.get(f"{address}log/predict/").status_code == 404
    assert ada.get(f"{address}predictions/").status_code == 404
    assert cast.client("grace").get(f"{address}predictions/").getvalue() == INPUTS.replace("id,x", "id,label").encode()


def test_a_trial_runs_on_the_sample_alone_and_costs_nothing(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    code(cast, REPEATS, trial="on")
    work()
    sent = newest()
    assert (sent.state, sent.trial, sent.uses_quota, sent.ranked) == ("tried", True, False, False)
    assert not Score.objects.exists()
    assert not RunLog.objects.filter(stage="predict").exists()
    assert "5 of 5" in cast.client("ada").get("/challenges/forest/submit/").text
    assert "Held Out" not in cast.client("ada").get("/challenges/forest/leaderboard/public/").text


def test_predictions_that_are_there_are_not_made_again(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    code(cast, REPEATS)
    evaluation.submission_queue(newest().pk)
    claim = evaluation.run_claim(Run.objects.get().pk)
    assert claim is not None
    assert evaluation.predicting.predict(claim) is None
    evaluation.run_release(claim.run.pk, attempt=1, why="the worker stopped between predicting and scoring")
    before = RunLog.objects.get(stage="predict").updated_at
    work()
    assert newest().state == "scored"
    assert RunLog.objects.get(stage="predict").updated_at == before


def test_code_runs_once_for_all_tasks_of_a_phase(cast: Cast, work: Work) -> None:
    phase = takes_code(cast.forest)
    task = phase.tasks.get()
    task.pk, task.name = None, "second"
    task.save()
    phase.phase_tasks.create(task=task, position=1)
    code(cast, REPEATS)
    work()
    assert newest().state == "scored"
    assert Run.objects.filter(state="scored").count() == 2
    assert RunLog.objects.filter(stage="predict").count() == 1
    assert Score.objects.count() == 4


def test_a_zip_with_predict_py_is_code_where_code_is_taken(cast: Cast) -> None:
    takes_code(cast.forest)
    send(cast.client("ada"), zipped(predict__py=REPEATS, weights__csv="a\n1\n"), name="mine.zip")
    assert newest().kind == "code"
    send(cast.client("ada"), zipped(mine__csv="id,label\n"), name="mine.zip")
    assert newest().kind == "predictions"


@pytest.mark.parametrize(
    ("kinds", "name", "words"),
    [
        (["code"], "mine.csv", "is nothing that this phase takes. Send code"),
        (["code", "notebook"], "both.zip", "could be code or a notebook"),
        (["predictions"], "predict.py", "cannot be scored. Send .csv"),
        (["model"], "model.pkl", "Send a model (.onnx or .skops)"),
    ],
)
def test_what_a_phase_does_not_take_is_refused_with_what_it_takes(
    cast: Cast, kinds: list[str], name: str, words: str
) -> None:
    takes_code(cast.forest, kinds=kinds)
    answer = send(cast.client("ada"), zipped(predict__py=REPEATS, look__ipynb="{}"), name=name)
    assert answer.status_code == 415
    assert words in answer.content.decode()


def test_a_phase_whose_environment_is_not_built_takes_no_code_and_says_so_everywhere(cast: Cast) -> None:
    takes_code(cast.forest, environment="gpu-2031")
    answer = send(cast.client("ada"), REPEATS.encode(), name="predict.py")
    assert answer.status_code == 409
    assert "gpu-2031" in answer.content.decode()
    assert "takes no code" in cast.client("ada").get("/challenges/forest/submit/").text
    assert any("gpu-2031" in sentence for sentence in missing(cast.forest))
    assert send(cast.client("ada"), b"id,label\n", name="mine.csv").status_code == 302  # predictions need none


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", [SLEEPS, SLEEPS_ON_MANY], ids=["on the sample", "on the test data"])
def test_cancelled_while_it_runs_it_is_dead_within_two_seconds(cast: Cast, words: str) -> None:
    takes_code(cast.forest)
    code(cast, words)
    sent = newest()
    evaluation.submission_queue(sent.pk)
    run = Run.objects.get()

    def works() -> None:
        evaluation.run_evaluate(run.pk)
        connections.close_all()

    worker = Thread(target=works)
    worker.start()
    stage = "sample" if words is SLEEPS else "predict"
    soon(lambda: RunLog.objects.filter(run=run, stage=stage).exclude(text="").exists())  # it runs: its log is there
    assert "It is tried on" in cast.client("ada").get(f"/submissions/{sent.pk}/").text or stage == "predict"
    submission_cancel(sent, actor=cast.ada)
    assert soon(lambda: not worker.is_alive()) < 2
    run.refresh_from_db()
    assert (run.state, newest().state) == ("cancelled", "cancelled")
    assert Event.objects.filter(name="submission_cancel").count() == 1
    connection.close()


def test_a_notebook_as_it_ran_may_load_and_run_nothing(cast: Cast) -> None:
    takes_code(cast.forest)
    code(cast, REPEATS)
    sent, task = newest(), cast.forest.tasks.get()
    run = sent.runs.create(task=task, reference=task.reference, scorer={})
    page = store_bytes(b"<script>alert(1)</script><h1>Cells</h1>")
    run.logs.create(stage="sample", text="words", rendered=page, is_hidden=False)
    answer = cast.client("ada").get(f"/submissions/{sent.pk}/notebook/sample/")
    assert b"Cells" in answer.getvalue()
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["sandbox"] == ""  # scripts, forms and an origin of its own are not allowed again
    assert policy["default-src"] == "'none'"
    assert (policy["img-src"], policy["style-src"]) == ("data:", "'unsafe-inline'")
    assert "script-src" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "frame-src 'self'" in cast.client("ada").get(f"/submissions/{sent.pk}/")["Content-Security-Policy"]


def test_what_code_wrote_is_read_in_a_sandbox_and_measured_there_as_well(cast: Cast, work: Work) -> None:
    takes_code(cast.forest)
    code(cast, REPEATS)
    work()
    job = job_of(Run.objects.get())
    assert isinstance(job, ScoreJob)
    assert job.hardened
    assert measuring.measure_waiting() == 1
    assert {score.low is not None for score in Score.objects.all()} == {True}


def test_a_phase_may_feed_its_test_data_in_batches(cast: Cast, work: Work) -> None:
    takes_code(cast.forest, sample=False, stream={"batch_rows": 8})
    code(cast, ANSWERS_IN_BATCHES)
    work()
    assert (newest().state, newest().error_message) == ("scored", "")
    assert RunLog.objects.get(stage="predict").text.count("batch of") == 3  # of 20 rows, eight by eight


LEAKS = """
def predict(inputs_dir, output_path):
    rows = [line.split(",") for line in open(f"{inputs_dir}/test.csv").read().splitlines()]
    word = f"seen-{rows[1][0]}"
    rows[0][1] = "label"
    PLACE
    with open(output_path, "w") as target:
        target.writelines(",".join(row) + "\\n" for row in rows)
"""


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("rows[1][1] = word", "predictions_values", "values"),
        ("rows[1][0] = word", "predictions_ids", "ids"),
        ("rows[0][1] = word", "predictions_columns", "columns"),
        ("rows[1].append(word)", "predictions_form", "table"),
    ],
)
def test_what_code_wrote_of_hidden_data_into_its_predictions_comes_back_in_no_message(
    cast: Cast, work: Work, place: str, code: str, words: str
) -> None:
    takes_code(cast.forest, sample=False)
    send(cast.client("ada"), LEAKS.replace("PLACE", place).encode(), name="predict.py")
    work()
    sent = newest()
    assert (sent.state, sent.error_code) == ("rejected", code)
    assert words in sent.error_message
    assert (sent.error_row, sent.error_column) == (None, "")
    assert "seen-" not in cast.client("ada").get(f"/submissions/{sent.pk}/").text
    assert "seen-" not in cast.client("ada").get(f"/api/v1/submissions/{sent.pk}/").text


def test_hosts_read_what_is_wrong_with_predictions_and_where_the_data_are_no_secret_teams_do(
    cast: Cast, work: Work
) -> None:
    takes_code(cast.forest, sample=False, audience="participants")
    send(cast.client("ada"), LEAKS.replace("PLACE", "rows[1][1] = word").encode(), name="predict.py")
    work()
    assert "seen-" in newest().error_message
    assert "seen-" in Run.objects.get().log


def test_a_trial_never_meets_the_test_data_even_where_its_sample_was_taken_away(cast: Cast, work: Work) -> None:
    phase = takes_code(cast.forest)
    code(cast, REPEATS, trial="on")
    Phase.objects.filter(pk=phase.pk).update(sample_inputs=None)
    work()
    assert (newest().state, newest().uses_quota) == ("failed", False)
    assert not Score.objects.exists()
    assert not RunLog.objects.filter(stage="predict").exists()


def test_columns_of_a_batchs_answer_carry_nothing_out(cast: Cast, work: Work) -> None:
    takes_code(cast.forest, sample=False, stream={"batch_rows": 8})
    words = """
calls = []
def predict_batch(batch):
    calls.append(1)
    name = "seen-" + str(batch.id.iloc[0]) if len(calls) == 1 else "label"
    return batch[["id"]].assign(**{name: 1})
"""
    code(cast, words)
    work()
    sent = newest()
    assert (sent.state, sent.error_code) == ("rejected", "batch_answer")
    assert "seen-" not in sent.error_message
    assert "seen-" in Run.objects.get().log


@pytest.mark.parametrize("field", ["inputs", "sample_inputs"])
def test_a_host_who_names_the_reference_as_what_code_reads_gives_no_label_away(
    cast: Cast, work: Work, field: str
) -> None:
    phase = takes_code(cast.forest)
    reference = phase.tasks.get().reference
    form = CodePhaseForm({"kinds": ["code"], "inputs": phase.inputs_id, field: reference.pk}, instance=phase)
    assert "reference" in form.errors[field].as_text()
    Phase.objects.filter(pk=phase.pk).update(**{field: reference})
    code(cast, REPEATS)
    work()
    assert newest().state == "failed"
    assert not RunLog.objects.filter(stage="sample" if field == "sample_inputs" else "predict").exists()
    assert "labels" in Run.objects.get().log


def test_a_team_is_shown_no_digest_of_what_is_hidden_for_by_one_a_guess_could_be_checked(
    cast: Cast, work: Work
) -> None:
    takes_code(cast.forest, sample=False)
    code(cast, REPEATS)
    work()
    address, digests = f"/submissions/{newest().pk}/", Run.objects.get().inputs
    team, host = cast.client("ada").get(address).text, cast.client("grace").get(address).text
    assert digests["code"][:12] in team
    for name in ("reference", "test data"):
        assert digests[name][:12] in host
        assert digests[name][:12] not in team
