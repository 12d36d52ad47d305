"""The demo's people and the teams they form. None of them exists; addresses end in example.org, which nobody owns."""

from dataclasses import dataclass
from pathlib import Path

ADA, GRACE, ROOT = "ada", "grace", "root"
CELLS, PROGRESSION, DIGITS, WINE = (
    "cells-under-the-microscope",
    "a-year-later",
    "handwritten-digits",
    "three-cultivars",
)
LETTERS = {"c": CELLS, "p": PROGRESSION, "d": DIGITS, "w": WINE}


@dataclass(frozen=True, slots=True)
class Person:
    """Who they are, as their page says."""

    username: str
    name: str
    affiliation: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """People who compete together under one name, and in which challenges. The first one leads."""

    name: str
    challenges: tuple[str, ...]
    people: tuple[Person, ...]


HOST = Person(
    GRACE,
    "Grace Mwangi",
    "Northmoor University",
    "I teach statistics at Northmoor and put old, good data sets before new eyes. Questions about a challenge of mine"
    " reach me fastest before noon.",
)
OPERATOR = Person(ROOT, "Root", "", "I look after this site.")
ABOUT = {
    ADA: "Signal processing by training, tables by habit. I like models that I can draw on a napkin.",
    "samuel": "Epidemiologist. I read the data page twice before I open an editor.",
    "zanele": "PhD student in **computational pathology**. Mostly here to learn from the shake-ups.",
    "tomasz": "Retired surveyor. Trees, boosted and otherwise.",
}

WORDS = Path(__file__).with_name("words")


def crews() -> list[Crew]:
    """Return every team, the fixed one first."""
    return [_crew(*fields) for fields in _lines("teams.txt")] + [_alone(*fields) for fields in _lines("loners.txt")]


def _lines(name: str) -> list[list[str]]:
    text = (WORDS / name).read_text(encoding="utf-8")
    return [line.split(" | ") for line in text.splitlines() if line and not line.startswith("#")]


def _crew(name: str, letters: str, people: str) -> Crew:
    return Crew(name, _challenges(letters), tuple(_person(words) for words in people.split("; ")))


def _alone(letters: str, words: str) -> Crew:
    person = _person(words)
    return Crew(person.name, _challenges(letters), (person,))


def _challenges(letters: str) -> tuple[str, ...]:
    return tuple(LETTERS[letter] for letter in letters)


def _person(words: str) -> Person:
    username, name, affiliation = (word.strip() for word in words.split(",", 2))
    return Person(username, name, affiliation, ABOUT.get(username, ""))
