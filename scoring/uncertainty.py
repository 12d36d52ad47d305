"""How sure the scores of one submission are: a standard error and an interval for every metric on every split.

Three ways, the first that fits:

- influence values, one pass over the rows, where the metric has them and there are enough units;
- a bootstrap with shared weights, where there are few: the seed depends on the number of units alone, so the same rows
  are drawn for every submission to a task, and differences between teams are paired;
- the spread over disjoint random blocks of rows, for a metric without influence values on many: each block is scored
  once, so it costs about one more scoring. (Batch means; the blocks are the same for every submission.)

Each leaves behind `evidence`: an array of which ``std(ddof=1) / sqrt(len)`` is the standard error, and whose
covariance with another team's, over ``len``, is the covariance of their scores. So boards compare teams without
knowing which way it was.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scoring.errors import HostError, shown
from scoring.evaluate import Pair, ScoreValue, pairs
from scoring.metrics import MetricError, UndefinedMetricError
from scoring.metrics.registry import ARRAYS, Array
from scoring.parts import take
from scoring.reference import Reference
from scoring.spec import WHOLE_CELLS, ScorerSpec
from scoring.statistics.bootstrap import UNDEFINED_ALLOWED
from scoring.statistics.intervals import by_cluster, interval
from scoring.tables import Predictions

LEAST_UNITS = 200  # below, the normal approximation behind influence values is not to be trusted
DRAWS = 1000
MOST_RESAMPLED = 20_000  # units up to which a thousand draws are quick
BLOCKS = 50
PER_ROW = ARRAYS - {"labels"}
How = Literal["influence", "bootstrap", "blocks", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """How sure one score is.

    ``se``, ``low`` and ``high`` are None where nothing honest can be said: a perfect or constant score of a metric that
    is no proportion, or a score that is not defined. ``units`` are rows, groups or clusters. ``evidence`` is the array
    (shape (units,) or (draws,), see the module), or the name of the file that holds it, or None.
    """

    key: str
    split: str
    level: float
    method: How
    units: int
    se: float | None = None
    low: float | None = None
    high: float | None = None
    evidence: Any = None

    def saved(self, folder: Path | None) -> Uncertainty:
        """Write the evidence into ``folder`` as float32, and return this with the file's name in its place."""
        if folder is None or self.evidence is None:
            return replace(self, evidence=None)
        name = f"{hashlib.sha256(f'{self.key} {self.split}'.encode()).hexdigest()[:16]}.npy"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / name, np.asarray(self.evidence, dtype=np.float32))
        return replace(self, evidence=name)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; the evidence must be saved by then."""
        return {name: getattr(self, name) for name in self.__slots__}


def measure(
    predictions: Predictions,
    *,
    spec: ScorerSpec,
    reference: Reference,
    scores: Iterable[ScoreValue],
    level: float = 0.95,
) -> tuple[Uncertainty, ...]:
    """Return how sure each score is; ``scores`` are what :func:`scoring.evaluate.evaluate` returned. Raises HostError.

    What the groups of a slice say together (worst, gap, ratio) is not among it.
    """
    known = {(score.key, score.split): score for score in scores}
    # Values near the largest there are overflow: then the interval is not known, and nobody needs to be warned.
    with np.errstate(all="ignore"):
        return tuple(
            _measured(pair, known[pair.metric.key, pair.split], reference=reference, level=level)
            for pair in pairs(predictions, spec=spec, reference=reference)
        )


def _measured(pair: Pair, score: ScoreValue, *, reference: Reference, level: float) -> Uncertainty:
    none = Uncertainty(key=pair.metric.key, split=pair.split, level=level, method="none", units=0)
    sample = None if score.value is None else _sampled(pair, clusters=_clusters(pair, reference=reference))
    if score.value is None or sample is None:
        return none
    entry = pair.metric.entry
    found = interval(
        score.value,
        sample.evidence,
        kind=entry.interval if sample.how == "influence" else "wald",
        low=entry.low,
        high=entry.high,
        greater_is_better=entry.greater_is_better,
        level=level,
    )
    low, high = found.low, found.high
    if sample.how == "bootstrap" and low is not None and high is not None:
        low, high = _percentiles(score.value, sample.evidence, level=level)
        low, high = max(low, entry.low), min(high, entry.high)
    return replace(
        none, method=sample.how, units=sample.units, se=found.se, low=low, high=high, evidence=sample.evidence
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """Evidence, how it came about, and from how many units."""

    evidence: Array
    how: How
    units: int


@dataclass(frozen=True, slots=True)
class _Units:
    """What is drawn: rows, or clusters of rows."""

    count: int
    order: Array | None
    """Rows sorted by cluster; None where each row is a unit."""
    starts: Array | None

    def rows(self, units: Array) -> Array:
        """Return the rows of these units, in which one may stand more than once."""
        if self.order is None or self.starts is None:
            return units
        first, length = self.starts[units], np.diff(self.starts)[units]
        within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        return np.asarray(self.order[np.repeat(first, length) + within])


def _clusters(pair: Pair, *, reference: Reference) -> Array | None:
    if reference.clusters is None:
        return None
    return reference.clusters if pair.rows is None else np.asarray(reference.clusters[pair.rows])


def _sampled(pair: Pair, *, clusters: Array | None) -> _Sample | None:
    rows = len(pair.truth)
    units = _units_of(rows, clusters)
    if units.count < 2:
        return None
    entry = pair.metric.entry
    smooth = entry.influence is not None
    # Wilson's interval holds for few rows too, and a slice has many groups: a small one is marked as such anyway.
    if smooth and (units.count >= LEAST_UNITS or entry.interval == "proportion" or pair.part.group is not None):
        return _by_influence(pair, clusters=clusters)
    if smooth and entry.takes in WHOLE_CELLS:
        sample = _by_influence(pair, clusters=clusters)
        return sample and _Sample(_replicates_of_mean(sample.evidence), "bootstrap", sample.units)
    if units.count <= MOST_RESAMPLED:
        values = _replicates(pair, units)
        if _too_few(values):
            return _by_influence(pair, clusters=clusters) if smooth else None
        return _Sample(_scaled(values), "bootstrap", units.count)
    return _Sample(_block_values(pair, units), "blocks", units.count)


def _by_influence(pair: Pair, *, clusters: Array | None) -> _Sample | None:
    """Return influence values; None where there are none, as for an AUC with one positive row."""
    try:
        psi = _influence(pair, clusters=clusters)
    except UndefinedMetricError:
        return None
    return _Sample(psi, "influence", len(psi))


def _units_of(rows: int, clusters: Array | None) -> _Units:
    if clusters is None:
        return _Units(rows, None, None)
    _, codes, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    return _Units(len(sizes), np.argsort(codes, kind="stable"), np.concatenate([[0], np.cumsum(sizes)]))


def _influence(pair: Pair, *, clusters: Array | None) -> Array:
    with np.errstate(all="ignore"):
        psi = pair.metric.entry.influence_values(pair.truth, pair.values, **pair.keywords)
    if clusters is None:
        return psi
    if pair.metric.entry.units == "groups" and len(psi) != len(clusters):
        # A cluster holds whole groups: each group belongs where its first row does.
        _, first = np.unique(pair.keywords["group"], return_index=True)
        clusters = clusters[first]
    return by_cluster(psi, clusters)


def _replicates(pair: Pair, units: _Units) -> Array:
    """Return the value of each draw, NaN where it has none."""
    random = np.random.default_rng(units.count)
    return np.array([_value(pair, units.rows(random.integers(0, units.count, units.count))) for _ in range(DRAWS)])


def _too_few(values: Array) -> bool:
    """Return whether more draws have no value than may be left out: what the others say is then too good."""
    return float(np.isfinite(values).mean()) < 1 - UNDEFINED_ALLOWED


def _scaled(values: Array) -> Array:
    """Return draws' values as evidence: centred, and scaled so that their spread over their number is the SE."""
    return _centred(values) * math.sqrt(DRAWS)


def _replicates_of_mean(psi: Array) -> Array:
    """Return the same from influence values: exact for a mean over units, and where scoring a list of images a thousand
    times would take hours, near enough for a ratio of means."""
    random = np.random.default_rng(len(psi))
    values = np.array([psi[random.integers(0, len(psi), len(psi))].mean() for _ in range(DRAWS)])
    return _scaled(values)


def _block_values(pair: Pair, units: _Units) -> Array:
    order = np.random.default_rng(units.count).permutation(units.count)
    return _centred(np.array([_value(pair, units.rows(block)) for block in np.array_split(order, BLOCKS)]))


def _value(pair: Pair, rows: Array) -> float:
    """Return the metric's value on these rows of the pair; NaN where it has none there."""
    given = {name: take(held, rows) if name in PER_ROW else held for name, held in pair.keywords.items()}
    try:
        with np.errstate(all="ignore"):
            return pair.metric.entry(take(pair.truth, rows), take(pair.values, rows), **given)
    except UndefinedMetricError:
        return math.nan
    except MetricError as error:
        raise HostError("metric_invalid", f"Metric {shown(pair.metric.key)}: {error}") from error


def _centred(values: Array) -> Array:
    """Return values less their mean. A draw without a value says nothing, and must not unpair those of other teams."""
    known = np.isfinite(values)
    return np.where(known, values - (values[known].mean() if known.any() else 0.0), 0.0)


def _percentiles(value: float, evidence: Array, *, level: float) -> tuple[float, float]:
    """Return the percentile interval of a bootstrap, which may be asymmetric."""
    tail = (1 - level) / 2
    low, high = np.quantile(evidence / math.sqrt(len(evidence)), [tail, 1 - tail])
    return min(value, value + float(low)), max(value, value + float(high))
