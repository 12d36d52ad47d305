"""Holding a requirements.txt against what an environment has."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scoring.errors import shown


def missing(text: str, packages: Mapping[str, str]) -> list[str]:
    """Return, each in a few words, what ``text`` asks for and ``packages`` do not hold.

    Options and addresses are left out: nothing is installed.

    >>> missing("numpy>=99  # new\\n-r more.txt\\ntorch; python_version > '3'", {"numpy": "2.1.0"})
    ['`numpy>=99` (it has 2.1.0)', '`torch`']
    """
    have: dict[str, str] = {canonicalize_name(name): version for name, version in packages.items()}
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [words for line in lines if line and not line.startswith("-") and (words := _missing(line, have))]


def _missing(line: str, have: Mapping[str, str]) -> str:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return ""
    if wanted.marker is not None and not wanted.marker.evaluate():
        return ""
    version = have.get(canonicalize_name(wanted.name))
    called = shown(f"{wanted.name}{wanted.specifier}")
    if version is None:
        return called
    return "" if wanted.specifier.contains(version, prereleases=True) else f"{called} (it has {version})"
