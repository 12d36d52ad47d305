"""The guide's tables of metrics, made of the registry: nothing else keeps a list that could be out of date."""

from collections.abc import Iterator
from itertools import groupby

from scoring.metrics import Metric, registry

FAMILIES = {
    "labels": "Labels",
    "probabilities": "Probabilities and scores",
    "multilabel": "Several labels a row",
    "regression": "Numbers",
    "correlation": "Order and course",
    "forecast": "Forecasts",
    "ranking": "Ranked lists",
    "clustering": "Clusters",
    "segmentation": "Masks",
    "detection": "Boxes",
    "text": "Texts",
    "survival": "Survival",
}
MOST_NAMES = 6


def metric_tables() -> str:
    """Return a section for each family, in Markdown: name, other names, direction, parameters, what it is."""
    order = list(FAMILIES)
    entries = sorted(registry, key=lambda entry: (order.index(entry.family), entry.name))
    return "\n\n".join(_section(family, list(own)) for family, own in groupby(entries, key=lambda one: one.family))


def _section(family: str, entries: list[Metric]) -> str:
    head = f"## {FAMILIES[family]}\n\n| Name | Better | Also called | Parameters | What it is |\n|---|---|---|---|---|"
    return "\n".join([head, *map(_row, entries)])


def _row(entry: Metric) -> str:
    better = "higher" if entry.greater_is_better else "lower"
    names = ", ".join(f"`{alias}`" for alias in list(entry.aliases)[:MOST_NAMES])
    params = ", ".join(f"`{param.name}`" for param in entry.params)
    return f"| `{entry.name}` | {better} | {names} | {params} | {' '.join(_about(entry)).replace('|', '∣')} |"


def _about(entry: Metric) -> Iterator[str]:
    yield entry.summary
    if entry.needs:
        yield f"Needs {', '.join(f'`{role}`' for role in entry.needs)}."
    if entry.extra:
        yield f"Needs `pip install 'podium[{entry.extra}]'`."
    if entry.influence is None:
        yield "Its interval comes from resampling."
