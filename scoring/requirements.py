"""Holding a requirements.txt against what an environment has. Nothing is installed: it may only name what is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from scoring.environments import Environment
from scoring.errors import Findings, Mistake, fail, shown

NAME = "requirements.txt"
LARGEST = 64 << 10
COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one line. ``lacks`` names in a few words what the environment lacks, where it is that."""

    line: int
    code: str
    message: str
    lacks: str = ""


def read_requirements(folder: Path) -> str:
    """Return the requirements.txt of a folder of code, or nothing where it has none. Raises SubmissionError."""
    path = folder / NAME
    if not path.is_file():
        return ""
    try:
        if path.stat().st_size <= LARGEST:
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise fail("requirements_unreadable", f"{NAME} is not a text of at most 64 kB.")


def check_requirements(text: str, environment: Environment) -> None:
    """Raise SubmissionError with each line that asks for what the environment lacks, or that asks for more."""
    findings = Findings()
    for one in problems(text, environment):
        findings.add(Mistake(code=one.code, message=f"{NAME}, line {one.line}: {one.message}", row=one.line))
    findings.raise_any()


def missing(text: str, environment: Environment) -> list[str]:
    """Return, each in a few words, the packages that the environment lacks.

    Options, addresses and what cannot be read are passed over: hosts' files were written for a machine that installs.
    """
    return [one.lacks for one in problems(text, environment) if one.lacks]


def problems(text: str, environment: Environment) -> Iterator[Problem]:
    """Yield what is wrong with each line."""
    for number, line in enumerate(text.splitlines(), 1):
        if words := COMMENT.sub("", line).strip():
            yield from _problem(number, words, environment)


def _problem(line: int, words: str, environment: Environment) -> Iterator[Problem]:
    if words.startswith("-"):
        message = f"{shown(words)} is an option of pip. Nothing is installed here: name packages only."
        yield Problem(line=line, code="requirement_option", message=message)
        return
    try:
        wanted = Requirement(words)
        needed = wanted.marker is None or wanted.marker.evaluate(_marks(environment))
    except (InvalidRequirement, UndefinedEnvironmentName):
        message = f"{shown(words)} is not a package with versions, like `numpy>=2`."
        yield Problem(line=line, code="requirement_unreadable", message=message)
        return
    if needed:
        yield from _lack(line, wanted, environment)


def _lack(line: int, wanted: Requirement, environment: Environment) -> Iterator[Problem]:
    there, where = environment.version_of(wanted.name), f"the environment {shown(environment.name)}"
    called = shown(f"{wanted.name}{wanted.specifier}")
    if wanted.url is not None:
        message = f"{shown(wanted.name)} is to come from an address. Nothing is fetched here."
        yield Problem(line=line, code="requirement_address", message=message, lacks="" if there else called)
    elif there is None:
        message = f"{shown(wanted.name)} is not in {where}. It has: {', '.join(sorted(environment.packages))}."
        yield Problem(line=line, code="requirement_missing", message=message, lacks=called)
    elif not wanted.specifier.contains(there, prereleases=True):
        message = f"{shown(str(wanted))} is asked for, but {where} has {there}."
        yield Problem(line=line, code="requirement_version", message=message, lacks=f"{called} (it has {there})")


def _marks(environment: Environment) -> dict[str, str]:
    return {
        "python_full_version": environment.version,
        "python_version": ".".join(environment.version.split(".")[:2]),
        "extra": "",
    }
