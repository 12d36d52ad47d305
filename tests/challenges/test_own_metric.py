"""Tasks that are scored by a program of their hosts: in a sandbox, or not at all, and everybody is told why."""

import io
import json
import os
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from podium.challenges.models import Phase, PhaseTask, Task
from podium.challenges.services import dataset_publish
from podium.core import isolation
from podium.core.storage import store_bytes
from podium.hosts.launch import missing
from podium.leaderboards.models import Board
from podium.leaderboards.services import board_defaults
from podium.submissions.models import Run, Score, Submission
from scoring.sandbox.jobs import Canary, Isolation
from tests.cast import SOLUTION, Cast, predictions
from tests.challenges.reading import body
from tests.hosts.forms import errors, fill, saved
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db

SOURCE = textwrap.dedent("""
    class ParticipantVisibleError(Exception): ...
    def score(solution, submission, row_id_column_name, least: int = 0):
        print("labels:", solution["label"].tolist())
        if submission["label"].min() < least:
            raise ParticipantVisibleError(f"Labels begin at {least}.")
        return float((solution["label"] != submission["label"]).mean())
""")
FUNCTION = {"kind": "function", "spec": {"id": "id", "split": "Usage", "source": SOURCE, "greater_is_better": False}}
LEADERBOARD = [{"key": "accuracy"}, {"key": "wrong", "label": "Mistakes", "greater_is_better": False}]
EVALUATE = textwrap.dedent("""
    import csv
    def evaluate(test_annotation_file, user_submission_file, phase_codename, **kwargs):
        rows = {row["id"]: row["label"] for row in csv.DictReader(open(user_submission_file))}
        result = []
        for split in ("public", "private"):
            truth = [row for row in csv.DictReader(open(test_annotation_file)) if row["Usage"] == split]
            right = sum(rows[row["id"]] == row["label"] for row in truth)
            result.append({f"{split}_split": {"accuracy": right / len(truth), "wrong": len(truth) - right}})
        print(phase_codename, kwargs["submission_metadata"]["participant_team_name"])
        return {"result": result}
""")
PROGRAM = {
    "metadata": "command: python3 $program/score.py $input $output",
    "score.py": textwrap.dedent("""
        import json, os, sys
        assert sorted(os.listdir(sys.argv[1] + "/ref")) == ["notes.txt", "solution.csv"]
        answers = open(sys.argv[1] + "/res/mine.json").read()
        json.dump({"accuracy": float(answers)}, open(sys.argv[2] + "/scores.json", "w"))
        open(sys.argv[2] + "/detailed_results.html", "w").write("<script>alert(1)</script><b>In detail</b>")
    """),
}


def scored_by(cast: Cast, scorer: dict[str, Any], **fields: Any) -> Phase:
    Task.objects.filter(challenge=cast.forest).update(scorer=scorer, **fields)
    return cast.forest.phases.get()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where a canary got out."""
    canary = Canary(name="network", held=False, seen="connected", mend="Mend the network")
    found = Isolation(backend="bubblewrap", canaries=(canary,), memory="rlimit", user="caller")
    monkeypatch.setattr(isolation, "isolation", lambda **_: found)


def values() -> dict[tuple[str, str], float | None]:
    return {(one.key, one.split): one.value for one in Score.objects.filter(seat__submission=newest())}


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


# Scoring


def test_a_function_scores_what_a_team_sends_and_what_it_prints_is_for_hosts(
    cast: Cast, work: Callable[[], None]
) -> None:
    scored_by(cast, FUNCTION)
    assert send(cast.client("ada"), predictions(15)).status_code == 302
    work()
    run = Run.objects.get()
    assert newest().state == "scored", run.log
    assert values() == {("score", "public"): 0.2, ("score", "private"): 0.3}
    assert (run.queue, set(run.inputs), run.measured_at is not None) == (
        "code", {"reference", "submission", "metric"}, True,
    )  # fmt: skip
    page = f"/submissions/{newest().pk}/"
    assert "labels:" not in cast.client("ada").get(page).text
    assert "labels:" in cast.client("grace").get(page).text


def test_what_it_says_to_participants_is_said_and_nothing_else(cast: Cast, work: Callable[[], None]) -> None:
    scored_by(cast, {**FUNCTION, "spec": {**FUNCTION["spec"], "params": {"least": 1}}})  # type: ignore[dict-item]
    send(cast.client("ada"), predictions(15))
    work()
    assert (newest().state, newest().error_message) == ("rejected", "Labels begin at 1.")
    broken = SOURCE.replace("return float(", 'raise ValueError(f"label 1 is {solution.label[0]}")\n    return float(')
    scored_by(cast, {**FUNCTION, "spec": {**FUNCTION["spec"], "source": broken}})  # type: ignore[dict-item]
    send(cast.client("ada"), predictions(15))
    work()
    page = f"/submissions/{newest().pk}/"
    assert (newest().state, newest().uses_quota) == ("failed", False)
    assert "label 1" not in cast.client("ada").get(page).text
    assert "Task “main”: `score` stopped with ValueError in line 7 of metric.py." in Run.objects.latest("pk").log
    assert "label 1 is" in cast.client("grace").get(page).text


def test_an_evaluation_script_gives_declared_scores_for_both_splits(cast: Cast, work: Callable[[], None]) -> None:
    split = {"public": "public_split", "private": "private_split"}
    spec = {"source": EVALUATE, "leaderboard": LEADERBOARD, "split": split, "phase_codename": "dev"}
    scored_by(cast, {"kind": "evaluate", "spec": spec})
    send(cast.client("ada"), predictions(15))
    work()
    assert newest().state == "scored", Run.objects.get().log
    assert values() == {
        ("accuracy", "public"): 0.8, ("wrong", "public"): 2, ("accuracy", "private"): 0.7, ("wrong", "private"): 3,
    }  # fmt: skip
    assert "dev Held Out" in Run.objects.get().log


@pytest.fixture
def program(cast: Cast) -> Callable[..., Phase]:
    """Have Forest scored by a program that a host uploaded as a zip, on a reference of two files."""

    def put_up(**spec: Any) -> Phase:
        files = {"solution.csv": store_bytes(SOLUTION.encode()), "notes.txt": store_bytes(b"x")}
        both = dataset_publish(cast.forest, name="both", audience="scoring", files=files, actor=cast.grace)
        address = f"/host/challenges/task/{cast.forest.tasks.get().pk}/change/"
        scorer = {"kind": "program", "spec": {"leaderboard": [{"key": "accuracy"}], **spec}}
        upload = SimpleUploadedFile("program.zip", zipped(PROGRAM))
        given = {"reference": both.pk, "scorer": json.dumps(scorer), "scorer_file": upload}
        assert saved(fill(cast.client("grace"), address, **given))
        return cast.forest.phases.get()

    return put_up


def test_a_program_is_uploaded_scores_and_shows_its_page_in_a_frame_without_rights(
    cast: Cast, work: Callable[[], None], program: Callable[..., Phase]
) -> None:
    program(show_details=True)
    send(cast.client("ada"), b"0.5", name="mine.json")
    work()
    assert newest().state == "scored", Run.objects.get().log
    assert values() == {("accuracy", "all"): 0.5}
    page = cast.client("ada").get(f"/submissions/{newest().pk}/").text
    address = f"/submissions/{newest().pk}/details/{Run.objects.get().pk}/"
    assert f'sandbox src="{address}"' in page
    assert "<b>In detail</b>" not in page
    shown = cast.client("ada").get(address)
    policy = shown["Content-Security-Policy"]
    assert b"<b>In detail</b>" in body(shown)
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert cast.client("chen").get(address).status_code == 404


def test_a_program_that_stops_says_nothing_of_its_words_to_the_team_and_does_not_acquit_the_file(
    cast: Cast, work: Callable[[], None], program: Callable[..., Phase]
) -> None:
    program()
    send(cast.client("ada"), b"the label of row 1", name="mine.json")
    work()
    assert (newest().state, newest().uses_quota) == ("failed", False)
    assert "compare your file with what the hosts ask for" in newest().error_message
    assert "not your file" not in newest().error_message
    assert "the label of row 1" in Run.objects.get().log
    assert "ended with exit status 1" in Run.objects.get().log
    assert "exit status" not in cast.client("ada").get(f"/submissions/{newest().pk}/").text


def test_the_page_of_a_program_is_for_hosts_where_they_do_not_say_otherwise(
    cast: Cast, work: Callable[[], None], program: Callable[..., Phase]
) -> None:
    program()
    send(cast.client("ada"), b"0.5", name="mine.json")
    work()
    address = f"/submissions/{newest().pk}/details/{Run.objects.get().pk}/"
    assert "iframe" not in cast.client("ada").get(f"/submissions/{newest().pk}/").text
    assert cast.client("ada").get(address).status_code == 403
    for host in ("grace", "jude"):
        assert b"In detail" in body(cast.client(host).get(address))


def test_what_teams_send_never_runs_beside_labels_that_a_host_named_as_input_data(
    cast: Cast, work: Callable[[], None], program: Callable[..., Phase]
) -> None:
    program()
    task = Task.objects.get(challenge=cast.forest)
    task.scorer["spec"]["input_data"] = task.reference_id
    task.save()
    told = "command: sh -c 'cat $input/* > $output/mine.json'"
    send(cast.client("ada"), zipped({"metadata": told}), name="mine.zip")
    work()
    assert (newest().state, Run.objects.get().details) == ("failed", None)
    assert "code would read the labels" in Run.objects.get().log


def test_a_submission_has_the_scores_of_all_tasks_and_the_one_that_fails_is_named(
    cast: Cast, work: Callable[[], None]
) -> None:
    phase, first = cast.forest.phases.get(), cast.forest.tasks.get()
    second = Task.objects.create(challenge=cast.forest, name="second", reference=first.reference, scorer=FUNCTION)
    PhaseTask.objects.create(phase=phase, task=second, position=1)
    send(cast.client("ada"), predictions(15))
    work()
    assert values() == {
        ("accuracy", "public"): 0.8, ("accuracy", "private"): 0.7, ("score", "public"): 0.2, ("score", "private"): 0.3,
    }  # fmt: skip
    assert sorted(Run.objects.values_list("task__name", "queue")) == [("main", "score"), ("second", "code")]
    Task.objects.filter(pk=second.pk).update(scorer={**FUNCTION, "spec": {"id": "id", "source": "x = 1 / 0"}})
    send(cast.client("ada"), predictions(16))
    work()
    assert newest().state == "failed"
    logs = [run.log for run in newest().runs.order_by("pk")]
    assert logs[0] == ""
    assert logs[1].startswith("Task “second”: `metric.py` stopped with ZeroDivisionError in line 1")


def test_what_a_killed_worker_left_goes_with_the_next_run(cast: Cast, work: Callable[[], None], settings: Any) -> None:
    left = Path(settings.FILES_DIR) / "scoring" / "left"
    left.mkdir(parents=True)
    (left / "solution.csv").write_text(SOLUTION)
    os.utime(left, (0, 0))
    scored_by(cast, {"kind": "evaluate", "spec": {"source": "x = 1 / 0", "leaderboard": LEADERBOARD}})
    send(cast.client("ada"), predictions(15))
    work()
    assert "ZeroDivisionError in line 1 of main.py" in Run.objects.get().log
    assert list(left.parent.iterdir()) == []


# Where nothing can run it


@pytest.mark.usefixtures("nowhere")
def test_without_a_sandbox_it_takes_nothing_and_says_why(cast: Cast) -> None:
    scored_by(cast, FUNCTION)
    answer = send(cast.client("ada"), predictions(5))
    words = "The canary “network” did not hold (connected). Mend the network."
    assert (answer.status_code, words in answer.content.decode()) == (409, True)
    assert not Submission.objects.exists()
    page = cast.client("ada").get("/challenges/forest/submit/").text
    assert words in page
    assert 'type="file"' not in page
    assert any(words in sentence for sentence in missing(cast.forest))


def test_without_its_environment_it_takes_nothing_and_says_what_to_run(cast: Cast) -> None:
    scored_by(cast, FUNCTION, environment="old-numpy")
    answer = send(cast.client("ada"), predictions(5))
    assert answer.status_code == 409
    assert "old-numpy" in answer.content.decode()
    assert any("old-numpy" in sentence for sentence in missing(cast.forest))


# Hosts


def test_where_containers_run_it_an_environment_that_is_a_folder_closes_it(cast: Cast, settings: Any) -> None:
    scored_by(cast, FUNCTION)
    settings.SANDBOX = "docker"
    answer = send(cast.client("ada"), predictions(5))
    assert answer.status_code == 409
    assert "manage.py environment image NAME IMAGE" in answer.content.decode()
    assert any("code runs by docker here" in sentence for sentence in missing(cast.forest))


def test_boards_are_made_of_what_it_declares(cast: Cast) -> None:
    phase = scored_by(cast, FUNCTION)
    Board.objects.filter(phase=phase).delete()
    public, private = board_defaults(cast.forest, phase)
    columns = [board.columns.get() for board in (public, private)]
    assert [(column.key, column.split) for column in columns] == [("score", "public"), ("score", "private")]
    assert {column.direction for column in columns} == {"lower"}
    assert "own metric" in Client().get("/challenges/forest/").text
    phase = scored_by(cast, {"kind": "evaluate", "spec": {"source": EVALUATE, "leaderboard": LEADERBOARD}})
    Board.objects.filter(phase=phase).delete()
    found = board_defaults(cast.forest, phase)[0].columns.order_by("position")
    assert [(one.key, one.title, one.split, one.direction) for one in found] == [
        ("accuracy", "accuracy", "all", "higher"), ("wrong", "Mistakes", "all", "lower"),
    ]  # fmt: skip
    assert "Mistakes" in Client().get("/challenges/forest/").text


def test_a_host_uploads_a_function_and_tries_it(cast: Cast) -> None:
    task, grace = cast.forest.tasks.get(), cast.client("grace")
    address = f"/host/challenges/task/{task.pk}/change/"
    given = {"kind": "function", "spec": {"id": "id", "split": "Usage"}}
    upload = SimpleUploadedFile("metric.py", SOURCE.encode())
    limits = json.dumps({"memory_mb": 700})
    assert saved(fill(grace, address, scorer=json.dumps(given), scorer_file=upload, limits=limits))
    task.refresh_from_db()
    assert (task.scorer["spec"]["source"], task.limits) == (SOURCE, {"memory_mb": 700})
    told = grace.post("/host/challenges/task/", {"action": "try_it", "_selected_action": [task.pk]}, follow=True)
    assert "sample_submission.csv scores score (public) " in told.text
    assert not Submission.objects.exists()


def test_what_cannot_score_is_refused_where_it_is_written_down(cast: Cast) -> None:
    task, grace = cast.forest.tasks.get(), cast.client("grace")
    address = f"/host/challenges/task/{task.pk}/change/"
    theirs = cast.harbour.datasets.get(name="solution").versions.get().pk
    spec = {"id": "id", "split": "Usage", "source": "def score(): ..."}
    declared = {"leaderboard": [{"key": "a"}]}
    for kind, wrong, words in (
        ("function", {"id": "id"}, "`source` is missing"),
        ("anything", spec, "The kind of scorer is"),
        ("evaluate", {"source": "x"}, "`leaderboard` lists the scores"),
        ("evaluate", {**declared, "source": "x", "command": "y"}, "This spec has `command`"),
        ("program", declared, "Give the scorer as `source`, or as `program`"),
        ("program", {**declared, "program": theirs}, "no version of a dataset of this challenge"),
        ("program", {**declared, "source": "x", "split": {"public": "a", "private": "b"}}, "how a key is written"),
    ):
        found = errors(fill(grace, address, scorer=json.dumps({"kind": kind, "spec": wrong})))
        assert any(words in sentence for sentence in found), found
    for fields, words in (
        ({"environment": "none-such"}, "none-such"),
        ({"limits": '{"memory_mb": 9999999}'}, "at most"),
        ({"limits": '{"speed": 1}'}, "some of wall_s"),
        ({"scorer_file": SimpleUploadedFile("metric.py", b"x")}, "A built-in metric takes no file"),
    ):
        found = errors(fill(grace, address, **fields))
        assert any(words in sentence for sentence in found), found
