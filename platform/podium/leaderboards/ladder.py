"""The Ladder, where a phase uses it: which of a team's scores anybody but hosts gets to see.

A team's submissions are gone through in the order of receipt. A score is released where it beats the team's best so far
by more than one standard error of the difference on the same rows; else that best is seen again in its place. So many
small changes tell a team next to nothing about the hidden labels (Blum and Hardt 2015, `scoring.statistics.ladder`).
Private scores are left as they are: they are shown once, when all is over.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from podium.submissions.evidence import path_of
from podium.submissions.models import Score, Submission
from podium.submissions.states import RunState, SubmissionState
from podium.teams.models import Team
from scoring.metrics.registry import Array
from scoring.spec import ScorerSpec
from scoring.statistics.ladder import general, se_of_change


def released_refresh(submission: Submission) -> None:
    """Work out what is seen of a submission that was just scored, and of those received after it. Repeated, it changes
    nothing. MUST be called under the team's lock, in the transaction that finishes the submission."""
    if not submission.phase.ladder or submission.team.kind != Team.Kind.PEOPLE:
        return
    since = submission.received_at, submission.pk
    changed = [score for track in _tracks(submission) for score in _climbed(track, since=since)]
    Score.objects.bulk_update(changed, ["released"])


def _tracks(submission: Submission) -> list[list[Score]]:
    """Return the team's scores in the phase, those of one task, key and split together, in the order of receipt."""
    scores = Score.objects.filter(
        seat__submission__phase=submission.phase_id,
        seat__submission__team=submission.team_id,
        seat__submission__state=SubmissionState.SCORED,
        seat__run__state=RunState.SCORED,
    ).select_related("seat__run", "seat__submission")
    tracks: dict[tuple[object, ...], dict[int, Score]] = defaultdict(dict)
    for score in scores.order_by("seat__submission__received_at", "seat__submission", "seat__run"):
        if score.split.partition(":")[0] != "private":  # of two runs of a submission, the newer counts
            tracks[score.seat.run.task_id, score.key, score.split][score.seat.submission_id] = score
    return [list(track.values()) for track in tracks.values()]


def _climbed(track: Sequence[Score], *, since: tuple[datetime, int]) -> Iterator[Score]:
    """Yield the scores of a track that are seen otherwise than before; those received earlier stay as they are."""
    best: Score | None = None
    known = {score.pk: score for score in track}
    for score in track:
        sent = score.seat.submission
        if (sent.received_at, sent.pk) < since:
            best = known.get(score.released_id or score.pk, best) if score.value is not None else best
            continue
        stands = best is None or best.value is None or _is_better(score, best)
        released = None if stands else best
        if score.released_id != (released.pk if released else None):
            score.released = released
            yield score
        best = score if stands else best


def _is_better(score: Score, best: Score) -> bool:
    """Tell whether a score beats the best so far by more than chance. What is not known well enough does not."""
    if score.value is None or best.value is None:
        return False
    return general(
        score.value, best.value, error_of_difference(score, best), greater_is_better=_greater_is_better(score)
    ).updated


def _greater_is_better(score: Score) -> bool:
    spec = ScorerSpec.from_dict(score.seat.run.scorer["spec"])
    return next(metric.entry.greater_is_better for metric in spec.metrics if metric.key == score.key)


def error_of_difference(one: Score, other: Score) -> float:
    """Return the standard error of the difference of two scores: paired, where both were scored on the same rows and
    their evidence is there; else as if they had nothing in common, which is never too small for models that agree; NaN
    where one of them was not measured.
    """
    if one.seat.run.reference_id == other.seat.run.reference_id and one.method == other.method:
        first, second = _evidence(one), _evidence(other)
        if first is not None and second is not None and first.shape == second.shape:
            return se_of_change(first, second)  # also of a perfect score, which has no standard error by itself
    return math.nan if one.se is None or other.se is None else math.hypot(one.se, other.se)


def _evidence(score: Score) -> Array | None:
    path = path_of(score.seat.run_id, score.evidence)
    if not score.evidence or not path.is_file():
        return None
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def evidence_to_keep(runs: Sequence[int]) -> set[int]:
    """Return those of the runs with a score that was a team's best on a Ladder: the next one is compared with it."""
    standing = Score.objects.filter(seat__run__in=runs, released=None, seat__submission__phase__ladder=True)
    return set(standing.values_list("seat__run", flat=True))
