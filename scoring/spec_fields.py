"""Reading the plain fields of a spec. Each mistake names the field, what it is, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from scoring.errors import HostError, shown
from scoring.metrics.registry import Role

ROLES: tuple[Role, ...] = get_args(Role)
MOST_PIXELS = 1_000_000
"""The most that an image may be high or wide."""
SHAPE = f"the columns of height and width, or two whole numbers from 1 to {MOST_PIXELS:,}"


def wrong(name: str, found: object, expected: str) -> HostError:
    """Return the error that says what a field is and what it must be."""
    return HostError("spec_invalid", f"`{name}` is {shown(json.dumps(found, default=str))}, expected {expected}.")


def name_of(data: Mapping[str, Any], name: str) -> str:
    """Return a field that names a column."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise wrong(name, value, "the name of a column")
    return value


def names_of(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a field that names one or more columns."""
    value = data.get(name)
    if not is_list(value) or not value or not all(isinstance(item, str) and item for item in value):
        raise wrong(name, value, "a list of column names")
    return tuple(value)


def optional_name(data: Mapping[str, Any], name: str) -> str | None:
    """Return a field that may name a column."""
    return name_of(data, name) if data.get(name) is not None else None


def roles_of(value: Any) -> dict[Role, str]:
    """Return what plays which role."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value.values()):
        raise wrong("roles", value, f"an object from {', '.join(ROLES)} to the name of a column")
    unknown = [str(role) for role in value if role not in ROLES]
    if unknown:
        raise wrong("roles", unknown[0], f"one of {', '.join(ROLES)}")
    return dict(value)


def shape_of(data: Mapping[str, Any]) -> tuple[str, str] | tuple[int, int] | None:
    """Return the columns of height and width, or height and width themselves, or None."""
    value = data.get("shape")
    if value is None:
        return None
    if not is_list(value) or len(value) != 2:
        raise wrong("shape", value, SHAPE)
    first, second = value
    if isinstance(first, str) and isinstance(second, str) and first and second:
        return first, second
    if _is_pixels(first) and _is_pixels(second):
        return first, second
    raise wrong("shape", value, SHAPE)


def _is_pixels(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PIXELS


def classes_of(value: Any) -> tuple[int | str, ...] | None:
    """Return the classes, or None."""
    if value is None:
        return None
    plain = is_list(value) and all(isinstance(item, int | str) and not isinstance(item, bool) for item in value)
    if not plain or len(set(map(str, value))) != len(value) or len(value) < 2:
        raise wrong("classes", value, "a list of two or more different labels, numbers or texts")
    # The reference decides what kind labels are; here a list is of one kind, numbers only where all of them are.
    numeric = all(re.fullmatch(r"-?(0|[1-9]\d*)", str(item), re.ASCII) for item in value)
    return tuple(int(item) if numeric else str(item) for item in value)


def max_rows_of(value: Any) -> int | None:
    """Return how many rows a submission may have, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise wrong("max_rows", value, "a whole number of at least 1")
    return value


def is_list(value: Any) -> bool:
    """Return whether this is a list, as JSON has it."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
