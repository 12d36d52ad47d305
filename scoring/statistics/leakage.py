"""How many hidden labels the scores that are shown can give away.

Somebody who sends predictions made for the purpose learns labels from the digits of their score. Through log loss this
is quick (Whitehill, "Climbing the Kaggle leaderboard by exploiting the log-loss oracle", 2017); for any other metric a
count of the values that a shown score can take bounds it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What a host should know before they set decimals, quota and public share."""

    labels_per_submission: float
    submissions_to_reveal_all: int | None
    """None where a score reveals nothing."""
    revealed: float | None = None
    """The share of the labels that the allowed number of submissions reveals, if that number is known."""


def log_loss_budget(rows: int, decimals: int, clip: float, *, submissions: int | None = None) -> Budget:
    """Return how many labels one log loss reveals: ``m = 1 + floor(log2(Lmax / (rows * 10^-decimals)))``.

    ``Lmax = logit(1 - clip)`` is the largest difference that one row can make, ``rows`` the number of public rows.

    >>> log_loss_budget(3600, 5, 1e-15)
    Budget(labels_per_submission=10, submissions_to_reveal_all=360, revealed=None)
    """
    if not 0 < clip < 0.5:
        raise ValueError(f"The clip is {clip}, expected a number between 0 and 0.5.")
    largest = math.log1p(-clip) - math.log(clip)
    labels = 1 + math.floor(math.log2(largest) - math.log2(_rows(rows)) + decimals * math.log2(10))
    return _budget(min(max(labels, 0), rows), rows=rows, submissions=submissions)


def bits_per_score(*, low: float, high: float, decimals: int, values: int | None = None) -> float:
    """Return the bits that one shown score holds at most: log2 of how many values can be told apart.

    These are ``(high - low) * 10^decimals + 1`` and, where the metric itself takes few, no more than ``values`` (an
    accuracy over n rows: n + 1).

    >>> round(bits_per_score(low=0, high=1, decimals=4, values=1001), 3)
    9.967
    """
    if not math.isfinite(high - low):
        raise ValueError("A score without bounds may hold any number of bits: give the range that scores really have.")
    shown = math.floor((high - low) * 10**decimals + 1e-9) + 1
    return math.log2(max(1, shown if values is None else min(shown, values)))


def budget(rows: int, bits: float, *, classes: float = 2, submissions: int | None = None) -> Budget:
    """Return the bound for any metric: a label among ``classes`` equally frequent ones is ``log2(classes)`` bits.

    No attack can do better, and most do far worse, so this is "at most".
    """
    if classes < 2:
        raise ValueError(f"There are {classes} classes, expected two at least.")
    return _budget(min(bits / math.log2(classes), float(_rows(rows))), rows=rows, submissions=submissions)


def _budget(labels: float, *, rows: int, submissions: int | None) -> Budget:
    if labels <= 0:
        return Budget(labels, None, None if submissions is None else 0.0)
    revealed = None if submissions is None else min(1.0, submissions * labels / rows)
    return Budget(labels, math.ceil(rows / labels - 1e-9), revealed)


def _rows(rows: int) -> int:
    if rows < 1:
        raise ValueError(f"There are {rows} rows, expected one at least.")
    return rows
