"""All metrics, by family, in one registry. Importing this needs numpy and nothing else.

A family's module is imported when one of its metrics is looked for, all of them when somebody walks over the registry.

>>> from scoring.metrics import find
>>> auc, params = find("auc")
>>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
0.75
"""

from scoring.metrics.registry import (
    Metric,
    MetricError,
    MetricInputError,
    MetricParameterError,
    Param,
    UndefinedMetricError,
    UnknownMetricError,
    registry,
)

find = registry.find

__all__ = [
    "Metric",
    "MetricError",
    "MetricInputError",
    "MetricParameterError",
    "Param",
    "UndefinedMetricError",
    "UnknownMetricError",
    "find",
    "registry",
]
