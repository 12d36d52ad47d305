"""Detections of one class from the surest down, and the area under their precision by recall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.metrics.registry import Array


@dataclass(frozen=True, slots=True)
class Detections:
    """Detections of one class, surest first.

    ``hit`` and ``image`` have shape (detections,): whether it is right, and where it is. ``wanted`` of shape (images,)
    is how many true objects of the class each image holds, at least one in all.
    """

    hit: Array
    image: Array
    wanted: Array

    def area(self) -> float:
        """Return the area under the curve, where precision at a recall is the best at this recall or beyond."""
        return float(self._best()[self.hit].sum() / self.wanted.sum())

    def influence(self) -> Array:
        """Return how far the area moves when an image counts more, shape (images,), mean 0.

        With a weight on each image, precision is a ratio of weighted counts down to a rank; this is the gradient. The
        rank at which the best precision beyond a hit is reached is taken as fixed.
        """
        precision, best, count = self._precision(), self._best(), np.arange(1, len(self.hit) + 1)
        peaks = np.flatnonzero(precision == best)
        hits_of_peak = np.bincount(peaks[np.searchsorted(peaks, np.flatnonzero(self.hit))], minlength=len(count))
        # A detection changes the precision at every peak from its own rank down.
        gained = np.cumsum((hits_of_peak / count)[::-1])[::-1]
        lost = np.cumsum((hits_of_peak * precision / count)[::-1])[::-1]
        moved = np.bincount(self.image, weights=self.hit * (best + gained) - lost, minlength=len(self.wanted))
        return np.asarray(len(self.wanted) * (moved - self.area() * self.wanted) / self.wanted.sum())

    def _precision(self) -> Array:
        return np.asarray(np.cumsum(self.hit) / np.arange(1, len(self.hit) + 1))

    def _best(self) -> Array:
        return np.maximum.accumulate(self._precision()[::-1])[::-1]
