"""Metrics of survival: times of which some are only known to be longer, as the event was not seen (censored)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.metrics.dominance import below, compact, dense_ranks, dominated, lower_in_group
from scoring.metrics.inputs import extra_module
from scoring.metrics.pairs import column_pair
from scoring.metrics.registry import (
    Array,
    MetricInputError,
    MetricParameterError,
    Param,
    UndefinedMetricError,
    metric,
)

PREDICTS = Param(
    name="predicts",
    kind="choice",
    default="risk",
    choices=("risk", "time"),
    help="What is predicted: a risk, higher where the event comes sooner, or the time itself.",
)


@dataclass(frozen=True, slots=True)
class _Survival:
    """Ranks of times and risks, shape (rows,). Of equal times the event comes before what is censored."""

    stage: Array
    risk: Array
    seen: Array

    def comparable(self) -> Array:
        """Return for each row that was seen how many rows are known to have survived it, and 0 for the others."""
        return np.where(self.seen, len(self.stage) - below(self.stage) - np.bincount(self.stage)[self.stage], 0)

    def right(self) -> Array:
        """Return how many of those have a lower risk; equal ones count one half."""
        later = int(self.stage.max()) - self.stage
        lower = dominated(later, self.risk) + lower_in_group(self.risk, later) / 2
        return np.where(self.seen, lower, 0)

    def survived(self) -> tuple[Array, Array]:
        """Return for each row how many events it is known to have survived, and how many of them had a higher risk."""
        milder = int(self.risk.max()) - self.risk
        higher = dominated(self.stage, milder, counted=self.seen)
        return below(self.stage, counted=self.seen), higher + self._level() / 2

    def _level(self) -> Array:
        return lower_in_group(self.risk, self.stage, counted=self.seen)


def _survival(y_true: Any, y_pred: Any, *, event: Any, predicts: str) -> _Survival:
    time, pred = column_pair(y_true, y_pred)
    seen = _seen(event, rows=len(time))
    stage = compact(2 * dense_ranks(time) + ~seen)
    return _Survival(stage, dense_ranks(-pred if predicts == "time" else pred), seen)


def _seen(event: Any, *, rows: int) -> Array:
    array = np.asarray(event)
    if array.shape != (rows,):
        raise MetricInputError(f"event has shape {array.shape}, expected ({rows},).")
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise MetricInputError("event must be 1 where the event was seen and 0 where it was not.")
    return array.astype(bool)


def _share(right: Array, comparable: Array) -> float:
    total = float(comparable.sum())
    if total == 0:
        raise UndefinedMetricError("No two rows can be compared: no event was seen before the last time.")
    return float(right.sum()) / total


def _harrell_influence(y_true: Any, y_pred: Any, *, event: Any, predicts: str = "risk") -> Array:
    # The projection of a ratio of U statistics of two rows: each row's own pairs, as the earlier and as the later one.
    of = _survival(y_true, y_pred, event=event, predicts=predicts)
    comparable, right = of.comparable(), of.right()
    value, total = _share(right, comparable), comparable.sum()
    as_later, right_as_later = of.survived()
    return np.asarray(len(right) * (right + right_as_later - value * (comparable + as_later)) / total)


@metric(
    label="Concordance index (Harrell's C)",
    family="survival",
    greater_is_better=True,
    takes="numbers",
    params=(PREDICTS,),
    aliases={
        "c_index": {},
        "cindex": {},
        "harrell_c": {},
        "harrells_c": {},
        "concordance_index": {},
        "concordance_index_censored": {},
        "c_index_time": {"predicts": "time"},
    },
    influence=_harrell_influence,
    interval="logit",
    needs=("event",),
)
def concordance_index_censored_score(y_true: Any, y_pred: Any, *, event: Any, predicts: str = "risk") -> float:
    """Share of the comparable pairs in which the row whose event came first has the higher risk.

    A pair is comparable where the earlier time is that of an event; at equal times, an event and a censored row are,
    two events are not. Equal risks (exactly equal) count one half. O(n log n).

    Parameters: ``y_true``, times, and ``y_pred`` of shape (rows,); ``event``, 1 where the event was seen, 0 where the
    row was censored; ``predicts``.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where no pair is comparable.
    Source: Harrell, Lee and Mark, Statistics in Medicine 1996; scikit-survival, ``concordance_index_censored``.

    >>> concordance_index_censored_score([1.0, 2.0, 3.0], [0.9, 0.1, 0.5], event=[1, 1, 0])
    0.6666666666666666
    """
    of = _survival(y_true, y_pred, event=event, predicts=predicts)
    return _share(of.right(), of.comparable())


def _uncensored(y_true: Any, seen: Array) -> Array:
    """Return for each row the chance (Kaplan-Meier) not to be censored up to its time; events come before."""
    ranks = dense_ranks(np.asarray(y_true, dtype=np.float64))
    every, events = np.bincount(ranks), np.bincount(ranks[seen], minlength=int(ranks.max()) + 1)
    at_risk = np.cumsum(every[::-1])[::-1] - events
    lost = np.divide(every - events, at_risk, out=np.zeros(len(every)), where=at_risk > 0)
    return np.asarray(np.cumprod(1 - lost)[ranks])


@metric(
    label="Concordance index, weighted for censoring (Uno's C)",
    family="survival",
    greater_is_better=True,
    takes="numbers",
    params=(
        Param(
            name="tau", kind="number", default=None, low=0, help="Only events before this time count; all if not set."
        ),
        PREDICTS,
    ),
    aliases={"uno_c": {}, "unos_c": {}, "c_index_ipcw": {}, "concordance_index_ipcw": {}},
    needs=("event",),
)
def concordance_index_ipcw_score(
    y_true: Any, y_pred: Any, *, event: Any, tau: float | None = None, predicts: str = "risk"
) -> float:
    """Harrell's C with each event weighted by ``1 / G(t)²``, so that it does not depend on who was censored when.

    ``G`` is the chance not to be censored up to a time, by Kaplan and Meier, estimated on these rows.

    Parameters: ``y_true``, times, and ``y_pred`` of shape (rows,); ``event``, 1 where the event was seen, 0 where the
    row was censored; ``tau``; ``predicts``.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where no pair is comparable, and where ``G`` is 0 at an event.
    Source: Uno and others, Statistics in Medicine 2011; scikit-survival, ``concordance_index_ipcw`` with the same rows
    to train and to test.

    >>> concordance_index_ipcw_score([1.0, 2.0, 3.0, 4.0], [0.9, 0.5, 0.7, 0.1], event=[1, 0, 1, 1])
    1.0
    """
    of = _survival(y_true, y_pred, event=event, predicts=predicts)
    times = np.asarray(y_true, dtype=np.float64)
    counted = of.seen if tau is None else of.seen & (times < tau)
    free = _uncensored(times, of.seen)
    if (free[counted] <= 0).any():
        raise UndefinedMetricError("All rows that are left at the time of an event are censored then.")
    weight = np.zeros(len(free))
    weight[counted] = free[counted] ** -2
    return _share(weight * of.right(), weight * of.comparable())


def _times(text: Any, *, seen: Array) -> Array:
    if text is None:
        return np.unique(np.quantile(seen, (0.25, 0.5, 0.75), method="inverted_cdf"))
    try:
        return np.unique([float(time) for time in str(text).replace(",", " ").split()])
    except ValueError:
        raise MetricParameterError(f"`times` is `{text}`, expected numbers.") from None


@metric(
    label="Time-dependent AUC",
    family="survival",
    greater_is_better=True,
    takes="numbers",
    params=(
        Param(
            name="times",
            kind="label",
            default=None,
            help="When to look, as in `1, 5, 10`; at the quartiles of the events' times if not set.",
        ),
        PREDICTS,
    ),
    aliases={"cumulative_dynamic_auc": {}, "dynamic_auc": {}, "time_dependent_auc": {}},
    needs=("event",),
    extra="survival",
)
def cumulative_dynamic_auc_score(
    y_true: Any, y_pred: Any, *, event: Any, times: Any = None, predicts: str = "risk"
) -> float:
    """Chance that who had the event by a time has a higher risk than who had not, averaged over several times.

    Weighted for censoring, whose distribution is estimated on these rows; the mean over times follows the estimated
    survival.

    Parameters: ``y_true``, times, and ``y_pred`` of shape (rows,); ``event``, 1 where the event was seen, 0 where the
    row was censored; ``times``, within those of the rows, as text; ``predicts``.
    Returns: 0 to 1, 1 is best, 0.5 is chance. Undefined where no event was seen, or nobody is left at a time.
    Source: Hung and Chiang, Canadian Journal of Statistics 2010; computed by scikit-survival.

    >>> cumulative_dynamic_auc_score([1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0], event=[1, 1, 0, 1, 0])
    1.0
    """
    survival = extra_module("sksurv.metrics", extra="survival", metric="cumulative_dynamic_auc_score")
    time, pred = column_pair(y_true, y_pred)
    seen = _seen(event, rows=len(time))
    if not seen.any():
        raise UndefinedMetricError("No event was seen.")
    truth = np.array(list(zip(seen, time, strict=True)), dtype=[("event", bool), ("time", float)])
    risk = -pred if predicts == "time" else pred
    try:
        return float(survival.cumulative_dynamic_auc(truth, truth, risk, _times(times, seen=time[seen]))[1])
    except ValueError as error:
        raise UndefinedMetricError(str(error)) from error
