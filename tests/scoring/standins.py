"""Metrics that keep what they are given, one for each shape of truth, to test reading apart from scoring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scoring.metrics.registry import Metric, registry

TAKES: dict[str, dict[str, Any]] = {
    "seen_text": {"takes": "text", "family": "text"},
    "seen_lists": {"takes": "lists", "family": "ranking"},
    "seen_masks": {"takes": "masks", "family": "segmentation"},
    "seen_boxes": {"takes": "boxes", "family": "detection"},
    "seen_labels": {"takes": "labels", "family": "multilabel", "columns": "labels"},
    "seen_label_scores": {"takes": "scores", "family": "multilabel", "columns": "labels"},
    "seen_bounds": {"takes": "numbers", "family": "forecast", "columns": "bounds"},
    "seen_moments": {"takes": "numbers", "family": "forecast", "columns": "moments"},
    "seen_members": {"takes": "numbers", "family": "forecast", "columns": "members"},
    "seen_series": {"takes": "numbers", "family": "forecast", "needs": ("group", "scale")},
    "seen_survival": {"takes": "scores", "family": "survival", "needs": ("event",)},
}


class Seen(list[dict[str, Any]]):
    """Every call of a stand-in: its truth as ``y_true``, its predictions as ``y_pred``, its keywords."""


@contextmanager
def stand_ins() -> Iterator[Seen]:
    """Register the stand-ins, and take them out again."""
    seen = Seen()

    def keep(y_true: Any, y_pred: Any, *, sample_weight: Any = None, **keywords: Any) -> float:
        seen.append({"y_true": y_true, "y_pred": y_pred, "sample_weight": sample_weight, **keywords})
        return 1.0

    for name, about in TAKES.items():
        registry.add(Metric(name=name, label=name, function=keep, greater_is_better=True, low=0, high=1, **about))
    try:
        yield seen
    finally:
        for name in TAKES:
            del registry._metrics[name]
