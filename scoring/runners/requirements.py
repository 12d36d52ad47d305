"""A participant's requirements.txt: nothing is installed, so it may only name what the environment has."""

from __future__ import annotations

import re

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from scoring.environments import Environment
from scoring.errors import Findings, Mistake, shown

LARGEST = 64 << 10
COMMENT = re.compile(r"(^|\s)#.*")


def check_requirements(text: str, environment: Environment) -> None:
    """Raise SubmissionError with each line that asks for what the environment lacks."""
    findings = Findings()
    for number, line in enumerate(text.splitlines(), 1):
        if (words := COMMENT.sub("", line).strip()) and (problem := _problem(words, environment)):
            code, message = problem
            findings.add(Mistake(code=code, message=f"requirements.txt, line {number}: {message}", row=number))
    findings.raise_any()


def _problem(words: str, environment: Environment) -> tuple[str, str] | None:
    """Return what is wrong with one line, as a code and a sentence."""
    if words.startswith("-"):
        return (
            "requirement_option",
            f"{shown(words)} is an option of pip. Nothing is installed here: name packages only.",
        )
    try:
        wanted = Requirement(words)
        needed = wanted.marker is None or wanted.marker.evaluate(_marks(environment))
    except (InvalidRequirement, UndefinedEnvironmentName):
        return "requirement_unreadable", f"{shown(words)} is not a package with versions, like `numpy>=2`."
    if not needed:
        return None
    if wanted.url is not None:
        return "requirement_address", f"{shown(wanted.name)} is to come from an address. Nothing is fetched here."
    return _lack(wanted, environment)


def _lack(wanted: Requirement, environment: Environment) -> tuple[str, str] | None:
    there = environment.version_of(wanted.name)
    if there is None:
        offer = ", ".join(sorted(environment.packages))
        message = f"{shown(wanted.name)} is not in the environment {shown(environment.name)}. It has: {offer}."
        return "requirement_missing", message
    if not wanted.specifier.contains(there, prereleases=True):
        message = f"{shown(str(wanted))} is asked for, but the environment {shown(environment.name)} has {there}."
        return "requirement_version", message
    return None


def _marks(environment: Environment) -> dict[str, str]:
    return {
        "python_full_version": environment.version,
        "python_version": ".".join(environment.version.split(".")[:2]),
        "extra": "",
    }
