"""Emblems of teams (square, four bars) and avatars of people (round, initials), drawn from a hash of the name."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

HUES = 8
BAR_TOPS = (5, 9, 13, 17)  # in the emblem's 28 units; every bar stands on 23
BAR_LEFTS = (4.5, 9.5, 14.5, 19.5)
BAR_FOOT = 23


@dataclass(frozen=True)
class Bar:
    """One bar of an emblem, in the emblem's units."""

    left: float
    top: int
    height: int


def hue(name: str) -> int:
    """Return which of the eight inks a name gets: the same one everywhere, always."""
    return sha256(name.encode()).digest()[0] % HUES


def bars(name: str) -> list[Bar]:
    """Return the four bars of a team's emblem."""
    digest = sha256(name.encode()).digest()
    tops = [BAR_TOPS[byte % len(BAR_TOPS)] for byte in digest[1:5]]
    return [Bar(left=left, top=top, height=BAR_FOOT - top) for left, top in zip(BAR_LEFTS, tops, strict=True)]


def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name, or its first two."""
    words = [word for word in name.replace("_", " ").replace("-", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


def person_name(user: Any) -> str:
    """Return what a person is called in public; whose account is gone, by a phrase."""
    return str(user.display_name) if user else "Former participant"


def picture_url(user: Any) -> str:
    """Return the address of a person's picture, or nothing."""
    picture = getattr(user, "picture", None)
    return str(picture.url) if picture else ""
