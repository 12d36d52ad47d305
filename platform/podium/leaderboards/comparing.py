"""Telling the teams of a board apart: its steps, and the ranks that a team could have.

Whatever changes a board is counted there (`Board.changes`). Comparing reads the count first and the entries after it,
works without a lock, and is swapped in by one transaction, as of that count: what changed meanwhile is compared by the
next round, and entries that are others now keep nothing of it. The evidence lies in files, made by `measuring`.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from podium.core.locks import locked
from podium.leaderboards.models import Board, Column, Entry
from podium.leaderboards.values import score_rows
from podium.submissions import evidence, measuring
from scoring.statistics.comparisons import covariance, p_function
from scoring.statistics.steps import ALL_PAIRS, rank_ranges, steps

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
ASKED_AT_ONCE = 500
KEPT = ["step", "best_rank", "worst_rank"]
OWN = ("seat__run", "seat__run__reference", "seat__run__measured_at", "evidence")


def boards_to_compare() -> QuerySet[Board]:
    """Return the boards that changed since they were compared and that nobody compares now."""
    free = Q(comparing_until=None) | Q(comparing_until__lt=timezone.now())
    return Board.objects.filter(free).exclude(changes=F("compared_changes")).order_by("compared_at", "pk")


def boards_compare() -> int:
    """Compare the boards that changed, while nobody waits for a score; return how many were."""
    done = 0
    for pk in list(boards_to_compare().values_list("pk", flat=True)):
        try:
            done += board_compare(pk)
        except measuring.WayMadeError:
            break
        except Exception:  # whatever is wrong with this one, the others are not to wait for it
            logger.exception("Board %s cannot be compared; its lease runs out in %s.", pk, LEASE)
    return done


def board_compare(pk: int) -> bool:
    """Compare the entries of a board as it is now; False where somebody else does. Raises `WayMadeError` where somebody
    waits for a score."""
    now = timezone.now()
    free = Q(comparing_until=None) | Q(comparing_until__lt=now)
    if not Board.objects.filter(free, pk=pk).update(comparing_until=now + LEASE):
        return False
    board = Board.objects.get(pk=pk)
    try:
        found = list(_compared(board))
    except measuring.WayMadeError:
        Board.objects.filter(pk=pk).update(comparing_until=None)
        raise
    _swap_in(board, found, at=now)
    return True


def _swap_in(board: Board, found: Sequence[Entry], *, at: datetime) -> None:
    """Write down what was found, for those entries that still are what was compared."""
    with transaction.atomic():
        fresh = locked(Board, board.pk)
        if fresh.compared_at is None or fresh.compared_changes < board.changes:
            same = set(board.entries.values_list("pk", "submission_id"))
            Entry.objects.bulk_update(
                [entry for entry in found if (entry.pk, entry.submission_id) in same], KEPT, batch_size=ASKED_AT_ONCE
            )
            fresh.compared_changes, fresh.compared_at = board.changes, at
        fresh.comparing_until = None
        fresh.save(update_fields=["compared_changes", "compared_at", "comparing_until"])


def _compared(board: Board) -> Iterator[Entry]:
    """Yield the entries whose step or ranks are others than before, with what they are now."""
    column = board.columns.first()
    if column is None:
        return
    entries = list(board.entries.filter(ranked=True).order_by("place").only("submission_id", "values", *KEPT))
    known = Known.of(column, entries)
    for entry, step, (best, worst) in zip(entries, known.steps(), known.ranges(), strict=True):
        before = (entry.step, entry.best_rank, entry.worst_rank)
        entry.step, entry.best_rank, entry.worst_rank = step, best, worst
        if before != (step, best, worst):
            yield entry


# What is known of the entries


@dataclass(frozen=True, slots=True)
class Proof:
    """What a submission's score in the ranking column is compared by."""

    run: int = 0
    reference: int = 0
    path: Path | None = None
    is_pending: bool = False  # not measured yet


def proofs_of(column: Column, submissions: Sequence[int]) -> dict[int, Proof]:
    """Return what is known of submissions' released scores; of the newer where one ran twice."""
    proofs: dict[int, Proof] = {}
    scores = score_rows([(column.task_id, column.score_key, column.split)])
    for start in range(0, len(submissions), ASKED_AT_ONCE):
        chunk = scores.filter(seat__submission__in=submissions[start : start + ASKED_AT_ONCE])
        for submission, replaced, *own_and_released in chunk.values_list(
            "seat__submission_id", "released", *OWN, *(f"released__{name}" for name in OWN)
        ):
            run, reference, measured, name = own_and_released[len(OWN) :] if replaced else own_and_released[: len(OWN)]
            path = evidence.path_of(run, name) if name else None
            proofs[submission] = Proof(run, reference, path, is_pending=measured is None)
    return proofs


class Known:
    """The ranked entries of a board in their order: values, and the evidence to compare them by."""

    def __init__(self, column: Column, values: list[float | None], proofs: list[Proof]) -> None:
        self.column, self.values = column, values
        self.is_pending = [proof.is_pending for proof in proofs]
        self.arrays = _arrays(proofs)
        self.has_proof = any(array is not None for array in self.arrays)
        self.is_long = len(values) > ALL_PAIRS  # too long to compare all pairs
        self.cov = None if self.is_long or not self.has_proof else covariance(_as_arrays(self.arrays))

    @classmethod
    def of(cls, column: Column, entries: Sequence[Entry]) -> "Known":
        """Gather it. Runs whose evidence is gone are to be measured again."""
        found = proofs_of(column, [entry.submission_id for entry in entries])
        proofs = [found.get(entry.submission_id, Proof()) for entry in entries]
        lost = {proof.run for proof in proofs if proof.path and not proof.path.is_file()}
        measuring.measure_again(sorted(lost))
        proofs = [Proof(proof.run, is_pending=True) if proof.run in lost else proof for proof in proofs]
        return cls(column, [entry.values.get(column.key) for entry in entries], proofs)

    def steps(self) -> list[int | None]:
        """Return the step of each, from 1; None where it has no score or is not measured yet."""
        if not self.has_proof:
            return [None] * len(self.values)
        order = [at for at, pending in enumerate(self.is_pending) if not pending]
        values, arrays = [self.values[at] for at in order], [self.arrays[at] for at in order]
        numbers = steps(
            values,
            p_function(values, evidence=_as_arrays(arrays)) if self.cov is None else self.cov[np.ix_(order, order)],
            higher_is_better=self.column.higher_is_better,
            known=[array is not None for array in arrays],
            family="walk" if self.cov is None else "pairs",  # a board must not split by chance: 40 % did, of 50 equals
        )
        step_at = dict(zip(order, numbers, strict=True))
        return [step_at.get(at) or None for at in range(len(self.values))]

    def ranges(self) -> list[tuple[int | None, int | None]]:
        """Return the best and the worst rank that each could have; none on a board too long to compare all pairs."""
        if self.cov is None:
            return [(None, None)] * len(self.values)
        found = rank_ranges(self.values, self.cov, higher_is_better=self.column.higher_is_better)
        return [
            (None, None) if value is None else (min(best, rank), max(worst, rank))
            for rank, (value, (best, worst)) in enumerate(zip(self.values, found, strict=True), start=1)
        ]


# Evidence


class Kept:
    """An array of evidence in a file, of which parts are read when they are needed; so a comparison of many makes way
    for who waits for a score."""

    def __init__(self, path: Path, *, keep_open: bool, way: measuring.Way) -> None:
        self._path, self._keep_open, self._way = path, keep_open, way
        self._array: Any = None
        self.shape = self._read().shape

    def _read(self) -> Any:
        if self._array is not None:
            return self._array
        array = np.load(self._path, mmap_mode="r", allow_pickle=False)
        if self._keep_open:
            self._array = array
        return array

    def __getitem__(self, part: slice) -> Any:
        self._way.make()
        return self._read()[part]


def _arrays(proofs: Sequence[Proof]) -> list[Kept | None]:
    """Return the evidence of those that can be compared: of the reference that most ran with, and of one shape."""
    references = Counter(proof.reference for proof in proofs if proof.path)
    if not references:
        return [None] * len(proofs)
    (reference, _), keep_open, way = references.most_common(1)[0], len(proofs) <= ALL_PAIRS, measuring.Way()
    read = [
        Kept(proof.path, keep_open=keep_open, way=way) if proof.path and proof.reference == reference else None
        for proof in proofs
    ]
    (shape, _) = Counter(array.shape for array in read if array is not None).most_common(1)[0]
    return [array if array is not None and array.shape == shape else None for array in read]


def _as_arrays(kept: Sequence[Kept | None]) -> Sequence[Any]:
    return cast(Sequence[Any], kept)


def needed_runs(runs: list[int]) -> set[int]:
    """Return those of the runs whose submission stands on a board."""
    standing = Entry.objects.filter(submission__runs__in=runs)
    return set(standing.values_list("submission__runs", flat=True))
