"""The shake-up: how the private board differs from the public one, and how much of that is luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.statistics.aggregation import kendall_tau
from scoring.statistics.arrays import Array, board_order, scores_or_nan
from scoring.statistics.comparisons import holm

Scores = Sequence[float | None] | Array


@dataclass(frozen=True, slots=True)
class Move:
    """One team, in the order given. What is not known is None."""

    public_rank: int | None
    private_rank: int | None
    places: int | None
    """Places won from public to private; negative is lost."""
    gain: float | None
    """How much better the private score is than the public one, by the metric's direction."""
    z: float | None
    """The gain in its standard errors: below -4, the public score is too good to be true."""
    z_in_field: float | None
    """The same after the field's median gain is taken off: the private rows may be harder for everybody."""
    beyond_luck: bool | None
    """Whether the gain in the field is significant at 5 %, Holm over the teams."""


@dataclass(frozen=True, slots=True)
class Shakeup:
    """The whole board."""

    moves: tuple[Move, ...]
    tau: float
    """Kendall's tau-b between public and private scores of teams that have both; NaN below two."""
    expected_optimism: float | None
    actual_optimism: float | None
    """How much worse the public leader did in private, the field's median loss taken off."""
    field_gain: float | None
    """The median gain of all teams."""


def shakeup(
    public: Scores,
    private: Scores,
    *,
    higher_is_better: bool,
    public_se: Scores | None = None,
    private_se: Scores | None = None,
    expected_optimism: float | None = None,
    alpha: float = 0.05,
) -> Shakeup:
    """Return the report from scores and their standard errors, each of shape (teams,), None where not known.

    Public and private rows are different rows, so the variance of a gain is the sum of the two. Ranks count teams with
    a score, equal ones in the order given. ``expected_optimism`` is :func:`scoring.statistics.optimism.optimism` of
    the public board.
    """
    before, after = scores_or_nan(public), scores_or_nan(private)
    gain = (after - before) * (1 if higher_is_better else -1)
    both = np.isfinite(gain)
    middle = float(np.median(gain[both])) if both.any() else math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.hypot(*[_errors(each, teams=len(gain)) for each in (public_se, private_se)])
        se[se == 0] = np.nan
        z, in_field = gain / se, (gain - middle) / se
    beyond = holm([math.erfc(abs(each) / math.sqrt(2)) for each in in_field.tolist()])
    ranks = [_ranks(scores, higher_is_better=higher_is_better) for scores in (before, after)]
    moves = tuple(
        Move(
            old,
            new,
            None if old is None or new is None else old - new,
            _known(gain[team]),
            _known(z[team]),
            _known(in_field[team]),
            None if math.isnan(beyond[team]) else bool(beyond[team] <= alpha),
        )
        for team, (old, new) in enumerate(zip(*ranks, strict=True))
    )
    tau = kendall_tau(before[both], after[both])
    return Shakeup(moves, tau, expected_optimism, _leaders_loss(ranks[0], gain, middle), _known(middle))


def _leaders_loss(public_ranks: list[int | None], gain: Array, middle: float) -> float | None:
    return _known(middle - gain[public_ranks.index(1)]) if 1 in public_ranks else None


def _errors(values: Scores | None, *, teams: int) -> Array:
    return np.full(teams, np.nan) if values is None else scores_or_nan(values)


def _ranks(scores: Array, *, higher_is_better: bool) -> list[int | None]:
    ranks: list[int | None] = [None] * len(scores)
    for rank, team in enumerate(board_order(scores, higher_is_better=higher_is_better).tolist(), start=1):
        if np.isfinite(scores[team]):
            ranks[team] = rank
    return ranks


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
