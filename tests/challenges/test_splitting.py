"""Podium splits a solution: by a secret key, written down as a new version, the same at every time."""

import csv
import io

import pytest

from podium.challenges.models import Task
from podium.challenges.references import split_sizes
from podium.challenges.services import dataset_publish
from podium.challenges.splitting import task_split
from podium.core.errors import Conflict
from podium.core.storage import blob_path, store_bytes
from tests.cast import IDS, SPEC, TRUTH, Cast
from tests.hosts.forms import errors, fill, saved

pytestmark = pytest.mark.django_db
ROWS = [f"{i},{y},p{at // 4}\n" for at, (i, y) in enumerate(zip(IDS, TRUTH, strict=True))]
UNSPLIT = "id,label,patient\n" + "".join(ROWS)
WHOLE = {**SPEC, "split": None}


@pytest.fixture
def task(cast: Cast) -> Task:
    """A task whose solution has no column for its split."""
    version = dataset_publish(
        cast.forest,
        name="whole",
        audience="scoring",
        files={"whole.csv": store_bytes(UNSPLIT.encode())},
        actor=cast.grace,
    )
    scorer = {"kind": "metric", "spec": WHOLE}
    return Task.objects.create(challenge=cast.forest, name="whole", reference=version, scorer=scorer)


def split_of(task: Task) -> dict[str, dict[str, str]]:
    """Return the rows of a task's solution by id."""
    text = blob_path(task.reference.files.get().blob.sha256).read_text()
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def assert_split(task: Task, *, public: int) -> None:
    """Look at the sizes: each of two classes has the share, or by a keyed coin a row more or less."""
    sizes = split_sizes(task)
    assert abs(sizes["public"] - public) <= 1
    assert sum(sizes.values()) == len(IDS)


def test_a_split_solution_is_a_new_version_and_the_old_one_stays(cast: Cast, task: Task) -> None:
    first = task.reference
    version = task_split(task, share=0.3, actor=cast.grace)
    task.refresh_from_db()
    assert task.reference == version
    assert (version.number, first.files.get().blob.sha256) == (2, first.files.get().blob.sha256)
    assert version.note == "Split by Podium: 30 % public."
    assert task.scorer["spec"]["split"] == "Usage"
    assert_split(task, public=6)
    assert [row["label"] for row in split_of(task).values()] == [str(label) for label in TRUTH]


def test_the_same_key_splits_the_next_solution_in_the_same_way(cast: Cast, task: Task) -> None:
    first = task.reference
    task_split(task, share=0.3, actor=cast.grace)
    once = split_of(task)
    task.reference, task.scorer = first, {"kind": "metric", "spec": WHOLE}
    task_split(task, share=0.3, actor=cast.grace)
    assert split_of(task) == once


def test_each_task_has_a_key_of_its_own_that_is_written_nowhere_else(cast: Cast, task: Task) -> None:
    task_split(task, share=0.3, actor=cast.grace)
    assert len(task.split_key) == 64
    for address in (f"/host/challenges/task/{task.pk}/change/", f"/host/challenges/task/{task.pk}/history/"):
        assert task.split_key not in cast.client("grace").get(address).content.decode()
    page = cast.client("root").get(f"/admin/challenges/task/{task.pk}/change/").content.decode()
    assert task.split_key not in page


def test_rows_of_one_patient_stay_together(cast: Cast, task: Task) -> None:
    task_split(task, share=0.5, together="patient", actor=cast.grace)
    sides = {(row["patient"], row["Usage"]) for row in split_of(task).values()}
    assert len(sides) == len({patient for patient, _ in sides})


def test_what_is_missing_is_named(cast: Cast, task: Task) -> None:
    with pytest.raises(Conflict, match="has no column “nobody”"):
        task_split(task, share=0.3, together="nobody", actor=cast.grace)
    task.refresh_from_db()
    assert task.reference.number == 1


def test_a_solution_that_has_a_split_is_left_alone(cast: Cast) -> None:
    task = cast.forest.tasks.get()
    task.scorer["spec"]["split"] = None
    with pytest.raises(Conflict, match="has a column “Usage” already"):
        task_split(task, share=0.3, actor=cast.grace)


def test_a_host_asks_for_it_on_the_tasks_page(cast: Cast, task: Task) -> None:
    grace = cast.client("grace")
    address = f"/host/challenges/task/{task.pk}/change/"
    assert saved(fill(grace, address, split_rows="on", public_percent="60", together=""))
    task.refresh_from_db()
    assert_split(task, public=12)
    page = grace.get("/host/").content.decode()
    assert "60 % of the rows are public: the private ranks rest on few rows" in page


def test_a_refused_split_changes_nothing_and_is_said_in_the_form(cast: Cast, task: Task) -> None:
    answer = fill(
        cast.client("grace"),
        f"/host/challenges/task/{task.pk}/change/",
        split_rows="on",
        together="nobody",
        name="other",
    )
    assert "has no column “nobody”" in " ".join(errors(answer))
    task.refresh_from_db()
    assert (task.name, task.reference.number) == ("whole", 1)


def test_a_scorer_that_names_a_split_needs_none(cast: Cast) -> None:
    task = cast.forest.tasks.get()
    answer = fill(cast.client("grace"), f"/host/challenges/task/{task.pk}/change/", split_rows="on")
    assert "Take it out, and Podium splits the rows" in " ".join(errors(answer))
