"""What is known of a task's reference without scoring anything: how many rows each split has."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from podium.challenges.models import Task
from podium.core.storage import blob_path
from scoring.errors import HostError
from scoring.spec import ScorerSpec

LARGEST = 200 * 2**20  # bytes of a file that a page may read: it takes a second or two, once
KEEP_SECONDS = 7 * 86_400


class UnreadableError(Exception):
    """A reference that cannot be read here. The message is for its hosts."""


def split_sizes(task: Task) -> Mapping[str, int]:
    """Return how many rows each split has, `all` where there are none. Raises `UnreadableError`.

    The reference is prepared as a worker would, in the same place, so that the first submission finds it done.
    """
    file = task.reference.files.select_related("blob").first()
    if file is None:
        raise UnreadableError("The reference holds no file.")
    try:
        spec = ScorerSpec.from_dict(task.scorer.get("spec") or {})
        key = f"split-sizes:{file.blob.sha256}:{spec.sha256}"
        known: dict[str, int] | None = cache.get(key)
        if known is None:
            known = _count(blob_path(file.blob.sha256), sha256=file.blob.sha256, size=file.blob.size, spec=spec)
            cache.set(key, known, KEEP_SECONDS)
    except HostError as error:
        raise UnreadableError(error.message) from error
    return known


def _count(path: Path, *, sha256: str, size: int, spec: ScorerSpec) -> dict[str, int]:
    if size > LARGEST:
        raise UnreadableError("The reference is too large to be counted on a page.")
    from scoring.reference import prepare  # noqa: PLC0415 - it reads tables: pages that do not count start without

    reference = prepare(path, key=sha256, folder=Path(settings.FILES_DIR) / "prepared", spec=spec)
    whole = {name: rows for name, rows in reference.splits.items() if ":" not in name}  # no slices
    return {name: reference.rows if rows is None else len(rows) for name, rows in whole.items()}
