"""The scores that a host declares for an ``evaluate()`` or a program, and how its numbers become ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.errors import HostError, shown
from scoring.evaluate import ScoreValue
from scoring.scorers.answers import finite

KEY = re.compile(r"[^\s\x00-\x1f]([^\x00-\x1f]{0,62}[^\s\x00-\x1f])?")
MOST_KEYS = 50
SPLITS = ("public", "private")
UNDEFINED = "The scorer gave no finite number."


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A score that a scorer gives each split: as it is called there, and as people read it."""

    key: str
    label: str = ""
    greater_is_better: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """All scores that are kept. ``split`` says what ``public`` and ``private`` are called there; without it there is
    one, ``all``."""

    keys: tuple[Declared, ...]
    split: Mapping[str, str] = field(default_factory=dict)

    def values(self, numbers: Mapping[str, Mapping[str, Any]]) -> tuple[ScoreValue, ...]:
        """Return the scores among ``numbers``, by split and key: undeclared ones are left out, and what is no finite
        number is undefined, which hosts see."""
        return tuple(
            ScoreValue(key=one.key, split=split, value=value, note="" if value is not None else UNDEFINED)
            for split, found in numbers.items()
            for one in self.keys
            if one.key in found
            for value in [finite(found[one.key])]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as a spec has it."""
        return {"keys": [one.key for one in self.keys], "split": dict(self.split)}


def read_leaderboard(spec: Mapping[str, Any]) -> Leaderboard:
    """Read ``leaderboard`` and ``split`` of a spec. Raises HostError, which says what is expected."""
    rows = spec.get("leaderboard")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_KEYS:
        message = f'`leaderboard` lists the scores, 1 to {MOST_KEYS}, like [{{"key": "accuracy"}}]: the first ranks.'
        raise HostError("spec_invalid", message)
    keys = tuple(map(_declared, rows))
    if len({one.key for one in keys}) != len(keys):
        raise HostError("spec_invalid", "A key stands twice in `leaderboard`.")
    return Leaderboard(keys=keys, split=_split(spec.get("split")))


def _declared(row: Any) -> Declared:
    known = {"key", "label", "greater_is_better"}
    if not isinstance(row, Mapping) or set(row) - known or not isinstance(row.get("key"), str):
        raise HostError("spec_invalid", "Each of `leaderboard` has a `key`, and may have `label`, `greater_is_better`.")
    if not KEY.fullmatch(row["key"]):
        raise HostError("spec_invalid", f"The key {shown(row['key'])} is not 1 to 64 characters on one line.")
    one = Declared(**row)
    if not isinstance(one.label, str) or not isinstance(one.greater_is_better, bool):
        raise HostError("spec_invalid", f"{shown(one.key)}: `label` is a text, `greater_is_better` true or false.")
    return one


def _split(value: Any) -> Mapping[str, str]:
    if value is None:
        return {}
    whole = isinstance(value, Mapping) and set(value) == set(SPLITS)
    if not whole or not all(isinstance(name, str) and name for name in value.values()):
        message = (
            '`split` says what both are called there: {"public": …, "private": …}. Leave it out where there is one.'
        )
        raise HostError("spec_invalid", message)
    return dict(value)
