"""Splitting a solution that has no column for it: each row is public or private by a keyed hash of its id.

The key is the task's own and leaves the server never: who knows the ids cannot tell which rows are public, and the next
version of the solution is split as the last was. The split is written down, as a column of a new version.
"""

import csv
import io
import secrets
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction

from podium.accounts.models import User
from podium.challenges.models import DataFile, DatasetVersion, Task
from podium.challenges.references import LARGEST
from podium.challenges.services import dataset_publish, part_save
from podium.core.errors import Conflict
from podium.core.storage import blob_path, store_bytes
from podium.core.words import percent
from scoring.errors import HostError, SubmissionError
from scoring.spec import ScorerSpec

COLUMN = "Usage"


def task_split(
    task: Task, *, share: float, actor: User, together: str = "", changed: Sequence[str] = ()
) -> DatasetVersion:
    """Split the rows of a task's solution, publish it as a new version, and save the task with that as its reference.

    `share` of the rows become public; rows with the same value in the column `together` stay on one side; where a class
    is rare, each side gets its part. Raises `Conflict` where the solution cannot be split.
    """
    spec = ScorerSpec.from_dict(task.scorer["spec"])
    file = task.reference.files.select_related("blob").get()
    task.split_key = task.split_key or secrets.token_hex(32)
    made = store_bytes(_with_split(file, spec=spec, key=task.split_key, share=share, together=together))
    with transaction.atomic():
        version = dataset_publish(
            task.challenge,
            name=task.reference.dataset.name,
            audience=task.reference.dataset.audience,
            files={f"{PurePosixPath(file.path).name.partition('.')[0]}.csv": made},
            actor=actor,
            note=_note(share, together),
        )
        task.reference = version
        task.scorer = {**task.scorer, "spec": {**task.scorer["spec"], "split": COLUMN}}
        part_save(task, challenge=task.challenge, actor=actor, changed=changed)
    return version


def _note(share: float, together: str) -> str:
    kept = f", rows of one {together[:60]} together" if together else ""
    return f"Split by Podium: {percent(share)} public{kept}."


def _with_split(file: DataFile, *, spec: ScorerSpec, key: str, share: float, together: str) -> bytes:
    """Return the solution as CSV, with one column more."""
    from scoring.statistics.assignment import public_rows, usage  # noqa: PLC0415 - with numpy, which few pages need

    table = _read(file, spec=spec, together=together)
    by_class = spec.wants_labels and len(spec.target) == 1
    public = public_rows(
        table[spec.id],
        key=key,
        share=share,
        strata=table[spec.target[0]] if by_class else None,
        clusters=table[together] if together else None,
    )
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write([*table, COLUMN])
    for row in zip(*table.values(), usage(public), strict=True):
        write(row)
    return text.getvalue().encode()


def _read(file: DataFile, *, spec: ScorerSpec, together: str) -> dict[str, list[Any]]:
    """Return all columns as text."""
    from scoring.archives import Limits  # noqa: PLC0415 - pyarrow takes a moment that other pages need not wait for
    from scoring.reading import open_table  # noqa: PLC0415

    if file.blob.size > LARGEST:
        raise Conflict("This solution is too large to be split on a page. Add the column yourself.", code="not_split")
    try:
        table = open_table(blob_path(file.blob.sha256), filename=file.path, limits=Limits(max_bytes=4 * LARGEST))
        _check_columns(table.names, spec=spec, together=together)
        table.load(text=table.names, numbers=[])
        return {name: table.text(name).to_pylist() for name in table.names}
    except (HostError, SubmissionError) as error:
        raise Conflict(f"The solution cannot be split: {error.message}", code="not_split") from error


def _check_columns(names: Sequence[str], *, spec: ScorerSpec, together: str) -> None:
    if COLUMN.lower() in map(str.lower, names):
        raise Conflict(
            f"The solution has a column “{COLUMN}” already. Name it as `split` in the scorer, and Podium leaves the "
            "rows as they are.",
            code="not_split",
        )
    for name in filter(None, [spec.id, *spec.target, together]):
        if list(names).count(name) != 1:
            raise Conflict(f"The solution has no column “{name}”. It has: {', '.join(names[:20])}.", code="not_split")
