"""A task's scorer in its form at `/host/`: a program is uploaded there, checked when it is written down, and tried."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from podium.accounts.models import User
from podium.challenges.models import DataFile, Dataset, DatasetVersion, Task
from podium.challenges.scorers import FUNCTION, METRIC, OWN, is_own, keys_of, versions_of
from podium.challenges.selectors import SAMPLE, newest_versions
from podium.challenges.services import dataset_publish
from podium.core import isolation
from podium.core.storage import store
from podium.submissions.own_scorers import score_try
from scoring.environments import find
from scoring.errors import HostError
from scoring.sandbox.backend import sandbox_here

SOURCE_BYTES = 256 * 1024
TRY_SECONDS = 20
LIMITS = ("wall_s", "memory_mb", "cpus", "pids")
TO_BE_STORED = 0  # in place of a dataset version that is published when the task is saved
LOG_SHOWN = 2000
ON_ITS_OWN = "This version holds {count} files. A reference is one file; publish it on its own."


def with_file(scorer: Mapping[str, Any], upload: UploadedFile[Any] | None) -> dict[str, Any]:
    """Return a scorer with the program that was uploaded in its place. Raises ValidationError."""
    if upload is None or not isinstance(scorer["spec"], dict):
        return dict(scorer)
    if scorer["kind"] not in OWN:
        raise ValidationError(f"A built-in metric takes no file. Set the kind to {', '.join(OWN)}, or leave it out.")
    spec = {name: value for name, value in scorer["spec"].items() if name not in {"source", "program"}}
    name = (upload.name or "").lower()
    if name.endswith(".py"):
        return {"kind": scorer["kind"], "spec": {**spec, "source": _text(upload)}}
    if name.endswith(".zip") and scorer["kind"] != FUNCTION:
        return {"kind": scorer["kind"], "spec": {**spec, "program": TO_BE_STORED}}
    raise ValidationError("A scorer is one .py file" + (" or a .zip." if scorer["kind"] != FUNCTION else "."))


def _text(upload: UploadedFile[Any]) -> str:
    if (upload.size or 0) > SOURCE_BYTES:
        raise ValidationError(f"A .py file of more than {SOURCE_BYTES // 1024} KB is no scorer. Send a .zip.")
    try:
        return bytes(upload.read()).decode()
    except UnicodeDecodeError as error:
        raise ValidationError("The .py file is no text in UTF-8.") from error


def check(scorer: Mapping[str, Any], *, challenge: int | None) -> None:
    """Refuse a scorer that could not score. Raises ValidationError."""
    try:
        keys_of(scorer)
        named = {name: pk for name, pk in versions_of(scorer).items() if pk != TO_BE_STORED}
    except HostError as error:
        raise ValidationError(error.message) from error
    known = DatasetVersion.objects.filter(dataset__challenge=challenge, dataset__audience=Dataset.Audience.SCORING)
    for name, pk in named.items():
        if challenge is not None and not known.filter(pk=pk).exists():
            raise ValidationError(f"“{name}” is {pk}, which is no version of a dataset of this challenge for scoring.")


def check_reference(reference: DatasetVersion, scorer: Mapping[str, Any]) -> None:
    """Refuse several files where one is read. Raises ValidationError."""
    count = reference.files.count()
    if count != 1 and (scorer["kind"] in {METRIC, FUNCTION} or not count):
        raise ValidationError(ON_ITS_OWN.format(count=count))


def check_environment(name: str) -> None:
    """Refuse an environment that was not built. Raises ValidationError."""
    try:
        if name:
            find(Path(settings.ENVIRONMENTS_DIR), name)
    except HostError as error:
        raise ValidationError(error.message) from error


def check_limits(limits: Any) -> None:
    """Refuse limits that are none. Raises ValidationError."""
    most = settings.PREDICT_MOST
    if not isinstance(limits, dict) or set(limits) - set(LIMITS):
        raise ValidationError(f"Limits are an object with some of {', '.join(LIMITS)}.")
    for name, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most[name]:
            raise ValidationError(f"“{name}” is a number, more than 0 and at most {most[name]:,}.")
    if limits.get("memory_mb", 64) < 64:
        raise ValidationError("“memory_mb” is at least 64: less does not start Python.")


def publish(task: Task, upload: UploadedFile[Any] | None, *, actor: User) -> None:
    """Keep an uploaded .zip as a dataset for scoring, and have the task's scorer name it."""
    spec = task.scorer["spec"]
    if upload is None or spec.get("program") != TO_BE_STORED:
        return
    files = {"program.zip": store(upload.chunks())}
    version = dataset_publish(
        task.challenge,
        name=f"{task.name[:50]}-scorer",
        audience=Dataset.Audience.SCORING,
        files=files,
        actor=actor,
        note=f"The scorer of the task “{task.name}”."[:200],
    )
    task.scorer = {**task.scorer, "spec": {**spec, "program": version.pk}}


def tried(task: Task) -> tuple[bool, str]:
    """Score the sample submission by a task's own scorer, here and now; return whether that worked, and what came."""
    if not is_own(task):
        return False, "Only a scorer of your own is tried here: a built-in metric is ours."
    newest = newest_versions(task.challenge)
    sample = DataFile.objects.filter(version__in=newest, path=SAMPLE).select_related("blob").first()
    if sample is None:
        return False, f"There is no {SAMPLE} to try it on. Publish one, or send a baseline."
    found = isolation.isolation()
    if not found.holds:
        return False, f"This machine has no sandbox to try it in: send a baseline. {isolation.why_not(found)}"
    sandbox = sandbox_here(isolation.backend())
    result = score_try(task, blob=sample.blob, filename=SAMPLE, sandbox=sandbox, wall_s=TRY_SECONDS)
    if result.verdict == "scored":
        scores = ", ".join(f"{one.key} ({one.split}) {one.value}" for one in result.scores)
        return True, f"{SAMPLE} scores {scores}, in {result.resources.get('wall_s', 0):.1f} s."
    said = result.error.message if result.error else "It gave no answer."
    who = "It refuses the sample: " if result.verdict == "rejected" else ""
    return False, f"{who}{said} {result.detail[-LOG_SHOWN:]}".strip()
